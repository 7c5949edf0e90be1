// The result's editor state: which stretch is which region, and what was decided about it.
// Typing in a region decides it; what git merged stays as it is until the whole file is edited.

import { invertedEffects, isolateHistory } from "@codemirror/commands";
import { Annotation, EditorState, StateEffect, StateField, Transaction } from "@codemirror/state";
import { textOf } from "./model.js";

export const decideRegion = StateEffect.define();
// All at once: positions are those of the text after it.
export const replaceAll = StateEffect.define({
  map: (value, changes) => ({ ...value, regions: mapped(value.regions, changes) }),
});
// Of somebody else's decisions, and of our own putting right.
export const fromOutside = Annotation.define();

export const regionField = StateField.define({
  create: () => ({ regions: [], whole: null }),
  update(value, transaction) {
    let { regions, whole } = value;
    if (transaction.docChanged) regions = mapped(regions, transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(replaceAll)) ({ regions, whole } = effect.value);
      else if (effect.is(decideRegion)) {
        const { at, choice, by } = effect.value;
        regions = regions.with(at, { ...regions[at], choice, by });
      }
    }
    return regions === value.regions && whole === value.whole ? value : { regions, whole };
  },
});

function mapped(regions, changes) {
  if (changes.empty) return regions;
  return regions.map((one) => ({
    ...one,
    from: changes.mapPos(one.from, -1),
    to: changes.mapPos(one.to, 1),
  }));
}

export function regionText(state, at) {
  const { from, to } = state.field(regionField).regions[at];
  return state.sliceDoc(from, to);
}

/** The region that a position is in or before which it stands; the last one after all of them. */
export function regionAt(state, position) {
  const { regions } = state.field(regionField);
  const found = regions.findIndex((one) => position < one.to || position <= one.from);
  return found < 0 ? regions.length - 1 : found;
}

/** A decision about one region, as a transaction. */
export function decision(state, file, at, choice, by, own = null) {
  const { from, to } = state.field(regionField).regions[at];
  return {
    changes: { from, to, insert: ended(state, to, textOf(file.regions[at], choice, own)) },
    effects: decideRegion.of({ at, choice, by }),
    annotations: isolateHistory.of("full"),
    userEvent: "decide",
  };
}

// A region keeps the lines after it apart.
function ended(state, to, text) {
  return text && !text.endsWith("\n") && to < state.doc.length ? `${text}\n` : text;
}

/** Rules of typing; `who` types, `refuse` says why something is not taken. */
export function regionRules({ who, refuse }) {
  return [
    regionField,
    invertedEffects.of((transaction) => {
      const before = transaction.startState.field(regionField);
      if (transaction.effects.some((effect) => effect.is(replaceAll))) return [replaceAll.of(before)];
      return transaction.effects
        .filter((effect) => effect.is(decideRegion))
        .map(({ value: { at } }) => {
          const { choice, by } = before.regions[at];
          return decideRegion.of({ at, choice, by });
        });
    }),
    EditorState.transactionFilter.of((transaction) => {
      if (!transaction.docChanged || isMade(transaction)) return transaction;
      const { regions, whole } = transaction.startState.field(regionField);
      if (whole?.choice === "own") return transaction;
      if (whole || regions.length === 0) return refused(refuse, WHOLE);
      return typed(transaction, regions, who, refuse);
    }),
  ];
}

const WHOLE = "The whole file is decided: reopen it, or edit the whole file.";
const MERGED = "Git has merged this line already. “Edit the whole file” lets you change it.";

function isMade(transaction) {
  return (
    transaction.annotation(fromOutside) ||
    transaction.isUserEvent("decide") ||
    transaction.isUserEvent("undo") ||
    transaction.isUserEvent("redo")
  );
}

function refused(refuse, why) {
  refuse(why);
  return [];
}

function typed(transaction, regions, who, refuse) {
  const length = transaction.startState.doc.length;
  const touched = new Set();
  let isOutside = false;
  transaction.changes.iterChanges((from, to) => {
    const at = regions.findIndex((one) => one.from <= from && to <= one.to);
    const one = regions[at];
    // Right after a region's last line end begins a line that is not its own.
    if (!one || (from === one.to && from > one.from && one.to < length)) isOutside = true;
    else touched.add(at);
  });
  if (isOutside) return refused(refuse, MERGED);
  const { newDoc, changes } = transaction;
  const ends = [];
  for (const at of touched) {
    const from = changes.mapPos(regions[at].from, -1);
    const to = changes.mapPos(regions[at].to, 1);
    const isCut = to > from && to < newDoc.length && newDoc.sliceString(to - 1, to) !== "\n";
    if (isCut) ends.push({ from: to, insert: "\n" });
  }
  const effects = [...touched].map((at) => decideRegion.of({ at, choice: "own", by: who }));
  return [transaction, { changes: ends, effects, sequential: true }];
}

/** Undoing what somebody else has changed since can leave a choice with another's text. */
export function puttingRight(state, file) {
  const { regions, whole } = state.field(regionField);
  if (whole) return null;
  const changes = [];
  regions.forEach((one, at) => {
    if (one.choice === "own") return;
    const insert = ended(state, one.to, textOf(file.regions[at], one.choice));
    if (state.sliceDoc(one.from, one.to) !== insert) changes.push({ from: one.from, to: one.to, insert });
  });
  if (changes.length === 0) return null;
  return { changes, annotations: [fromOutside.of(true), Transaction.addToHistory.of(false)] };
}

// One file in conflict, open in three panes.

import { redo, undo } from "@codemirror/commands";
import { Transaction } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { bar, WORDS } from "./bars.js";
import { hasCrlf, linesIn, merged, sideOf, textOf, withPlainEnds } from "./model.js";
import { decorations, pane, scrollTogether, setCurrent, setMarks } from "./panes.js";
import {
  decision, fromOutside, puttingRight, regionAt, regionField, regionRules, regionText, replaceAll,
} from "./regions.js";
import { remember, same } from "./saved.js";
import { described, FOLDER } from "./described.js";

const MODES = { 100755: "program", 120000: "symbolic link", 160000: "submodule" };
const UNDECIDED = "(undecided: choose a side, or edit the whole file)";
const UNDECIDED_FOLDER = "(undecided: ours leaves the files where they are)";
const SILENT = [fromOutside.of(true), Transaction.addToHistory.of(false)];

export class FileEditor {
  /**
   * @param file as the server answers it.
   * @param around `{me, mayDecide, nonce, names, parents, changed, say, sides}`: who edits, may
   *   they, the page's nonce, the kitchens' names by side, elements by pane, what to call after a
   *   change, how to say something, and how to fetch the file with its sides' whole texts.
   */
  constructor(file, decided, around) {
    this.isCrlf = hasCrlf(file);
    this.file = this.isCrlf ? withPlainEnds(file) : file;
    this.around = around;
    this.showsBase = false;
    this.complaints = [];
    this.gaps = "";
    this.current = -1;
    // Bytes that are no text would be lost by writing; choosing keeps them.
    this.mayType = around.mayDecide && file.is_exact && !this.isFolder;
    const { me: who, say: refuse } = around;
    const start = this.hasRegions
      ? merged(this.file, (number) => decided.get(number))
      : { text: this.undecided, places: [] };
    this.views = {};
    for (const side of ["theirs", "result", "ours"]) {
      const isResult = side === "result";
      const shown = isResult ? start : this.shown(side);
      const label = isResult
        ? `Result of ${file.path}`
        : `${side === "theirs" ? "Theirs" : "Ours"}: ${around.names[side]}, read only`;
      this.views[side] = pane({
        parent: around.parents[side],
        text: shown.text,
        path: file.path,
        label,
        nonce: around.nonce,
        isReadOnly: !isResult || !this.mayType,
        extensions: isResult
          ? [regionRules({ who, refuse }), EditorView.updateListener.of((update) => this.updated(update))]
          : [],
      });
    }
    this.sidePlaces = { theirs: this.shown("theirs").places, ours: this.shown("ours").places };
    scrollTogether(Object.values(this.views));
    const regions = start.places.map((place, at) => {
      const one = decided.get(at + 1);
      return { ...place, choice: one?.choice ?? null, by: one?.by ?? null };
    });
    this.result.dispatch({ effects: replaceAll.of({ regions, whole: null }), annotations: SILENT });
    this.saved = this.present();
    this.hear(decided);
    this.draw();
  }

  get result() {
    return this.views.result;
  }

  get state() {
    return this.result.state.field(regionField);
  }

  get hasRegions() {
    return this.file.regions.length > 0;
  }

  /** Whether git could not tell a folder's new name: there is no file to choose. */
  get isFolder() {
    return Object.keys(this.file.sides).length === 0;
  }

  get undecided() {
    return this.isFolder ? UNDECIDED_FOLDER : UNDECIDED;
  }

  shown(side) {
    if (this.hasRegions) return sideOf(this.file, side);
    return { text: this.isFolder ? FOLDER : described(this.file.sides[side]), places: [] };
  }

  /** What is decided, by region; the whole file stands under null. */
  present() {
    const { regions, whole } = this.state;
    const found = new Map();
    if (whole) {
      const text = whole.choice === "own" ? this.sent(this.result.state.doc.toString()) : null;
      found.set(null, { choice: whole.choice, text });
      return found;
    }
    regions.forEach(({ choice }, at) => {
      if (!choice) return;
      const text = choice === "own" ? this.sent(regionText(this.result.state, at)) : null;
      found.set(at + 1, { choice, text });
    });
    return found;
  }

  sent(text) {
    return this.isCrlf ? text.replaceAll("\n", "\r\n") : text;
  }

  /** What has changed since it was saved, as the server takes it. */
  unsaved() {
    const present = this.present();
    const { path } = this.file;
    const asked = (region, one) => ({ path, region, choice: one.choice, text: one.text });
    const differs = (place) => !same(present.get(place), this.saved.get(place));
    if (present.has(null)) return differs(null) ? [asked(null, present.get(null))] : [];
    const open = (region) => asked(region, { choice: "open", text: null });
    const before = this.saved.has(null) ? [open(null)] : [];
    const kept = this.saved.has(null) ? [] : [...this.saved.keys()];
    const reopened = kept.filter((region) => !present.has(region)).map(open);
    const decided = [...present.keys()].filter((region) => this.saved.has(null) || differs(region));
    return [...before, ...reopened, ...decided.map((region) => asked(region, present.get(region)))];
  }

  decide(choice) {
    if (!this.around.mayDecide) return this.around.say("You may look at this merge, not decide about it.");
    if (!this.hasRegions || this.state.whole) return this.decideWhole(choice);
    const at = this.regionHere();
    this.result.dispatch(decision(this.result.state, this.file, at, choice, this.around.me));
    this.around.say(`Region ${at + 1}: ${WORDS[choice ?? "open"]}.`);
  }

  /** Decide about the whole file; `settled` resolves when that is shown, as a side may be fetched. */
  decideWhole(choice, how = {}) {
    const work = this.showWhole(choice, how);
    this.settled = Promise.allSettled([this.settled, work]);
    if (!how.isHeard && this.around.mayDecide) this.around.changed(false);
    return work;
  }

  async showWhole(choice, { by = this.around.me, text = null, isHeard = false } = {}) {
    if (!this.around.mayDecide && !isHeard) return;
    if (this.isFolder && choice && choice !== "ours") {
      this.around.say("This is about a folder's name: ours leaves its files where they are.");
      return;
    }
    if (choice === "both" && !this.hasRegions) {
      this.around.say("This is no text of which both sides could be kept: choose one.");
      return;
    }
    if (choice === "own" && text === null && !this.mayType) {
      this.around.say("This file holds bytes that are no text: choose one of its sides.");
      return;
    }
    const next = await this.wholeText(choice, text);
    const { regions } = next;
    this.result.dispatch({
      changes: { from: 0, to: this.result.state.doc.length, insert: next.text },
      effects: replaceAll.of({ regions, whole: choice ? { choice, by } : null }),
      annotations: isHeard ? SILENT : [],
      userEvent: "decide",
    });
    if (!isHeard) this.around.say(`The whole file: ${WORDS[choice ?? "open"]}.`);
  }

  async wholeText(choice, own) {
    if (choice === null && !this.hasRegions) return { text: this.undecided, regions: [] };
    if (choice === null) {
      const { text, places } = merged(this.file, () => null);
      return { text, regions: places.map((place) => ({ ...place, choice: null, by: null })) };
    }
    if (choice === "both") return { text: merged(this.file, () => ({ choice })).text, regions: [] };
    if (choice === "own") return { text: own ?? this.startOfOwn(), regions: [] };
    if (!this.sides) this.sides = this.hasRegions ? await this.around.sides() : this.file.sides;
    const text = this.isFolder ? FOLDER : described(this.sides[choice]);
    return { text: this.isCrlf ? text.replaceAll("\r\n", "\n") : text, regions: [] };
  }

  // What the result shows, unless that is words about something that is no text.
  startOfOwn() {
    const { whole } = this.state;
    const sides = this.sides ?? this.file.sides;
    if (this.hasRegions && !whole) return this.result.state.doc.toString();
    return (whole ? sides[whole.choice] : sides.ours ?? sides.theirs)?.text ?? "";
  }

  /** What others decided, by region; what is not saved here yet stays as it is. */
  hear(decided) {
    const pending = new Set(this.unsaved().map((one) => one.region));
    const whole = decided.get(null);
    if (pending.has(null) || (pending.size && whole)) return;
    if (whole) {
      const known = this.state.whole;
      const isKnown = known?.choice === whole.choice && (whole.choice !== "own"
        || this.sent(this.result.state.doc.toString()) === whole.text);
      if (!isKnown) {
        const text = whole.text === null || !this.isCrlf ? whole.text : whole.text.replaceAll("\r\n", "\n");
        this.decideWhole(whole.choice, { by: whole.by, text, isHeard: true }).then(() => this.keepAll());
      }
      return;
    }
    if (this.state.whole && !this.hasRegions) {
      this.decideWhole(null, { isHeard: true }).then(() => this.keepAll());
      return;
    }
    if (this.state.whole) {
      const { text, places } = merged(this.file, (number) => decided.get(number));
      const regions = places.map((place, at) => {
        const one = decided.get(at + 1);
        return { ...place, choice: one?.choice ?? null, by: one?.by ?? null };
      });
      const changes = { from: 0, to: this.result.state.doc.length, insert: text };
      this.result.dispatch({ changes, effects: replaceAll.of({ regions, whole: null }), annotations: SILENT });
    }
    const settled = this.file.regions.filter((region) => !pending.has(region.number));
    for (const { number } of settled) this.hearRegion(number - 1, decided.get(number));
    const present = this.present();
    for (const { number } of settled) {
      if (present.has(number)) this.saved.set(number, present.get(number));
      else this.saved.delete(number);
    }
    if (pending.size === 0) this.saved = present;
  }

  hearRegion(at, one) {
    const known = this.state.regions[at];
    const choice = one?.choice ?? null;
    const by = one?.by ?? null;
    const own = one?.text != null && this.isCrlf ? one.text.replaceAll("\r\n", "\n") : one?.text;
    const told = decision(this.result.state, this.file, at, choice, by, own);
    const isSame = known.choice === choice && told.changes.insert === regionText(this.result.state, at);
    if (isSame && known.by === by) return;
    this.result.dispatch({
      changes: isSame ? undefined : told.changes,
      effects: told.effects,
      annotations: SILENT,
    });
  }

  /** Everything here is what the server has. */
  keepAll() {
    this.saved = this.present();
  }

  /** The server has these. */
  keep(sent) {
    for (const one of sent) remember(this.saved, one);
  }

  regionHere() {
    return regionAt(this.result.state, this.result.state.selection.main.head);
  }

  go(at, { focus = true } = {}) {
    const { regions } = this.state;
    if (regions.length === 0) return;
    const here = (at + regions.length) % regions.length;
    this.result.dispatch({
      selection: { anchor: regions[here].from },
      effects: EditorView.scrollIntoView(regions[here].from, { y: "center" }),
    });
    if (focus) this.result.focus();
    this.around.say(this.wordsOf(here));
  }

  goToLine(number) {
    const { doc } = this.result.state;
    const { from } = doc.line(Math.min(Math.max(number, 1), doc.lines));
    this.result.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    this.result.focus();
  }

  /** The next region that is open, after the present one or, at first, from it on. */
  nextOpen({ from = this.regionHere() + 1 } = {}) {
    const { regions } = this.state;
    const order = regions.map((_, step) => (from + step) % regions.length);
    return order.find((at) => regions[at].choice === null) ?? -1;
  }

  wordsOf(at) {
    const { doc } = this.result.state;
    const one = this.state.regions[at];
    const line = doc.lineAt(one.from).number;
    const by = one.by ? `, ${one.by}` : "";
    return `Region ${at + 1} of ${this.state.regions.length}, line ${line}: ${WORDS[one.choice ?? "open"]}${by}.`;
  }

  undo() {
    undo(this.result);
  }

  redo() {
    redo(this.result);
  }

  toggleBase() {
    this.showsBase = !this.showsBase;
    this.draw();
  }

  complain(complaints) {
    this.complaints = complaints;
    this.draw();
  }

  updated(update) {
    const isChanged = update.docChanged || update.startState.field(regionField) !== update.state.field(regionField);
    if (isChanged) {
      const isUndone = update.transactions.some((one) => one.isUserEvent("undo") || one.isUserEvent("redo"));
      if (isUndone) queueMicrotask(() => this.putRight());
      this.complaints = [];
      queueMicrotask(() => this.draw());
      const isHeard = update.transactions.every((one) => one.annotation(fromOutside));
      if (!isHeard) this.around.changed(update.transactions.some((one) => one.isUserEvent("input") || one.isUserEvent("delete")));
    } else if (update.selectionSet) queueMicrotask(() => this.drawCurrent());
  }

  putRight() {
    const right = puttingRight(this.result.state, this.file);
    if (right) this.result.dispatch(right);
  }

  /** Bars, tints and gaps of all panes, as far as they have changed. */
  draw() {
    const { state } = this.result;
    const { regions } = this.state;
    const current = regions.length ? this.regionHere() : -1;
    const base = this.showsBase;
    const heights = regions.map((one, at) => {
      const region = this.file.regions[at];
      const extra = base ? Math.max(linesIn(region.base), 1) : 0;
      const own = { result: linesIn(state.sliceDoc(one.from, one.to)) + extra, ours: linesIn(region.ours), theirs: linesIn(region.theirs) };
      return { own, most: Math.max(own.result, own.ours, own.theirs) };
    });
    const marked = (side, places) => places.map((place, at) => ({
      from: place.from,
      to: place.to,
      className: classOf(side, regions[at].choice),
      key: `${side} ${at} ${regions[at].choice} ${regions[at].by}`,
      bar: () => bar(this, side, at),
      base: side === "result" && base ? this.file.regions[at].base : null,
      gap: heights[at].most - heights[at].own[side],
    }));
    const places = { ...this.sidePlaces, result: regions };
    const gaps = JSON.stringify([heights, regions.map((one) => [one.choice, one.by]), base]);
    for (const [side, view] of Object.entries(this.views)) {
      if (side !== "result" && gaps === this.gaps) continue;
      const known = regions.length ? marked(side, places[side]) : [];
      const complaints = side === "result" ? this.complaints : [];
      const drawn = [setMarks.of(decorations(view.state.doc, known, complaints))];
      if (side === "result") drawn.push(setCurrent.of(regions[current]));
      view.dispatch({ effects: drawn });
    }
    this.gaps = gaps;
    this.current = current;
    this.around.drawn(this, current);
  }

  /** The same where nothing but the cursor has moved. */
  drawCurrent() {
    const { regions } = this.state;
    const current = regions.length ? this.regionHere() : -1;
    if (current === this.current) return;
    this.current = current;
    this.result.dispatch({ effects: setCurrent.of(regions[current]) });
    this.around.drawn(this, current);
  }

  modeOf(side) {
    return MODES[this.file.sides[side]?.mode] ?? "";
  }

  close() {
    for (const view of Object.values(this.views)) view.destroy();
  }
}

function classOf(side, choice) {
  return `merge-region merge-${side} merge-${choice === null ? "open" : "decided"}`;
}

// Three editors beside each other, whose lines stand at the same height.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { sql } from "@codemirror/lang-sql";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, EditorView, drawSelection, highlightSpecialChars, keymap, lineNumbers, WidgetType,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { linesIn } from "./model.js";

export const LINE = 20;
export const BAR = 28;
const LANGUAGES = [[/\.pyw?$/, python], [/\.sql$/, sql], [/\.ya?ml$/, yaml]];

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.className, tags.typeName], color: "var(--code-name)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.attributeName], color: "var(--code-name)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--fg)", backgroundColor: "var(--bg)" },
  "&.cm-focused": { outline: "2px solid var(--link)", outlineOffset: "-2px" },
  ".cm-scroller": { lineHeight: `${LINE}px`, fontFamily: "SFMono-Regular, Menlo, Monaco, Consolas, 'Liberation Mono', monospace" },
  ".cm-content": { padding: "0", caretColor: "var(--fg)" },
  ".cm-cursor": { borderLeftColor: "var(--fg)" },
  ".cm-gutters": { backgroundColor: "var(--muted)", color: "var(--fg-muted)", border: "0" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--editor-selection) !important" },
  ".cm-specialChar": { color: "var(--bad)" },
});

export const setMarks = StateEffect.define();
const marks = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setMarks)) return effect.value;
    return value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

export const setCurrent = StateEffect.define();
// Apart from the other marks: going to the next region must not touch those of all regions.
const currentLines = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setCurrent)) return linesOf(transaction.newDoc, effect.value, "merge-current");
    }
    return value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function linesOf(doc, place, className) {
  const found = [];
  for (let at = place?.from; at < place?.to; ) {
    const line = doc.lineAt(at);
    found.push(Decoration.line({ class: className }).range(line.from));
    at = line.to + 1;
  }
  return Decoration.set(found);
}

/** An editor of the page's; `label` is what a screen reader says. */
export function pane({ parent, text, path, label, nonce, isReadOnly, extensions = [] }) {
  const language = LANGUAGES.find(([name]) => name.test(path))?.[1];
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        extensions,
        nonce ? EditorView.cspNonce.of(nonce) : [],
        // Other signs for the end of a line are a part of it, and stay.
        EditorState.lineSeparator.of("\n"),
        EditorState.readOnly.of(isReadOnly),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
        lineNumbers(),
        highlightSpecialChars(),
        drawSelection(),
        isReadOnly ? [] : history(),
        keymap.of([...historyKeymap, ...defaultKeymap.filter(({ key }) => !key?.startsWith("Alt-Arrow"))]),
        syntaxHighlighting(colours),
        language ? language() : [],
        marks,
        currentLines,
        theme,
      ],
    }),
  });
}

class Bar extends WidgetType {
  constructor(key, make) {
    super();
    this.key = key;
    this.make = make;
  }
  eq(other) {
    return other.key === this.key;
  }
  get estimatedHeight() {
    return BAR;
  }
  toDOM() {
    return this.make();
  }
  ignoreEvent() {
    return true;
  }
}

class Gap extends WidgetType {
  constructor(lines) {
    super();
    this.lines = lines;
  }
  eq(other) {
    return other.lines === this.lines;
  }
  get estimatedHeight() {
    return this.lines * LINE;
  }
  toDOM() {
    const gap = document.createElement("div");
    gap.className = "merge-gap";
    gap.style.height = `${this.lines * LINE}px`;
    return gap;
  }
}

class Lines extends WidgetType {
  constructor(text, name) {
    super();
    this.text = text;
    this.name = name;
    this.lines = Math.max(linesIn(text), 1);
  }
  eq(other) {
    return other.text === this.text && other.name === this.name;
  }
  get estimatedHeight() {
    return this.lines * LINE;
  }
  toDOM() {
    const shown = document.createElement("pre");
    shown.className = `merge-lines merge-${this.name}`;
    shown.style.height = `${this.lines * LINE}px`;
    shown.textContent = this.text || "(nothing)";
    return shown;
  }
}

/**
 * Decorations of a pane: of each region a bar above it, a tint behind it, and a gap below it.
 *
 * @param regions places with `className`, `key` and `bar` (makes an element), `base` (a text, or
 *   null), and `gap`, how many lines the others have more.
 * @param complaints `{line, what}` each.
 */
export function decorations(doc, regions, complaints = []) {
  const found = [];
  for (const one of regions) {
    const widget = new Bar(one.key, one.bar);
    found.push(Decoration.widget({ widget, block: true, side: -3 }).range(one.from));
    if (one.base != null) {
      const base = new Lines(one.base, "base");
      found.push(Decoration.widget({ widget: base, block: true, side: -2 }).range(one.from));
    }
    for (let at = one.from; at < one.to; ) {
      const line = doc.lineAt(at);
      found.push(Decoration.line({ class: one.className }).range(line.from));
      at = line.to + 1;
    }
    if (one.gap > 0) {
      // Before the line after it; at the very end, after its own last line.
      const isLast = one.to > one.from && doc.sliceString(one.to - 1, one.to) !== "\n";
      const gap = Decoration.widget({ widget: new Gap(one.gap), block: true, side: isLast ? 1 : -1 });
      found.push(gap.range(one.to));
    }
  }
  for (const { line, what } of complaints) {
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    found.push(Decoration.line({ class: "merge-wrong" }).range(at.from));
    const said = Decoration.widget({ widget: new Lines(what, "complaint"), block: true, side: 2 });
    found.push(said.range(at.to));
  }
  return Decoration.set(found, true);
}

/** Have editors show the same stretch, whichever is scrolled. */
export function scrollTogether(views) {
  let leader = null;
  for (const view of views) {
    view.scrollDOM.addEventListener("scroll", () => {
      if (leader && leader !== view) return;
      leader = view;
      for (const other of views) {
        if (other === view) continue;
        other.scrollDOM.scrollTop = view.scrollDOM.scrollTop;
        other.scrollDOM.scrollLeft = view.scrollDOM.scrollLeft;
      }
      requestAnimationFrame(() => requestAnimationFrame(() => {
        if (leader === view) leader = null;
      }));
    }, { passive: true });
  }
}

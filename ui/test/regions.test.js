import assert from "node:assert/strict";
import { test } from "node:test";
import { history, redo, undo } from "@codemirror/commands";
import { EditorState, Transaction } from "@codemirror/state";
import { merged } from "../src/model.js";
import { decision, fromOutside, puttingRight, regionField, regionRules, replaceAll } from "../src/regions.js";

const FILE = {
  clean: ["a\n", "b\n", "c\n"],
  regions: [
    { number: 1, base: "base 1\n", ours: "ours 1\n", theirs: "theirs 1\n" },
    { number: 2, base: "base 2\n", ours: "", theirs: "theirs 2\nmore\n" },
  ],
};

function opened(file = FILE, decided = () => null) {
  const said = [];
  const { text, places } = merged(file, decided);
  let state = EditorState.create({
    doc: text,
    extensions: [history(), regionRules({ who: "padma", refuse: (why) => said.push(why) }), EditorState.lineSeparator.of("\n")],
  });
  const regions = places.map((place, at) => ({ ...place, choice: decided(at + 1)?.choice ?? null, by: null }));
  state = state.update({ effects: replaceAll.of({ regions, whole: null }), annotations: fromOutside.of(true) }).state;
  const editor = {
    said,
    get state() { return state; },
    get text() { return state.doc.toString(); },
    get choices() { return state.field(regionField).regions.map((one) => one.choice); },
    do: (spec) => { state = state.update(spec).state; },
    decide: (at, choice, by = "padma") => editor.do(decision(state, file, at, choice, by)),
    type: (from, insert, to = from) => editor.do({ changes: { from, to, insert }, userEvent: "input.type" }),
    run: (command) => command({ state, dispatch: (transaction) => { state = transaction.state; } }),
    find: (words) => editor.text.indexOf(words),
  };
  return editor;
}

test("a region that is open shows what both came from", () => {
  assert.equal(opened().text, "a\nbase 1\nb\nbase 2\nc\n");
});

test("a decision puts a side's text there, and undoing it reopens the region", () => {
  const editor = opened();
  editor.decide(0, "theirs");
  editor.decide(1, "both");
  assert.equal(editor.text, "a\ntheirs 1\nb\ntheirs 2\nmore\nc\n");
  assert.deepEqual(editor.choices, ["theirs", "both"]);
  editor.run(undo);
  assert.deepEqual(editor.choices, ["theirs", null]);
  editor.run(undo);
  assert.deepEqual(editor.choices, [null, null]);
  assert.equal(editor.text, "a\nbase 1\nb\nbase 2\nc\n");
  editor.run(redo);
  assert.deepEqual(editor.choices, ["theirs", null]);
});

test("typing in a region decides it by hand, and undoing the typing does not", () => {
  const editor = opened();
  editor.type(editor.find("base 1"), "my ");
  assert.deepEqual(editor.choices, ["own", null]);
  editor.run(undo);
  assert.deepEqual(editor.choices, [null, null]);
});

test("what git has merged is not typed into", () => {
  const editor = opened();
  const before = editor.text;
  for (const at of [0, 1, editor.find("b\n"), editor.text.length]) editor.type(at, "x");
  assert.equal(editor.text, before);
  assert.equal(editor.said.length, 4);
  editor.type(0, "", 5);
  assert.equal(editor.text, before);
});

test("a region stays on lines of its own", () => {
  const editor = opened();
  const from = editor.find("base 1");
  editor.type(from, "", from + "base 1\n".length);
  assert.equal(editor.text, "a\nb\nbase 2\nc\n");
  editor.type(from, "x");
  assert.equal(editor.text, "a\nx\nb\nbase 2\nc\n");
  editor.decide(1, "ours");
  editor.type(editor.find("c\n"), "y");
  assert.equal(editor.text, "a\nx\nb\ny\nc\n");
  const { regions } = editor.state.field(regionField);
  assert.equal(editor.state.sliceDoc(regions[1].from, regions[1].to), "y\n");
});

test("an undo after somebody else decided leaves the text that the choice says", () => {
  const editor = opened();
  editor.decide(0, "ours");
  const heard = decision(editor.state, FILE, 0, "theirs", "chris");
  editor.do({ changes: heard.changes, effects: heard.effects, annotations: [fromOutside.of(true), Transaction.addToHistory.of(false)] });
  editor.run(undo);
  const right = puttingRight(editor.state, FILE);
  if (right) editor.do(right);
  assert.deepEqual(editor.choices, [null, null]);
  assert.equal(editor.text, "a\nbase 1\nb\nbase 2\nc\n");
});

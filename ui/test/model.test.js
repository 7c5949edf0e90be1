import assert from "node:assert/strict";
import { test } from "node:test";
import { Decisions, hasCrlf, joined, linesIn, merged, sideOf, textOf } from "../src/model.js";

test("texts are joined on lines of their own, and each one's place is known", () => {
  const { text, places } = joined(["a\n", "x", "", "b\n", ""]);
  assert.equal(text, "a\nx\nb\n");
  assert.deepEqual(places.map(({ from, to }) => text.slice(from, to)), ["a\n", "x\n", "", "b\n", ""]);
});

test("a line that ends as Windows has it is ended so", () => {
  assert.equal(joined(["a\r", "b"]).text, "a\r\r\nb");
});

test("both is ours first", () => {
  assert.equal(textOf({ ours: "o", theirs: "t\n", base: "" }, "both"), "o\nt\n");
});

test("a side's text is the merged one with its regions", () => {
  const file = { clean: ["", "z\n"], regions: [{ number: 1, base: "b\n", ours: "o\n", theirs: "" }] };
  assert.equal(sideOf(file, "ours").text, "o\nz\n");
  assert.equal(sideOf(file, "theirs").text, "z\n");
  assert.equal(merged(file, () => ({ choice: "own", text: "mine" })).text, "mine\nz\n");
});

test("only a file of which every line ends so is edited as one of Windows", () => {
  const file = (clean) => ({ clean: [clean, ""], regions: [{ number: 1, base: "", ours: "x\r\n", theirs: "y\r\n" }] });
  assert.ok(hasCrlf(file("a\r\n")));
  assert.ok(!hasCrlf(file("a\n")));
});

test("lines are counted as an editor shows them", () => {
  assert.deepEqual(["", "a", "a\n", "a\nb", "\n"].map(linesIn), [0, 1, 1, 2, 1]);
});

test("of each place the last decision counts, and one about the whole for all of it", () => {
  const known = new Decisions();
  const file = { path: "a", regions: 2 };
  const say = (...given) => known.add({
    version: known.version + given.length,
    decisions: given.map(([region, choice]) => ({ path: "a", region, choice })),
  });
  say([1, "ours"], [2, "theirs"], [1, "open"]);
  assert.deepEqual(known.count(file), { open: 1, all: 2 });
  say([null, "theirs"]);
  assert.deepEqual(known.count(file), { open: 0, all: 2 });
  say([2, "ours"]);
  assert.deepEqual(known.count(file), { open: 1, all: 2 });
  assert.equal(known.version, 5);
});

// A file in conflict without an editor around it: texts, places of regions, what counts.
// How texts are joined and which decisions count is the server's rule, repeated here; a test
// compares both.

export const SIDES = ["theirs", "ours", "base"];

/** Texts after each other, each beginning on a line of its own; `from` and `to` of each. */
export function joined(texts) {
  // Not one text that grows: asking how it ends would copy all of it, for each region anew.
  const pieces = [];
  const places = [];
  let length = 0;
  let end = "";
  let last = -1;
  const add = (piece) => {
    pieces.push(piece);
    length += piece.length;
    end = piece;
  };
  texts.forEach((text, number) => {
    if (text && end && !end.endsWith("\n")) {
      add(end.endsWith("\r") ? "\r\n" : "\n");
      // What ends a line is a part of it.
      places[last].to = length;
      for (let at = last + 1; at < number; at++) places[at] = { from: length, to: length };
    }
    places.push({ from: length, to: length + text.length });
    if (text) {
      add(text);
      last = number;
    }
  });
  return { text: pieces.join(""), places };
}

/** What stands in a region; one that is open shows what both came from. */
export function textOf(region, choice, own = null) {
  if (choice === "own") return own ?? "";
  if (choice === "both") return joined([region.ours, region.theirs]).text;
  return region[choice ?? "base"];
}

/** The merged text with each region as it was decided, and the places of the regions in it. */
export function merged(file, decided) {
  if (file.regions.length === 0) return { text: "", places: [] };
  const texts = [file.clean[0]];
  file.regions.forEach((region, at) => {
    const one = decided(region.number);
    texts.push(textOf(region, one?.choice ?? null, one?.text ?? null), file.clean[at + 1]);
  });
  const { text, places } = joined(texts);
  return { text, places: file.regions.map((_, at) => places[2 * at + 1]) };
}

/** The same as one side has it. */
export function sideOf(file, side) {
  return merged(file, () => ({ choice: side }));
}

/** Whether every line of a file ends as Windows has it; then it is edited with plain ends. */
export function hasCrlf(file) {
  const all = [...file.clean, ...file.regions.flatMap((one) => SIDES.map((side) => one[side]))];
  return all.some((text) => text.includes("\r\n")) && !all.some((text) => /(^|[^\r])\n/.test(text));
}

export function withPlainEnds(file) {
  const plain = (text) => (text == null ? text : text.replaceAll("\r\n", "\n"));
  return {
    ...file,
    clean: file.clean.map(plain),
    regions: file.regions.map((one) => ({
      ...one,
      base: plain(one.base),
      ours: plain(one.ours),
      theirs: plain(one.theirs),
    })),
  };
}

/** Decisions by path and region, of each place the last; the whole path stands under null. */
export class Decisions {
  constructor() {
    this.version = 0;
    this.paths = new Map();
  }

  add(answer) {
    for (const one of answer.decisions) {
      const here = this.paths.get(one.path) ?? new Map();
      this.paths.set(one.path, here);
      if (one.region === null) here.clear();
      else here.delete(null);
      if (one.choice === "open") here.delete(one.region);
      else here.set(one.region, one);
    }
    this.version = answer.version;
  }

  of(path) {
    return this.paths.get(path) ?? new Map();
  }

  /** What somebody wrote by hand that counts. */
  own(who) {
    const all = [...this.paths.values()].flatMap((here) => [...here.values()]);
    return all.filter((one) => one.choice === "own" && one.by === who);
  }

  /** How many places of a file are open, and how many there are. */
  count({ path, regions }) {
    const here = this.of(path);
    const all = Math.max(regions, 1);
    if (here.has(null)) return { open: 0, all };
    let done = 0;
    for (let number = 1; number <= regions; number++) if (here.has(number)) done += 1;
    return { open: all - done, all };
  }
}

export function linesIn(text) {
  if (!text) return 0;
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return text.endsWith("\n") ? lines : lines + 1;
}

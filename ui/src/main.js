// The conflicts' page: which file is open, what is saved, what others do meanwhile.

import { WORDS } from "./bars.js";
import { FileEditor } from "./editor.js";
import { Decisions } from "./model.js";
import { Server } from "./server.js";
import { keepTyped, putAside, showTyped, typedBefore } from "./typed.js";

const POLL_MS = 2500;
const TYPED_MS = 700;
const RETRY_MS = 5000;
const page = document.getElementById("merge-editor");
const at = (name) => page.querySelector(`[data-part="${name}"]`);
const given = page.dataset;
const mayDecide = given.mayDecide === "yes";
const [ours, theirs] = given.commits.split(" ");
const server = new Server(given.api, { ours, theirs });
const decisions = new Decisions();
const links = [...page.querySelectorAll("a[data-path]")];
const files = links.map((link) => ({ path: JSON.parse(link.dataset.path), regions: Number(link.dataset.regions), link }));
let open = null;
let timer = null;
let saving = null;
let checks = { open: [], complaints: [] };
let isOver = false;
let turns = 0;

function say(text) {
  at("said").textContent = text;
}

function complain(error) {
  const box = document.createElement("div");
  box.className = "notice notice-bad";
  const words = document.createElement("p");
  words.className = "said";
  words.textContent = error.status === undefined ? `The server does not answer: ${error.message}.` : error.message;
  box.append(words);
  document.getElementById("notices").replaceChildren(box);
}

function forgive() {
  document.getElementById("notices").replaceChildren();
}

async function show(path, { isNew = true } = {}) {
  const turn = ++turns;
  await flush();
  let file;
  try {
    file = await (path === early?.path ? early.file : server.file(path));
    early = null;
  } catch (error) {
    complain(error);
    return;
  }
  // Somebody chose another file meanwhile.
  if (turn !== turns) return;
  open?.close();
  for (const side of ["theirs", "result", "ours"]) at(side).replaceChildren();
  open = null;
  const made = new FileEditor(file, decisions.of(path), {
    me: given.me,
    mayDecide,
    nonce: given.nonce,
    names: { theirs: given.theirs, ours: given.ours },
    parents: { theirs: at("theirs"), result: at("result"), ours: at("ours") },
    changed,
    drawn,
    say,
    sides: async () => (await server.file(path, true)).sides,
  });
  open = made;
  if (isNew) history.pushState(null, "", `?path=${encodeURIComponent(path)}`);
  for (const { link, path: other } of files) {
    if (other === path) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest" });
    } else link.removeAttribute("aria-current");
  }
  at("path").textContent = path;
  at("kind").textContent = file.kind;
  at("git").textContent = file.said.join(" ");
  at("git").hidden = file.said.length === 0;
  for (const side of ["theirs", "ours"]) at(`mode-${side}`).textContent = made.modeOf(side);
  page.dataset.regions = made.hasRegions ? "yes" : "no";
  page.dataset.files = made.isFolder ? "no" : "yes";
  made.complain(checks.complaints.filter((one) => one.path === path));
  const first = made.nextOpen({ from: 0 });
  if (first >= 0) made.go(first, { focus: false });
  drawn(made, made.regionHere());
  page.dataset.ready = path;
}

function drawn(editor, current) {
  if (editor !== open) return;
  const { regions, whole } = editor.state;
  const choice = whole ? whole.choice : regions[current]?.choice ?? null;
  at("where").textContent = whole || !editor.hasRegions
    ? `whole file: ${whole ? `${WORDS[whole.choice]} · ${whole.by}` : "undecided"}`
    : `region ${current + 1} of ${regions.length}`;
  for (const button of page.querySelectorAll("[data-choose]")) {
    button.setAttribute("aria-pressed", String(button.dataset.choose === choice && !whole));
  }
  for (const button of page.querySelectorAll("[data-whole]")) {
    button.setAttribute("aria-pressed", String(Boolean(whole) && button.dataset.whole === whole.choice));
  }
  at("base").setAttribute("aria-pressed", String(editor.showsBase));
  page.classList.toggle("is-whole", Boolean(whole) || !editor.hasRegions);
}

function count() {
  let left = 0;
  let all = 0;
  for (const file of files) {
    const own = decisions.count(file);
    left += own.open;
    all += own.all;
    const counter = file.link.querySelector("[data-count]");
    counter.textContent = own.open ? `${own.open} of ${own.all} open` : "done";
    file.link.classList.toggle("is-done", own.open === 0);
  }
  at("total").textContent = left ? `${left} of ${all} open` : `all ${all} decided`;
  at("progress").max = all;
  at("progress").value = all - left;
  const isReady = mayDecide && left === 0 && checks.complaints.length === 0 && given.moved === "";
  at("complete")?.setAttribute("aria-disabled", String(!isReady));
  return left;
}

const UNSAVED = "not saved yet";

function changed(isTyped) {
  at("saved").textContent = UNSAVED;
  clearTimeout(timer);
  timer = setTimeout(flush, isTyped ? TYPED_MS : 0);
}

/** Save what is decided here. Nothing is lost by a refusal: it is tried again with the next. */
async function flush() {
  clearTimeout(timer);
  const editor = open;
  await editor?.settled;
  while (saving) await saving;
  const sent = editor?.unsaved() ?? [];
  if (sent.length === 0) {
    if (at("saved").textContent === UNSAVED) at("saved").textContent = "saved";
    return;
  }
  at("saved").textContent = "saving…";
  saving = server.decide(sent, decisions.version).then((answer) => {
    editor.keep(sent);
    heard(answer);
    at("saved").textContent = "saved";
    forgive();
    check();
  }, (error) => {
    if (error.isMoved) return goOnFromThere();
    at("saved").textContent = "not saved";
    complain(error);
    // The server may be back in a while; what it refuses it refuses again.
    if (!(error.status >= 400 && error.status < 500)) timer = setTimeout(flush, RETRY_MS);
  });
  await saving;
  saving = null;
}

/** The merge goes on from where the kitchens are now, with other regions; what was typed stays. */
function goOnFromThere() {
  if (isOver) return;
  isOver = true;
  keepTyped(given.merge, [
    ...decisions.own(given.me),
    ...(open?.unsaved() ?? []).filter((one) => one.choice === "own"),
  ].map(({ path, text }) => ({ path, text })));
  location.reload();
}

/** What was typed before and is nowhere in the merge as it is now. */
function showLost() {
  const still = decisions.own(given.me);
  const isThere = (one) => still.some(({ path, text }) => path === one.path && text === one.text);
  const lost = typedBefore(given.merge).filter((one) => !isThere(one));
  showTyped(lost, at("texts"));
  at("typed").hidden = lost.length === 0;
  if (lost.length === 0) putAside(given.merge);
}
at("put-aside").addEventListener("click", () => {
  putAside(given.merge);
  at("typed").hidden = true;
});

function heard(answer) {
  if (answer.merge !== given.merge || `${answer.ours} ${answer.theirs}` !== given.commits) {
    goOnFromThere();
    return false;
  }
  const others = answer.decisions.filter((one) => one.by !== given.me);
  decisions.add(answer);
  if (open) open.hear(decisions.of(open.file.path));
  count();
  const last = others.at(-1);
  if (last) say(`${last.by} decided about ${last.path}${last.region ? `, region ${last.region}` : ""}: ${last.choice}.`);
  return others.length > 0;
}

let checkTimer = null;
function check() {
  clearTimeout(checkTimer);
  checkTimer = setTimeout(async () => {
    try {
      checks = await server.checks();
    } catch {
      return; // the next decision asks again, and completing checks in any case
    }
    given.moved = checks.moved ?? "";
    at("moved").hidden = given.moved === "";
    const list = at("complaints");
    list.replaceChildren(...checks.complaints.map((one) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-small";
      button.textContent = `${one.path}:${one.line}`;
      button.addEventListener("click", async () => {
        if (open?.file.path !== one.path) await show(one.path);
        open.goToLine(one.line);
      });
      item.append(button, ` ${one.what}`);
      return item;
    }));
    at("wrong").hidden = checks.complaints.length === 0;
    if (checks.complaints.length) say(`The checks found: ${checks.complaints[0].path}, line ${checks.complaints[0].line}: ${checks.complaints[0].what}`);
    if (open && open.unsaved().length === 0) {
      open.complain(checks.complaints.filter((one) => one.path === open.file.path));
    }
    count();
  }, 300);
}

async function poll() {
  if (isOver) return;
  try {
    if (!document.hidden && !saving) {
      const answer = await server.decisions(decisions.version);
      if (answer.decisions.length && heard(answer)) check();
    }
  } catch (error) {
    if (error.status === 404) {
      isOver = true;
      complain(new Error("this merge is over: somebody completed or abandoned it"));
      return;
    }
  }
  setTimeout(poll, POLL_MS);
}

async function nextOpen() {
  const here = open ? open.nextOpen() : -1;
  if (here >= 0) return open.go(here);
  await flush();
  const from = files.findIndex((file) => file.path === open?.file.path);
  const order = files.map((_, step) => files[(from + 1 + step) % files.length]);
  const next = order.find((file) => decisions.count(file).open > 0);
  if (!next) return say("Nothing is open any more.");
  if (next.path !== open?.file.path) await show(next.path);
  const first = open.nextOpen({ from: 0 });
  if (first >= 0) open.go(first);
  else open.result.focus();
}

const acts = {
  next: () => open.go(open.regionHere() + 1),
  previous: () => open.go(open.regionHere() - 1),
  "next-open": nextOpen,
  undo: () => open.undo(),
  redo: () => open.redo(),
  base: () => open.toggleBase(),
  complete: openDialog,
};

page.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-path]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(JSON.parse(link.dataset.path));
    return;
  }
  const button = event.target.closest("button[data-do], button[data-choose], button[data-whole]");
  if (!button || !open) return;
  if (button.dataset.do) acts[button.dataset.do]?.();
  else if (button.dataset.choose) open.decide(choiceOf(button.dataset.choose));
  else open.decideWhole(choiceOf(button.dataset.whole)).catch(complain);
});

const choiceOf = (word) => (word === "open" ? null : word);
const KEYS = {
  ArrowDown: acts.next, ArrowUp: acts.previous, KeyN: nextOpen,
  KeyT: () => open.decide("theirs"), KeyO: () => open.decide("ours"), KeyB: () => open.decide("both"),
  KeyA: () => open.decide("base"), KeyR: () => open.decide(null), KeyJ: acts.base,
};
addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || !open || !KEYS[event.code]) return;
  event.preventDefault();
  event.stopPropagation();
  KEYS[event.code]();
}, true);

const dialog = at("dialog");
async function openDialog() {
  await flush();
  if (at("complete").getAttribute("aria-disabled") === "true") {
    const left = count();
    say(given.moved ? "The kitchen has moved on: merge again first."
      : left ? `${left} are open still.` : "Something is wrong with a file: see what the checks found.");
    return;
  }
  let draft;
  try {
    draft = await server.draft();
  } catch (error) {
    complain(error);
    return;
  }
  at("gone").replaceChildren(...draft.taken_away.map((text) => {
    const label = document.createElement("label");
    label.className = "check";
    const box = document.createElement("input");
    box.type = "checkbox";
    box.value = text;
    label.append(box, ` ${text}`);
    return label;
  }));
  at("takes-away").hidden = draft.taken_away.length === 0;
  at("missing").replaceChildren();
  at("again").hidden = true;
  dialog.showModal();
}

at("confirm").addEventListener("click", async (event) => {
  event.preventDefault();
  const acknowledged = [...at("gone").querySelectorAll("input:checked")].map((box) => box.value);
  at("confirm").disabled = true;
  try {
    await server.complete(acknowledged, at("reason").value.trim());
    isOver = true;
    location.assign(given.done);
  } catch (error) {
    const said = error.missing?.length ? error.missing : [error.message];
    at("missing").replaceChildren(...said.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }));
    at("again").hidden = !error.isMoved;
    check();
  }
  at("confirm").disabled = false;
});
at("cancel").addEventListener("click", () => dialog.close());

addEventListener("popstate", () => show(wanted(), { isNew: false }));
addEventListener("pagehide", () => {
  const sent = open?.unsaved() ?? [];
  if (sent.length) server.decide(sent, decisions.version, true).catch(() => {});
});

const asked = () => new URLSearchParams(location.search).get("path");

function wanted() {
  const known = files.find((file) => file.path === asked()) ?? files.find((file) => decisions.count(file).open > 0);
  return (known ?? files[0]).path;
}

// The file that is shown first, most likely, is asked for together with the decisions.
let early = null;

async function begin() {
  const { path } = files.find((file) => file.path === asked()) ?? files[0];
  early = { path, file: server.file(path) };
  early.file.catch(() => {});
  try {
    decisions.add(await server.decisions(0));
  } catch (error) {
    complain(error);
    return;
  }
  count();
  showLost();
  if (turns === 0) await show(wanted(), { isNew: false });
  check();
  setTimeout(poll, POLL_MS);
}

begin();

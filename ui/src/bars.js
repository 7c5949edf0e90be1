// The bar above a region: what was decided about it, by whom, and what a mouse may decide.

export const WORDS = {
  open: "undecided", theirs: "theirs", ours: "ours", both: "both", base: "base", own: "written by hand",
};

export function bar(editor, side, at) {
  const { choice, by } = editor.state.regions[at];
  const made = document.createElement("div");
  made.className = `merge-bar merge-bar-${side}`;
  const said = document.createElement("span");
  said.className = "merge-said";
  if (side === "result") said.textContent = `${at + 1} · ${WORDS[choice ?? "open"]}${by ? ` · ${by}` : ""}`;
  else said.textContent = side === choice || choice === "both" ? "taken" : "";
  const offers = side === "result" ? ["theirs", "both", "ours"] : [side];
  const buttons = editor.around.mayDecide ? offers.map((offer) => button(editor, offer, at, side)) : [];
  made.append(...(side === "ours" ? [...buttons, said] : [said, ...buttons]));
  return made;
}

// For a mouse; by keyboard, and read out, the same stands in the toolbar.
function button(editor, choice, at, side) {
  const made = document.createElement("button");
  made.type = "button";
  made.tabIndex = -1;
  made.className = "merge-offer";
  made.textContent = side === "theirs" ? "Take ▸" : side === "ours" ? "◂ Take" : choice;
  made.setAttribute("aria-label", `Region ${at + 1}: take ${choice}`);
  made.addEventListener("mousedown", (event) => event.preventDefault());
  made.addEventListener("click", () => {
    editor.go(at, { focus: false });
    editor.decide(choice);
  });
  return made;
}

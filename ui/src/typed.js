// What somebody typed about a merge that then went on from newer commits. It stays in this window
// until they put it aside: where the conflict is another, nothing else shows it any more.

const place = (merge) => `typed ${merge}`;

export function keepTyped(merge, texts) {
  const all = [...typedBefore(merge), ...texts];
  if (all.length) sessionStorage.setItem(place(merge), JSON.stringify(all));
}

export function typedBefore(merge) {
  return JSON.parse(sessionStorage.getItem(place(merge)) ?? "[]");
}

export function putAside(merge) {
  sessionStorage.removeItem(place(merge));
}

/** Show them in a list, for somebody to copy; `{path, text}` each. */
export function showTyped(texts, list) {
  list.replaceChildren(...texts.map(({ path, text }) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.className = "mono";
    name.textContent = path;
    const shown = document.createElement("textarea");
    shown.readOnly = true;
    shown.rows = Math.min(text.split("\n").length, 8);
    shown.value = text;
    shown.setAttribute("aria-label", `What you wrote in ${path}`);
    item.append(name, shown);
    return item;
  }));
}

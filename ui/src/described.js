// What stands in a pane where a side is no text.

export const FOLDER = "(a folder, of which git cannot tell where it went: its files stay where they are)";

/** What a side has, in words, where it is no text. */
export function described(side) {
  if (!side) return "(nothing: this side has no such file)";
  if (side.what === "submodule") return `(submodule at commit ${side.id})`;
  if (side.what === "link") return `(symbolic link to ${side.text ?? side.id})`;
  if (side.what === "binary") return `(no text: ${side.bytes} bytes, content ${side.id.slice(0, 12)})`;
  if (side.what === "large") return `(too large to show: ${side.bytes} bytes)`;
  return side.text ?? "";
}

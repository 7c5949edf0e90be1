// Decisions about a file as the server has them, by region; null stands for the file as a whole.

/** Whether two decisions about a place are the same. */
export function same(one, other) {
  return one?.choice === other?.choice && (one?.text ?? null) === (other?.text ?? null);
}

/** Note by place what the server was given. */
export function remember(saved, { region, choice, text }) {
  if (region === null) saved.clear();
  else saved.delete(null);
  if (choice === "open") saved.delete(region);
  else saved.set(region, { choice, text: text ?? null });
}

"""Text of others in a log: one line, whatever they wrote."""

from __future__ import annotations

_LONGEST = 1000


def one_line(text: str) -> str:
    """A text in which no character begins a line of its own or moves a terminal's cursor."""
    shown = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text[:_LONGEST])
    return shown if len(text) <= _LONGEST else f"{shown}…"

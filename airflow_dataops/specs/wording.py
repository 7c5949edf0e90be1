"""How complaints about a file are worded: what was asked, what is true and what to do.

The value of a key that sounds like a secret is never shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_dataops.specs.marked_yaml import Place

_SOUNDS_SECRET = re.compile(r"secret|passw|token|credential|role_id|private|_key\b", re.IGNORECASE)
_LONGEST_SHOWN = 60


def path(place: Place) -> str:
    """A place as a person would spell it."""
    return ".".join(str(part) for part in place) or "this file"


def expected_other(value: object, place: Place, expected: str) -> str:
    """A value is not of the kind that its key takes."""
    return f"{path(place)} is {shown(value, place)}; write {expected}"


def unknown_key(place: Place, known: Iterable[str], refused: Mapping[str, str]) -> str:
    """A key that nothing reads, at its place; ``refused`` has reasons for some of them."""
    *above, key = place
    where = f" in {path(tuple(above))}" if above else ""
    if why := refused.get(str(key)):
        return f"key {key!r}{where} is refused: {why}"
    known = sorted(known)
    return (
        f"unknown key {key!r}{where}{did_you_mean(str(key), known) or ';'} "
        f"known keys: {', '.join(known)}"
    )


def lacks(place: Place, hint: str | None) -> str:
    """A key that has to be there is not, at its place."""
    *above, key = place
    return f"{path(tuple(above))} lacks {key!r}{f': {hint}' if hint else ''}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest of the known names, or nothing: ``; did you mean 'schedule'?``."""
    from difflib import get_close_matches

    nearest = get_close_matches(name, list(known), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def shown(value: object, place: Sequence[str | int]) -> str:
    """A value for a message, unless its key or form suggests that it holds a secret."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    if any(_SOUNDS_SECRET.search(str(part)) for part in place) or "://" in text:
        return f"a {type(value).__name__} that is not shown"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"

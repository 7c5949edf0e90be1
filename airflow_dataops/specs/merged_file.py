"""Whether what people made of a file in conflict can be read at all: Python, YAML, or any text."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKER = re.compile(r"^(?:<{7,}|>{7,})(?: .*|\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What is wrong with a file, and at which line, counted from 1."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        """As compilers say it."""
        return f"{self.path}:{self.line}: {self.what}"


def complaint(path: str, content: bytes, *, sides: Iterable[str] = ()) -> Complaint | None:
    """The first thing that is wrong with a file; None where nothing is.

    Args:
        path: its suffix says what it is to be read as.
        content: what people made of it.
        sides: texts of both sides: lines of theirs that look like a conflict's marker are text.
    """
    text = content.decode("utf-8", "surrogateescape")
    if (left := _left_over(text, sides)) is not None:
        line = text.count("\n", 0, left) + 1
        return Complaint(path=path, line=line, what="a conflict marker is left in it")
    kind = PurePosixPath(path).suffix
    if kind == ".py":
        return _of_python(path, content)
    if kind in {".yaml", ".yml"}:
        return _of_yaml(path, content)
    return None


def _left_over(text: str, sides: Iterable[str]) -> int | None:
    """Where the first marker is that no side has."""
    found = list(_MARKER.finditer(text))
    if not found:
        return None
    known = {marker.group() for side in sides for marker in _MARKER.finditer(side)}
    return next((one.start() for one in found if one.group() not in known), None)


def _of_python(path: str, content: bytes) -> Complaint | None:
    import warnings

    try:
        with warnings.catch_warnings():
            # An odd escape in a string is its author's affair.
            warnings.simplefilter("ignore")
            ast.parse(content, path)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        reason = getattr(error, "msg", None) or str(error)
        return Complaint(path=path, line=line or 1, what=f"this is no Python: {reason}")
    return None


def _of_yaml(path: str, content: bytes) -> Complaint | None:
    try:
        for _ in yaml.parse(content, Loader=yaml.CSafeLoader):
            pass
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        line = mark.line + 1 if mark else 1
        return Complaint(path=path, line=line, what=f"this is no YAML: {reason}")
    return None

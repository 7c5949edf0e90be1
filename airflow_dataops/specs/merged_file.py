"""Whether what people made of a file in conflict can be read at all: Python, YAML, or any text."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml

_LEFT_OVER = re.compile(r"^(<{7}|>{7})( |$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What is wrong with a file, and at which line, counted from 1."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        """As compilers say it."""
        return f"{self.path}:{self.line}: {self.what}"


def complaint(path: str, content: bytes) -> Complaint | None:
    """The first thing that is wrong with a file; None where nothing is."""
    text = content.decode("utf-8", "surrogateescape")
    left = _LEFT_OVER.search(text)
    if left is not None:
        line = text.count("\n", 0, left.start()) + 1
        return Complaint(path=path, line=line, what="a conflict marker is left in it")
    kind = PurePosixPath(path).suffix
    if kind == ".py":
        return _of_python(path, content)
    if kind in {".yaml", ".yml"}:
        return _of_yaml(path, content)
    return None


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

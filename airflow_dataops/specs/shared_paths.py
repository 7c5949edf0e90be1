"""What a pipeline declares beside its own folder, and what its files use of the branch.

Read from the text alone: a server compares trees whose code it does not run. What cannot be read
counts as no declaration, and a use that is seen and not declared voids it: evidence is then bound
to the whole tree, which is never too little.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml

from airflow_dataops.domain.kitchen_at_parse import PIPELINE_PYTHON

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

SHARED_PATHS = "shared_paths"
LARGEST_BYTES = 200_000
_TEXTS = (".sql", ".yaml", ".yml", ".j2", ".jinja", ".jinja2", ".json", ".txt", ".sh")
# A folder and what lies in it: a word alone would be found in every comment.
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What a file speaks of, that may be a path of the branch.

    Attributes:
        modules: that it imports, by their full names.
        paths: texts that look like one.
    """

    modules: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()


def complaint(declared: object) -> str | None:
    """Why this cannot be a declaration of shared paths; None where it can."""
    if isinstance(declared, str) or not isinstance(declared, Sequence):
        return f"{SHARED_PATHS} is {declared!r}; write a list of paths from the branch's root on"
    for path in declared:
        if not isinstance(path, str) or not _is_plain(path):
            return (
                f"{SHARED_PATHS} has {path!r}; write a folder or file from the branch's root on, "
                "such as lib/finance, without '..' and without '/' at its ends"
            )
    return None


def declared_in(file: str, content: bytes, *, pipeline: str) -> tuple[str, ...] | None:
    """The shared paths that a pipeline's file declares; None where it declares none.

    Args:
        file: its name.
        content: all of it.
        pipeline: whose file it is.
    """
    if len(content) > LARGEST_BYTES:
        return None
    try:
        text = content.decode("utf-8-sig")
        python = file == PIPELINE_PYTHON
        found = _of_python(text, pipeline) if python else _of_yaml(text)
    except (SyntaxError, ValueError, RecursionError, yaml.YAMLError):
        return None
    return tuple(found) if found is not None and complaint(found) is None else None


def mentions(path: str, content: bytes) -> Mentions:
    """What a file of the branch speaks of."""
    suffix = PurePosixPath(path).suffix
    if len(content) > LARGEST_BYTES or suffix not in {".py", *_TEXTS}:
        return Mentions()
    text = content.decode("utf-8", "replace")
    if suffix != ".py":
        return Mentions(paths=frozenset(_PATH.findall(text)))
    try:
        tree = _parsed(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError):
        return Mentions()
    return Mentions(
        modules=frozenset(_imported(tree, PurePosixPath(path))),
        paths=frozenset(
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ),
    )


def undeclared(
    found: Iterable[Mentions],
    *,
    covered: Collection[str],
    known: Collection[str],
    folders: Sequence[str],
    beside: str,
) -> list[str]:
    """Paths of the branch that are used and lie below none of those that are covered.

    Args:
        found: what the files of a pipeline speak of.
        covered: paths that it is built from.
        known: all paths of the branch, of files and folders.
        folders: of the branch from which Python imports; empty for its root.
        beside: the pipeline's own folder, in which a path is looked for first.
    """
    used: set[str] = set()
    for one in found:
        for module in one.modules:
            used |= _files_of(module, known, folders)
        used |= {path for path in one.paths if path in known and f"{beside}/{path}" not in known}
    return sorted(path for path in used if not _is_below(path, covered))


def _is_below(path: str, covered: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in covered)


def _files_of(module: str, known: Collection[str], folders: Sequence[str]) -> set[str]:
    """What of the branch Python reads for an import."""
    parts = module.split(".")
    for folder in folders:
        base = f"{folder}/" if folder else ""
        if f"{base}{parts[0]}" not in known and f"{base}{parts[0]}.py" not in known:
            continue
        places = [base + "/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        read = {f"{place}/__init__.py" for place in places} & set(known)
        for place in reversed(places):
            if f"{place}.py" in known:
                return read | {f"{place}.py"}
            if place in known:
                return read | {place}
    return set()


def _of_python(text: str, pipeline: str) -> list[str] | None:
    for node in _parsed(text).body:
        if not isinstance(node, ast.FunctionDef) or node.name != pipeline:
            continue
        for decorator in node.decorator_list:
            for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
                if keyword.arg == SHARED_PATHS:
                    value = ast.literal_eval(keyword.value)
                    return list(value) if isinstance(value, (list, tuple)) else None
    return None


def _of_yaml(text: str) -> list[str] | None:
    # Composed and not constructed: of a file with aliases of aliases nothing grows.
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, value in root.value:
        if key.value == SHARED_PATHS and isinstance(value, yaml.SequenceNode):
            return [item.value for item in value.value]
    return None


def _imported(tree: ast.AST, path: PurePosixPath) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.parts[: len(path.parts) - node.level] if node.level else ()
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        # About somebody else's code, such as an invalid escape sequence.
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _is_plain(path: str) -> bool:
    parts = path.split("/")
    return bool(path) and not any(part in {"", ".", ".."} or "\0" in part for part in parts)

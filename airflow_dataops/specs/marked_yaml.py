"""A YAML file as plain values, and the line of each where somebody has to be told of it.

PyYAML's loaders forget where a value stood, keep the last of two equal keys, and follow an alias
as often as it is written. People are answered with file and line, and one file must not stop a
process that reads many, so the node tree is walked here instead. Pipelines are read at every
parse: lines are looked up in the tree only once they are needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from airflow_dataops.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Place = tuple[str | int, ...]
"""Keys and list positions from the top of a file down to a value."""

LARGEST_BYTES = 1_000_000
DEEPEST = 40
# Ten lines of aliases of aliases can stand for billions.
MOST_VALUES = 100_000

_TAG = "tag:yaml.org,2002:"
_TEXT, _MAPPING, _LIST, _MERGE = (_TAG + name for name in ("str", "map", "seq", "merge"))
_DATE, _WHOLE_NUMBER = _TAG + "timestamp", _TAG + "int"
# Below this many characters that can open a level no file is deep enough to break the C loader,
# which calls itself for each level and takes the process with it at some ten thousand.
_SURELY_SHALLOW = 2000


@dataclass(kw_only=True)
class MarkedYaml:
    """A file's content as plain values, and where each of them stands.

    Attributes:
        file: the file's path, as the person would type it.
        complaints: what is wrong with the text itself; keys that were refused are left out.
        path: where the file is.
    """

    file: str
    content: object = None
    complaints: list[SpecError] = field(default_factory=list)
    path: Path | None = None

    @cached_property
    def _root(self) -> yaml.Node | None:
        # Read anew: to keep the tree of every file in case somebody is told of a line costs more.
        return _compose(_text(self.path, self.file), self.file) if self.path else None

    def line(self, place: Sequence[str | int]) -> int:
        """Line of a value's key, counted from 1; of the nearest one above where it is missing."""
        node = self._root
        line = node.start_mark.line + 1 if node else 1
        for part in place:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line

    def complaint(self, problem: str, place: Sequence[str | int]) -> SpecError:
        """A complaint about the value at a place."""
        return SpecError(problem, file=self.file, line=self.line(place))


def read_marked(path: Path, *, shown_as: str | None = None) -> MarkedYaml:
    """Read a YAML file, keeping the lines.

    Args:
        path: the file.
        shown_as: how complaints name it; by default its path.

    Raises:
        SpecError: the file is missing, unreadable, too large, or no YAML at all.
    """
    marked = MarkedYaml(file=shown_as or str(path), path=path)
    root = _compose(_text(path, marked.file), marked.file)
    if root is not None:
        marked.content = _Walk(marked).value(root, 1)
    return marked


def _text(path: Path, file: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"this file cannot be read ({error.strerror}); write it or correct its path"
        raise SpecError(message, file=file) from error
    if len(content) > LARGEST_BYTES:
        message = (
            f"this file has {len(content):,} bytes, at most {LARGEST_BYTES:,} are read; "
            "keep data in files of their own"
        )
        raise SpecError(message, file=file)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        message = "this file is no UTF-8 text; save it as UTF-8"
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError(message, file=file, line=line) from error


def _compose(text: str, file: str) -> yaml.Node | None:
    loader = _loader()
    try:
        if sum(map(text.count, "[{-?:")) > _SURELY_SHALLOW:
            _check_depth(text, loader, file)
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        # Only the parser's own words: a mark's snippet would show the text around it.
        mark = error.problem_mark or error.context_mark
        message = f"this is no YAML: {error.problem or error.context}"
        raise SpecError(message, file=file, line=mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        message = "this is no YAML: it has a character that is not allowed; remove it"
        raise SpecError(message, file=file) from error


@cache
def _loader() -> type[yaml.SafeLoader]:
    # The C loader is ten times as fast; a PyYAML built without it has the slow one only.
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Tells a scalar's type from its text alone: the loader's own way takes twice as long."""

        def descend_resolver(self, _node: object, _index: object) -> None: ...
        def ascend_resolver(self) -> None: ...

        def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
            if kind is not yaml.ScalarNode:
                return _LIST if kind is yaml.SequenceNode else _MAPPING
            if implicit[0]:
                for tag, pattern in self.yaml_implicit_resolvers.get(value[:1], ()):
                    if pattern.match(value):
                        found: str = tag
                        return found
            return _TEXT

    return Loader


def _check_depth(text: str, loader: type[yaml.SafeLoader], file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                line = event.start_mark.line + 1  # type: ignore[union-attr]
                raise SpecError(_TOO_DEEP, file=file, line=line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


_TOO_MANY = (
    f"this file stands for more than {MOST_VALUES:,} values, its aliases written out; "
    "use fewer aliases of aliases"
)
_TOO_DEEP = f"this is nested deeper than {DEEPEST} levels; write it flatter"


class _Walk:
    """Turns nodes into values, noting complaints in the marked file."""

    def __init__(self, marked: MarkedYaml) -> None:
        self._marked = marked
        self._open: set[int] = set()
        self._values_left = MOST_VALUES

    def value(self, node: yaml.Node, depth: int) -> object:
        if node.tag == _TEXT:
            return node.value
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if depth > DEEPEST:
            raise self._complaint(_TOO_DEEP, node)
        if id(node) in self._open:
            message = "this alias contains itself; write the value out"
            raise self._complaint(message, node)
        # Counted in full each time: what an alias stands for is made anew for each of its uses.
        self._values_left -= len(node.value)
        if self._values_left < 0:
            raise SpecError(_TOO_MANY, file=self._marked.file)
        self._open.add(id(node))
        try:
            if node.tag == _MAPPING:
                return self._mapping(node, depth)
            if node.tag == _LIST:
                return [self.value(item, depth + 1) for item in node.value]
        finally:
            self._open.discard(id(node))
        self._complain(f"a value with the tag {node.tag} is not understood here", node)
        return None

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, object]:
        own: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key_node, item in node.value:
            key = key_node.value
            if key_node.tag == _TEXT and key not in own:
                own[key] = item.value if item.tag == _TEXT else self.value(item, depth + 1)
            elif key_node.tag == _MERGE:
                merged = {**self._merged(item, depth), **merged}
            else:
                self._complain_about_key(key_node, node)
        return {**merged, **own} if merged else own

    def _merged(self, node: yaml.Node, depth: int) -> dict[str, object]:
        """What ``<<`` brings in; of several mappings the first one wins."""
        merged: dict[str, object] = {}
        for source in _sources(node):
            value = self.value(source, depth + 1) if source.tag == _MAPPING else None
            if isinstance(value, dict):
                merged = {**value, **merged}
            else:
                self._complain("'<<' takes a mapping or a list of mappings", source)
        return merged

    def _complain_about_key(self, key_node: yaml.Node, node: yaml.Node) -> None:
        if key_node.tag == _TEXT:
            key = key_node.value
            before = next(n for n, _ in node.value if n.tag == _TEXT and n.value == key)
            line = before.start_mark.line + 1
            problem = f"key {key!r} stands twice, first on line {line}; keep one of them"
        elif isinstance(key_node, yaml.ScalarNode):
            problem = (
                f"key {key_node.value!r} is read as a number, date or yes/no; put it in quotes"
            )
        else:
            problem = "a key must be a word, not a list or a mapping"
        self._complain(problem, key_node)

    def _scalar(self, node: yaml.ScalarNode) -> object:
        # YAML takes 6:30 for the number 390 and 2026-01-02 for a date; nobody here means that.
        if node.tag == _DATE or (node.tag == _WHOLE_NUMBER and ":" in node.value):
            self._complain(f"{node.value} is read as a date or a time; put it in quotes", node)
            return None
        try:
            value = SafeConstructor().construct_object(node)
        except (ConstructorError, ValueError):
            self._complain(f"a value with the tag {node.tag} is not understood here", node)
            return None
        if isinstance(value, float) and math.isnan(value):
            self._complain("'.nan' is no number that anything could be compared with", node)
        return value

    def _complain(self, problem: str, node: yaml.Node) -> None:
        self._marked.complaints.append(self._complaint(problem, node))

    def _complaint(self, problem: str, node: yaml.Node) -> SpecError:
        return SpecError(problem, file=self._marked.file, line=node.start_mark.line + 1)


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """Line and node of a mapping's key or a list's position."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    if not isinstance(node, yaml.MappingNode):
        return None
    for key_node, item in node.value:
        if key_node.tag == _TEXT and key_node.value == part:
            return key_node.start_mark.line + 1, item
    merged = (item for key_node, item in node.value if key_node.tag == _MERGE)
    sources = (source for item in merged for source in _sources(item))
    return next(filter(None, (_child(source, part) for source in sources)), None)


def _sources(node: yaml.Node) -> list[yaml.Node]:
    """The mappings that ``<<`` names."""
    return node.value if node.tag == _LIST else [node]

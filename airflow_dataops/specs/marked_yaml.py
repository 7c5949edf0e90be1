"""A YAML file together with the line of each key and value.

PyYAML's loaders forget where a value stood and keep the last of two equal keys. People are
answered with file and line, so the node tree is walked here instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from airflow_dataops.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Place = tuple[str | int, ...]
"""Keys and list positions from the top of a file down to a value."""


@dataclass(kw_only=True)
class MarkedYaml:
    """A file's content as plain values, and where each of them stands.

    Attributes:
        file: the file's path, as the person would type it.
        complaints: what is wrong with the text itself; keys that were refused are left out.
    """

    file: str
    content: object = None
    complaints: list[SpecError] = field(default_factory=list)
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Sequence[str | int]) -> int:
        """Line of a value's key, counted from 1; of the nearest one above where it is missing."""
        for length in range(len(place), 0, -1):
            if (line := self.lines.get(tuple(place[:length]))) is not None:
                return line
        return self.lines.get((), 1)

    def complaint(self, problem: str, place: Sequence[str | int]) -> SpecError:
        """A complaint about the value at a place."""
        return SpecError(problem, file=self.file, line=self.line(place))


def read_marked(path: Path) -> MarkedYaml:
    """Read a YAML file, keeping the lines.

    Raises:
        SpecError: the file is missing, unreadable, or no YAML at all.
    """
    file = str(path)
    marked = MarkedYaml(file=file)
    root = _compose(path, file)
    if root is not None:
        marked.content = _Walk(marked).value(root, ())
    return marked


def _compose(path: Path, file: str) -> yaml.Node | None:
    # The C loader is ten times as fast; a PyYAML built without it has the slow one only.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = "this file is no UTF-8 text; save it as UTF-8"
        raise SpecError(message, file=file) from error
    except OSError as error:
        message = f"this file cannot be read ({error.strerror}); write it or correct its path"
        raise SpecError(message, file=file) from error
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        # Only the parser's own words: a mark's snippet would show the text around it.
        mark = error.problem_mark or error.context_mark
        message = f"this is no YAML: {error.problem or error.context}"
        raise SpecError(message, file=file, line=mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        message = "this is no YAML: it has a character that is not allowed; remove it"
        raise SpecError(message, file=file) from error


class _Walk:
    """Turns nodes into values, noting lines and complaints in the marked file."""

    def __init__(self, marked: MarkedYaml) -> None:
        self._marked = marked
        self._constructor = SafeConstructor()
        self._open: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> object:
        self._marked.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            self._complain("this alias contains itself; write the value out", node)
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                pairs = self._items(node, place)
                return {key: self.value(item, (*place, key)) for key, item in pairs}
            items: list[yaml.Node] = node.value
            return [self.value(item, (*place, number)) for number, item in enumerate(items)]
        finally:
            self._open.discard(id(node))

    def _items(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, yaml.Node]]:
        own = self._own_keys(node)
        try:
            self._constructor.flatten_mapping(node)
        except ConstructorError as error:
            self._complain(f"{error.problem}; '<<' takes a mapping or a list of them", node)
            return
        # Merged pairs come first, so that a key of the mapping itself wins over them.
        last: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key_node, item in node.value:
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self._complain(_bad_key(key_node), key_node)
            elif (before := own.get(id(key_node))) is None:
                last[key] = (key_node, item)
            else:
                problem = f"key {key!r} stands twice, first on line {before}; keep one of them"
                self._complain(problem, key_node)
        for key, (key_node, item) in last.items():
            self._marked.lines.setdefault((*place, key), key_node.start_mark.line + 1)
            yield key, item

    @staticmethod
    def _own_keys(node: yaml.MappingNode) -> dict[int, int | None]:
        """For each key node the line where the same key stood before; None for the first."""
        first: dict[tuple[str, str], int] = {}
        own: dict[int, int | None] = {}
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                key = (key_node.tag, key_node.value)
                own[id(key_node)] = first.get(key)
                first.setdefault(key, key_node.start_mark.line + 1)
        return own

    def _scalar(self, node: yaml.ScalarNode) -> object:
        try:
            return self._constructor.construct_object(node)
        except (ConstructorError, ValueError):
            self._complain(f"a value with the tag {node.tag} is not understood here", node)
            return None

    def _complain(self, problem: str, node: yaml.Node) -> None:
        line = node.start_mark.line + 1
        self._marked.complaints.append(SpecError(problem, file=self._marked.file, line=line))


def _bad_key(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return f"key {node.value!r} is read as a number, date or yes/no; put it in quotes"
    return "a key must be a word, not a list or a mapping"

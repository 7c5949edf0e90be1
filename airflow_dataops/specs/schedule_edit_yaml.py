"""The schedule of a pipeline in YAML: keys of its top-level mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from airflow_dataops.specs.cuts import Cut, Unreadable, cut, only_this_changed
from airflow_dataops.specs.marked_yaml import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Mapping

_INCLUDE = "include"
_NULL, _TEXT, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "str", "merge"))


def edited(source: str, _pipeline: str, values: Mapping[str, str | None]) -> str:
    """A pipeline's file with other values under keys of its top level.

    Args:
        source: the file.
        values: strings by key; None takes a key away.

    Raises:
        Unreadable: the keys stand there in a way that only a person can change.
    """
    mark = "\ufeff" if source.startswith("\ufeff") else ""
    source = source.removeprefix(mark)
    tree = _parsed(source)
    wanted = _needed(tree, source, values)
    if not wanted:
        return mark + source
    new = cut(source, _cuts(source, tree, wanted))
    with only_this_changed():
        after = _parsed(new)
        if _needed(after, new, values) or _without(after, values) != _without(tree, values):
            raise Unreadable(new)
    return mark + new


def _parsed(source: str) -> yaml.MappingNode:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_depth(source, loader)
        tree = yaml.compose(source, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = f"it is no YAML that can be read ({getattr(error, 'problem', None) or 'letters'})"
        raise Unreadable(message, line=mark.line + 1 if mark else None) from error
    if not isinstance(tree, yaml.MappingNode) or not tree.value:
        message = "it does not begin with keys and values"
        raise Unreadable(message)
    return tree


def _check_depth(source: str, loader: type[yaml.SafeLoader]) -> None:
    """Refuse what would break the C loader, which calls itself for each level."""
    depth = 0
    for event in yaml.parse(source, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                message = f"it is nested deeper than {DEEPEST} levels"
                raise Unreadable(message)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _needed(
    tree: yaml.MappingNode, source: str, values: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The values that the mapping does not have yet.

    Raises:
        Unreadable: a present value is no plain one.
    """
    taken = [key for key, _ in tree.value if key.tag == _MERGE or key.value == _INCLUDE]
    needed: dict[str, str | None] = {}
    for name, value in values.items():
        found = [(key, node) for key, node in tree.value if key.value == name]
        if len(found) > 1:
            message = f"{name} stands there twice"
            raise Unreadable(message, line=found[1][0].start_mark.line + 1)
        if found:
            _check_plain(name, *found[0], source)
            present = None if found[0][1].tag == _NULL else found[0][1].value
            if present != value:
                needed[name] = value
        elif value is not None and (taken or (name, value) != ("timezone", "UTC")):
            needed[name] = value
        if value is None and taken:
            message = f"{name} may come from elsewhere ({taken[0].value})"
            raise Unreadable(message, line=taken[0].start_mark.line + 1)
    return needed


def _check_plain(name: str, key: yaml.Node, node: yaml.Node, source: str) -> None:
    line = key.start_mark.line + 1
    is_alias = node.start_mark.index < key.end_mark.index
    begins = source[node.start_mark.index : node.start_mark.index + 1]
    if is_alias or begins in tuple("&*!|>"):
        message = f"{name} is shared with other places, or written over several lines"
        raise Unreadable(message, line=line)
    if not isinstance(node, yaml.ScalarNode) or node.tag not in {_NULL, _TEXT}:
        message = f"{name} is no text"
        raise Unreadable(message, line=line)


def _cuts(source: str, tree: yaml.MappingNode, values: Mapping[str, str | None]) -> list[Cut]:
    present = {key.value: node for key, node in tree.value if isinstance(key.value, str)}
    cuts = []
    for name, value in values.items():
        if value is None:
            cuts.append(_removal(source, tree, name))
        elif name in present:
            start, end = present[name].start_mark.index, present[name].end_mark.index
            gap = " " if source[start - 1 : start] == ":" else ""
            cuts.append(Cut(start=start, end=end, text=gap + _literal(value)))
    added = [f"{n}: {_literal(v)}" for n, v in values.items() if v is not None and n not in present]
    if added:
        cuts.append(_insertion(source, tree, added))
    return cuts


def _insertion(source: str, tree: yaml.MappingNode, added: list[str]) -> Cut:
    """New keys stand before the others."""
    first = tree.value[0][0].start_mark
    ends = "\r\n" if "\r\n" in source else "\n"
    between = ", " if tree.flow_style else f"{ends}{' ' * first.column}"
    text = "".join(f"{one}{between}" for one in added)
    return Cut(start=first.index, end=first.index, text=text)


def _removal(source: str, tree: yaml.MappingNode, name: str) -> Cut:
    """A key goes with its line; in braces, with its comma."""
    places = [(key.start_mark.index, node.end_mark.index) for key, node in tree.value]
    at = [key.value for key, _ in tree.value].index(name)
    start, end = places[at]
    if not tree.flow_style:
        start = source.rfind("\n", 0, start) + 1
        line_end = source.find("\n", end)
        return Cut(start=start, end=len(source) if line_end < 0 else line_end + 1, text="")
    if at + 1 < len(places):
        return Cut(start=start, end=places[at + 1][0], text="")
    return Cut(start=places[at - 1][1] if at else start, end=end, text="")


def _literal(value: str) -> str:
    # Quoted: a star alone would be the name of an anchor.
    return f'"{value}"'


def _without(tree: yaml.MappingNode, values: Mapping[str, str | None]) -> str:
    kept = [(key, node) for key, node in tree.value if key.value not in values]
    return str(yaml.serialize(yaml.MappingNode(tree.tag, kept)))

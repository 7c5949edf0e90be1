"""The schedule of a pipeline in Python: keywords of its ``@pipeline`` decorator."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from airflow_dataops.specs.cuts import Cut, Unreadable, cut, only_this_changed

if TYPE_CHECKING:
    from collections.abc import Mapping

_DECORATOR = "pipeline"


def edited(source: str, pipeline: str, values: Mapping[str, str | None]) -> str:
    """A pipeline's file with other keywords of its decorator.

    Args:
        source: the file.
        pipeline: name of the pipeline, and of its function.
        values: strings by keyword; None is written as None.

    Raises:
        Unreadable: the keywords stand there in a way that only a person can change.
    """
    mark = "\ufeff" if source.startswith("\ufeff") else ""
    source = source.removeprefix(mark)
    decorator = _decorator(_parsed(source), pipeline)
    wanted = _needed(decorator, values)
    if not wanted:
        return mark + source
    new = cut(source, _cuts(source, decorator, wanted))
    with only_this_changed():
        _check_same(source, new, pipeline, values)
    return mark + new


def _parsed(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # About somebody else's code, such as an invalid escape sequence.
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        message = f"it is no Python that can be read ({getattr(error, 'msg', error)})"
        raise Unreadable(message, line=getattr(error, "lineno", None)) from error


def _decorator(tree: ast.Module, pipeline: str) -> ast.expr:
    """The one decorator of the pipeline's function that makes it a pipeline."""
    found = [
        decorator
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == pipeline
        for decorator in node.decorator_list
        if _name(decorator) == _DECORATOR
    ]
    if len(found) != 1:
        message = f"it has no function {pipeline} with one @pipeline decorator"
        raise Unreadable(message)
    return found[0]


def _name(decorator: ast.expr) -> str | None:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else None


def _needed(decorator: ast.expr, values: Mapping[str, str | None]) -> dict[str, str | None]:
    """The values that the decorator does not have yet.

    Raises:
        Unreadable: a present value is no plain one, or may come from elsewhere.
    """
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    present = {keyword.arg: keyword for keyword in keywords}
    needed: dict[str, str | None] = {}
    for name, value in values.items():
        if name in present:
            now = present[name].value
            if not isinstance(now, ast.Constant) or not isinstance(now.value, (str, type(None))):
                message = f"{name} is no plain text but something that Python works out"
                raise Unreadable(message, line=now.lineno)
            if now.value != value:
                needed[name] = value
        elif None in present:
            message = f"{name} may come out of ** there"
            raise Unreadable(message, line=present[None].value.lineno)
        elif value is not None and not _is_default(name, value):
            needed[name] = value
    return needed


def _is_default(name: str, value: str) -> bool:
    return (name, value) == ("timezone", "UTC")


def _cuts(source: str, decorator: ast.expr, values: Mapping[str, str | None]) -> list[Cut]:
    places = _Places(source)
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    present = {keyword.arg: keyword.value for keyword in keywords}
    cuts = [
        Cut(start=places.start(present[name]), end=places.end(present[name]), text=_literal(value))
        for name, value in values.items()
        if name in present
    ]
    added = [f"{name}={_literal(values[name])}" for name in values if name not in present]
    if added:
        cuts.append(_insertion(source, decorator, added, places))
    return cuts


def _insertion(source: str, decorator: ast.expr, added: list[str], places: _Places) -> Cut:
    """Where new keywords go: before the others, each on a line of its own where those have one."""
    if not isinstance(decorator, ast.Call):
        at, text = places.end(decorator), f"({', '.join(added)})"
    elif decorator.args:
        message = "@pipeline is given something without a name"
        raise Unreadable(message, line=decorator.lineno)
    elif decorator.keywords:
        at = places.start(decorator.keywords[0])
        line = source.rfind("\n", 0, at) + 1
        indent = source[line:at]
        ends = source[line - 2 : line] if source[line - 2 : line] == "\r\n" else "\n"
        between = f",{ends}{indent}" if line and not indent.strip() else ", "
        text = "".join(f"{one}{between}" for one in added)
    else:
        at = places.end(decorator) - 1
        text = ", ".join(added)
    return Cut(start=at, end=at, text=text)


def _literal(value: str | None) -> str:
    if value is None:
        return "None"
    quoted = repr(value)
    return f'"{value}"' if quoted == f"'{value}'" and '"' not in value else quoted


class _Places:
    """Where nodes stand in a text, counted in letters; Python counts bytes in a line."""

    def __init__(self, source: str) -> None:
        # Python ends a line at these alone, where str.splitlines knows more.
        self._lines = source.encode().splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line.decode()))

    def start(self, node: ast.expr | ast.keyword) -> int:
        return self._letters(node.lineno, node.col_offset)

    def end(self, node: ast.expr) -> int:
        return self._letters(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def _letters(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode())


def _check_same(before: str, after: str, pipeline: str, values: Mapping[str, str | None]) -> None:
    """Nothing but these values differs, and they are what was asked for."""
    tree = _parsed(after)
    left = _needed(_decorator(tree, pipeline), values)
    if left or _without(_parsed(before), pipeline, values) != _without(tree, pipeline, values):
        raise Unreadable(after)


def _without(tree: ast.Module, pipeline: str, values: Mapping[str, str | None]) -> str:
    decorator = _decorator(tree, pipeline)
    if isinstance(decorator, ast.Call):
        decorator.keywords = [k for k in decorator.keywords if k.arg not in values]
    dump = ast.dump(tree)
    # Called without arguments or not called, a decorator says the same.
    bare = decorator.func if isinstance(decorator, ast.Call) else decorator
    is_empty = not isinstance(decorator, ast.Call) or not (decorator.args or decorator.keywords)
    return dump.replace(ast.dump(decorator), ast.dump(bare)) if is_empty else dump

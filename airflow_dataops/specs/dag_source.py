"""What can be seen in a DAG file's text: calls and paths that do not work in a kitchen."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from airflow_dataops.domain.adoption import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITES = {"Variable.set", "Variable.delete", "Variable.update"}
_LOOKS_UP = {"Variable.get", "BaseHook.get_connection", "Connection.get"}
_DATABASE = {"airflow.settings", "airflow.utils.session", "airflow.utils.db"}
_MACHINE = re.compile(r"/(opt|usr/local|home|root|var|srv)/\S*(airflow|dags)\b")
_COMMAND = re.compile(r"(?:^|[;&|(]|\s)airflow (dags|tasks|variables|connections|pools|db) ")
_SUBDAG = {"SubDagOperator", "airflow.operators.subdag"}


class DagSource:
    """A DAG file's text.

    Raises:
        SyntaxError: it is no Python.
    """

    def __init__(self, text: str) -> None:
        self._tree = ast.parse(text)

    def line_of(self, *values: str) -> int:
        """The first line that says one of these values, the first value first; 0 for none."""
        for value in values:
            for node in ast.walk(self._tree):
                if isinstance(node, ast.Constant) and node.value == value:
                    return node.lineno
        return 0

    def findings(self) -> list[Finding]:
        """Everything that the text gives away, by line."""
        found = {*self._calls(), *self._lookups_while_parsed(), *self._imports(), *self._texts()}
        return sorted(found)

    def pulled_dags(self) -> list[tuple[int, str]]:
        """Lines that pull a result of a named DAG, and the name."""
        calls = (node for node in ast.walk(self._tree) if isinstance(node, ast.Call))
        return [
            (call.lineno, str(keyword.value.value))
            for call in calls
            if _name(call.func).endswith("xcom_pull")
            for keyword in call.keywords
            if keyword.arg == "dag_id" and isinstance(keyword.value, ast.Constant)
        ]

    def _calls(self) -> Iterator[Finding]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and _name(node.func) in _WRITES:
                text = "kitchens' tasks may not write variables; keep it in a table or an object"
                yield Finding(line=node.lineno, text=text)
            if isinstance(node, ast.Name) and node.id == "triggering_asset_events":
                text = "triggering_asset_events has the assets under the kitchen's names"
                yield Finding(line=node.lineno, text=text, needs_change=False)

    def _lookups_while_parsed(self) -> Iterator[Finding]:
        for node in _outside_of_functions(self._tree):
            if isinstance(node, ast.Call) and (name := _name(node.func)) in _LOOKS_UP:
                text = (
                    f"{name} is refused while a file is read; call it in a task, or in a template"
                )
                yield Finding(line=node.lineno, text=text)

    def _imports(self) -> Iterator[Finding]:
        for node in ast.walk(self._tree):
            named = _imported(node)
            if named & _SUBDAG:
                yield Finding(line=_line(node), text="SubDAGs are gone; use a task group")
            if named & _DATABASE:
                text = "tasks do not reach Airflow's database; use its API client or a tool"
                yield Finding(line=_line(node), text=text)

    def _texts(self) -> Iterator[Finding]:
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if _MACHINE.match(node.value):
                text = f"{node.value} is a path of one machine; say Path(__file__).parent"
                yield Finding(line=node.lineno, text=text)
            if _COMMAND.search(node.value) and "\n\n" not in node.value:
                text = "the airflow command needs Airflow's database, which workers do not reach"
                yield Finding(line=node.lineno, text=text)


def _outside_of_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        yield child
        yield from _outside_of_functions(child)


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return {module, *(alias.name for alias in node.names)} | {
            f"{module}.{alias.name}" for alias in node.names
        }
    return set()


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _name(function: ast.expr) -> str:
    """``Variable.get`` or ``print``: the last two names of what is called."""
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute):
        inner = function.value
        if isinstance(inner, ast.Name):
            return f"{inner.id}.{function.attr}"
        return f".{function.attr}"
    return ""

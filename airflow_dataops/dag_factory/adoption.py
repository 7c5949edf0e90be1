"""Existing DAG files, tried in a kitchen that is none: what each would need there.

The files are executed just as a kitchen's loader executes them, so "as it is" is shown, not
guessed; what a task would meet only when it runs is read from its arguments and the file's text.
"""

from __future__ import annotations

import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_dataops.dag_factory.ordinary import Branch, dag_files, ordinary_dags
from airflow_dataops.dag_factory.references import ARGUMENTS
from airflow_dataops.domain.adoption import AdoptedFile, Finding
from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse
from airflow_dataops.domain.release_environment import DEFAULT_POOL
from airflow_dataops.specs.dag_source import DagSource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from airflow.sdk import DAG

NO_KITCHEN = KitchenAtParse(
    id="none", name="adopted", project="none", environment="none", owner="nobody",
    schema="adopted", prefix="adopted/", dags_folder=".",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """What names on the branch can mean.

    Attributes:
        dags: ids of all DAGs of the folder.
        tools: declared by any environment; None where nobody says.
        pools: likewise.
    """

    dags: Collection[str]
    tools: Collection[str] | None
    pools: Collection[str] | None


def adopted_files(
    folder: Path, *, tools: Collection[str] | None, pools: Collection[str] | None = None
) -> list[AdoptedFile]:
    """Try every DAG file of a folder in a kitchen.

    Args:
        folder: would be a project's ``dags`` folder; nothing in it is changed.
        tools: names that release environments declare; None where that is not known.
        pools: likewise.
    """
    root = folder.resolve()
    branch = Branch(kitchen=NO_KITCHEN, code=root, shown=root)
    with importable(root):
        found = ordinary_dags(branch, wanted=None, taken=())
        by_file: dict[str, list[DAG]] = {}
        for dag, module in found.dags.values():
            by_file.setdefault(str(Path(str(module.__file__)).relative_to(root)), []).append(dag)
        declared = _Declared(
            dags={own_id(dag) for dag, _ in found.dags.values()}, tools=tools, pools=pools
        )
        files = [str(file.relative_to(root)) for file in dag_files(root)]
        return [
            _broken(path, found.broken[path], root)
            if path in found.broken
            else _adopted(root, path, by_file.get(path, []), declared)
            for path in files
        ]


def own_id(dag: DAG) -> str:
    """A DAG's id as its file says it."""
    return dag.dag_id.removeprefix(f"{NO_KITCHEN.name}.")


def _adopted(root: Path, path: str, dags: Sequence[DAG], declared: _Declared) -> AdoptedFile:
    source = DagSource((root / path).read_text(encoding="utf-8"))
    findings = {*source.findings(), *_pulls(source, declared)}
    for dag in dags:
        findings |= {*_of_dag(dag, source)}
        for task in dag.tasks:
            findings |= {*_of_task(task, source, declared)}
    return AdoptedFile(
        path=path,
        dags=tuple(sorted(own_id(dag) for dag in dags)),
        findings=tuple(sorted(findings)),
    )


def _broken(path: str, error: Exception, root: Path) -> AdoptedFile:
    """The file cannot be executed: its last own line, and what was raised there."""
    line = getattr(error, "lineno", 0) if isinstance(error, SyntaxError) else 0
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == str(root / path):
            line = frame.lineno
    said = traceback.format_exception_only(error)[-1].strip()
    gone = " (SubDAGs are gone; use a task group)" if "subdag" in said.lower() else ""
    return AdoptedFile(path=path, dags=(), findings=(Finding(line=line or 0, text=said + gone),))


def _of_dag(dag: DAG, source: DagSource) -> Iterator[Finding]:
    line = source.line_of(own_id(dag))
    if error := _why_airflow_would_refuse(dag):
        yield Finding(line=line, text=f"Airflow would refuse {own_id(dag)}: {error}")
    for tag in dag.tags:
        if tag.startswith("inert schedule: "):
            text = f"{tag}; one that is a cron expression can be enabled in a kitchen"
            yield Finding(line=line, text=text, needs_change=False)


def _why_airflow_would_refuse(dag: DAG) -> str | None:
    from airflow.serialization.serialized_objects import DagSerialization

    try:
        dag.validate()
        dag.check_cycle()
        dag.resolve_template_files()
        DagSerialization.to_dict(dag)
    except Exception as error:  # noqa: BLE001 - Airflow shows whatever it is
        return f"{type(error).__name__}: {error}"
    return None


def _of_task(task: Any, source: DagSource, declared: _Declared) -> Iterator[Finding]:
    settings = task.partial_kwargs if isinstance(task, MappedOperator) else vars(task)
    yield from _connections(task.task_id, settings, source, declared)
    for argument in ARGUMENTS:
        named = settings.get(argument)
        dag = str(named).removeprefix(f"{NO_KITCHEN.name}.")
        if named and "{" not in dag and dag not in declared.dags:
            yield _not_here(source.line_of(dag, task.task_id), dag)
    yield from _pool(task.task_id, settings.get("pool", DEFAULT_POOL), source, declared)


def _pool(task_id: str, pool: str, source: DagSource, declared: _Declared) -> Iterator[Finding]:
    line = source.line_of(pool, task_id)
    if pool == DEFAULT_POOL or pool in (declared.pools or ()):
        return
    if declared.pools is None:
        text = f"pool {pool} has to be one that the release environment declares"
        yield Finding(line=line, text=text, needs_change=False)
    else:
        known = ", ".join(sorted(declared.pools)) or "none"
        text = f"no environment declares a pool {pool}; declared: {known}"
        yield Finding(line=line, text=text)


def _connections(
    task_id: str, settings: Mapping[str, Any], source: DagSource, declared: _Declared
) -> Iterator[Finding]:
    connections = {
        value
        for name, value in settings.items()
        if name.endswith("conn_id") and isinstance(value, str) and value and "{" not in value
    }
    for conn_id in connections:
        line = source.line_of(conn_id, task_id)
        if declared.tools is None:
            text = f"connection {conn_id} has to be a tool of the release environment"
            yield Finding(line=line, text=text, needs_change=False)
        elif conn_id not in declared.tools:
            known = ", ".join(sorted(declared.tools)) or "none"
            text = f"no environment declares a tool {conn_id}; declared: {known}"
            yield Finding(line=line, text=text)
    if connections and settings.get("deferrable") is True:
        text = "a deferred task has no credential; write deferrable=False"
        yield Finding(line=source.line_of(task_id), text=text)


def _pulls(source: DagSource, declared: _Declared) -> Iterator[Finding]:
    for line, dag in source.pulled_dags():
        if dag not in declared.dags:
            yield _not_here(line, dag)


def _not_here(line: int, dag: str) -> Finding:
    text = f"DAG {dag} is not in this folder, and a kitchen reaches its own alone; bring its file"
    return Finding(line=line, text=text)


@contextmanager
def importable(root: Path) -> Iterator[None]:
    """Let the files import each other; leave nothing beside them, or in this process."""
    before, modules, writes_nothing = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = before, writes_nothing
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(root):
                del sys.modules[name]

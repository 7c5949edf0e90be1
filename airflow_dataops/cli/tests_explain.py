"""``airflow dataops tests explain``: which SQL the data tests of a branch's files ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, say_aside
from airflow_dataops.errors import PipelineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow.sdk import DAG

    from airflow_dataops.adapters.sql_warehouse.dialects import Dialect
    from airflow_dataops.domain.data_tests import DataTest, Measure


@command
def explain(arguments: Any) -> None:
    """Print each statement below the tests that it answers; templates stand as they are."""
    folder = Path(arguments.folder)
    if not folder.is_dir():
        message = f"{arguments.folder} is no folder; give that of a checked out branch"
        raise UsageError(message)
    from airflow_dataops.adapters.sql_warehouse.dialects import POSTGRES, REDSHIFT

    dialect = {"postgres": POSTGRES, "redshift": REDSHIFT}[arguments.dialect]
    dags = _pipelines(folder.resolve())
    if arguments.pipeline is not None:
        if arguments.pipeline not in dags:
            there = ", ".join(sorted(dags)) or "none"
            message = f"no pipeline {arguments.pipeline!r} in {folder}; there are: {there}"
            raise UsageError(message)
        dags = {arguments.pipeline: dags[arguments.pipeline]}
    for name, dag in sorted(dags.items()):
        for task_id, tests in _tests_of(dag):
            print("\n".join(_explained(f"{name}.{task_id}", tests, dialect)))


def _pipelines(folder: Path) -> dict[str, DAG]:
    from airflow_dataops.dag_factory.adoption import NO_KITCHEN, importable, own_id
    from airflow_dataops.dag_factory.build import BrokenPipelines, branch_dags
    from airflow_dataops.dag_factory.ordinary import Branch

    with importable(folder):
        dags, _ = branch_dags(Branch(kitchen=NO_KITCHEN, code=folder, shown=folder))
    for dag in dags.values():
        if isinstance(dag, BrokenPipelines):
            for path, complaint in dag.broken.items():
                say_aside(f"{path} cannot be built: {complaint}")
            if len(dags) == 1:
                message = f"no pipeline of {folder} can be built; correct what is said above"
                raise PipelineError(message)
    return {own_id(dag): dag for dag in dags.values() if not isinstance(dag, BrokenPipelines)}


def _tests_of(dag: DAG) -> Iterator[tuple[str, Sequence[DataTest]]]:
    from airflow_dataops.operators.data_tests import DataTestsOperator

    for task in dag.topological_sort():
        if isinstance(task, DataTestsOperator):
            yield task.task_id, task.tests


def _explained(task: str, tests: Sequence[DataTest], dialect: Dialect) -> Iterator[str]:
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_test_rules import External

    yield f"-- {task}: {len(tests)} tests"
    of_tools: dict[str, list[DataTest]] = {}
    for test in tests:
        if isinstance(test.rule, External):
            yield f"-- {test.name}: judged by Great Expectations"
        elif isinstance(test.asset, Table):
            of_tools.setdefault(test.asset.tool, []).append(test)
        else:
            yield f"-- {test.name}: read from the file"
    for tool, asked in of_tools.items():
        yield from _statements(tool, asked, dialect)
    yield ""


def _statements(tool: str, tests: Sequence[DataTest], dialect: Dialect) -> Iterator[str]:
    import sqlparse

    from airflow_dataops.adapters.sql_warehouse.plans import plan

    names: dict[Measure, list[str]] = {}
    for test in tests:
        for measure in test.measures:
            names.setdefault(measure, []).append(test.name)
    asked = list(names)
    for statement in plan(asked, dialect):
        answered = dict.fromkeys(n for place in statement.positions for n in names[asked[place]])
        yield f"-- on {tool}, for: {'; '.join(answered)}"
        yield sqlparse.format(statement.sql.as_string(None), reindent=True) + ";"

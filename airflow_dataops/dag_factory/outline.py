"""The pipelines of files, built as a kitchen builds them, as an outline to compare.

    python -m airflow_dataops.dag_factory.outline ASKED ANSWER

is a process of its own, because it runs the files' code: ``ASKED`` is a JSON file with the
kitchen's description and the folders, ``ANSWER`` is where their outlines are written. Each folder
is built by a fork, which starts with all that Airflow brings along.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.dag_factory.build import BrokenPipelines, branch_dags
from airflow_dataops.dag_factory.ordinary import Branch
from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse
from airflow_dataops.operators.data_tests import DataTestsOperator

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from airflow_dataops.domain.data_tests import DataTest

_SCHEDULE = "inert schedule: "


def outline(folder: Path, kitchen: KitchenAtParse) -> dict[str, Any]:
    """The outline of a folder's pipelines, as JSON."""
    branch = Branch(kitchen=kitchen, code=folder.resolve(), shown=folder.resolve())
    dags, ordinary = branch_dags(branch)
    found: dict[str, Any] = {"pipelines": {}, "broken": {}}
    for dag in [*dags.values(), *(dag for dag, _ in ordinary.dags.values())]:
        if isinstance(dag, BrokenPipelines):
            found["broken"] = dag.broken
        else:
            name = dag.dag_id.removeprefix(f"{kitchen.name}.")
            found["pipelines"][name] = _pipeline(dag)
    return found


def _pipeline(dag: DAG) -> dict[str, Any]:
    schedules = [tag.removeprefix(_SCHEDULE) for tag in dag.tags if tag.startswith(_SCHEDULE)]
    tests = [
        _test(test, _stage(task))
        for task in dag.tasks
        if isinstance(task, DataTestsOperator)
        for test in task.tests
    ]
    tasks = [task for task in dag.tasks if not isinstance(task, DataTestsOperator)]
    tools = {tool for task in tasks for tool in _tools(task)} | {test["tool"] for test in tests}
    return {
        "schedule": schedules[0] if schedules else None,
        "stages": sorted({_stage(task) for task in dag.tasks} - {""}),
        "tasks": {task.task_id: task.task_type for task in tasks},
        "tests": tests,
        "tools": sorted(tools),
    }


def _stage(task: Any) -> str:
    group = task.task_group
    # A stage that publishes has a group within.
    return "" if group is None or group.is_root else str(group.group_id).partition(".")[0]


def _tools(task: Any) -> set[str]:
    settings = getattr(task, "partial_kwargs", None) or vars(task)
    return {
        value
        for name, value in settings.items()
        if name.endswith("conn_id") and isinstance(value, str) and value and "{" not in value
    }


def _test(test: DataTest, stage: str) -> dict[str, Any]:
    rule = test.rule
    return {
        "stage": stage,
        "name": test.name,
        "on_violation": test.on_violation,
        "measured": "; ".join(repr(measure) for measure in test.measures),
        "rule": type(rule).__name__,
        "numbers": {name: _plain(value) for name, value in rule._asdict().items()},
        "tool": test.asset.tool,
    }


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def _main(asked_file: str, answer_file: str) -> None:
    asked = json.loads(Path(asked_file).read_text(encoding="utf-8"))
    kitchen = KitchenAtParse(**asked["kitchen"])
    children = {}
    for number, folder in enumerate(asked["folders"]):
        child = os.fork()
        if not child:
            answer = json.dumps(outline(Path(folder), kitchen))
            Path(f"{answer_file}.{number}").write_text(answer, encoding="utf-8")
            # Nothing of what the files' code may have left for the end.
            os._exit(0)
        children[child] = number
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    _main(*sys.argv[1:])

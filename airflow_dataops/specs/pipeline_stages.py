"""The stages of a ``pipeline.yaml``: names that refer to each other, and what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_dataops.domain import names
from airflow_dataops.domain.pipeline import Stage
from airflow_dataops.errors import InvalidName
from airflow_dataops.specs import wording
from airflow_dataops.specs.pipeline_keys import STAGE_KEYS, names_in, read_keys
from airflow_dataops.specs.pipeline_order import in_order
from airflow_dataops.specs.pipeline_references import asset_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.domain.data_assets import File, Table
    from airflow_dataops.domain.data_tests import DataTest
    from airflow_dataops.domain.pipeline import Task
    from airflow_dataops.specs.marked_yaml import Place
    from airflow_dataops.specs.pipeline_sources import PipelineSources
    from airflow_dataops.specs.pipeline_tasks import TaskReader


class StageReader:
    """Reads stages; what is wrong with them is noted in the pipeline's sources.

    Args:
        sources: the pipeline's files.
        assets: its tables and files.
        tasks: reads the tasks of a stage.
    """

    def __init__(
        self, sources: PipelineSources, *, assets: Mapping[str, Table | File], tasks: TaskReader
    ) -> None:
        self._complain = sources.complain
        self._assets = assets
        self._tasks = tasks

    def read(self, items: Sequence[object]) -> tuple[Stage, ...]:
        """The stages, each after those that it waits for."""
        written: dict[str, dict[str, Any]] = {}
        places: dict[str, Place] = {}
        after: dict[str, Sequence[str]] = {}
        before: tuple[str, ...] = ()
        for number, item in enumerate(items):
            place = ("stages", number)
            content = self._content(item, place)
            name = content.get("stage")
            if name is None or not self._is_free("stage", name, places, place):
                continue
            written[name], places[name] = content, place
            after[name] = names_in(content.get("after", before))
            before = (name,)
        order = in_order(after, places, "stage", self._complain)
        stages = {
            name: self._stage(name, content, after[name], places[name])
            for name, content in written.items()
        }
        return tuple(stages[name] for name in order)

    def _content(self, item: object, place: Place) -> dict[str, Any]:
        if not isinstance(item, dict):
            words = "a stage, for example {stage: load, tasks: […]}"
            self._complain(wording.expected_other(item, place, words), place)
            return {}
        content = read_keys(item, STAGE_KEYS, place, self._complain)
        if "stage" not in content:
            return content
        try:
            names.check_stage_name(content["stage"])
        except InvalidName as error:
            self._complain(str(error), (*place, "stage"))
        if not item.get("tasks") and not item.get("tests"):
            self._complain(f"stage {content['stage']!r} has neither tasks nor tests", place)
        return content

    def _is_free(self, kind: str, name: str, taken: Mapping[str, Place], place: Place) -> bool:
        if name not in taken:
            return True
        problem = f"another {kind} is named {name!r}; give each a name of its own, {kind}: …"
        self._complain(problem, place)
        return False

    def _stage(
        self, name: str, content: Mapping[str, Any], after: Sequence[str], place: Place
    ) -> Stage:
        published = self._published(content, place)
        return Stage(
            name=name,
            after=tuple(after),
            publish=published,
            tasks=self._read_tasks(content.get("tasks", ()), (*place, "tasks")),
            tests=self._read_tests(content.get("tests", ()), published, (*place, "tests")),
            place=place,
        )

    def _read_tasks(self, items: Sequence[object], place: Place) -> tuple[Task, ...]:
        tasks: dict[str, Task] = {}
        places: dict[str, Place] = {}
        for number, item in enumerate(items):
            here = (*place, number)
            task = self._tasks.read(item, here)
            if task and self._is_free("task", task.name, places, here):
                tasks[task.name], places[task.name] = task, here
        after = {name: task.after for name, task in tasks.items()}
        # A task that was not understood may be waited for all the same.
        if len(tasks) == len(items):
            in_order(after, places, "task", self._complain)
        return tuple(tasks.values())

    def _read_tests(
        self, items: Sequence[object], published: Sequence[Table], place: Place
    ) -> tuple[DataTest, ...]:
        if not items:
            return ()
        from airflow_dataops.specs.pipeline_tests import data_test

        sole = published[0] if len(published) == 1 else None
        tests: list[DataTest] = []
        for number, form in enumerate(items):
            here = (*place, number)
            if not isinstance(form, dict):
                words = "a test, for example {row_count: orders, between: [1, 1000]}"
                self._complain(wording.expected_other(form, here, words), here)
                continue
            try:
                tests.append(data_test(form, asset=self._asset, published=sole))
            except ValueError as error:
                self._complain(str(error), here)
        return tuple(tests)

    def _published(self, content: Mapping[str, Any], place: Place) -> tuple[Table, ...]:
        wanted = names_in(content.get("publish", ()))
        if not wanted:
            return ()
        from airflow_dataops.domain.data_assets import Table

        published: list[Table] = []
        for name in wanted:
            try:
                found = self._asset(name)
            except ValueError as error:
                self._complain(str(error), (*place, "publish"))
                continue
            if isinstance(found, Table):
                published.append(found)
            else:
                problem = f"{name!r} is a file; a stage publishes tables"
                self._complain(problem, (*place, "publish"))
        return tuple(published)

    def _asset(self, name: object) -> Table | File:
        return asset_named(name, self._assets)

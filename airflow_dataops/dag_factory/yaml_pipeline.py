"""``pipeline.yaml`` → the same words that a ``pipeline.py`` calls: ``pipeline`` and ``stage``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_dataops.dag_factory.authoring import pipeline, stage
from airflow_dataops.dag_factory.yaml_operators import Named, NotUsable, created
from airflow_dataops.domain.kitchen_at_parse import PIPELINES
from airflow_dataops.errors import PipelineError
from airflow_dataops.specs import wording
from airflow_dataops.specs.pipeline_file import load_pipeline, together

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from airflow.sdk import BaseOperator

    from airflow_dataops.dag_factory.authoring import PipelineDefinition
    from airflow_dataops.dag_factory.authoring import Stage as OpenedStage
    from airflow_dataops.domain.pipeline import Pipeline, Stage, Task
    from airflow_dataops.specs.marked_yaml import Place
    from airflow_dataops.specs.pipeline_sources import PipelineSources


def yaml_definition(name: str, code: Path) -> PipelineDefinition:
    """The pipeline that a folder's ``pipeline.yaml`` declares.

    Args:
        name: the folder's.
        code: the branch's folder, without links in its path.

    Raises:
        SpecError: the file is wrong; lists everything that is, each with its line.
    """
    declared, sources = load_pipeline(code, name)
    factory = _Factory(declared, sources, code)

    def build() -> None:
        factory.build()

    build.__name__ = name
    return pipeline(
        schedule=declared.schedule, timezone=declared.timezone, **factory.dag_arguments()
    )(build)


class _Factory:
    """Makes the stages of one pipeline; complains with its file's lines."""

    def __init__(self, declared: Pipeline, sources: PipelineSources, code: Path) -> None:
        self._declared = declared
        self._sources = sources
        self._named = Named(code, declared.name)
        # Where Airflow looks for a template file, too.
        self._searched = (code / PIPELINES / declared.name, code)

    def dag_arguments(self) -> dict[str, Any]:
        """What the DAG is made with.

        Raises:
            SpecError: a function is not there, or a parameter's default breaks its own rule.
        """
        arguments = self._usable(self._declared.dag_arguments, ())
        if "default_args" in arguments:
            arguments["default_args"] = self._usable(arguments["default_args"], ("default_args",))
        if "params" in arguments:
            params = arguments["params"].items()
            arguments["params"] = {name: self._param(name, value) for name, value in params}
        self._raise_complaints()
        return arguments

    def build(self) -> None:
        """Make the stages; everything that is wrong is told at once.

        Raises:
            SpecError: what is wrong, each with its line.
        """
        made: dict[str, OpenedStage] = {}
        for declared in self._declared.stages:
            self._stage(declared, made)
        self._raise_complaints()

    def _stage(self, declared: Stage, made: dict[str, OpenedStage]) -> None:
        opened = stage(
            declared.name,
            after=[made[name] for name in declared.after],
            publish=declared.publish or None,
        )
        made[declared.name] = opened
        try:
            with opened:
                tasks = {task.name: self._task(task) for task in declared.tasks}
                for task in declared.tasks:
                    for before in task.after:
                        _in_order(tasks[before], tasks[task.name])
                opened.test(*declared.tests)
        except PipelineError as error:
            self._sources.complain(str(error), declared.place)

    def _task(self, task: Task) -> BaseOperator | None:
        try:
            operator = self._named.operator(task.operator)
            made = created(operator, task.name, self._named.parameters(task.parameters))
        except NotUsable as error:
            place = (*task.place, error.parameter) if error.parameter else task.place
            self._sources.complain(str(error), place)
            return None
        self._check_template_files(made, task)
        return made

    def _check_template_files(self, made: BaseOperator, task: Task) -> None:
        """Complain about SQL files and scripts that the task would not find when it runs."""
        endings = tuple(made.template_ext)
        for field in made.template_fields if endings else ():
            value = task.parameters.get(field)
            for text in value if isinstance(value, list) else (value,):
                if isinstance(text, str) and text.endswith(endings):
                    self._check_is_there(text, field, task)

    def _check_is_there(self, path: str, field: str, task: Task) -> None:
        parts = [part for part in path.split("/") if part and part != "."]
        if ".." not in parts and any(base.joinpath(*parts).is_file() for base in self._searched):
            return
        there = [
            str(found.relative_to(base))
            for base in self._searched
            for found in sorted(base.joinpath(*parts).parent.glob(f"*.{path.rpartition('.')[2]}"))
        ]
        hint = wording.did_you_mean(path, there)
        problem = (
            f"{field}: {path} is neither beside the pipeline nor below the branch's root{hint}"
        )
        self._sources.complain(problem, (*task.place, field))

    def _param(self, name: str, value: object) -> object:
        if not isinstance(value, dict):
            return value
        from airflow.sdk import Param

        try:
            param = Param(**value)
            if "default" in value:
                param.resolve()
        except Exception as error:  # noqa: BLE001 - whatever a JSON Schema can be wrong in
            problem, *_ = str(error).splitlines()
            self._sources.complain(f"parameter {name!r}: {problem}", ("params", name))
            return None
        return param

    def _usable(self, parameters: Mapping[str, Any], place: Place) -> dict[str, Any]:
        try:
            return self._named.parameters(parameters)
        except NotUsable as error:
            self._sources.complain(str(error), (*place, error.parameter or ""))
            return dict(parameters)

    def _raise_complaints(self) -> None:
        if self._sources.complaints:
            raise together(self._sources.complaints)


def _in_order(before: BaseOperator | None, after: BaseOperator | None) -> None:
    if before and after:
        before >> after

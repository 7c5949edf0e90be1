"""The tasks of a stage: which operator each is, and what it is called with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_dataops.domain.pipeline import Task
from airflow_dataops.specs import wording
from airflow_dataops.specs.pipeline_keys import (
    MAPPING,
    TASK_KEYS,
    names_in,
    read_keys,
    with_durations,
)
from airflow_dataops.specs.pipeline_operators import SHORT_NAMES, operator_named
from airflow_dataops.specs.pipeline_references import asset_of_kind, with_references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.data_assets import File, Table
    from airflow_dataops.specs.marked_yaml import Place
    from airflow_dataops.specs.pipeline_operators import KnownOperator
    from airflow_dataops.specs.pipeline_sources import PipelineSources

TASK_NAME = "^[A-Za-z0-9_-]+$"
_TASK_NAME = re.compile(TASK_NAME)
_EXAMPLE = "for example {task: totals, sql: {conn_id: redshift, sql: totals.sql}}"
NOT_PARAMETERS = {
    "task_id": "a task is named beside its operator, {task: …, sql: {…}}",
    "dag": "a task belongs to the pipeline that it stands in",
    "task_group": "a task belongs to the stage that it stands in",
}


class TaskReader:
    """Reads tasks; what is wrong with them is noted in the pipeline's sources.

    Args:
        sources: the pipeline's files.
        assets: its tables and files.
        defaults: parameters for all tasks of an operator, by its short name or class path.
    """

    def __init__(
        self,
        sources: PipelineSources,
        *,
        assets: Mapping[str, Table | File],
        defaults: Mapping[str, object],
    ) -> None:
        self._complain = sources.complain
        self._assets = assets
        self._defaults: dict[str, dict[str, Any]] = {}
        for name, parameters in defaults.items():
            place: Place = ("defaults", name)
            known = self._operator(name, place)
            if not isinstance(parameters, dict):
                self._complain(wording.expected_other(parameters, place, MAPPING.words), place)
            elif known:
                more = self._read(parameters, known, place)
                self._defaults[known.path] = {**self._defaults.get(known.path, {}), **more}

    def read(self, content: object, place: Place) -> Task | None:
        """The task that stands at a place; None for one that cannot be understood."""
        if isinstance(content, str):
            content = {content: None}
        if not isinstance(content, dict):
            words = f"a task with its operator, {_EXAMPLE}"
            self._complain(wording.expected_other(content, place, words), place)
            return None
        name = self._operators_name(content, place)
        if name is None:
            return None
        beside = {key: value for key, value in content.items() if key != name}
        said = read_keys(beside, TASK_KEYS, place, self._complain)
        known = self._operator(name, (*place, name))
        task = said.get("task", name)
        if not _TASK_NAME.fullmatch(task):
            self._complain(_unnamed(task, named="task" in content), place)
            return None
        if known is None:
            return None
        place = (*place, name)
        return Task(
            name=task,
            operator=known.path,
            parameters={
                **self._defaults.get(known.path, {}),
                **self._read(self._own(content[name], name, known, place), known, place),
            },
            after=tuple(names_in(said.get("after", ()))),
            place=place,
        )

    def _operators_name(self, content: Mapping[str, object], place: Place) -> str | None:
        found = [key for key in content if key not in TASK_KEYS]
        if len(found) == 1:
            return found[0]
        if not found:
            self._complain(f"a task names its operator, {_EXAMPLE}", place)
            return None
        problem = (
            f"a task has one operator, here are {', '.join(found)}; its parameters stand below "
            f"the operator, only {' and '.join(TASK_KEYS)} beside it: {_EXAMPLE}"
        )
        self._complain(problem, place)
        return None

    def _operator(self, name: str, place: Place) -> KnownOperator | None:
        known = operator_named(name)
        if known is None:
            problem = (
                f"no operator has the short name {name!r}"
                f"{wording.did_you_mean(name, SHORT_NAMES) or ';'} there are: "
                f"{', '.join(SHORT_NAMES)}; any other is named by its class, package.module.Class"
            )
            self._complain(problem, place)
        return known

    def _own(
        self, written: object, name: str, known: KnownOperator, place: Place
    ) -> dict[str, Any]:
        if written is None:
            return {}
        if isinstance(written, dict):
            return written
        if known.main:
            return {known.main: written}
        words = "its parameters, keys with values"
        self._complain(wording.expected_other(written, (name,), words), place)
        return {}

    def _read(
        self, parameters: Mapping[str, object], known: KnownOperator, place: Place
    ) -> dict[str, Any]:
        if not NOT_PARAMETERS.keys().isdisjoint(parameters):
            for name in NOT_PARAMETERS.keys() & parameters.keys():
                problem = f"{name} is no parameter here: {NOT_PARAMETERS[name]}"
                self._complain(problem, (*place, name))
        read = {name: self._value(name, value, known, place) for name, value in parameters.items()}
        return with_durations(read, place, self._complain)

    def _value(self, name: str, value: object, known: KnownOperator, place: Place) -> object:
        try:
            kind = known.assets.get(name)
            return (
                asset_of_kind(value, kind, self._assets)
                if kind
                else with_references(value, self._assets)
            )
        except ValueError as error:
            self._complain(f"{name}: {error}", (*place, name))
            return value


def _unnamed(name: str, *, named: bool) -> str:
    rule = "letters, digits, underscores and dashes"
    if named:
        return f"{name!r} cannot name a task: use {rule}"
    return f"a task whose operator is a class needs a name of its own beside it, task: … ({rule})"

"""A pipeline as data: what its YAML form says, and what Python authors say with ``stage``.

Operators and their parameters are named here, not made: making them is the factory's. Named
tuples, since each parse makes these classes anew: a dataclass takes as long as five tasks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import DataTest


class Task(NamedTuple):
    """One operator of a stage.

    Attributes:
        operator: import path of its class.
        parameters: what the class is called with, besides the task's name.
        after: tasks of the same stage that come first.
        place: where it stands in its file, from the top down.
    """

    name: str
    operator: str
    parameters: Mapping[str, object]
    after: tuple[str, ...] = ()
    place: tuple[str | int, ...] = ()


class Stage(NamedTuple):
    """A step of a pipeline and the tests of what it makes.

    Attributes:
        after: stages whose tests must have passed first.
        publish: tables that are shown to readers only once the tests passed.
        place: where it stands in its file, from the top down.
    """

    name: str
    after: tuple[str, ...] = ()
    publish: tuple[Table, ...] = ()
    tasks: tuple[Task, ...] = ()
    tests: tuple[DataTest, ...] = ()
    place: tuple[str | int, ...] = ()


class Pipeline(NamedTuple):
    """Stages in an order in which each comes after those that it waits for.

    Attributes:
        dag_arguments: what else the DAG is made with: ``description``, ``tags``, ``params`` …
    """

    name: str
    stages: tuple[Stage, ...]
    schedule: str | None = None
    timezone: str = "UTC"
    dag_arguments: Mapping[str, object] = MappingProxyType({})

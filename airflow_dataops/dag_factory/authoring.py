"""What pipeline authors call: ``@pipeline``, ``stage`` and ``current_kitchen``."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, overload

from airflow.sdk import TaskGroup

from airflow_dataops.dag_factory.publishing import Publication, published_tables
from airflow_dataops.domain import names
from airflow_dataops.errors import PipelineError
from airflow_dataops.specs import schedule_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import DataTest
    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse

TESTS_TASK = "data_tests"
# What these mean is the kitchen's to say, not the code's that runs in every kitchen alike.
_DECIDED_BY_KITCHEN = {
    "dag_id": "the DAG is named after its kitchen and the pipeline's folder",
    "is_paused_upon_creation": "a kitchen's pipelines can always be run by hand",
    "disable_bundle_versioning": "a kitchen's runs are pinned to a version",
    "start_date": "a schedule starts when it is enabled",
    "catchup": "nothing runs before a schedule is enabled",
}

_kitchen: ContextVar[KitchenAtParse | None] = ContextVar("kitchen_at_parse", default=None)
_stages: ContextVar[list[Stage] | None] = ContextVar("stages_of_pipeline", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineDefinition:
    """A pipeline as its author wrote it; the loader builds a DAG from it in each kitchen."""

    name: str
    build: Callable[[], object]
    schedule: str | None = None
    timezone: str = "UTC"
    dag_arguments: dict[str, Any] = field(default_factory=dict)


@overload
def pipeline(function: Callable[[], object], /) -> PipelineDefinition: ...


@overload
def pipeline(
    *,
    schedule: str | None = None,
    timezone: str = "UTC",
    shared_paths: Sequence[str] | None = None,
    **dag_arguments: Any,
) -> Callable[[Callable[[], object]], PipelineDefinition]: ...


def pipeline(
    function: Callable[[], object] | None = None,
    /,
    *,
    schedule: str | None = None,
    timezone: str = "UTC",
    shared_paths: Sequence[str] | None = None,
    **dag_arguments: Any,
) -> PipelineDefinition | Callable[[Callable[[], object]], PipelineDefinition]:
    """Declare a pipeline: ``@dag`` without a ``dag_id``, called by the loader of each kitchen.

    The function is named like its folder, ``pipelines/<name>/pipeline.py``.

    Args:
        function: filled in by Python when the decorator is written without parentheses.
        schedule: cron expression; inert until somebody enables it in a kitchen.
        timezone: IANA name; the schedule's zone and that of ``{{ run_date }}``.
        shared_paths: what the pipeline uses of the branch besides its own folder, from the
            branch's root on, written as a plain list; evidence of its tests is then bound to
            these files alone. None: to all files of the branch.
        dag_arguments: whatever else ``airflow.sdk.DAG`` takes.

    Raises:
        PipelineError: an argument that the kitchen decides.
    """
    for name in dag_arguments:
        if name in _DECIDED_BY_KITCHEN:
            message = f"@pipeline takes no {name}: {_DECIDED_BY_KITCHEN[name]}"
            raise PipelineError(message)
    _check_schedule(schedule, timezone)
    _check_shared_paths(shared_paths)

    def declare(function: Callable[[], object]) -> PipelineDefinition:
        return PipelineDefinition(
            name=names.check_pipeline_name(function.__name__),
            build=function,
            schedule=schedule,
            timezone=timezone,
            dag_arguments={"description": function.__doc__, **dag_arguments},
        )

    return declare if function is None else declare(function)


def _check_schedule(schedule: object, timezone: str) -> None:
    if complaint := schedule_text.complaint(schedule, timezone):
        raise PipelineError(complaint)


def _check_shared_paths(declared: object) -> None:
    if declared is None:
        return
    # Most pipelines declare none; the others pay for the look.
    from airflow_dataops.specs import shared_paths

    if complaint := shared_paths.complaint(declared):
        raise PipelineError(complaint)


class Stage:
    """A step of a pipeline: a task group, followed by the tests of what it made."""

    def __init__(
        self,
        name: str,
        *,
        after: Sequence[Stage] | None,
        publish: Table | Sequence[Table] | None = None,
    ) -> None:
        self.name = names.check_stage_name(name)
        self._after = after
        self._publishes = published_tables(publish, name)
        self._publication: Publication | None = None
        self._tests: list[DataTest] = []
        self._is_complete = False
        self.group = TaskGroup(group_id=name)

    def test(self, *tests: DataTest) -> None:
        """Add data tests; they run together in one task once the stage's tasks are done.

        Raises:
            PipelineError: something that is no data test, such as a measure without a bound; a
                second test of the same name, which would have the same history; the stage is
                complete.
        """
        if self._is_complete:
            message = (
                f"stage {self.name!r}: its tests are added already; "
                "write .test(…) inside of its 'with' block"
            )
            raise PipelineError(message)
        for test in tests:
            _check_is_test(test, self.name)
            if test.name in {other.name for other in self._tests}:
                message = (
                    f"stage {self.name!r}: two data tests are called {test.name!r}; give one of "
                    "them another name, with name=…"
                )
                raise PipelineError(message)
            self._tests.append(test)

    def __enter__(self) -> Self:
        self.group.__enter__()
        if self._publishes:
            self._publication = Publication(self.name, self._publishes)
            self._publication.group.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._publication is not None:
            self._publication.group.__exit__(kind, error, trace)
        try:
            self._is_complete = True
            if error is None:
                self._add_tests()
        finally:
            # What is built next in this process must not land in here.
            self.group.__exit__(kind, error, trace)
        if error is None:
            self._start_after_others()

    def _add_tests(self) -> None:
        if self._publication is not None:
            self._publication.complete(self._tests, tests_task=TESTS_TASK)
            return
        if not self._tests:
            return
        made = list(self.group.get_leaves())
        from airflow_dataops.operators.data_tests import DataTestsOperator

        tests = DataTestsOperator(task_id=TESTS_TASK, tests=self._tests)
        for task in made:
            task >> tests

    def _start_after_others(self) -> None:
        stages = _stages.get()
        if stages is None:
            message = f"stage {self.name!r} stands outside of a function with @pipeline"
            raise PipelineError(message)
        before = stages[-1:] if self._after is None else self._after
        for stage in before:
            stage.group >> self.group
        stages.append(self)


def _check_is_test(test: object, stage: str) -> None:
    from airflow_dataops.domain.data_tests import DataTest

    if not isinstance(test, DataTest):
        message = (
            f"stage {stage!r}: {test!s} is no data test; "
            "say what must hold, for example .between(1, 1000)"
        )
        raise PipelineError(message)


def stage(
    name: str,
    *,
    after: Sequence[Stage] | None = None,
    publish: Table | Sequence[Table] | None = None,
) -> Stage:
    """Open a stage: tasks made inside of ``with`` belong to it.

    Args:
        name: snake case, unique in the pipeline.
        after: stages that must have passed their tests first; by default the one written before,
            ``[]`` for none.
        publish: tables that the stage writes; readers see what it wrote when its tests have
            passed, and nothing of it before. The ``where`` of each is the slice that is replaced.
    """
    return Stage(name, after=after, publish=publish)


def current_kitchen() -> KitchenAtParse:
    """The kitchen that the pipeline is being built for; no I/O.

    Raises:
        PipelineError: no kitchen is being loaded, for example in a plain Python shell.
    """
    kitchen = _kitchen.get()
    if kitchen is None:
        message = (
            "current_kitchen() has an answer while a kitchen's pipelines are loaded; "
            "in a template write {{ CurrentKitchen }}"
        )
        raise PipelineError(message)
    return kitchen


@contextmanager
def loading(kitchen: KitchenAtParse) -> Iterator[None]:
    """Say for which kitchen pipelines are loaded inside the block."""
    reset = _kitchen.set(kitchen)
    try:
        yield
    finally:
        _kitchen.reset(reset)


@contextmanager
def collecting_stages() -> Iterator[list[Stage]]:
    """Let ``stage`` know the stages before it inside the block."""
    stages: list[Stage] = []
    reset = _stages.set(stages)
    try:
        yield stages
    finally:
        _stages.reset(reset)

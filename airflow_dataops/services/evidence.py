"""Recording what finished runs of a kitchen are evidence of.

Done whenever somebody looks or asks for a merge, by the janitor, and before a kitchen goes: runs
are Airflow's and may be gone tomorrow, evidence stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.evidence import Evidence, Judgement, Standing, judge_run, said
from airflow_dataops.domain.input_tree import changed_inputs
from airflow_dataops.domain.run_order import waves
from airflow_dataops.errors import BundleError, KitchenError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_dataops.data_ports import ResultBook
    from airflow_dataops.domain.evidence import FinishedRun
    from airflow_dataops.domain.input_tree import TreeInputs
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.results import Result
    from airflow_dataops.evidence_ports import EvidenceBook, RanCode, RunNeeds, RunsOfKitchens

Code = tuple[str, "TreeInputs"]
_UNKNOWN = "nobody knows which files it ran"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePlaces:
    """Where runs are read, and what they are evidence of is written.

    Attributes:
        dags_folder: of the project's branches, with ordinary DAG files.
    """

    runs: RunsOfKitchens
    results: ResultBook
    book: EvidenceBook
    code: RanCode
    needs: RunNeeds
    dags_folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPlan:
    """What is to be run to test a kitchen, and in which order.

    Attributes:
        commit: that the kitchen's branch is at.
        waves: pipelines in groups, each with those that come first; of one group none waits for
            another.
    """

    __test__ = False

    commit: str
    waves: tuple[Mapping[str, tuple[str, ...]], ...]


def collect(kitchen: Kitchen, places: EvidencePlaces, *, now: datetime) -> list[Evidence]:
    """Record the evidence of a kitchen's finished runs that is not recorded yet; gives it.

    Raises:
        OutsideSystemError: the repository does not say what ran.
    """
    over = places.runs.over(kitchen)
    if not over:
        return []
    known = places.book.recorded(kitchen, since=min(run.ended_at for run in over))
    new = places.runs.told([run for run in over if run not in known])
    ran: dict[str | None, Code | None] = {}
    found = []
    for run in new:
        if run.version not in ran:
            ran[run.version] = _code(run.version, kitchen, places)
        told = [
            one
            for one in places.results.results(kitchen, run_id=run.run_id)
            if one.run.place.pipeline == run.pipeline
        ]
        found.append(_evidence(kitchen, run, told, ran[run.version], now))
    places.book.record(found)
    return found


def plan(
    kitchen: Kitchen, parent: Kitchen | None, places: EvidencePlaces, *, changed: bool
) -> TestPlan:
    """What is to be run to test a kitchen.

    Args:
        kitchen: the kitchen.
        parent: what it is compared with; None for one without.
        places: where its code and its runs are.
        changed: only the pipelines that are built from something else than the parent's.

    Raises:
        KitchenError: its branch is gone.
        OutsideSystemError: the repository does not answer.
    """
    branches = [kitchen.branch, *([parent.branch] if parent else [])]
    tips = places.code.tips_with_inputs(branches, dags_folder=places.dags_folder)
    if kitchen.branch not in tips:
        message = f"the repository has no branch {kitchen.branch!r} any more; push it again"
        raise KitchenError(message)
    commit, inputs = tips[kitchen.branch]
    before = tips.get(parent.branch) if parent else None
    new = set(inputs.pipelines)
    if before is not None:
        new = {one.name for one in changed_inputs(before[1], inputs).pipelines}
    chosen = kitchen.settings.pipelines
    shown = set(inputs.pipelines) if chosen is None else {*chosen, *new} & set(inputs.pipelines)
    return TestPlan(commit=commit, waves=_ordered(kitchen, new if changed else shown, places))


def _ordered(
    kitchen: Kitchen, pipelines: set[str], places: EvidencePlaces
) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    by_dag = {names.dag_id(kitchen.name, pipeline): pipeline for pipeline in pipelines}
    needs = {
        by_dag[dag_id]: tuple(sorted(by_dag[first] for first in firsts if first in by_dag))
        for dag_id, firsts in places.needs.of(by_dag).items()
    }
    return tuple({name: needs.get(name, ()) for name in wave} for wave in waves(pipelines, needs))


def _code(version: str | None, kitchen: Kitchen, places: EvidencePlaces) -> Code | None:
    """The commit that a version stands for, and what is built from it; None where none is known."""
    if version is None:
        return None
    try:
        return places.code.ran(version, kitchen=kitchen, dags_folder=places.dags_folder)
    except BundleError:
        return None


def _evidence(
    kitchen: Kitchen, run: FinishedRun, told: Sequence[Result], ran: Code | None, now: datetime
) -> Evidence:
    commit, inputs = ran if ran is not None else ("", None)
    own = inputs.pipelines.get(run.pipeline) if inputs is not None else None
    judgement = judge_run(run, told)
    if own is None:
        why = _UNKNOWN if inputs is None else "it is an ordinary DAG, and no pipeline"
        judgement = Judgement(standing=Standing.VOID, reasons=(why,))
    return Evidence(
        project=kitchen.project,
        environment=kitchen.environment,
        kitchen_id=kitchen.id,
        kitchen=kitchen.name,
        pipeline=run.pipeline,
        input_tree=own.input_tree if own is not None else "",
        commit=commit,
        version=run.version or "",
        dag_id=run.dag_id,
        run_id=run.run_id,
        standing=judgement.standing,
        reasons=judgement.reasons,
        said=said(told),
        parameters=run.parameters,
        data=run.data,
        began_at=run.began_at,
        ended_at=run.ended_at,
        recorded_at=now,
    )

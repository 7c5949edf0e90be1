"""The gate of a merge, and evidence, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.evidence import Standing
from airflow_dataops.domain.merge_gate import Asked

if TYPE_CHECKING:
    from airflow_dataops.domain.evidence import Evidence
    from airflow_dataops.domain.merge_gate import Gate


@dataclass(frozen=True, kw_only=True)
class GateItemAnswer:
    """One thing that a gate asks for; ``to_do`` would make it enough where it is not met."""

    asked: Asked
    about: str
    there: str
    is_met: bool
    to_do: str
    can_be_overridden: bool


@dataclass(frozen=True, kw_only=True)
class GateAnswer:
    """What a merge up takes; ``summary`` is the whole in one line."""

    is_open: bool
    summary: str
    items: list[GateItemAnswer]


@dataclass(frozen=True, kw_only=True)
class TestSaidAnswer:
    """What a data test said."""

    __test__ = False

    stage: str
    test: str
    outcome: Outcome
    measured: float | None
    detail: str
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class EvidenceAnswer:
    """What a finished run says of the files that it ran.

    Attributes:
        input_tree: id of the files that the pipeline was built from.
        parameters: what the run was asked for; secrets are starred out.
        data: days and assets that it was about.
        run_page: of Airflow's web views, from its root on.
    """

    pipeline: str
    standing: Standing
    reasons: list[str]
    input_tree: str
    commit: str
    dag_id: str
    run_id: str
    run_page: str
    parameters: dict[str, object]
    data: list[str]
    began_at: datetime | None
    ended_at: datetime
    tests: list[TestSaidAnswer]


def gate_answer(gate: Gate) -> GateAnswer:
    """The gate of a merge."""
    return GateAnswer(
        is_open=gate.is_open,
        summary=gate.summary,
        items=[
            GateItemAnswer(
                asked=item.asked,
                about=item.about,
                there=item.there,
                is_met=item.is_met,
                to_do=item.to_do,
                can_be_overridden=item.can_be_overridden,
            )
            for item in gate.items
        ],
    )


def evidence_answer(found: Evidence) -> EvidenceAnswer:
    """What a run was evidence of."""
    return EvidenceAnswer(
        pipeline=found.pipeline,
        standing=found.standing,
        reasons=list(found.reasons),
        input_tree=found.input_tree,
        commit=found.commit,
        dag_id=found.dag_id,
        run_id=found.run_id,
        run_page=f"/dags/{found.dag_id}/runs/{found.run_id}",
        parameters=dict(found.parameters),
        data=list(found.data),
        began_at=found.began_at,
        ended_at=found.ended_at,
        tests=[
            TestSaidAnswer(
                stage=one.stage,
                test=one.test,
                outcome=one.outcome,
                measured=one.measured,
                detail=one.detail,
                seconds=one.seconds,
            )
            for one in found.said
        ],
    )

"""What runs of a kitchen are evidence of, for merges up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import KitchenNotFound
from airflow_dataops.services import evidence
from airflow_dataops.web.evidence_collecting import collect_evidence
from airflow_dataops.web.gate_answers import EvidenceAnswer, evidence_answer
from airflow_dataops.web.schemas import Name
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/kitchens/{name}", tags=["merges"])


@dataclass(frozen=True, kw_only=True)
class PlannedAnswer:
    """A pipeline that is to be run, and those that come first."""

    pipeline: str
    after: list[str]


@dataclass(frozen=True, kw_only=True)
class TestPlanAnswer:
    """Pipelines in groups, of which each waits for the ones before; ``commit`` is to be run."""

    __test__ = False

    commit: str
    waves: list[list[PlannedAnswer]]


@router.get("/evidence")
def list_evidence(
    visit: PresentVisit, name: str, pipeline: Annotated[Name | None, Query()] = None
) -> list[EvidenceAnswer]:
    """What finished runs of a kitchen say of the files that they ran, the last run first."""
    kitchen = visit.kitchen(name, Action.SEE)
    collect_evidence(visit.installation, kitchen, now=visit.now)
    book = visit.installation.evidence_places(kitchen.project).book
    return [evidence_answer(one) for one in book.of(kitchen, pipeline=pipeline)]


@router.get("/test-plan")
def plan_tests(visit: PresentVisit, name: str, *, changed: bool = False) -> TestPlanAnswer:
    """The pipelines to run to test a kitchen, all or those that differ from its parent's."""
    kitchen = visit.kitchen(name, Action.SEE)
    try:
        parent = visit.kitchen(kitchen.parent, Action.SEE) if kitchen.parent else None
    except KitchenNotFound:
        parent = None
    places = visit.installation.evidence_places(kitchen.project)
    found = evidence.plan(kitchen, parent, places, changed=changed)
    return TestPlanAnswer(
        commit=found.commit,
        waves=[
            [PlannedAnswer(pipeline=one, after=list(after)) for one, after in wave.items()]
            for wave in found.waves
        ],
    )

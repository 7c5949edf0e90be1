"""What runs of a kitchen are evidence of, for merges up."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from airflow_dataops.domain.permissions import Action
from airflow_dataops.web.evidence_collecting import collect_evidence
from airflow_dataops.web.gate_answers import EvidenceAnswer, evidence_answer
from airflow_dataops.web.schemas import Name
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/kitchens/{name}/evidence", tags=["merges"])


@router.get("")
def list_evidence(
    visit: PresentVisit, name: str, pipeline: Annotated[Name | None, Query()] = None
) -> list[EvidenceAnswer]:
    """What finished runs of a kitchen say of the files that they ran, the last run first."""
    kitchen = visit.kitchen(name, Action.SEE)
    collect_evidence(visit.installation, kitchen, now=visit.now)
    book = visit.installation.evidence_places(kitchen.project).book
    return [evidence_answer(one) for one in book.of(kitchen, pipeline=pipeline)]

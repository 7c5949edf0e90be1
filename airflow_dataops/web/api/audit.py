"""The audit trail, for those whose kitchens and environments it is about."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.web.answers import AuditAnswer, audit_answer
from airflow_dataops.web.audit_reading import MOST_ENTRIES, as_csv, readable
from airflow_dataops.web.schemas import Moment, Name
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/audit", tags=["audit"])


class Form(StrEnum):
    """How the trail is written."""

    JSON = "json"
    CSV = "csv"


@router.get("", response_model=list[AuditAnswer], responses={200: {"content": {"text/csv": {}}}})
def show_audit(  # noqa: PLR0913, PLR0917 - one for each of the query's
    visit: PresentVisit,
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query()] = None,
    kitchen: Annotated[Name | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 1000,
    written: Annotated[Form | None, Query(alias="format")] = None,
    accept: Annotated[str, Header()] = "",
) -> list[AuditAnswer] | Response:
    """What was done in your environments and kitchens, newest first."""
    asked = AuditQuery(since=since, until=until, at_most=limit)
    entries = readable(asked, kitchen, visit)
    if written is Form.CSV or (written is None and accept.strip().startswith("text/csv")):
        disposition = {"Content-Disposition": 'attachment; filename="audit.csv"'}
        return Response(as_csv(entries), media_type="text/csv", headers=disposition)
    return [audit_answer(entry) for entry in entries]

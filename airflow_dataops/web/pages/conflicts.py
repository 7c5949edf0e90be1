"""Conflicts of a merge under way, and the editor in which people decide about them together.

The page lists the paths; what is in them, and who decided what, its script asks of the REST API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import path_as_text
from airflow_dataops.services import merging
from airflow_dataops.web.merge_asking import may_decide, merge_asked, places_of
from airflow_dataops.web.pages.headers import new_nonce
from airflow_dataops.web.pages.rendering import page, root_of
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_dataops.domain.merge_draft import ConflictPath

router = APIRouter()
_PAGES, _API = "/pages", "/api/v1"
# What JavaScript's encodeURIComponent leaves as it is.
_AS_A_SCRIPT = "!~*'()"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictListed:
    """A path in conflict; ``folder`` is empty at the top."""

    path: str
    folder: str
    name: str
    kind: str
    regions: int


@router.get("/kitchens/{name}/merge/{direction}/conflicts")
def show_conflicts(
    request: Request, visit: PresentVisit, name: str, direction: Direction
) -> Response:
    """The editor."""
    asked = merge_asked(visit, name, direction, may_see=True, with_evidence=False)
    draft = merging.draft(asked, places_of(visit, asked))
    listed = _listed(draft.conflicts)
    return page(
        request,
        "conflicts.html",
        child=name,
        direction=direction,
        ours=asked.kitchen.name,
        theirs=asked.other.name,
        merge=draft.merge,
        moved=draft.moved or "",
        conflicts=listed,
        asked_first=_asked_first(listed, request.query_params.get("path")),
        may_decide=may_decide(visit, asked),
        me=visit.person.name,
        api=root_of(request).removesuffix(_PAGES) + _API,
        nonce=new_nonce(request),
    )


def _asked_first(listed: Sequence[ConflictListed], wanted: str | None) -> list[str]:
    """What the script asks of the REST API to begin with, in the addresses that it writes."""
    paths = [one.path for one in listed]
    if not paths:
        return []
    first = wanted if wanted in paths else paths[0]
    return [f"conflict?path={quote(first, safe=_AS_A_SCRIPT)}", "decisions?after=0"]


def _listed(conflicts: Iterable[ConflictPath]) -> list[ConflictListed]:
    listed = []
    for conflict in conflicts:
        folder, _, name = conflict.path.rpartition("/")
        listed.append(
            ConflictListed(
                path=path_as_text(conflict.path),
                folder=folder,
                name=name,
                kind=conflict.kind,
                regions=len(conflict.regions),
            )
        )
    return sorted(listed, key=lambda one: (one.folder, one.name))

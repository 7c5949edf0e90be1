"""The evidence of a merge in one file, for auditors: also of kitchens that are gone."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response

from airflow_dataops.domain import names
from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import KitchenNotFound, MergeNotFound
from airflow_dataops.services import merging
from airflow_dataops.web.bundle_answers import BundleAnswer
from airflow_dataops.web.bundling import Bundler, as_json
from airflow_dataops.web.evidence_collecting import collect_if_possible
from airflow_dataops.web.pages.rendering import document
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_draft import KitchenMerge
    from airflow_dataops.web.visit import Visit

router = APIRouter(tags=["merges"])


class Form(StrEnum):
    """How the file is written."""

    JSON = "json"
    HTML = "html"


@router.get(
    "/kitchens/{name}/merges/{merge_id}/evidence",
    response_model=BundleAnswer,
    responses={200: {"content": {"text/html": {}}}},
)
def export_evidence(
    visit: PresentVisit,
    name: str,
    merge_id: str,
    written: Annotated[Form, Query(alias="format")] = Form.JSON,
) -> Response:
    """What became what by a merge, on what grounds, who said so, and what runs said of it."""
    kitchen, merge, places = _found(visit, names.check_kitchen_name(name), merge_id)
    collect_if_possible(visit.installation, kitchen, now=visit.now)
    found = merging.promotion(merge, kitchen, places, now=visit.now)
    bundle = Bundler(visit, places).bundle(found)
    headers = {
        "Content-Disposition": f'attachment; filename="promotion-{merge.id}.{written}"',
        "X-Content-Type-Options": "nosniff",
    }
    if written is Form.HTML:
        text = document("evidence.html", bundle=bundle)
        return Response(text, media_type="text/html; charset=utf-8", headers=headers)
    return Response(as_json(bundle), media_type="application/json", headers=headers)


def _found(
    visit: Visit, name: str, merge_id: str
) -> tuple[Kitchen, KitchenMerge, merging.MergePlaces]:
    """A merge by its id, into whichever kitchen that has or had the name."""
    known = list(_readable(visit, name))
    if not known:
        raise KitchenNotFound(name)
    for kitchen in known:
        places = visit.installation.merge_places(kitchen.project)
        merge = places.book.one(kitchen, merge_id[:36])
        if merge is not None and merge.id == merge_id:
            return kitchen, merge, places
    message = f"no merge into {name} has the id {merge_id[:80]!r}; its merges are listed by id"
    raise MergeNotFound(message)


def _readable(visit: Visit, name: str) -> Iterator[Kitchen]:
    """The living kitchen of a name, if one may see it, and those gone whose staff one was."""
    with suppress(KitchenNotFound):
        yield visit.kitchen(name, Action.SEE)
    registry = visit.installation.registry
    former = registry.former(name)
    staffs = registry.staffs(former)
    yield from (one for one in former if visit.role_in(one, staffs.get(one.id, [])) is not None)

"""The list of kitchens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from airflow_dataops.domain.kitchen import Kitchen, KitchenState
from airflow_dataops.domain.permissions import Action
from airflow_dataops.services import janitor
from airflow_dataops.web.pages.divergences import from_parents
from airflow_dataops.web.pages.paging import PageNumber, Paging, Words
from airflow_dataops.web.pages.rendering import page
from airflow_dataops.web.pages.rights import may
from airflow_dataops.web.pages.tree import Branch, Wanted, as_tree
from airflow_dataops.web.visit import PresentVisit, Seen

router = APIRouter(prefix="/kitchens")
_PER_PAGE = 50


@router.get("")
def list_kitchens(  # noqa: PLR0913, PLR0917 - one for each of the query's
    request: Request,
    visit: PresentVisit,
    q: Words = "",
    environment: Words = "",
    state: Words = "",
    mine: Annotated[bool, Query()] = False,  # noqa: FBT002 - of the query
    number: Annotated[PageNumber, Query(alias="page")] = 1,
) -> HTMLResponse:
    """The kitchens that you may see, as a tree; those that fit, as a list."""
    visible = visit.visible()
    wanted = Wanted(words=q.strip(), environment=environment, state=state, mine=mine)
    if wanted.is_all:
        found = as_tree(visible)
    else:
        found = [Branch(seen=seen, depth=0) for seen in visible if wanted.fits(seen)]
    paging = Paging(number=number, size=_PER_PAGE, total=len(found))
    shown = found[paging.first : paging.last]
    kitchens = [branch.seen.kitchen for branch in shown]
    overview = visit.installation.overview
    divergences, is_counting = from_parents(
        [branch.seen for branch in shown], [seen.kitchen for seen in visible], visit
    )
    return page(
        request,
        "kitchens.html",
        shown=shown,
        paging=paging,
        is_tree=wanted.is_all,
        query={"q": q, "environment": environment, "state": state, "mine": "true" if mine else ""},
        environments=[one.name for one in visit.installation.projects.environments()],
        states=list(KitchenState),
        operations=overview.latest_operations(kitchens),
        runs=overview.last_runs(kitchens),
        verdicts=overview.verdict_counts(kitchens),
        divergences=divergences,
        is_counting=is_counting,
        heads={branch.seen.kitchen.id: heads_of(branch.seen) for branch in shown},
        ending={one.id for one in ending_soon([b.seen for b in shown], visit)},
        may_create=any(may(Action.CUT, seen, visit) for seen in visible),
    )


def heads_of(seen: Seen) -> list[str]:
    """Who answers for a kitchen."""
    return [member.who for member in seen.staff if member.role == "head"]


def ending_soon(kitchens: list[Seen], visit: PresentVisit) -> list[Kitchen]:
    """Kitchens whose end is near."""
    return [
        seen.kitchen
        for seen in kitchens
        if janitor.ends_soon(
            seen.kitchen,
            visit.environment(seen.kitchen),
            now=visit.now,
            notice=visit.installation.notice,
        )
    ]

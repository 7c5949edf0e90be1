"""The first page: what there is, what runs by itself, and what needs somebody."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.provisioning import Progress
from airflow_dataops.web.api.alerts import alerts_of
from airflow_dataops.web.pages.kitchens import ending_soon
from airflow_dataops.web.pages.merge_sides import between
from airflow_dataops.web.pages.quality import quality_of
from airflow_dataops.web.pages.rendering import page
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.data_tests import Outcome
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.overview import OpenMerge
    from airflow_dataops.web.pages.merge_sides import Between
    from airflow_dataops.web.pages.quality import QualityShown
    from airflow_dataops.web.visit import Visit

router = APIRouter()
_MOST_ALERTS = 10


@router.get("/")
def show_front(request: Request, visit: PresentVisit) -> Response:
    """An overview of all kitchens that you may see."""
    visible = visit.visible()
    kitchens = [seen.kitchen for seen in visible]
    overview = visit.installation.overview
    failed = overview.latest_operations(kitchens, only=Progress.FAILED)
    schedules = overview.schedule_counts(kitchens)
    return page(
        request,
        "front.html",
        number=len(kitchens),
        mine=[seen for seen in visible if seen.role is not None][:12],
        states=_states(kitchens),
        environments=_environments(kitchens, visit),
        verdicts=_verdicts(kitchens, visit),
        qualities=_qualities(kitchens, visit),
        merges=_merges(kitchens, visit),
        stuck=[(kitchen, failed[kitchen.id]) for kitchen in kitchens if kitchen.id in failed],
        ending=ending_soon(visible, visit),
        schedules=schedules,
        alerts=alerts_of(visit, visible, limit=_MOST_ALERTS),
    )


def _states(kitchens: list[Kitchen]) -> list[tuple[str, int]]:
    counted = Counter(kitchen.state for kitchen in kitchens)
    return [(state.value, counted[state]) for state in KitchenState]


def _environments(kitchens: list[Kitchen], visit: Visit) -> list[tuple[str, int, bool]]:
    counted = Counter(kitchen.environment for kitchen in kitchens)
    return [
        (one.name, counted[one.name], one.protected)
        for one in visit.installation.projects.environments()
    ]


def _verdicts(kitchens: list[Kitchen], visit: Visit) -> list[tuple[str, Counter[Outcome]]]:
    """How many data tests said what last, by environment."""
    found = visit.installation.overview.verdict_counts(kitchens)
    by_environment: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for kitchen in kitchens:
        by_environment[kitchen.environment].update(found.get(kitchen.id, {}))
    return [
        (one.name, by_environment[one.name])
        for one in visit.installation.projects.environments()
        if one.name in by_environment
    ]


def _qualities(kitchens: list[Kitchen], visit: Visit) -> list[QualityShown]:
    """Of each environment's base kitchen: where its data are used."""
    bases = {one.base_kitchen.name for one in visit.installation.projects.environments()}
    shown = [quality_of(kitchen, visit) for kitchen in kitchens if kitchen.name in bases]
    return [one for one in shown if one is not None]


def _merges(kitchens: list[Kitchen], visit: Visit) -> list[tuple[Between, OpenMerge]]:
    """Merges that wait for somebody."""
    named = {kitchen.id: kitchen for kitchen in kitchens}
    return [
        (between(into=named[one.kitchen_id], merged=named[one.other_id]), one)
        for one in visit.installation.overview.open_merges(kitchens)
    ]

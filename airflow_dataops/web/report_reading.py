"""A week's report, put together from what is known of kitchens."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from airflow_dataops.domain import quality
from airflow_dataops.domain.merge_draft import MergeState
from airflow_dataops.domain.weekly_report import (
    MergeOfWeek,
    WeeklyReport,
    finished_in,
    kitchen_week,
)
from airflow_dataops.services.works import works_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.weekly_report import KitchenWeek, Week
    from airflow_dataops.web.installation import Installation

_REVERTS = "reverts"


def report_of(
    about: str, kitchens: Iterable[Kitchen], week: Week, installation: Installation
) -> WeeklyReport:
    """The week of some kitchens, and of the work that they were made for."""
    shown = sorted(kitchens, key=lambda one: one.name)
    runs = installation.overview.run_counts(shown, since=week.since, until=week.until)
    named = {one.id: one.name for one in installation.registry.kitchens()}
    ids = {one.id for one in shown}
    works = [
        work
        for project in {one.project for one in shown}
        for work in works_of(installation.projects.projects[project], installation.audit_trail)
        if work.kitchen_id in ids
    ]
    standing = Counter(str(one.present.step) for one in works if not one.present.step.is_end)
    weeks = [_week_of(one, week, runs.get(one.id, {}), named, installation) for one in shown]
    return WeeklyReport(
        about=about,
        week=week,
        kitchens=tuple(weeks),
        finished=finished_in(week, works),
        under_way=dict(sorted(standing.items())),
    )


def _week_of(
    kitchen: Kitchen,
    week: Week,
    runs: Mapping[str, Counter[str]],
    named: Mapping[str, str],
    installation: Installation,
) -> KitchenWeek:
    first = week.since - quality.LEAD
    book = installation.merge_places(kitchen.project).book
    made = [
        one
        for one in book.of(kitchen)
        if one.state is MergeState.DONE and one.ended_at is not None and one.ended_at in week
    ]
    merges = [
        MergeOfWeek(
            merged=named.get(one.other_id, "a kitchen that is gone"),
            into=kitchen.name,
            by=one.ended_by or one.opened_by,
            at=one.ended_at,
            is_revert=_REVERTS in one.details,
        )
        for one in made
        if one.ended_at is not None
    ]
    said = installation.result_book.said(kitchen, since=first)
    return kitchen_week(kitchen.name, week, runs=runs, said=said, merges=merges)

"""What the routes act on: this installation's projects, tables and places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from airflow_dataops.alert_ports import AlertBook
    from airflow_dataops.data_ports import ResultBook
    from airflow_dataops.domain.events import TaskTry
    from airflow_dataops.domain.release_environment import Projects, ReleaseEnvironment
    from airflow_dataops.evidence_ports import ApprovalBook
    from airflow_dataops.overview_ports import Overview, ShownCodeRegister
    from airflow_dataops.ports import AuditTrail, KitchenRegistry, Operations
    from airflow_dataops.schedule_ports import Schedules, SourceBranches, Switches
    from airflow_dataops.services.credentials import LoginPlaces
    from airflow_dataops.services.evidence import EvidencePlaces
    from airflow_dataops.services.kitchens import Places
    from airflow_dataops.services.merging import MergePlaces
    from airflow_dataops.ticket_ports import HandOffs, TicketBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Put together anew for each request, so that a changed environments file counts.

    Attributes:
        places: of a project's kitchens, by the project's name.
        notice: how long before its end a kitchen's staff is warned.
        login_places: what logins on demand of an environment need.
        shown_code: what Airflow has of kitchens' code.
        sweep_leases: takes back an environment's logins that nobody may use any more.
        branches: of a project's repository, by the project's name.
        merge_places: where a project's kitchens are merged, by the project's name.
        evidence_places: where runs of a project's kitchens become evidence, by the project's name.
        alert_book: what people are to be told, and were.
        task_try: a task instance as it is now, and whether this is its last try.
        result_book: what data tests said.
        results_kept: how long that is kept.
        evidence_kept: how long evidence is.
        reports_weekly: whether the week is told in each environment's channel.
        overview: many kitchens at once.
        approvals: what waits for somebody's approval.
        ticket_book: how far tickets were told of their work.
        hand_offs: who was given a piece of work.
        switches: Airflow's own, with which pipelines are paused.
    """

    projects: Projects
    registry: KitchenRegistry
    operations: Operations
    audit_trail: AuditTrail
    places: Callable[[str], Places]
    notice: timedelta
    login_places: Callable[[ReleaseEnvironment], LoginPlaces]
    shown_code: ShownCodeRegister
    sweep_leases: Callable[[ReleaseEnvironment], int]
    schedules: Schedules
    branches: Callable[[str], SourceBranches]
    merge_places: Callable[[str], MergePlaces]
    evidence_places: Callable[[str], EvidencePlaces]
    alert_book: AlertBook
    task_try: Callable[[str], tuple[TaskTry, bool]]
    result_book: ResultBook
    results_kept: timedelta
    evidence_kept: timedelta
    reports_weekly: bool
    overview: Overview
    approvals: ApprovalBook
    switches: Switches
    ticket_book: TicketBook
    hand_offs: HandOffs


def this_installation() -> Installation:
    """The one that this process belongs to.

    Raises:
        ConfigurationError: a setting of it is wrong or missing.
    """
    from datetime import timedelta

    from airflow_dataops import (
        alert_places,
        bootstrap,
        config,
        merge_places,
        overview_places,
        places,
        ticket_places,
    )

    # Read once: its options take longer to look up than all else here.
    settings = config.settings()
    return Installation(
        projects=config.environments(),
        registry=bootstrap.kitchen_registry(),
        operations=bootstrap.operations(),
        audit_trail=bootstrap.audit_trail(),
        places=places.server_places,
        notice=timedelta(days=config.warn_before_end_days()),
        login_places=bootstrap.login_places,
        shown_code=bootstrap.shown_code(),
        sweep_leases=bootstrap.sweep_leases,
        schedules=bootstrap.schedules(),
        branches=places.branches,
        merge_places=places.merge_places,
        evidence_places=places.evidence_places,
        alert_book=alert_places.alert_book(),
        task_try=alert_places.happenings().task_try,
        result_book=alert_places.result_book(),
        evidence_kept=timedelta(days=settings.keep_evidence_days),
        reports_weekly=settings.weekly_reports,
        results_kept=timedelta(days=settings.keep_results_days),
        overview=overview_places.overview(),
        approvals=merge_places.approvals(),
        switches=merge_places.switches(),
        ticket_book=ticket_places.ticket_book(),
        hand_offs=ticket_places.hand_offs(),
    )

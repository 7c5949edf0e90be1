"""A janitor's round, put together: the janitor decides, the life cycle's services act."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from airflow_dataops.domain.events import LONGEST_NOTE, Event, EventKind
from airflow_dataops.domain.weekly_report import Week
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.services import janitor, kitchens, watching_switches
from airflow_dataops.web.evidence_collecting import collect_if_possible, write_down_if_possible
from airflow_dataops.web.report_reading import report_of

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.web.installation import Installation

_WHO = "janitor"
# Monday and Tuesday: told once, also where nothing ran on the first of them.
_REPORT_DAYS = 2


def make_round(environment: str, installation: Installation, *, now: datetime) -> janitor.Round:
    """Do what is due in an environment, its forgotten logins and old results included.

    Raises:
        EnvironmentNotFound: it is not declared any more.
    """
    home = installation.projects.environment(environment)
    for kitchen in installation.registry.kitchens():
        if kitchen.environment == environment:
            collect_if_possible(installation, kitchen, now=now)
            write_down_if_possible(installation, kitchen, now=now)
    if home.protected:
        watching_switches.report(
            home,
            installation.registry.kitchens(environment=home.name),
            switches=installation.switches,
            audit_trail=installation.audit_trail,
            now=now,
        )
    acting = _Acting(installation, now)
    done = janitor.make_round(
        home,
        installation.registry,
        janitor.Deeds(warn=acting.warn, delete=acting.delete, go_on=acting.go_on),
        now=now,
        notice=installation.notice,
    )
    places, kept_since = installation.merge_places(home.project), now - installation.evidence_kept
    places.evidence.forget(home.name, before=kept_since)
    places.promotions.forget(home.name, before=kept_since)
    if installation.reports_weekly and now.weekday() < _REPORT_DAYS:
        report_week(home, installation, now=now)
    installation.result_book.forget(home.name, before=now - installation.results_kept)
    try:
        installation.sweep_leases(home)
    except OutsideSystemError as error:
        return replace(done, failed={**done.failed, "logins": str(error)})
    return done


def report_week(home: ReleaseEnvironment, installation: Installation, *, now: datetime) -> None:
    """Have the last week told in the environment's channel, once."""
    week = Week.before(now)
    kitchens_there = installation.registry.kitchens(environment=home.name)
    # A private kitchen's name is its staff's alone.
    shared = [one for one in kitchens_there if one.settings.shared]
    report = report_of(home.name, shared, week, installation)
    event = Event(
        key=f"week {home.name} {week}",
        kind=EventKind.WEEK,
        at=now,
        environment=home.name,
        text=report.summary[:LONGEST_NOTE],
    )
    installation.alert_book.record([event])


@dataclass(frozen=True, slots=True)
class _Acting:
    installation: Installation
    now: datetime

    def warn(self, kitchen: Kitchen) -> bool:
        """Write once that it ends soon; the REST API shows it, too."""
        if not self.installation.registry.note_warning(kitchen, at=self.now):
            return False
        occasion = self._occasion(None)
        ends_at = str(kitchen.settings.ends_at)
        entry = kitchens.entry(occasion, "ends soon", kitchen, ends_at=ends_at)
        self.installation.audit_trail.add(entry)
        return True

    def delete(self, kitchen: Kitchen) -> None:
        """Begin to delete it."""
        occasion = self._occasion(f"it ended at {kitchen.settings.ends_at}")
        places = self.installation.places(kitchen.project)
        kitchens.delete(kitchen.name, str(uuid4()), occasion, places)

    def go_on(self, kitchen: Kitchen) -> bool:
        """Take over its operation, if nobody works for it."""
        operation = self.installation.operations.latest(kitchen)
        if operation is None:
            return False
        places = self.installation.places(kitchen.project)
        gone_on = kitchens.resume(operation, self._occasion(None), places)
        return gone_on.attempt != operation.attempt

    def _occasion(self, reason: str | None) -> kitchens.Occasion:
        return kitchens.Occasion(by=_WHO, now=self.now, source=_WHO, reason=reason)

"""A week of a kitchen or a release environment, in numbers.

Weeks are ISO 8601's, from Monday to Sunday, in UTC.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_dataops.domain import quality
from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.work import lasting
from airflow_dataops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.domain.quality import Said
    from airflow_dataops.domain.work import Work

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_DAYS = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week, by its Monday."""

    monday: date

    @classmethod
    def read(cls, text: str) -> Week:
        """The week that is written as ``2026-W47``.

        Raises:
            InvalidRequest: there is no such week.
        """
        found = _WEEK.fullmatch(text)
        try:
            if found:
                return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            pass
        message = f"{text[:20]!r} is no week; write a year and its week, such as 2026-W47"
        raise InvalidRequest(message, field="week")

    @classmethod
    def before(cls, now: datetime) -> Week:
        """The last week that is over."""
        today = now.astimezone(UTC).date()
        return cls(today - timedelta(days=today.weekday()) - _DAYS)

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.monday, datetime.min.time(), tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return self.since + _DAYS

    def __contains__(self, at: datetime) -> bool:
        return self.since <= at < self.until

    def __str__(self) -> str:
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineWeek:
    """A pipeline's week.

    Attributes:
        runs: how many were in which state, in Airflow's words.
        verdicts: how many data tests said what.
    """

    pipeline: str
    runs: Mapping[str, int]
    verdicts: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOfWeek:
    """A merge that was made in a week."""

    merged: str
    into: str
    by: str
    at: datetime
    is_revert: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenWeek:
    """A kitchen's week.

    Attributes:
        quality: the score at the week's end, 0 to 100; None where no test has said anything.
        quality_before: the same at the end of the week before.
    """

    kitchen: str
    pipelines: tuple[PipelineWeek, ...]
    quality: float | None
    quality_before: float | None
    merges: tuple[MergeOfWeek, ...]

    @property
    def runs(self) -> Counter[str]:
        """Runs of all pipelines, by state."""
        return sum((Counter(one.runs) for one in self.pipelines), Counter())

    @property
    def verdicts(self) -> Counter[Outcome]:
        """What all data tests said."""
        return sum((Counter(one.verdicts) for one in self.pipelines), Counter())


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOfWeek:
    """A piece of work that got its first enabled schedule in a week."""

    kitchen: str
    ticket: str | None
    cycle_time: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyReport:
    """A week.

    Attributes:
        about: name of the kitchen or the environment.
        finished: work that came to its end, the longest first.
        under_way: how many pieces of work stand at which step when the report is made.
    """

    about: str
    week: Week
    kitchens: tuple[KitchenWeek, ...]
    finished: tuple[WorkOfWeek, ...]
    under_way: Mapping[str, int]

    @property
    def summary(self) -> str:
        """The week in a few lines of plain text."""
        return "\n".join((f"{self.about}, week {self.week}", *_lines(self)))


def kitchen_week(
    kitchen: str,
    week: Week,
    *,
    runs: Mapping[str, Mapping[str, int]],
    said: Sequence[Said],
    merges: Sequence[MergeOfWeek] = (),
) -> KitchenWeek:
    """A kitchen's week.

    Args:
        kitchen: its name.
        week: the week.
        runs: how many runs were in which state, by pipeline, in that week.
        said: what data tests said, from ``quality.LEAD`` before the week before on.
        merges: into the kitchen, in that week.
    """
    verdicts: dict[str, Counter[Outcome]] = {}
    for one in said:
        if one.at in week:
            verdicts.setdefault(one.pipeline, Counter())[one.outcome] += 1
    return KitchenWeek(
        kitchen=kitchen,
        pipelines=tuple(
            PipelineWeek(
                pipeline=name, runs=dict(runs.get(name, {})), verdicts=dict(verdicts.get(name, {}))
            )
            for name in sorted({*runs, *verdicts})
        ),
        quality=_score_before(week.until, said),
        quality_before=_score_before(week.since, said),
        merges=tuple(merges),
    )


def finished_in(week: Week, works: Sequence[Work]) -> tuple[WorkOfWeek, ...]:
    """The work that came to its first enabled schedule in a week, the longest first."""
    found = []
    for work in works:
        took = work.cycle_time()
        if took is not None and work.stays[0].began_at + took in week:
            found.append(WorkOfWeek(kitchen=work.kitchen, ticket=work.ticket, cycle_time=took))
    return tuple(sorted(found, key=lambda one: one.cycle_time, reverse=True))


def _score_before(moment: datetime, said: Sequence[Said]) -> float | None:
    known = [one for one in said if moment - quality.LEAD <= one.at < moment]
    if not known:
        return None
    days = quality.scores(known, since=min(one.at for one in known).date())
    return next((one.score.value for one in days if one.score.value is not None), None)


def _lines(report: WeeklyReport) -> list[str]:
    lines = []
    for one in report.kitchens:
        runs, verdicts = one.runs, one.verdicts
        if not (runs or verdicts or one.merges):
            continue
        said = [f"{number} {state}" for state, number in sorted(runs.items())] or ["no run"]
        tests = [f"{verdicts[outcome]} {outcome}" for outcome in Outcome if verdicts[outcome]]
        score = f"; quality {one.quality:g} %" if one.quality is not None else ""
        merges = f"; {len(one.merges)} merged" if one.merges else ""
        tested = f"; tests {', '.join(tests)}" if tests else ""
        lines.append(f"{one.kitchen}: runs {', '.join(said)}{tested}{score}{merges}")
    for work in report.finished:
        ticket = f" ({work.ticket})" if work.ticket else ""
        lines.append(f"in production: {work.kitchen}{ticket} after {lasting(work.cycle_time)}")
    if report.under_way:
        steps = ", ".join(f"{number} at {step}" for step, number in report.under_way.items())
        lines.append(f"under way: {steps}")
    return lines or ["nothing ran, and nothing was merged"]

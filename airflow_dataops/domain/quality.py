"""How well a kitchen's data keep what its tests say, as one number with a history.

The score is the share of tests that pass, from 0 to 100: a warning counts half, a failure and
what could not be measured count nothing, and a test that still learns says nothing yet. A verdict
stands until its tests run again; what a later run of the same tests leaves out is gone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from airflow_dataops.domain.data_tests import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

_WORTH = {Outcome.PASS: 1.0, Outcome.WARN: 0.5, Outcome.FAIL: 0.0, Outcome.ERROR: 0.0}
# A verdict of a pipeline that runs each month stands at a period's first day, too.
LEAD = timedelta(days=35)


class Said(NamedTuple):
    """The outcome of one test in one run of a pipeline.

    Attributes:
        task: stage and task that tested; its next run replaces all that it said.
        at: the moment that the run is about.
    """

    pipeline: str
    task: str
    run_id: str
    test: str
    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What tests amount to.

    Attributes:
        value: 0 to 100; None where no test has said anything yet.
        counts: tests by outcome.
    """

    value: float | None
    counts: Mapping[Outcome, int]

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Score:
        """The score of some tests' outcomes."""
        counts = Counter(outcomes)
        judged = sum(n for outcome, n in counts.items() if outcome in _WORTH)
        worth = sum(n * _WORTH.get(outcome, 0.0) for outcome, n in counts.items())
        return cls(value=round(100 * worth / judged, 1) if judged else None, counts=counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayScore:
    """How things stood at the end of a day, in UTC."""

    day: date
    score: Score
    pipelines: Mapping[str, Score]


def scores(said: Sequence[Said], *, since: date) -> list[DayScore]:
    """The scores of each day on which tests ran, the last day first.

    Args:
        said: in any order; what is older than the first day counts towards it.
        since: first day.
    """
    standing: dict[tuple[str, str], dict[str, Outcome]] = {}
    runs: dict[tuple[str, str], str] = {}
    found: list[DayScore] = []
    in_order = sorted(said, key=lambda each: (each.at, each.run_id))
    for day, of_day in groupby(in_order, key=lambda each: each.at.date()):
        for one in of_day:
            place = one.pipeline, one.task
            if runs.get(place) != one.run_id:
                runs[place], standing[place] = one.run_id, {}
            standing[place][one.test] = one.outcome
        if day >= since:
            found.append(_day(day, standing))
    return found[::-1]


def _day(day: date, standing: Mapping[tuple[str, str], Mapping[str, Outcome]]) -> DayScore:
    of_pipelines: dict[str, list[Outcome]] = {}
    for (pipeline, _), tests in standing.items():
        of_pipelines.setdefault(pipeline, []).extend(tests.values())
    return DayScore(
        day=day,
        score=Score.of(outcome for each in of_pipelines.values() for outcome in each),
        pipelines={name: Score.of(each) for name, each in sorted(of_pipelines.items())},
    )

"""What test tasks and people send about results, and what they are answered; see ``schemas``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from airflow_dataops.domain import results
from airflow_dataops.domain.audit import LONGEST_REASON
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.events import LONGEST_NOTE, LONGEST_TEST_NAME
from airflow_dataops.domain.judging import Point

MOST_RESULTS, MOST_NUMBERS, MOST_GROUPS = 1_000, 50, 2_000
_Short = Annotated[str, StringConstraints(max_length=LONGEST_TEST_NAME)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Groups = Annotated[dict[_Short, _Number | None], Field(max_length=MOST_GROUPS)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ReportedResult(_Body):
    """The verdict of one test, as the task that judged it tells it."""

    test: Annotated[_Short, StringConstraints(min_length=1)]
    outcome: Annotated[str, StringConstraints(pattern="^(pass|warn|fail|learning|error)$")]
    measured: _Number | None = None
    detail: Annotated[str, StringConstraints(max_length=LONGEST_NOTE)] = ""
    holds: bool | None = None
    low: _Number | None = None
    high: _Number | None = None
    rule: Annotated[str, StringConstraints(max_length=50)] = ""
    model: _Short = ""
    baseline: _Short = ""
    numbers: Annotated[list[_Number | _Groups | None], Field(max_length=MOST_NUMBERS)] = []
    seconds: Annotated[_Number | None, Field(ge=0)] = None
    sampled: Annotated[_Number, Field(gt=0, le=1)] = 1.0

    def verdict(self) -> Verdict:
        """The same as the domain says it."""
        return Verdict(
            test=self.test,
            outcome=Outcome(self.outcome),
            measured=self.measured,
            detail=self.detail,
            holds=self.holds,
            low=self.low,
            high=self.high,
            rule=self.rule,
            model=self.model,
            baseline=self.baseline,
            numbers=results.numbers_from(
                [
                    {g: v for g, v in each.items() if v is not None}
                    if isinstance(each, Mapping)
                    else each
                    for each in self.numbers
                ]
            ),
            seconds=self.seconds,
            sampled=self.sampled,
        )


class ReportResults(_Body):
    """What all tests of a task said."""

    results: Annotated[list[ReportedResult], Field(min_length=1, max_length=MOST_RESULTS)]


# Lax: a moment is a text in JSON.
_Moment = Annotated[AwareDatetime, Field(strict=False)]


class Rebaseline(_Body):
    """From when on a test's points count, and why; ``test`` left out is all of the stage."""

    pipeline: Annotated[_Short, StringConstraints(min_length=1)]
    stage: Annotated[_Short, StringConstraints(min_length=1)]
    test: _Short | None = None
    since: _Moment
    reason: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REASON)]


class NoteIncident(Rebaseline):
    """Points that do not show the process as it is, and why."""

    until: _Moment | None = None


BODIES = (ReportResults, Rebaseline, NoteIncident)


@dataclass(frozen=True, kw_only=True)
class PointAnswer:
    """An earlier point; ``kitchen`` is named where it is inherited.

    Attributes:
        sampled: the share of the data that was there to be measured.
    """

    at: datetime
    numbers: list[Any]
    kitchen: str | None
    is_in_control: bool
    sampled: float

    @classmethod
    def of(cls, point: Point) -> PointAnswer:
        """The same as the domain says it."""
        return cls(
            at=point.at,
            numbers=list(point.numbers),
            kitchen=point.kitchen,
            is_in_control=point.is_in_control,
            sampled=point.sampled,
        )

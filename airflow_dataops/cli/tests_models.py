"""What the REST API answers about data tests, as the command line reads it."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - pydantic reads annotations at run time
from typing import Any

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ResultAnswer(_Answer):
    """The verdict of one test in one run."""

    pipeline: str
    stage: str
    test: str
    run_id: str
    map_index: int
    at: datetime
    outcome: str
    measured: float | None
    detail: str
    low: float | None
    high: float | None
    rule: str
    model: str
    baseline: str
    seconds: float | None


class ScoreAnswer(_Answer):
    """A share of tests that pass."""

    score: float | None = None
    passed: int = 0
    warned: int = 0
    failed: int = 0
    errors: int = 0
    learning: int = 0


class DayAnswer(_Answer):
    """How things stood at the end of a day."""

    day: date
    kitchen: ScoreAnswer
    pipelines: dict[str, ScoreAnswer] = {}


class PointAnswer(_Answer):
    """A point that a test is compared with."""

    at: datetime
    numbers: list[Any]
    kitchen: str | None
    is_in_control: bool
    sampled: float = 1.0

    @property
    def value(self) -> Any:
        """What was measured first: a number, or a number per group."""
        return self.numbers[0] if self.numbers else None

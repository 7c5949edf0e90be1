"""Which of a kitchen's code Airflow shows: commit, pipelines, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPipeline:
    """A pipeline as Airflow has it.

    Attributes:
        commit: that it was last read from; a run that begins now runs this.
    """

    name: str
    dag_id: str
    commit: str | None
    parsed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCode:
    """A kitchen's code as Airflow has it.

    Attributes:
        commit: the newest that the kitchen's bundle shows; None before the first.
        error: what could not be read, in Airflow's words; None where all could.
        error_at: when Airflow found that.
    """

    commit: str | None
    pipelines: tuple[ShownPipeline, ...]
    error: str | None = None
    error_at: datetime | None = None

"""Kitchens: a git branch, a pointer to a release environment, and (later) a staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen:
    """A node of a project's kitchen tree.

    Attributes:
        id: never used again; a name can be, and then starts with an empty history.
        parent: name of the kitchen it was cut from; None for the project's root.
    """

    id: str
    name: str
    project: str
    environment: str
    branch: str
    parent: str | None
    created_at: datetime
    created_by: str

    @property
    def schema(self) -> str:
        """Schema of the kitchen's tables."""
        return names.schema(self.name)

    @property
    def prefix(self) -> str:
        """Key prefix of the kitchen's objects, ends with a slash."""
        return names.bucket_prefix(self.name)

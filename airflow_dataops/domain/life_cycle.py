"""What hooks are told when kitchens come and go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.provisioning import OperationKind

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.provisioning import Part
    from airflow_dataops.domain.staff import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycleEvent:
    """A kitchen that is to be created or deleted, or was.

    Attributes:
        kind: what is done to the kitchen.
        parts: everything that is made or unmade with it.
        by: who asked for it.
        reason: why, in their words.
    """

    kind: OperationKind
    kitchen: Kitchen
    staff: tuple[Member, ...]
    parts: tuple[Part, ...]
    by: str
    reason: str | None

    @property
    def what(self) -> str:
        """What is to be done, in the words of a refusal."""
        noun = "creation" if self.kind is OperationKind.CREATE else "deletion"
        return f"the {noun} of kitchen {self.kitchen.name!r}"

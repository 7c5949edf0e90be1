"""The two kitchens of a merge, as pages call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import Direction

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """The two kitchens of a merge: the one below, the one above, and which of them changes."""

    child: Kitchen
    parent: Kitchen
    direction: Direction

    @property
    def into(self) -> Kitchen:
        """The kitchen that changes."""
        return self.child if self.direction is Direction.DOWN else self.parent

    @property
    def merged(self) -> Kitchen:
        """The kitchen whose work comes."""
        return self.parent if self.direction is Direction.DOWN else self.child


def between(*, into: Kitchen, merged: Kitchen) -> Between:
    """The merge of one kitchen into another that it is a parent or a child of."""
    if merged.parent == into.name:
        return Between(child=merged, parent=into, direction=Direction.UP)
    return Between(child=into, parent=merged, direction=Direction.DOWN)

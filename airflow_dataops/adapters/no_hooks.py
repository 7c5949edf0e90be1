"""An installation that wants no say in the life of kitchens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_dataops.domain.life_cycle import LifeCycleEvent


class NoHooks:
    """Lets everything pass; implements the port ``Hooks``."""

    def before(self, event: LifeCycleEvent) -> None:
        """Agree."""

    def after(self, event: LifeCycleEvent) -> None:
        """Take note of nothing."""

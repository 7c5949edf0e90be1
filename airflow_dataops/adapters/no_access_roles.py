"""Airflow's own pages under an auth manager that knows no rights on single DAGs.

With the SimpleAuthManager whoever may see DAGs sees those of all kitchens: no role of ours could
change that, so there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.staff import Member


class NoAccessRoles:
    """Makes nothing; implements the port ``AccessRoles``."""

    def put(self, kitchen: Kitchen, staff: Sequence[Member]) -> str:  # noqa: ARG002 - the port's
        """Say that there is none."""
        return "none: this auth manager knows no rights on single DAGs"

    def remove(self, kitchen: Kitchen) -> None:
        """Leave everything as it is."""

    def exist(self, kitchen: Kitchen) -> bool:  # noqa: ARG002 - the port's
        """There never are any."""
        return False

"""Make or unmake the parts of a kitchen that its environment's workers reach.

Each part finds its own work done, so an attempt goes on where the one before it ended, whatever
ended that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.provisioning import OperationKind
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.domain.provisioning import Part
    from airflow_dataops.ports import KitchenPart, ProvisioningReport


def carry_out(
    kind: OperationKind,
    left: Sequence[Part],
    *,
    find: Callable[[Part], KitchenPart],
    report: ProvisioningReport,
) -> None:
    """Do what is left of an operation.

    Args:
        kind: make the parts, or unmake them.
        left: parts that are not done yet, in the order of the operation.
        find: gives the place where a part is made; may log in there.
        report: hears of each part before and after.

    Raises:
        OutsideSystemError: a tool refuses, or something is still there after it was unmade.
        Superseded: another attempt has taken over.
    """
    for part in left:
        report.begins(part)
        place = find(part)
        if kind is OperationKind.CREATE:
            detail = place.make()
        else:
            detail = place.unmake()
            if place.exists():
                message = f"{part.name} ({part.what}) is still there after it was removed"
                raise OutsideSystemError(message)
        report.is_done(part, detail)

"""Staff's rights in Airflow's own pages: what the registry says, brought into Airflow's roles.

Under an auth manager without rights on single DAGs nothing here does anything.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_dataops import bootstrap, config
from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.errors import ConfigurationError, KitchenNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.adapters.airflow_access.preparation import Finding
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.staff import Member

log = logging.getLogger(__name__)


def dag_access_control(kitchen: str, *, environment: str) -> dict[str, dict[str, set[str]]] | None:
    """``access_control`` of a kitchen's DAGs; None where Airflow has no use for it.

    Args:
        kitchen: its name, or that of the platform's own DAGs.
        environment: whose bundle the DAGs come from.

    Raises:
        KitchenNotFound: no such kitchen is there, or it is being deleted.
    """
    roles = bootstrap.fab_roles()
    if roles is None:
        return None
    if kitchen == names.PLATFORM:
        return roles.platform_access_control(environment)
    registry = bootstrap.kitchen_registry()
    found = registry.kitchen(kitchen)
    if found.state is KitchenState.DELETING or found.environment != environment:
        raise KitchenNotFound(kitchen)
    return roles.access_control(found, registry.staff(found))


def reconcile() -> list[str]:
    """Put everybody into the roles that the staff lists give them; two reads if all is well.

    Returns:
        Names of the roles that were changed.
    """
    roles = bootstrap.fab_roles()
    if roles is None or config.settings().environments_file is None:
        return []
    changed: list[str] = []
    # Again after each change: a staff list may have been replaced since it was read.
    while astray := roles.reconcile(_staffed()):
        log.info("people were put into, or taken out of: %s", ", ".join(astray))
        changed += astray
    return changed


def set_up_roles(*, dry_run: bool) -> list[Finding]:
    """Make the roles that kitchens need, those of all living kitchens included.

    Args:
        dry_run: only say what would be made.

    Raises:
        ConfigurationError: this auth manager has no rights on single DAGs.
    """
    roles = bootstrap.fab_roles()
    if roles is None:
        message = (
            f"the auth manager of this installation ({config.auth_manager()}) knows no rights on "
            "single DAGs: whoever may see one sees those of all kitchens, production's too. To "
            "keep kitchens apart in Airflow's own pages, set [core] auth_manager = "
            "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
        )
        raise ConfigurationError(message)
    return roles.prepare(config.environments().environments(), _staffed(), dry_run=dry_run)


def _staffed() -> list[tuple[Kitchen, Sequence[Member]]]:
    registry = bootstrap.kitchen_registry()
    living = [k for k in registry.kitchens() if k.state is not KitchenState.DELETING]
    staffs = registry.staffs(living)
    return [(kitchen, staffs.get(kitchen.id, [])) for kitchen in living]

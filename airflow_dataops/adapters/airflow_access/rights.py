"""Which of FAB's rights make up a role of ours.

FAB asks twice: may this user see *this* DAG (or change it), and may they see this *kind* of
thing (runs, logs, code). The first is granted DAG by DAG, the second by the role.
"""

from __future__ import annotations

from airflow_dataops.adapters.airflow_access.tables import ADMIN
from airflow_dataops.domain.access import DagAccess

# Admin sees everything anyway; Public is whoever has not logged in.
NEVER_GRANTED = frozenset({ADMIN, "Public"})

_DAGS, _RUNS = "DAGs", "DAG Runs"
_READ, _EDIT, _CREATE, _DELETE, _MENU = (
    "can_read", "can_edit", "can_create", "can_delete", "menu_access",
)  # fmt: skip

# What FAB's own Viewer has, except "DAGs", which is every DAG, and "Assets" and "Asset Aliases":
# FAB shows all of those or none, and with each the DAGs that make it and those that use it.
_SEEN = (
    "Backfills", "Cluster Activity", "DAG Code", "DAG Dependencies", _RUNS, "DAG Versions",
    "DAG Warnings", "HITL Detail", "ImportError", "Jobs", "My Password", "My Profile", "Plugins",
    "Pools", "Task Instances", "Task Logs", "Website", "XComs",
)  # fmt: skip
_MENUS = (
    "Browse", "Cluster Activity", "DAG Dependencies", _DAGS, _RUNS, "Docs", "Documentation", "Jobs",
    "Plugins", "Task Instances",
)  # fmt: skip

LOOK = frozenset(
    {(_READ, what) for what in _SEEN}
    | {(_EDIT, what) for what in ("My Password", "My Profile")}
    | {(_MENU, what) for what in _MENUS}
)
WORK = frozenset(
    LOOK
    | {(do, what) for do in (_CREATE, _EDIT, _DELETE) for what in (_RUNS, "Task Instances")}
    | {(_EDIT, "HITL Detail")}
)
KINDS = {DagAccess.LOOK: LOOK, DagAccess.WORK: WORK}
ON_A_DAG = {DagAccess.LOOK: {_DAGS: {_READ}}, DagAccess.WORK: {_DAGS: {_READ, _EDIT}}}
# For roles that are not ours and may not start runs of anything otherwise.
ON_ITS_RUNS = {_RUNS: {_READ, _CREATE, _DELETE}}
# Whoever holds one of these has it on every DAG there is.
ON_EVERY_DAG = frozenset({(do, _DAGS) for do in (_READ, _EDIT, _DELETE)})

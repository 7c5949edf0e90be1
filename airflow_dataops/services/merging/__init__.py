"""Merging kitchens: seen before it is done, done as a whole or not at all.

Down brings a parent's work into its child, up a child's work into its parent. What git cannot
merge by itself becomes a draft, in which people decide region by region, together and over days.
"""

from airflow_dataops.services.merging.documenting import promotion, write_down
from airflow_dataops.services.merging.following import look_after
from airflow_dataops.services.merging.making import merge, preview
from airflow_dataops.services.merging.queueing import (
    LandRequest,
    join,
    land_queue,
    leave,
    stage,
)
from airflow_dataops.services.merging.reading import difference
from airflow_dataops.services.merging.releasing import Street, deliveries
from airflow_dataops.services.merging.request import (
    MergeDraft,
    MergeOutcome,
    MergePlaces,
    MergeReport,
    MergeRequest,
)
from airflow_dataops.services.merging.resolving import abandon, complete, draft, lost, resolve
from airflow_dataops.services.merging.reverting import plan_revert, revert, reverted_by
from airflow_dataops.services.merging.showing import Checked, ConflictShown, check, decisions, show

__all__ = [
    "Checked",
    "ConflictShown",
    "LandRequest",
    "MergeDraft",
    "MergeOutcome",
    "MergePlaces",
    "MergeReport",
    "MergeRequest",
    "Street",
    "abandon",
    "check",
    "complete",
    "decisions",
    "deliveries",
    "difference",
    "draft",
    "join",
    "land_queue",
    "leave",
    "look_after",
    "lost",
    "merge",
    "plan_revert",
    "preview",
    "promotion",
    "resolve",
    "revert",
    "reverted_by",
    "show",
    "stage",
    "write_down",
]

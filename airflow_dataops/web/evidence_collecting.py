"""When runs become evidence: before anybody looks at it, and before a kitchen goes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_dataops.errors import DataOpsError
from airflow_dataops.services import evidence, merging

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.evidence import Evidence
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.web.installation import Installation

log = logging.getLogger(__name__)


def collect_evidence(
    installation: Installation, kitchen: Kitchen, *, now: datetime
) -> list[Evidence]:
    """Record what a kitchen's finished runs are evidence of; gives what is new.

    Raises:
        OutsideSystemError: the repository does not say what ran.
    """
    return evidence.collect(kitchen, installation.evidence_places(kitchen.project), now=now)


def collect_if_possible(installation: Installation, kitchen: Kitchen, *, now: datetime) -> None:
    """The same where something else is to go on without it."""
    try:
        collect_evidence(installation, kitchen, now=now)
    except DataOpsError as error:
        log.warning("evidence of kitchen %s is not recorded: %s", kitchen.name, error)


def write_down_if_possible(installation: Installation, kitchen: Kitchen, *, now: datetime) -> None:
    """Keep what the repository knows of merges into a kitchen, as long as it does."""
    try:
        merging.write_down(kitchen, installation.merge_places(kitchen.project), now=now)
    except DataOpsError as error:
        log.warning("what was merged into kitchen %s is not kept: %s", kitchen.name, error)

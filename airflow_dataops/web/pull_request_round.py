"""A round over proposed merges: what became of them at their hosts, and what is new to say there.

Nobody asks for it: a server's thread makes it now and then, and a host's call makes one sooner.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.staff import Person
from airflow_dataops.errors import DataOpsError
from airflow_dataops.services import merging
from airflow_dataops.web.evidence_collecting import collect_if_possible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow_dataops.services.merging import MergePlaces, MergeRequest
    from airflow_dataops.web.installation import Installation

log = logging.getLogger(__name__)

_WHO = "pull requests"


def make_round(
    installation: Installation,
    *,
    now: datetime,
    into: str | None = None,
    says_what_is_new: bool = True,
) -> int:
    """Look after every proposed merge; gives the number of those that are proposed still.

    Args:
        installation: where.
        now: the time.
        into: id of the only kitchen whose merges are looked at.
        says_what_is_new: judge the merges again, too, which takes a while.
    """
    proposed = 0
    for asked, places in _asked(installation, now):
        if into not in {None, asked.kitchen.id}:
            continue
        try:
            if says_what_is_new:
                collect_if_possible(installation, asked.other, now=now)
            proposed += merging.look_after(asked, places, says_what_is_new=says_what_is_new)
        except DataOpsError as error:
            log.warning("%s, proposed, is not looked after: %s", asked.what, error)
            proposed += 1
    return proposed


def _asked(installation: Installation, now: datetime) -> Iterator[tuple[MergeRequest, MergePlaces]]:
    projects = {
        environment.project
        for environment in installation.projects.environments()
        if environment.pull_requests is not None
    }
    if not projects:
        return
    kitchens = {kitchen.id: kitchen for kitchen in installation.registry.kitchens()}
    for project in sorted(projects):
        places = installation.merge_places(project)
        for merge in places.book.proposed():
            kitchen, other = kitchens.get(merge.kitchen_id), kitchens.get(merge.other_id)
            if kitchen is None or other is None or kitchen.project != project:
                continue
            asked = merging.MergeRequest(
                kitchen=kitchen,
                other=other,
                direction=Direction.UP,
                by=Person(name=_WHO),
                now=now,
                source=_WHO,
                merge_id=str(uuid4()),
            )
            yield asked, places

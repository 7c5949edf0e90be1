"""How far kitchens are ahead of and behind their parents, counted beside the pages.

git may take seconds, and minutes for a repository that this host has not seen yet. A page shows
what is known and asks again for the rest; what two commits are apart never changes.
"""

from __future__ import annotations

import logging
import time
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING

from airflow_dataops.domain.overview import Divergence
from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.web.visit import Seen, Visit

    # The project, the child's commit and the parent's.
    Pair = tuple[str, str, str]
    Count = Callable[[str, str], tuple[int, int]]

log = logging.getLogger(__name__)
_MOST_KNOWN = 20_000
_AGAIN_AFTER_SECONDS = 300.0


class Divergences:
    """What was counted in this process, and one thread that counts the rest."""

    def __init__(self) -> None:
        self._known: dict[Pair, Divergence] = {}
        self._pending: set[Pair] = set()
        self._failed_at: dict[Pair, float] = {}
        self._queue: SimpleQueue[tuple[Pair, Count]] = SimpleQueue()
        self._starting = Lock()
        self._thread: Thread | None = None

    def of(self, pair: Pair, count: Count) -> Divergence | None:
        """What is known of two commits; None while it is not, and somebody counts it.

        Args:
            pair: the project, the child's commit and the parent's.
            count: counts, in another thread.
        """
        _, ours, theirs = pair
        if ours == theirs:
            return Divergence(ahead=0, behind=0)
        found = self._known.get(pair)
        if found is None and pair not in self._pending and not self._has_failed(pair):
            self._pending.add(pair)
            self._queue.put((pair, count))
            self._start()
        return found

    def is_counting(self, pair: Pair) -> bool:
        """Whether two commits are still to be counted."""
        return pair in self._pending

    def _has_failed(self, pair: Pair) -> bool:
        at = self._failed_at.get(pair)
        return at is not None and time.monotonic() - at < _AGAIN_AFTER_SECONDS

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="dataops-divergences", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            pair, count = self._queue.get()
            self._count(pair, count)
            self._pending.discard(pair)

    def _count(self, pair: Pair, count: Count) -> None:
        project, ours, theirs = pair
        try:
            ahead, behind = count(ours, theirs)
        except Exception as error:
            # Two numbers less: the pages do not depend on the repository's host.
            self._failed_at[pair] = time.monotonic()
            if isinstance(error, DataOpsError):
                log.info("commits of project %s are not counted: %s", project, error)
            else:
                log.exception("commits of project %s could not be counted", project)
            return
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[pair] = Divergence(ahead=ahead, behind=behind)


_here = Divergences()


def from_parents(
    kitchens: Iterable[Seen], visible: Iterable[Kitchen], visit: Visit
) -> tuple[dict[str, Divergence], bool]:
    """How far kitchens are from those that they were cut from, by kitchen id.

    Args:
        kitchens: whose distance is asked for.
        visible: those that the person may see; a parent that is not among them tells nothing.
        visit: the present one.

    Returns:
        What is known, and whether more will be in a moment.
    """
    asked = list(kitchens)
    by_name = {one.name: one for one in visible}
    parents = {one.kitchen.id: by_name[one.parent] for one in asked if one.parent in by_name}
    tips = visit.installation.overview.shown_commits(
        [*(one.kitchen for one in asked), *parents.values()]
    )
    found, is_counting = {}, False
    for one in asked:
        kitchen, parent = one.kitchen, parents.get(one.kitchen.id)
        if parent is None or not {kitchen.id, parent.id} <= tips.keys():
            continue
        pair = (kitchen.project, tips[kitchen.id], tips[parent.id])
        if (apart := _here.of(pair, _counting(visit, kitchen.project))) is not None:
            found[kitchen.id] = apart
        is_counting |= _here.is_counting(pair)
    return found, is_counting


def _counting(visit: Visit, project: str) -> Count:
    merge_places = visit.installation.merge_places

    def count(ours: str, theirs: str) -> tuple[int, int]:
        return merge_places(project).repository.apart(ours, theirs)

    return count

"""What has to happen to an environment's kitchens without anybody asking for it.

Kitchens near their end are warned about, those past it are deleted, and operations that nobody
works for any more go on. A kitchen from which another was cut waits for that one to go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.ports import KitchenRegistry

# A round is one request of the janitor's task; the next round does the rest.
MOST_DELETIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What a round does to a kitchen.

    Attributes:
        warn: tells its staff, once; False where they were told before.
        delete: begins to delete it.
        go_on: takes over its operation; False where somebody works for it, or none is left.
    """

    warn: Callable[[Kitchen], bool]
    delete: Callable[[Kitchen], object]
    go_on: Callable[[Kitchen], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of a round, by kitchens' names.

    Attributes:
        waiting: past their end, with the kitchens that were cut from them and still live.
        failed: why something could not be done to a kitchen; the next round tries again.
    """

    warned: tuple[str, ...]
    deleted: tuple[str, ...]
    resumed: tuple[str, ...]
    waiting: Mapping[str, tuple[str, ...]]
    failed: Mapping[str, str]


def ends_soon(
    kitchen: Kitchen, environment: ReleaseEnvironment, *, now: datetime, notice: timedelta
) -> bool:
    """Whether a kitchen is deleted within this time, if nobody prolongs or pins it."""
    ends_at = kitchen.settings.ends_at
    stays = kitchen.settings.pinned or kitchen.name == environment.base_kitchen.name
    return ends_at is not None and not stays and ends_at - now <= notice


def make_round(
    environment: ReleaseEnvironment,
    registry: KitchenRegistry,
    deeds: Deeds,
    *,
    now: datetime,
    notice: timedelta,
) -> Round:
    """Look at every kitchen of an environment and do what is due.

    One kitchen's trouble keeps no other from its due: it is reported, and tried again.
    """
    failed: dict[str, str] = {}
    kitchens = registry.kitchens(environment=environment.name)
    under_way = [k for k in kitchens if k.state is not KitchenState.READY]
    soon = [k for k in kitchens if ends_soon(k, environment, now=now, notice=notice)]
    due = [k for k in soon if _is_past_end(k, now) and k.state is not KitchenState.DELETING]
    coming = [k for k in soon if not _is_past_end(k, now) and k.state is KitchenState.READY]
    resumed = _done(under_way, deeds.go_on, failed)
    warned = _done(coming, deeds.warn, failed)
    deleted, waiting = _delete(due, registry, deeds, failed)
    return Round(warned=warned, deleted=deleted, resumed=resumed, waiting=waiting, failed=failed)


def _is_past_end(kitchen: Kitchen, now: datetime) -> bool:
    return kitchen.settings.ends_at is not None and kitchen.settings.ends_at <= now


def _done(
    kitchens: Iterable[Kitchen], deed: Callable[[Kitchen], object], failed: dict[str, str]
) -> tuple[str, ...]:
    done = []
    for kitchen in kitchens:
        try:
            if deed(kitchen) is not False:
                done.append(kitchen.name)
        except DataOpsError as error:
            failed[kitchen.name] = str(error)
    return tuple(done)


def _delete(
    due: Iterable[Kitchen], registry: KitchenRegistry, deeds: Deeds, failed: dict[str, str]
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    deleted: list[str] = []
    waiting: dict[str, tuple[str, ...]] = {}
    by_name = {kitchen.name: kitchen for kitchen in due}
    for kitchen in sorted(by_name.values(), key=lambda k: -_depth(k, by_name)):
        # Asked each time: the child before may be gone already, and another may have come.
        children = tuple(k.name for k in registry.kitchens() if k.parent == kitchen.name)
        if children:
            waiting[kitchen.name] = children
        elif len(deleted) < MOST_DELETIONS:
            deleted += _done([kitchen], deeds.delete, failed)
    return tuple(deleted), waiting


def _depth(kitchen: Kitchen, due: Mapping[str, Kitchen]) -> int:
    depth, above = 0, due.get(kitchen.parent or "")
    while above is not None:
        depth, above = depth + 1, due.get(above.parent or "")
    return depth

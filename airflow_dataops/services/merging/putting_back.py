"""The end of a revert: what belongs to its merge beside the code is put back, and it is done.

What is to be put back was written down before the code moved, so that whoever finds a revert half
done ends it as it was meant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge_draft import MergeState
from airflow_dataops.domain.revert import (
    CHANGE,
    DISABLE,
    ENABLE,
    ENABLED_AT,
    ENABLED_BY,
    PUTS_BACK,
    PutBack,
    channel_change,
    channel_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.merge_draft import KitchenMerge
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest


def finish(
    pushing: KitchenMerge, asked: MergeRequest, places: MergePlaces
) -> tuple[KitchenMerge, bool]:
    """The revert as it is done, and whether nobody else has written that down meanwhile."""
    details = {n: v for n, v in pushing.details.items() if n not in {PUTS_BACK, "pushing since"}}
    done = replace(
        pushing,
        state=MergeState.DONE,
        ended_by=asked.by.name,
        ended_at=asked.now,
        reason=asked.reason or pushing.reason,
        details=details,
    )
    put_back = PutBack.read(pushing.details[PUTS_BACK])
    entries = tuple(_entries(done, put_back, asked))
    is_first = places.reverts.finish(pushing, done, asked.kitchen, put_back, audit=entries)
    places.registry.ask_for_parsing(asked.kitchen)
    return done, is_first


def _entries(done: KitchenMerge, put_back: PutBack, asked: MergeRequest) -> Iterator[AuditEntry]:
    facts = {"commit": done.commit or "", "ours": done.ours, "merge": put_back.reverted}
    yield asked.entry("revert merge", **facts)
    for pipeline, enabled in put_back.schedules.items():
        about = {"pipeline": pipeline, "revert": done.id}
        if enabled is None:
            yield asked.entry(DISABLE, **about)
        else:
            said = {ENABLED_BY: enabled.enabled_by, ENABLED_AT: enabled.enabled_at.isoformat()}
            yield asked.entry(ENABLE, schedule=str(enabled.schedule), **about, **said)
    if put_back.channel is not None:
        was = asked.kitchen.settings.slack_channel
        yield asked.entry(CHANGE, **channel_change(was, channel_of(put_back.channel)))

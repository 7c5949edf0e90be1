"""Taking a merge back as one unit: seen before it is done, done as a whole or not at all.

A revert is a merge of its own in the book, of the same two kitchens, and lands like one. What it
made can be taken back in the same way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.audit import AuditQuery, check_reason
from airflow_dataops.domain.merge import Direction, moved
from airflow_dataops.domain.merge_draft import KitchenMerge, MergeState, path_as_text
from airflow_dataops.domain.merge_event import MergePlan
from airflow_dataops.domain.revert import (
    CHANGE,
    DISABLE,
    ENABLE,
    PUTS_BACK,
    REVERTS,
    RevertPlan,
    ScheduleStep,
    channel_before,
    enabled_at,
    moment_of,
)
from airflow_dataops.domain.schedule import check_may_enable
from airflow_dataops.domain.source_change import Authorship
from airflow_dataops.errors import (
    BranchMoved,
    InvalidRequest,
    KitchenError,
    MergeNotFound,
    MergeNotReady,
    NotAllowed,
)
from airflow_dataops.services.merging.landing import OVERRIDDEN, land, new_merge, settled
from airflow_dataops.services.merging.releasing import pipelines_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.merge import Undoing
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest

_MOST_ENTRIES, _MOST_LISTED = 10_000, 10


def plan_revert(
    asked: MergeRequest,
    merge: KitchenMerge,
    environment: ReleaseEnvironment,
    places: MergePlaces,
) -> RevertPlan:
    """What taking a merge back comes to now; changes nothing.

    Args:
        asked: by whom, of the two kitchens that were merged.
        merge: done, into ``asked.kitchen``.
        environment: of that kitchen: it says who may enable a schedule again.
        places: where.

    Raises:
        KitchenError: the merge is not over, is on the branch no more, or was made at the
            repository's host.
        OutsideSystemError: the repository does not answer.
    """
    tip = _tip_with(merge, asked, places)
    found = places.repository.undoing(merge, within=tip, dags_folder=places.dags_folder)
    later, _ = places.repository.missing(str(merge.commit), tip)
    coming = (
        () if found.then is None else pipelines_of(asked.kitchen, found.now, found.then, places)
    )
    about = _pipelines_about(found)
    since = moment_of(merge)
    now = asked.kitchen.settings.slack_channel
    changes = _entries(asked, places, CHANGE, since=since)
    return RevertPlan(
        kitchen=asked.kitchen,
        other=asked.other.name,
        merge=merge,
        ours=tip,
        tree=found.preview.tree,
        later=later,
        files=found.files,
        conflicts=found.preview.conflicts,
        pipelines=coming,
        about=tuple(sorted(about)),
        schedules=tuple(_schedules(asked, merge, environment, places, found)),
        charts=places.reverts.charts_since(asked.kitchen, about, since=since, reverted=merge.id),
        channel=(now, channel_before(changes, now)),
    )


def revert(
    asked: MergeRequest,
    merge: KitchenMerge,
    environment: ReleaseEnvironment,
    places: MergePlaces,
) -> tuple[KitchenMerge, RevertPlan | None]:
    """Take a merge back; one that is taken back already is no error.

    Args:
        asked: as ``plan_revert`` takes it; ``ours`` is the commit that the plan was seen with.
        merge: done, into ``asked.kitchen``.
        environment: of that kitchen.
        places: where.

    Returns:
        The revert, and what it came to; None where it was done before.

    Raises:
        MergeNotReady: later changes touch the same places; says where.
        BranchMoved: the kitchen is not where the person saw it, or moves at this moment.
        PushRefused: the repository does not take it; nothing has changed.
        Vetoed: a hook refuses.
        KitchenBusy: somebody merges or reverts the two at this moment.
        InvalidRequest: the reason cannot be kept.
        KitchenError: what ``plan_revert`` raises.
    """
    check_reason(asked.reason)
    settled(asked, places)
    if (before := reverted_by(merge, places.book.of(asked.kitchen))) is not None:
        return before, None
    plan = plan_revert(asked, merge, environment, places)
    if asked.ours not in {None, plan.ours}:
        raise BranchMoved(asked.kitchen.branch, moved(str(asked.ours), plan.ours))
    if plan.tree is None:
        raise MergeNotReady(_what(asked), _conflicts(plan))
    begun = new_merge(asked, ours=plan.ours, theirs=str(merge.commit), conflicts=0)
    details = {**begun.details, REVERTS: merge.id, PUTS_BACK: plan.put_back.as_text()}
    details |= _overridden(asked, plan)
    begun = replace(begun, details=details)
    commit = places.repository.undo(merge, within=plan.ours, authorship=_authorship(asked, merge))
    done = land(
        begun,
        commit,
        asked,
        places,
        is_new=True,
        plan=MergePlan(files=plan.files, reverts=merge.id),
    )
    return done, plan


def _overridden(asked: MergeRequest, plan: RevertPlan) -> dict[str, str]:
    """What a revert upwards brings back to life that was not tested so: later work stays.

    It is no reason to leave what is wrong where it is, so the revert itself overrides the gate.

    Raises:
        InvalidRequest: there is such, and nobody says why it is done all the same.
    """
    untested = plan.untested if asked.direction is Direction.UP else ()
    if not untested:
        return {}
    if not (asked.reason or "").strip():
        message = (
            f"{_what(asked)} leaves pipelines as they are not known to be green: "
            f"{', '.join(untested)}; give a reason, which is kept as an override's"
        )
        raise InvalidRequest(message, field="reason")
    return {OVERRIDDEN: "; ".join(f"{name}: not green as it is then" for name in untested)}


def reverted_by(merge: KitchenMerge, merges: Iterable[KitchenMerge]) -> KitchenMerge | None:
    """The revert that holds of a merge: done, and not taken back itself."""
    known = list(merges)
    for one in known:
        is_of_it = one.state is MergeState.DONE and one.details.get(REVERTS) == merge.id
        if is_of_it and reverted_by(one, known) is None:
            return one
    return None


def _tip_with(merge: KitchenMerge, asked: MergeRequest, places: MergePlaces) -> str:
    kitchen = asked.kitchen
    if merge.state is not MergeState.DONE or merge.commit is None:
        message = f"merge {merge.id} into {kitchen.name} is {merge.state}, so nothing is taken back"
        raise MergeNotFound(message)
    if places.pull_requests(kitchen) is not None:
        message = (
            f"merges into {kitchen.name} are made at its repository's host, by its rules: revert "
            "the pull request there, and disable what was enabled with: airflow dataops schedule "
            f"disable {kitchen.name} PIPELINE"
        )
        raise KitchenError(message)
    tip = places.repository.tips([kitchen.branch]).get(kitchen.branch)
    if tip is None or not places.repository.contains(merge.commit, within=tip):
        message = (
            f"branch {kitchen.branch!r} has the merge {merge.commit[:12]} no more: somebody moved "
            "it behind our back, so there is nothing to take back"
        )
        raise KitchenError(message)
    return tip


def _pipelines_about(found: Undoing) -> set[str]:
    """Pipelines that the merge itself changed, or took away."""
    return {*(one.name for one in found.merged.pipelines), *found.merged.removed}


def _schedules(
    asked: MergeRequest,
    merge: KitchenMerge,
    environment: ReleaseEnvironment,
    places: MergePlaces,
    found: Undoing,
) -> Iterable[ScheduleStep]:
    """What becomes of schedules that were enabled, disabled or changed since the merge."""
    now = {
        one.pipeline: one.enabled
        for one in places.schedules.of([asked.kitchen])[asked.kitchen.id]
        if one.enabled is not None
    }
    before = _entries(asked, places, ENABLE, DISABLE, until=moment_of(merge))
    then = enabled_at(before, {*now, *(entry.details.get("pipeline", "") for entry in before)})
    about = _pipelines_about(found)
    if found.merged.ordinary or found.merged.removed_ordinary:
        # Which DAGs an ordinary file makes is not known here: all that are no pipelines.
        known = {*found.now.pipelines, *(found.then.pipelines if found.then else ())}
        about |= {*now, *then} - known
    for pipeline in sorted(about):
        is_now, was = now.get(pipeline), then.get(pipeline)
        if is_now != was:
            left = _why_left(asked, pipeline, environment) if was else ""
            yield ScheduleStep(pipeline=pipeline, now=is_now, then=was, left=left)


def _why_left(asked: MergeRequest, pipeline: str, environment: ReleaseEnvironment) -> str:
    """Why somebody who takes a merge back cannot enable a schedule again."""
    what = f"the schedule of {asked.kitchen.name}.{pipeline}"
    try:
        check_may_enable(asked.by, what, environment)
    except NotAllowed as refusal:
        return str(refusal)
    return ""


def _entries(
    asked: MergeRequest,
    places: MergePlaces,
    *actions: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[AuditEntry]:
    query = AuditQuery(
        kitchen_id=asked.kitchen.id,
        actions=actions,
        since=since,
        until=until,
        at_most=_MOST_ENTRIES,
    )
    return places.audit_trail.entries(query)


def _conflicts(plan: RevertPlan) -> list[str]:
    listed = [
        f"{path_as_text(one.shown)} ({one.kind}) was changed again since"
        for one in plan.conflicts[:_MOST_LISTED]
    ]
    if (more := len(plan.conflicts) - _MOST_LISTED) > 0:
        listed.append(f"and {more} more")
    return [*listed, "take the later merges back first, or put it right in a kitchen below"]


def _what(asked: MergeRequest) -> str:
    return f"the revert of {asked.what}"


def _authorship(asked: MergeRequest, merge: KitchenMerge) -> Authorship:
    title = f"Revert the merge of {asked.other.name} into {asked.kitchen.name}"
    body = f"This takes back what {merge.commit} changed."
    said = [title, *([asked.reason] if asked.reason else []), body]
    return Authorship(author=asked.by.name, message="\n\n".join(said))

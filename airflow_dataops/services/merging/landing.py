"""How a merge that is made comes onto its branch.

It is written down before the branch moves, and again afterwards. Whoever dies in between, or
hears no answer, leaves a merge that says *pushing*: the next one to look sees at the repository
which of the two it is, moved or not, and writes that down.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import Direction, moved
from airflow_dataops.domain.merge_draft import KitchenMerge, MergeState
from airflow_dataops.domain.merge_event import MergeEvent, MergePlan
from airflow_dataops.domain.merge_gate import Asked
from airflow_dataops.domain.revert import REVERTS
from airflow_dataops.errors import BranchMoved, KitchenBusy, KitchenError, PushRefused, Vetoed
from airflow_dataops.services.merging import putting_back
from airflow_dataops.services.merging.gate import changed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.merge_gate import Gate
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest

# So long a push that nobody has heard of may still be under way.
_PATIENCE = timedelta(seconds=60)
OVERRIDDEN = "overridden"
PROMISES = ("acknowledged", "approved", "green", OVERRIDDEN)
_SINCE, _CONFLICTS = "pushing since", "conflicts"


def promises(asked: MergeRequest, gate: Gate) -> dict[str, str]:
    """What the merge's record says of its gate, whoever writes its end down."""
    said = {
        "acknowledged": sorted(asked.acknowledged),
        "approved": [str(one) for one in gate.items if one.asked is Asked.APPROVED and one.is_met],
        "green": [str(one) for one in gate.items if one.asked is Asked.GREEN and one.is_met],
        OVERRIDDEN: [str(one) for one in gate.overridden],
    }
    return {name: "; ".join(sentences) for name, sentences in said.items() if sentences}


def new_merge(asked: MergeRequest, *, ours: str, theirs: str, conflicts: int) -> KitchenMerge:
    """A merge that begins now."""
    return KitchenMerge(
        id=asked.merge_id,
        kitchen_id=asked.kitchen.id,
        other_id=asked.other.id,
        direction=asked.direction,
        ours=ours,
        theirs=theirs,
        state=MergeState.OPEN,
        opened_by=asked.by.name,
        opened_at=asked.now,
        reason=asked.reason,
        details={_CONFLICTS: str(conflicts)},
    )


def tips_of(asked: MergeRequest, places: MergePlaces) -> tuple[str, str]:
    """The commits that the two kitchens are at now, in the repository itself.

    Raises:
        KitchenError: a branch is gone.
    """
    branches = [asked.kitchen.branch, asked.other.branch]
    tips = places.repository.tips(branches)
    for branch in branches:
        if branch not in tips:
            message = (
                f"the repository has no branch {branch!r} any more: somebody deleted it behind"
                " our back; push it again, git reflog in a clone knows where it was"
            )
            raise KitchenError(message)
    return tips[branches[0]], tips[branches[1]]


def check_seen(asked: MergeRequest, *, ours: str, theirs: str) -> None:
    """Refuse what was asked about commits that the branches are not at any more.

    Raises:
        BranchMoved: one of them is somewhere else now.
    """
    for kitchen, seen, now in (
        (asked.kitchen, asked.ours, ours),
        (asked.other, asked.theirs, theirs),
    ):
        if seen not in {None, now}:
            raise BranchMoved(kitchen.branch, moved(str(seen), now))


def land(
    merge: KitchenMerge,
    commit: str,
    asked: MergeRequest,
    places: MergePlaces,
    *,
    is_new: bool,
    plan: MergePlan,
) -> KitchenMerge:
    """Move the kitchen's branch to a commit, from the one that the merge was made on.

    Args:
        merge: open.
        commit: to be its tip.
        asked: by whom.
        places: where.
        is_new: whether the merge is not written down yet.
        plan: what it comes to, for hooks.

    Raises:
        Vetoed: a hook refuses.
        KitchenBusy: somebody else lands a merge of the two.
        BranchMoved: somebody pushed meanwhile.
        PushRefused: the repository does not take it; says why.
        OutsideSystemError: it does not answer; ``settled`` says later what became of it.
    """
    places.hooks.before(_event(replace(merge, commit=commit), asked, plan))
    details = {**merge.details, _SINCE: asked.now.isoformat()}
    pushing = replace(merge, state=MergeState.PUSHING, commit=commit, details=details)
    if is_new:
        # Written before the branch moves: nobody's death in between can lose it.
        over = _overriding(pushing, asked)
        places.book.begin(pushing, asked.kitchen, audit=over)
    elif not places.book.change(merge, pushing):
        raise _busy(asked, "somebody else changed it meanwhile; look at it again")
    try:
        places.repository.move(asked.kitchen.branch, seen=merge.ours, to=commit)
    except (BranchMoved, PushRefused):
        _take_back(pushing, asked, places)
        raise
    retire(merge.ours, commit, asked, places)
    return _end(pushing, asked, places, plan)


def land_together(
    merges: Sequence[KitchenMerge],
    asked: Sequence[MergeRequest],
    places: MergePlaces,
    *,
    seen: str,
) -> None:
    """Move a kitchen's branch once, for several merges that follow each other: all or none land.

    Args:
        merges: with their commits, each on top of the one before.
        asked: what each was asked as.
        places: where.
        seen: the commit that the branch was at.

    Raises:
        Vetoed: a hook refuses one of them.
        KitchenBusy: somebody else lands a merge of one of them.
        BranchMoved: somebody pushed meanwhile.
        PushRefused: the repository does not take it; says why.
        OutsideSystemError: it does not answer; ``settled`` says later what became of them.
    """
    begun: list[tuple[KitchenMerge, MergeRequest]] = []
    try:
        for merge, one in zip(merges, asked, strict=True):
            details = {**merge.details, _SINCE: one.now.isoformat()}
            pushing = replace(merge, state=MergeState.PUSHING, details=details)
            settled(one, places)
            places.hooks.before(_event(pushing, one, MergePlan()))
            places.book.begin(pushing, one.kitchen)
            begun.append((pushing, one))
        places.repository.move(asked[0].kitchen.branch, seen=seen, to=str(merges[-1].commit))
    except (BranchMoved, PushRefused, KitchenBusy, Vetoed):
        for pushing, one in begun:
            _take_back(pushing, one, places)
        raise
    retire(seen, str(merges[-1].commit), asked[0], places)
    for pushing, one in begun:
        _finish(pushing, one, places, MergePlan())


def settled(asked: MergeRequest, places: MergePlaces) -> KitchenMerge | None:
    """The merge of the two that is under way, once it is known whether its push arrived.

    Raises:
        KitchenBusy: somebody lands it at this moment.
    """
    merge = places.book.under_way(asked.kitchen, asked.other)
    if merge is None or merge.state is not MergeState.PUSHING or merge.commit is None:
        return merge
    ours, _ = tips_of(asked, places)
    if places.repository.contains(merge.commit, within=ours):
        retire(merge.ours, merge.commit, asked, places)
        _end(merge, asked, places, MergePlan(reverts=merge.details.get(REVERTS)))
        return None
    if asked.now - datetime.fromisoformat(merge.details[_SINCE]) < _PATIENCE:
        raise _busy(asked, "it is on its way to the repository; ask again in a minute")
    _take_back(merge, asked, places)
    return places.book.under_way(asked.kitchen, asked.other)


def retire(ours: str, commit: str, asked: MergeRequest, places: MergePlaces) -> None:
    """End what runs of the pipelines that a merge took away.

    Before the merge is written down as done: who dies in between leaves that to the next one.
    """
    found, _ = places.repository.preview(ours, commit)
    if removed := changed(found, places).removed:
        places.runs.retire(asked.kitchen, removed)


def _end(
    pushing: KitchenMerge, asked: MergeRequest, places: MergePlaces, plan: MergePlan
) -> KitchenMerge:
    if REVERTS not in pushing.details:
        return _finish(pushing, asked, places, plan)
    done, is_first = putting_back.finish(pushing, asked, places)
    if is_first:
        places.hooks.after(_event(done, asked, plan))
    return done


def _finish(
    pushing: KitchenMerge, asked: MergeRequest, places: MergePlaces, plan: MergePlan
) -> KitchenMerge:
    done = replace(
        pushing,
        state=MergeState.DONE,
        ended_by=asked.by.name,
        ended_at=asked.now,
        reason=asked.reason or pushing.reason,
        details={name: v for name, v in pushing.details.items() if name != _SINCE},
    )
    facts = {"commit": pushing.commit or "", "ours": pushing.ours, "theirs": pushing.theirs}
    facts |= {name: done.details[name] for name in PROMISES if name in done.details}
    entry = asked.entry(f"merge {pushing.direction}", **facts)
    is_first = places.book.change(pushing, done, audit=entry)
    places.registry.ask_for_parsing(asked.kitchen)
    if is_first:
        places.hooks.after(_event(done, asked, plan))
    return done


def _event(merge: KitchenMerge, asked: MergeRequest, plan: MergePlan) -> MergeEvent:
    return MergeEvent(
        direction=asked.direction,
        kitchen=asked.kitchen,
        other=asked.other,
        ours=merge.ours,
        theirs=merge.theirs,
        commit=merge.commit,
        plan=plan,
        by=asked.by.name,
        reason=asked.reason,
        reverts=plan.reverts,
    )


def _overriding(pushing: KitchenMerge, asked: MergeRequest) -> AuditEntry | None:
    """What the audit trail keeps of somebody who does without evidence."""
    overridden = pushing.details.get(OVERRIDDEN)
    if overridden is None:
        return None
    facts = {"ours": pushing.ours, "theirs": pushing.theirs, OVERRIDDEN: overridden}
    return asked.entry("override gate", **facts)


def _take_back(pushing: KitchenMerge, asked: MergeRequest, places: MergePlaces) -> None:
    """Where people decided about conflicts, their draft stays; else nothing was begun."""
    details = {name: value for name, value in pushing.details.items() if name != _SINCE}
    before = replace(pushing, state=MergeState.OPEN, commit=None, details=details)
    if details.get(_CONFLICTS, "0") == "0":
        before = replace(
            before, state=MergeState.ABANDONED, ended_by=asked.by.name, ended_at=asked.now
        )
    places.book.change(pushing, before)


def _busy(asked: MergeRequest, why: str) -> KitchenBusy:
    state = "being merged " + ("up into" if asked.direction is Direction.UP else "down into")
    return KitchenBusy(asked.kitchen.name, state, why)

"""Merges up that the repository's host makes, by its own rules: proposed, followed, recognised.

A proposal is written down before the host hears of it, and again with what the host answered.
Whoever dies in between leaves one without a number, which the next to look finds at the host by
its branches. What became of it is the host's to say; whoever hears it first writes it down.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import KitchenMerge, MergeState
from airflow_dataops.domain.merge_event import MergeEvent, MergePlan
from airflow_dataops.domain.pull_request import (
    GateStatus,
    Proposal,
    PullRequest,
    PullRequestState,
)
from airflow_dataops.domain.staff import Person
from airflow_dataops.errors import KitchenBusy, MergeNotReady, PullRequestRefused
from airflow_dataops.services.merging.landing import new_merge, promises, retire, settled, tips_of
from airflow_dataops.services.merging.proposal_text import text_of, title_of
from airflow_dataops.services.merging.request import MergeOutcome

if TYPE_CHECKING:
    from airflow_dataops.merge_ports import PullRequests
    from airflow_dataops.services.merging.request import MergePlaces, MergeReport, MergeRequest

NUMBER, URL, GATE = "pull request", "pull request url", "gate"
BY, ACKNOWLEDGED, OVERRIDES = "proposed by", "said to go", "overrides"
_KEPT = (NUMBER, URL, GATE, "conflicts")
_NEVER_LOOKED = "nobody looked at this commit"
# So long a proposal that the host does not know may still be on its way.
_PATIENCE = timedelta(seconds=60)


def host_of(asked: MergeRequest, places: MergePlaces) -> PullRequests | None:
    """Where this merge is proposed; None where it is pushed."""
    return places.pull_requests(asked.kitchen) if asked.direction is Direction.UP else None


def under_way(asked: MergeRequest, places: MergePlaces) -> KitchenMerge | None:
    """The merge of the two that is not over, once all that can be known of it is written down.

    Raises:
        KitchenBusy: somebody lands it at this moment.
        GitHostUnavailable: it is proposed, and the host does not answer.
    """
    merge = settled(asked, places)
    if merge is None or merge.state is not MergeState.PROPOSED:
        return merge
    return recognised(merge, asked, places)


def propose(
    asked: MergeRequest, report: MergeReport, open_one: KitchenMerge | None, places: MergePlaces
) -> MergeOutcome:
    """Open the pull request of a merge, or bring the open one up to date.

    Whatever its gate lacks is said there, and keeps the host from merging.

    Raises:
        MergeNotReady: the branches do not go together, so that there is nothing to look at.
        Vetoed: a hook refuses.
        PullRequestRefused: the host does not take it; nothing has changed.
        GitHostUnavailable: it does not answer; asked again, it goes on.
        KitchenBusy: somebody else proposes it at this moment.
    """
    host = places.pull_requests(asked.kitchen)
    preview = report.preview
    if host is None or preview.tree is None or preview.tree != preview.theirs_tree:
        raise MergeNotReady(asked.what, report.missing)
    places.hooks.before(_event(asked, report))
    merge = _written_down(asked, report, open_one, places)
    try:
        opened = host.propose(_proposal(asked, report))
    except PullRequestRefused:
        if NUMBER not in merge.details:
            _end(merge, MergeState.ABANDONED, asked, places)
        raise
    status = status_of(report)
    host.put_status(preview.theirs, status)
    done = replace(merge, details={**merge.details, **_facts(opened, status)})
    places.book.change(merge, done)
    return MergeOutcome(preview=preview, commit=None, is_new=False, merge=done)


def status_of(report: MergeReport) -> GateStatus:
    """The gate as it stands beside the commit that is proposed."""
    return GateStatus(is_open=report.gate.is_open, summary=report.gate.summary)


def recognised(
    merge: KitchenMerge, asked: MergeRequest, places: MergePlaces
) -> KitchenMerge | None:
    """A proposal as it is now; None once it is merged or closed at the host.

    Raises:
        GitHostUnavailable: the host does not answer.
    """
    host = places.pull_requests(asked.kitchen)
    if host is None:
        return merge
    number = merge.details.get(NUMBER)
    found = (
        host.show(int(number))
        if number
        else host.open_one(head=asked.other.branch, base=asked.kitchen.branch)
    )
    if found is None:
        return _never_opened(merge, asked, places)
    if found.state is PullRequestState.OPEN:
        return _numbered(merge, found, places)
    at_host = _by_host(asked, found, host)
    if found.state is PullRequestState.MERGED:
        _merged(merge, found, at_host, places)
    else:
        facts = {URL: found.url}
        _end(merge, MergeState.ABANDONED, at_host, places, action="close proposal", **facts)
    return None


def follow(
    merge: KitchenMerge, asked: MergeRequest, report: MergeReport, places: MergePlaces
) -> bool:
    """Say at the host what is new about an open proposal; whether there was anything.

    Args:
        merge: the proposal.
        asked: what ``asked_again`` gives.
        report: the preview now.
        places: where.
    """
    host = places.pull_requests(asked.kitchen)
    if host is None:
        return False
    preview, status = report.preview, status_of(report)
    is_moved = (merge.ours, merge.theirs) != (preview.ours, preview.theirs)
    if not is_moved and merge.details.get(GATE) == str(status):
        return False
    opened = host.propose(_proposal(asked, report))
    host.put_status(preview.theirs, status)
    details = {**merge.details, **_facts(opened, status), **promises(asked, report.gate)}
    now = replace(merge, ours=preview.ours, theirs=preview.theirs, details=details)
    return places.book.change(merge, now)


def asked_again(merge: KitchenMerge, asked: MergeRequest, *, theirs: str) -> MergeRequest:
    """The request behind a proposal, as it was meant: by whom, and what may go.

    Who did without evidence did so for one commit.
    """
    return replace(
        asked,
        by=Person(name=merge.details.get(BY, merge.opened_by)),
        reason=merge.reason,
        acknowledged=frozenset(json.loads(merge.details.get(ACKNOWLEDGED, "[]"))),
        overrides=OVERRIDES in merge.details and theirs == merge.theirs,
    )


def withdraw(merge: KitchenMerge, asked: MergeRequest, places: MergePlaces) -> None:
    """Close a proposal at the host, before it ends here.

    Raises:
        PullRequestRefused: the host does not let us.
        GitHostUnavailable: it does not answer.
    """
    host = places.pull_requests(asked.kitchen)
    number = merge.details.get(NUMBER)
    if host is not None and number:
        host.close(int(number))


def _written_down(
    asked: MergeRequest, report: MergeReport, open_one: KitchenMerge | None, places: MergePlaces
) -> KitchenMerge:
    preview = report.preview
    new = new_merge(asked, ours=preview.ours, theirs=preview.theirs, conflicts=0)
    said = {BY: asked.by.name, ACKNOWLEDGED: json.dumps(sorted(asked.acknowledged))}
    said |= {OVERRIDES: asked.by.name} if asked.overrides else {}
    kept = {name: v for name, v in (open_one or new).details.items() if name in _KEPT}
    details = {**kept, **promises(asked, report.gate), **said}
    proposed = replace(
        open_one or new,
        ours=preview.ours,
        theirs=preview.theirs,
        state=MergeState.PROPOSED,
        reason=asked.reason or (open_one.reason if open_one else None),
        details=details,
    )
    action = "override gate" if "overridden" in details else "propose merge"
    facts = {name: details[name] for name in ("acknowledged", "overridden") if name in details}
    entry = asked.entry(action, ours=preview.ours, theirs=preview.theirs, **facts)
    if open_one is None:
        places.book.begin(proposed, asked.kitchen, audit=entry)
    elif not places.book.change(open_one, proposed, audit=entry):
        raise KitchenBusy(asked.kitchen.name, "being merged up into", "look at it again")
    return proposed


def _proposal(asked: MergeRequest, report: MergeReport) -> Proposal:
    return Proposal(
        head=asked.other.branch,
        base=asked.kitchen.branch,
        title=title_of(asked),
        text=text_of(asked, report),
    )


def _facts(opened: PullRequest, status: GateStatus) -> dict[str, str]:
    return {NUMBER: str(opened.number), URL: opened.url, GATE: str(status)}


def _numbered(merge: KitchenMerge, found: PullRequest, places: MergePlaces) -> KitchenMerge:
    """An open proposal, which knows its number from now on."""
    if NUMBER in merge.details:
        return merge
    known = replace(merge, details={**merge.details, NUMBER: str(found.number), URL: found.url})
    places.book.change(merge, known)
    return known


def _never_opened(
    merge: KitchenMerge, asked: MergeRequest, places: MergePlaces
) -> KitchenMerge | None:
    ours, _ = tips_of(asked, places)
    if places.repository.contains(merge.theirs, within=ours):
        _end(merge, MergeState.DONE, asked, places, action="merge up", commit=ours)
        return None
    if asked.now - merge.opened_at < _PATIENCE:
        return merge
    _end(merge, MergeState.ABANDONED, asked, places)
    return None


def _by_host(asked: MergeRequest, found: PullRequest, host: PullRequests) -> MergeRequest:
    """The same as somebody did it at the host; they need be no user of Airflow."""
    who = f"{host.name}:{found.merged_by or 'somebody'}"
    return replace(asked, by=Person(name=who), source=found.url, reason=None)


def _merged(
    merge: KitchenMerge, found: PullRequest, asked: MergeRequest, places: MergePlaces
) -> None:
    gate = merge.details.get(GATE) if found.head == merge.theirs else None
    facts = {
        "theirs": found.head,
        URL: found.url,
        BY: merge.details.get(BY, merge.opened_by),
        GATE: gate or _NEVER_LOOKED,
    }
    now = replace(merge, theirs=found.head, commit=found.commit)
    if found.commit is not None:
        retire(merge.ours, found.commit, asked, places)
    is_first = _end(
        merge,
        MergeState.DONE,
        asked,
        places,
        action="merge up",
        commit=found.commit or "",
        **facts,
    )
    if is_first:
        places.registry.ask_for_parsing(asked.kitchen)
        places.hooks.after(_event_of(now, asked))


def _end(
    merge: KitchenMerge,
    state: MergeState,
    asked: MergeRequest,
    places: MergePlaces,
    *,
    action: str = "",
    **facts: str,
) -> bool:
    """Write down that it is over, unless somebody did: then False."""
    over = replace(
        merge,
        theirs=facts.get("theirs", merge.theirs),
        state=state,
        commit=facts.get("commit") or merge.commit,
        ended_by=asked.by.name,
        ended_at=asked.now,
    )
    audit = asked.entry(action, ours=merge.ours, **facts) if action else None
    return places.book.change(merge, over, audit=audit)


def _event(asked: MergeRequest, report: MergeReport) -> MergeEvent:
    return MergeEvent(
        direction=asked.direction,
        kitchen=asked.kitchen,
        other=asked.other,
        ours=report.preview.ours,
        theirs=report.preview.theirs,
        commit=None,
        plan=MergePlan(files=report.files, meaning=report.meaning),
        by=asked.by.name,
        reason=asked.reason,
        is_proposal=True,
    )


def _event_of(merge: KitchenMerge, asked: MergeRequest) -> MergeEvent:
    return MergeEvent(
        direction=asked.direction,
        kitchen=asked.kitchen,
        other=asked.other,
        ours=merge.ours,
        theirs=merge.theirs,
        commit=merge.commit,
        plan=MergePlan(),
        by=asked.by.name,
        reason=merge.reason,
    )

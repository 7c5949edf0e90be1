"""What kitchens have that their parents have not, whether exactly that was tested, who has it now.

Nothing is built for it: what a merge means for tests and schedules is said by its preview.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.approval import ApprovalOf, ApprovalState, who_approves
from airflow_dataops.domain.evidence import deciding
from airflow_dataops.domain.input_tree import changed_inputs
from airflow_dataops.domain.merge_draft import MergeState
from airflow_dataops.domain.release import (
    Delivery,
    PipelineChange,
    ReleasePipeline,
    Waiting,
    WaitsFor,
)
from airflow_dataops.services.merging.proposing import URL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.domain.input_tree import TreeInputs
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge import MergePreview
    from airflow_dataops.services.merging.request import MergePlaces

_MOST_COMMITS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A kitchen and its parent, and who may do something about work between them.

    Attributes:
        cooks: who may work in the kitchen.
        merging: who may merge it up.
    """

    kitchen: Kitchen
    parent: Kitchen
    cooks: tuple[str, ...]
    merging: tuple[str, ...]


def deliveries(streets: Sequence[Street], places: MergePlaces) -> list[Delivery]:
    """What each kitchen has that its parent has not; those whose branch is gone are left out.

    Args:
        streets: of one project.
        places: where.

    Raises:
        OutsideSystemError: the repository does not answer.
    """
    if not streets:
        return []
    wanted = {one.branch for street in streets for one in (street.kitchen, street.parent)}
    tips = places.repository.tips(sorted(wanted))
    return [
        _delivery(street, tips, places)
        for street in streets
        if {street.kitchen.branch, street.parent.branch} <= set(tips)
    ]


def _delivery(street: Street, tips: Mapping[str, str], places: MergePlaces) -> Delivery:
    ours, theirs = tips[street.parent.branch], tips[street.kitchen.branch]
    number, commits = places.repository.missing(ours, theirs, at_most=_MOST_COMMITS)
    if not number:
        return Delivery(kitchen=street.kitchen, parent=street.parent, ours=ours, theirs=theirs)
    found, _ = places.repository.preview(ours, theirs)
    before, after = places.repository.inputs(found, dags_folder=places.dags_folder)
    pipelines = pipelines_of(street.kitchen, before, after, places) if after is not None else ()
    return Delivery(
        kitchen=street.kitchen,
        parent=street.parent,
        ours=ours,
        theirs=theirs,
        commits=tuple(commits),
        number=number,
        pipelines=pipelines,
        conflicts=len(found.conflicts),
        waiting=tuple(_waiting(street, found, pipelines, places)),
    )


def pipelines_of(
    kitchen: Kitchen, before: TreeInputs, after: TreeInputs, places: MergePlaces
) -> tuple[ReleasePipeline, ...]:
    """Pipelines that differ between two trees, with what is known of the second one's."""
    changed = changed_inputs(before, after)
    wanted = {one.name: one.input_tree for one in changed.pipelines}
    known = places.evidence.about(kitchen.project, wanted) if wanted else {}
    coming = [
        ReleasePipeline(
            name=name,
            change=PipelineChange.CHANGED if name in before.pipelines else PipelineChange.NEW,
            evidence=deciding(known[name], kitchens={kitchen.id}),
        )
        for name in wanted
    ]
    gone = [ReleasePipeline(name=name, change=PipelineChange.REMOVED) for name in changed.removed]
    return tuple(sorted([*coming, *gone], key=lambda one: one.name))


def _waiting(
    street: Street,
    found: MergePreview,
    pipelines: Sequence[ReleasePipeline],
    places: MergePlaces,
) -> list[Waiting]:
    """What somebody has to do next; what is under way already is told first."""
    said = [*_under_way(street, places), *_queued(street, places)]
    if found.tree is None or found.tree != found.theirs_tree:
        about = f"{street.parent.name} has changes that {street.kitchen.name} has not"
        return [*said, Waiting(what=WaitsFor.MERGE_DOWN, on=street.cooks, about=about)]
    untested = [one.name for one in pipelines if one.is_untested]
    if untested:
        about = f"not green as they would run: {', '.join(untested)}"
        return [*said, Waiting(what=WaitsFor.TESTS, on=street.cooks, about=about)]
    said += _approval(street, found.theirs, places)
    if said:
        return said
    about = f"{street.kitchen.name} can be merged up into {street.parent.name}"
    return [Waiting(what=WaitsFor.MERGE_UP, on=street.merging, about=about)]


def _under_way(street: Street, places: MergePlaces) -> list[Waiting]:
    said = []
    down = places.book.under_way(street.kitchen, street.parent)
    if down is not None and down.state is MergeState.OPEN:
        about = f"the merge of {street.parent.name} down that {down.opened_by} has begun"
        on = street.cooks
        said.append(Waiting(what=WaitsFor.DECISIONS, on=on, about=about, since=down.opened_at))
    up = places.book.under_way(street.parent, street.kitchen)
    if up is not None and up.state is MergeState.PROPOSED:
        about = up.details.get(URL, "it is on its way to the repository's host")
        said.append(Waiting(what=WaitsFor.PULL_REQUEST, on=(), about=about, since=up.opened_at))
    return said


def _approval(street: Street, theirs: str, places: MergePlaces) -> list[Waiting]:
    """What waits for approval; before anybody has asked for it, merging does that."""
    listed = who_approves(places.environment(street.parent), ApprovalOf.MERGE)
    one = (
        places.approvals.open_one(
            street.parent, ApprovalOf.MERGE, subject=street.kitchen.name, exactly=theirs
        )
        if listed
        else None
    )
    if one is None or one.state is not ApprovalState.WAITING:
        return []
    about = f"{one.what}: airflow dataops approval give {one.id}"
    return [Waiting(what=WaitsFor.APPROVAL, on=listed, about=about, since=one.asked_at)]


def _queued(street: Street, places: MergePlaces) -> list[Waiting]:
    return [
        Waiting(
            what=WaitsFor.QUEUE,
            on=street.merging,
            about=f"{one.joined_by} had it join at commit {one.commit[:12]}",
            since=one.joined_at,
        )
        for one in places.queue.waiting(street.parent)
        if one.kitchen_id == street.kitchen.id
    ]

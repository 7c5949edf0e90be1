"""What the gate of a merge up asks for, held against what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.evidence import Standing, deciding
from airflow_dataops.domain.input_tree import ChangedInputs, changed_inputs
from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_gate import Asked, Gate, GateItem
from airflow_dataops.domain.merge_meaning import MeaningKind
from airflow_dataops.services.merging import approving

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from airflow_dataops.domain.evidence import Evidence
    from airflow_dataops.domain.input_tree import PipelineInputs
    from airflow_dataops.domain.merge import MergePreview
    from airflow_dataops.domain.merge_meaning import Meaning
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest

_BY_HAND = "no data test can tell of an ordinary DAG file; make it a pipeline, or override"


def gate_of(
    asked: MergeRequest, found: MergePreview, meaning: Iterable[Meaning], places: MergePlaces
) -> Gate:
    """The gate of a merge as it is asked for; that of a merge down asks for nothing."""
    if asked.direction is Direction.DOWN or found.is_nothing_new:
        return Gate()
    items = [merged_down(asked, found)]
    if found.tree is not None:
        items += built(meaning)
        items += green(
            changed(found, places),
            places,
            project=asked.kitchen.project,
            kitchens={asked.other.id},
            to_do=f"airflow dataops kitchen test {asked.other.name} --changed",
        )
        items += acknowledged(meaning, asked)
        items += approving.approved(asked, found, places)
    return Gate(items=tuple(items), overridden_by=asked.by.name if asked.overrides else None)


def merged_down(asked: MergeRequest, found: MergePreview) -> GateItem:
    """What was tested in the child is what will run.

    Also where the parent has new commits that bring nothing, as the one of the last merge up.
    """
    other = asked.other.name
    if found.tree is not None and found.tree == found.theirs_tree:
        there = f"{other} has all of {asked.kitchen.name}'s changes"
        return GateItem(asked=Asked.MERGED_DOWN, there=there, is_met=True)
    return GateItem(
        asked=Asked.MERGED_DOWN,
        there=f"{asked.kitchen.name} has changes that {other} has not",
        is_met=False,
        to_do=f"first merge them down: airflow dataops merge down {other}",
    )


def changed(found: MergePreview, places: MergePlaces) -> ChangedInputs:
    """What the merge makes of what pipelines are built from; nothing with conflicts."""
    before, after = places.repository.inputs(found, dags_folder=places.dags_folder)
    return changed_inputs(before, after) if after is not None else ChangedInputs()


def green(
    inputs: ChangedInputs,
    places: MergePlaces,
    *,
    project: str,
    kitchens: Collection[str],
    to_do: str,
) -> Iterator[GateItem]:
    """Each changed pipeline has to be green on exactly what will run.

    Args:
        inputs: what is changed.
        places: where evidence is.
        project: whose.
        kitchens: ids of those whose own runs decide, where they have any.
        to_do: what makes it green.
    """
    wanted = {one.name: one.input_tree for one in inputs.pipelines}
    evidence = places.evidence.about(project, wanted) if wanted else {}
    for one in inputs.pipelines:
        yield _tested(one, evidence[one.name], kitchens, to_do)
    for path in inputs.ordinary:
        there = "it is changed, and nothing tests it"
        yield GateItem(asked=Asked.GREEN, about=path, there=there, is_met=False, to_do=_BY_HAND)


def built(meaning: Iterable[Meaning]) -> list[GateItem]:
    """Code that does not build is nobody's to wave through."""
    return [
        GateItem(
            asked=Asked.BUILDS,
            about=one.pipeline,
            there=f"{one.kind}: {one.what}",
            is_met=False,
        )
        for one in meaning
        if one.kind is MeaningKind.DOES_NOT_BUILD
    ]


def acknowledged(meaning: Iterable[Meaning], asked: MergeRequest) -> list[GateItem]:
    """What protected the data and is gone: whoever merges says that they know."""
    return [
        GateItem(
            asked=Asked.ACKNOWLEDGED,
            about=one.pipeline,
            there=str(one).removeprefix(f"{one.pipeline}: "),
            is_met=str(one) in asked.acknowledged,
            to_do=""
            if str(one) in asked.acknowledged
            else "who merges has to acknowledge it (--acknowledge)",
        )
        for one in meaning
        if one.takes_away
    ]


def _tested(
    inputs: PipelineInputs, evidence: Sequence[Evidence], kitchens: Collection[str], to_do: str
) -> GateItem:
    one = deciding(evidence, kitchens=kitchens)
    is_green = one is not None and one.standing is Standing.GREEN
    there = _never(inputs, evidence, kitchens)
    if one is not None:
        there = f"{one.standing} in {_where(one, kitchens)}{_came_to(one)}"
    return GateItem(
        asked=Asked.GREEN,
        about=inputs.name,
        there=there,
        is_met=is_green,
        is_red=one is not None and not is_green,
        to_do="" if is_green else to_do,
    )


def _where(one: Evidence, kitchens: Collection[str]) -> str:
    # Another kitchen's name may be its staff's alone.
    return f"{one.kitchen}, {one.run_id}" if one.kitchen_id in kitchens else "another kitchen"


def _came_to(one: Evidence) -> str:
    counts = ", ".join(f"{number} {outcome}" for outcome, number in one.counts.items())
    said = counts if one.standing is Standing.GREEN else "; ".join(one.reasons[:3])
    return f": {said}" if said else ""


def _never(inputs: PipelineInputs, evidence: Sequence[Evidence], kitchens: Collection[str]) -> str:
    there = "never tested as it would run"
    if evidence:
        last = max(evidence, key=lambda one: one.ended_at)
        why = "; ".join(last.reasons[:3])
        there += f"; a run in {_where(last, kitchens)} is no evidence: {why}"
    if inputs.why_whole:
        there += f" (bound to the whole branch: {inputs.why_whole})"
    return there

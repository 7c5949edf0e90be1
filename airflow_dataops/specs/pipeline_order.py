"""Which of several things comes first: names, and the names that each waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.specs import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.specs.marked_yaml import Place
    from airflow_dataops.specs.pipeline_keys import Complain


def in_order(
    after: Mapping[str, Sequence[str]], places: Mapping[str, Place], kind: str, complain: Complain
) -> list[str]:
    """The names, each after those that it waits for; as they are written where that is so.

    Args:
        after: for each name, those that it waits for.
        places: where each stands.
        kind: what they are, ``stage`` or ``task``.
        complain: is told of names that are not there, and of circles.
    """
    written = list(after)
    seen: set[str] = set()
    is_in_order = True
    for name in written:
        is_in_order = is_in_order and seen.issuperset(after[name])
        seen.add(name)
    if is_in_order:
        return written
    for name in written:
        for other in after[name]:
            if other not in after:
                hint = wording.did_you_mean(other, after) or f"; there are: {', '.join(after)}"
                beside = " beside it" if kind == "task" else ""
                complain(
                    f"no {kind} {other!r} stands{beside} to be waited for{hint}",
                    (*places[name], "after"),
                )
    return _sorted(after, places, kind, complain)


def _sorted(
    after: Mapping[str, Sequence[str]], places: Mapping[str, Place], kind: str, complain: Complain
) -> list[str]:
    from graphlib import CycleError, TopologicalSorter

    known = {name: [other for other in others if other in after] for name, others in after.items()}
    try:
        return list(TopologicalSorter(known).static_order())
    except CycleError as error:
        circle = error.args[1][::-1]
        chain = " after ".join(circle)
        complain(
            f"{kind}s wait for each other, {chain}: take one of these 'after' out",
            (*places[circle[0]], "after"),
        )
        return list(after)

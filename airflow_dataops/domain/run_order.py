"""In which order pipelines are run that wait for each other's data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def waves(
    pipelines: Collection[str], needs: Mapping[str, Collection[str]]
) -> list[tuple[str, ...]]:
    """Pipelines in groups: those of one group wait for pipelines of the groups before alone.

    Args:
        pipelines: to be run.
        needs: names of those that come first; what is not to be run is not waited for.

    Those that wait for each other in a circle come last, together.
    """
    graph = {name: set(needs.get(name, ())) & set(pipelines) - {name} for name in pipelines}
    found: list[tuple[str, ...]] = []
    while graph:
        ready = sorted(name for name, needed in graph.items() if not needed)
        if not ready:
            return [*found, tuple(sorted(graph))]
        found.append(tuple(ready))
        graph = {name: needed - set(ready) for name, needed in graph.items() if name not in ready}
    return found

"""The kitchens that somebody sees, as a tree in one list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_dataops.web.visit import Seen

# Deeper ones stand no further to the right.
DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A kitchen in its place.

    Attributes:
        depth: 0 for a kitchen whose parent is none, or none that the person may see.
    """

    seen: Seen
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which kitchens somebody looks for; empty text stands for all.

    Attributes:
        words: that the name, ticket, branch or somebody on the staff contains.
        mine: only those where the person has a role.
    """

    words: str = ""
    environment: str = ""
    state: str = ""
    mine: bool = False

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Wanted()

    def fits(self, seen: Seen) -> bool:
        """Whether a kitchen is looked for."""
        kitchen = seen.kitchen
        return (
            self.environment in {"", kitchen.environment}
            and self.state in {"", kitchen.state}
            and (not self.mine or seen.role is not None)
            and self._is_named_by(seen)
        )

    def _is_named_by(self, seen: Seen) -> bool:
        kitchen = seen.kitchen
        texts = [kitchen.name, kitchen.branch, kitchen.settings.ticket or "", kitchen.created_by]
        texts += [member.who for member in seen.staff]
        return any(self.words.lower() in text.lower() for text in texts)


def as_tree(kitchens: Sequence[Seen]) -> list[Branch]:
    """Each kitchen below its parent, those of one parent by name."""
    known = {seen.kitchen.name for seen in kitchens}
    below: dict[str | None, list[Seen]] = defaultdict(list)
    for seen in sorted(kitchens, key=lambda one: one.kitchen.name):
        below[seen.parent if seen.parent in known else None].append(seen)
    return list(_walk(below[None], below, depth=0))


def _walk(
    level: Iterable[Seen], below: dict[str | None, list[Seen]], *, depth: int
) -> Iterator[Branch]:
    for seen in level:
        yield Branch(seen=seen, depth=min(depth, DEEPEST))
        yield from _walk(below.get(seen.kitchen.name, []), below, depth=depth + 1)

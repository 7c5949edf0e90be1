"""What ``git merge-tree --write-tree -z`` prints, as values."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import FileVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {"100644", "100755"}
_CONFLICT, _OF_FOLDERS = "CONFLICT", "directory rename"
_MERGED_BY_ITSELF = "Auto-merging"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One of git's messages.

    Attributes:
        paths: the one that it is about, and others that are named with it.
        kind: its own name for it, for example ``CONFLICT (binary)``.
    """

    paths: tuple[str, ...]
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOutput:
    """A merge as git reports it.

    Attributes:
        tree: id of what it made; with conflicts, marked files are in it.
        stages: base (1), ours (2) and theirs (3) of each path in conflict.
    """

    tree: str
    is_clean: bool
    stages: dict[str, dict[int, FileVersion]] = field(default_factory=dict)
    messages: tuple[Said, ...] = ()

    def touched(self) -> set[str]:
        """Paths that git merged line by line, or tried to."""
        merged = {p for said in self.messages for p in said.paths}
        return merged | set(self.stages)

    def names(self) -> list[str]:
        """What there is to read of the paths in conflict: the sides' files, and what git left."""
        sides = [side.blob for stages in self.stages.values() for side in stages.values()
                 if side.mode in FILES]  # fmt: skip
        return [*sides, *(self.left(path) for path in self.stages)]

    def left(self, path: str) -> str:
        """What git left at a path, as one can ask for it."""
        return f"{self.tree}:{path}"

    def without_files(self) -> Iterator[Said]:
        """Conflicts about folders alone: git could not tell to which of them files are to go.

        Of other conflicts without a file nothing is left, though git mentions them.
        """
        for said in self.messages:
            is_about_folders = said.kind.startswith(_CONFLICT) and _OF_FOLDERS in said.kind
            if is_about_folders and self.stages.keys().isdisjoint(said.paths):
                yield said

    def by_path(self) -> dict[str, list[Said]]:
        """What git says of a conflict, by each of its paths."""
        found: defaultdict[str, list[Said]] = defaultdict(list)
        for said in self.messages:
            if said.kind != _MERGED_BY_ITSELF:
                for path in said.paths:
                    found[path].append(said)
        return found


def read_output(output: bytes, *, is_clean: bool) -> MergeOutput:
    """The values of an output."""
    words = iter(output.decode("utf-8", "surrogateescape").split("\0"))
    tree = next(words).strip()
    stages: defaultdict[str, dict[int, FileVersion]] = defaultdict(dict)
    for entry in words:
        # An empty word ends the list.
        if not entry:
            break
        about, _, path = entry.partition("\t")
        mode, blob, stage = about.split(" ")
        stages[path][int(stage)] = FileVersion(mode=mode, blob=blob)
    return MergeOutput(
        tree=tree, is_clean=is_clean, stages=dict(stages), messages=tuple(_messages(words))
    )


def _messages(words: Iterator[str]) -> Iterator[Said]:
    for count in words:
        if not count.isdigit():
            return
        paths = tuple(next(words) for _ in range(int(count)))
        yield Said(paths=paths, kind=next(words), text=next(words).strip())

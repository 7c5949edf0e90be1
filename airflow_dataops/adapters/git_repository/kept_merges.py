"""What merges of two commits come to, kept for as long as this process lives.

A commit's id says all that it consists of, so what came of two of them stays true. A page and
its script ask for the same merge many times while people decide about it, and each time git
would merge both again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from airflow_dataops.domain.merge_text import Region

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_dataops.domain.merge import FileChange, MergePreview
    from airflow_dataops.domain.merge_text import Parts

Found = TypeVar("Found")
_MOST_BYTES = 64 * 1024 * 1024
# Roughly what one takes in memory, beside the texts in it.
_VALUE_BYTES = 500
# Of a character: with one beyond Latin-1 in it, a text takes two of each, rarely four.
_CHARACTER_BYTES = 2


Preview = tuple["MergePreview", tuple["FileChange", ...]]


class Key(NamedTuple):
    """A merge in the copy of a repository, and what of it is kept."""

    copy: Path
    ours: str
    theirs: str
    what: str


class KeptMerges:
    """The merges asked for last; those asked for longest ago make room.

    Two that ask for the same at the same moment may both make it.

    Args:
        most_bytes: that all of them may take, roughly; what takes more alone is not kept.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[object, int]] = OrderedDict()
        self._bytes = 0

    def preview(
        self, copy: Path, ours: str, theirs: str, make: Callable[[], Preview]
    ) -> tuple[MergePreview, list[FileChange]]:
        """A preview that is kept, or that is made now."""
        preview, files = self._get(Key(copy, ours, theirs, "preview"), make, _preview_bytes)
        return preview, list(files)

    def texts(
        self, copy: Path, ours: str, theirs: str, make: Callable[[], dict[str, Parts]]
    ) -> dict[str, Parts]:
        """The texts in conflict that are kept, or that are read now."""
        found = self._get(Key(copy, ours, theirs, "texts"), make, _texts_bytes)
        return dict(found)

    def _get(self, key: Key, make: Callable[[], Found], size: Callable[[Found], int]) -> Found:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("Found", self._kept[key][0])
        found = make()
        self._keep(key, found, size(found))
        return found

    def _keep(self, key: Key, found: object, size: int) -> None:
        if size > self._most_bytes:
            return
        with self._lock:
            _, before = self._kept.pop(key, (None, 0))
            self._kept[key] = (found, size)
            self._bytes += size - before
            while self._bytes > self._most_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed


def _preview_bytes(found: Preview) -> int:
    preview, files = found
    return _VALUE_BYTES * (1 + 4 * len(preview.conflicts) + len(files))


def _texts_bytes(found: dict[str, Parts]) -> int:
    every = [part for parts in found.values() for part in parts]
    return _VALUE_BYTES * (1 + len(every)) + _CHARACTER_BYTES * sum(map(_length, every))


def _length(part: str | Region) -> int:
    if isinstance(part, Region):
        return len(part.base) + len(part.ours) + len(part.theirs)
    return len(part)

"""Merges of one line of work into another, as values: nothing here touches a repository.

*Ours* is the commit that is merged into, *theirs* the one that is merged, *base* what both came
from. git decides what conflicts; this module says what kind of conflict it is, in words that a
person can act on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_dataops.domain.input_tree import ChangedInputs, TreeInputs

_LINK, _SUBMODULE = "120000", "160000"
_EMPTY_BLOBS = {
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
}


class Direction(StrEnum):
    """Which way work moves along the kitchen tree."""

    DOWN = "down"
    UP = "up"


class ConflictKind(StrEnum):
    """Why git could not merge a path by itself."""

    EDIT_EDIT = "edit/edit"
    ADD_ADD = "add/add"
    DELETE_MODIFY = "delete/modify"
    RENAME_RENAME = "rename/rename"
    RENAME_DELETE = "rename/delete"
    LOCATION = "directory rename"
    FILE_DIRECTORY = "file/directory"
    MODE = "mode"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    BINARY = "binary"
    EMPTY_FILE = "empty file"
    LINE_ENDINGS = "CRLF"
    ENCODING = "encoding"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """A path on one of the three sides: git's mode, and the id of its content."""

    mode: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeWayFile:
    """A path with what each side has there; None where the side has nothing.

    No side has anything where git could not tell which folder files are to be moved to.

    Attributes:
        path: as git reports it. Where a file stands in the way of a folder, git puts it beside,
            under ``path~commit``.
    """

    path: str
    base: FileVersion | None = None
    ours: FileVersion | None = None
    theirs: FileVersion | None = None

    def sides(self) -> Iterator[FileVersion]:
        """What is there, base first."""
        return (side for side in (self.base, self.ours, self.theirs) if side is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A path that a person has to decide about.

    Attributes:
        regions: how many places of its text are in conflict; 0 where the path as a whole is.
        said: git's own sentences about it.
        shown: the path as a person knows it.
    """

    file: ThreeWayFile
    kind: ConflictKind
    regions: int
    said: tuple[str, ...]
    shown: str

    @property
    def path(self) -> str:
        """The path as git reports it."""
        return self.file.path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """What the merge makes of one path of ours.

    Attributes:
        change: ``added``, ``changed``, ``deleted``, ``renamed`` or ``retyped``.
        before: the path that it had, for one that is renamed.
    """

    path: str
    change: str
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """What merging one commit into another comes to; nothing was changed to find out.

    Attributes:
        tree: id of the merged tree; None with conflicts.
        theirs_tree: id of the tree that theirs has, where it was asked for.
        is_nothing_new: theirs is in ours already.
        is_forward: ours is in theirs, so that the merge is theirs.
    """

    ours: str
    theirs: str
    tree: str | None
    theirs_tree: str | None = None
    conflicts: tuple[Conflict, ...] = ()
    is_nothing_new: bool = False
    is_forward: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The three sides' contents as far as they could be read; None where a side has nothing."""

    base: bytes | None
    ours: bytes | None
    theirs: bytes | None

    def present(self) -> list[bytes]:
        """Those that are there."""
        return [side for side in (self.base, self.ours, self.theirs) if side is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What taking a merge out of a later commit comes to.

    Attributes:
        preview: ours is the later commit; theirs has the merge's files as they were before it.
        files: what becomes of ours' files; none with conflicts.
        now: what ours' pipelines are built from.
        then: the same without the merge; None with conflicts.
        merged: what the merge itself made of pipelines.
    """

    preview: MergePreview
    files: tuple[FileChange, ...]
    now: TreeInputs
    then: TreeInputs | None
    merged: ChangedInputs


def moved(seen: str, now: str | None) -> str:
    """Where a branch was and is, in the words of an error."""
    return f": it was at {seen[:12]} and is {f'at {now[:12]}' if now else 'gone'}"


def kind_of(
    file: ThreeWayFile, said: Iterable[str], contents: Contents, *, modes: set[str]
) -> ConflictKind:
    """The kind of a conflict; the most telling one where several fit.

    Args:
        file: the path.
        said: what git calls the path's conflicts, for example ``CONFLICT (rename/delete)``.
        contents: of the sides' files; of links and submodules nothing is needed.
        modes: of all that is at the path, also of what git has put beside it.
    """
    words = " ".join(said)
    named = ConflictKind.SUBMODULE if _SUBMODULE in modes else _named_by_git(words)
    if named is not None:
        return named
    ours, theirs = file.ours, file.theirs
    if (ours is None or theirs is None) and "distinct" not in words:
        return ConflictKind.DELETE_MODIFY
    if _LINK in modes:
        return ConflictKind.SYMLINK
    if ours is None or theirs is None or ours.blob == theirs.blob:
        return ConflictKind.MODE
    if len({ours.blob in _EMPTY_BLOBS, theirs.blob in _EMPTY_BLOBS}) > 1:
        return ConflictKind.EMPTY_FILE
    return _of_contents(file, contents, is_binary="(binary)" in words)


def _named_by_git(words: str) -> ConflictKind | None:
    for said, kind in (
        ("file/directory", ConflictKind.FILE_DIRECTORY),
        ("rename/delete", ConflictKind.RENAME_DELETE),
        ("rename/rename", ConflictKind.RENAME_RENAME),
        ("rename involved in collision", ConflictKind.RENAME_RENAME),
        ("file location", ConflictKind.LOCATION),
        ("directory rename", ConflictKind.LOCATION),
    ):
        if said in words:
            return kind
    return None


def _of_contents(file: ThreeWayFile, contents: Contents, *, is_binary: bool) -> ConflictKind:
    if encodings_differ(contents):
        return ConflictKind.ENCODING
    if is_binary or any(b"\0" in side[:8000] for side in contents.present()):
        return ConflictKind.BINARY
    if line_endings_differ(contents):
        return ConflictKind.LINE_ENDINGS
    return ConflictKind.ADD_ADD if file.base is None else ConflictKind.EDIT_EDIT


def encodings_differ(contents: Contents) -> bool:
    """Whether the sides are text in different encodings."""
    found = {_encoding(side) for side in contents.present()} - {"ascii"}
    return len(found) > 1 and "binary" not in found


def line_endings_differ(contents: Contents) -> bool:
    """Whether ours and theirs end their lines in different ways."""
    ends = [_line_end(side) for side in (contents.ours, contents.theirs) if side]
    known = [end for end in ends if end is not None]
    return len(set(known)) > 1


def _line_end(content: bytes) -> str | None:
    lines = content.count(b"\n")
    if not lines:
        return None
    return "crlf" if 2 * content.count(b"\r\n") > lines else "lf"


def _encoding(content: bytes) -> str:
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8 with a mark"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return name
    if b"\0" in content[:8000]:
        return "binary"
    for name in ("ascii", "utf-8"):
        try:
            content.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "another"

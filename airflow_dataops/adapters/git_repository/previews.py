"""git's account of a merge, told in the domain's words."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import (
    Conflict,
    Contents,
    FileChange,
    MergePreview,
    ThreeWayFile,
    kind_of,
)
from airflow_dataops.domain.merge_text import MARKER_LENGTH, Parts, count_regions, parts_of
from airflow_dataops.errors import CannotMerge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_dataops.adapters.git_repository.merge_output import MergeOutput, Said
    from airflow_dataops.adapters.git_repository.merging import Merging, ObjectDatabase
    from airflow_dataops.adapters.git_repository.object_commands import Blob
    from airflow_dataops.domain.merge import ConflictKind, FileVersion

_CHANGES = {"A": "added", "M": "changed", "D": "deleted", "R": "renamed", "T": "retyped"}
_LARGEST_TEXT = 4_000_000
_NO_COMMIT = re.compile(r"~[0-9a-f]{40,64}(?=$|/)")
_COMMIT_IN_WORDS = re.compile(r"\b([0-9a-f]{40}|[0-9a-f]{64})\b")


def preview(database: ObjectDatabase, ours: str, theirs: str) -> MergePreview:
    """What merging theirs into ours comes to; both are commit ids.

    Raises:
        CannotMerge: they have nothing in common.
        RepositoryDamaged: the repository lacks a part of them.
    """
    with database.looking() as merging:
        return preview_in(merging, ours, theirs)


def preview_in(merging: Merging, ours: str, theirs: str) -> MergePreview:
    """The same with what is kept, or not, left to the caller."""
    found = merging.merge(ours, theirs)
    if found.is_clean:
        return MergePreview(ours=ours, theirs=theirs, tree=found.tree)
    conflicts = tuple(_conflicts(merging, found, (ours, theirs)))
    if not conflicts:
        said = " ".join(one.text for one in found.messages) or "it does not say why"
        message = f"git cannot merge {theirs} into {ours}, and leaves no conflict to decide: {said}"
        raise CannotMerge(message)
    return MergePreview(ours=ours, theirs=theirs, tree=None, conflicts=conflicts)


def changes(merging: Merging, preview: MergePreview, tree: str) -> list[FileChange]:
    """What a merge makes of ours' files."""
    return [
        FileChange(path=path, change=_CHANGES.get(letter, "changed"), before=before)
        for letter, path, before in merging.changes(f"{preview.ours}^{{tree}}", tree)
    ]


def difference(merging: Merging, preview: MergePreview, changed: FileChange) -> str:
    """What git prints about a file that a merge changes."""
    tree = merging.merge(preview.ours, preview.theirs).tree
    paths = [f":(top,literal){path}" for path in (changed.before, changed.path) if path]
    # Nothing that a repository's own settings name is run for it.
    plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames")
    said = merging.run("diff", *plain, f"{preview.ours}^{{tree}}", tree, "--", *paths)
    return said.decode("utf-8", "replace")


def texts(database: ObjectDatabase, ours: str, theirs: str) -> dict[str, Parts]:
    """The files whose text is in conflict, by path: what git merged, and what it left.

    Files that are too large, 4 MB with what git marked in them, or are no text have no such parts:
    they are decided about as a whole.
    """
    marked = {style: _marked(database, ours, theirs, style) for style in ("merge", "diff3")}
    return {
        path: parts_of(content, marked["diff3"].get(path, content))
        for path, content in marked["merge"].items()
    }


def _marked(database: ObjectDatabase, ours: str, theirs: str, style: str) -> dict[str, str]:
    with database.looking() as merging:
        found = merging.merge(ours, theirs, style=style, marker_length=MARKER_LENGTH)
        left = merging.read(found.left(path) for path in found.stages)
    sign = b"<" * MARKER_LENGTH
    blobs = {path: left[found.left(path)] for path in found.stages}
    return {
        path: blob.content.decode("utf-8", "surrogateescape")
        for path, blob in blobs.items()
        if blob is not None and len(blob.content) <= _LARGEST_TEXT and sign in blob.content
    }


def _conflicts(
    merging: Merging, found: MergeOutput, commits: tuple[str, str]
) -> Iterable[Conflict]:
    said = found.by_path()
    objects = merging.read(found.names())
    modes: defaultdict[str, set[str]] = defaultdict(set)
    for path, stages in found.stages.items():
        modes[_shown(path)] |= {side.mode for side in stages.values()}
    for path, stages in found.stages.items():
        left = objects[found.left(path)]
        file = ThreeWayFile(
            path=path,
            base=stages.get(1),
            ours=stages.get(2),
            theirs=stages.get(3),
        )
        yield Conflict(
            file=file,
            kind=_kind(file, said.get(path, []), objects, modes[_shown(path)]),
            regions=count_regions(left.content, ours=commits[0]) if left is not None else 0,
            said=tuple(_in_words(one.text, commits) for one in said.get(path, [])),
            shown=_shown(path),
        )
    for one in found.without_files():
        file = ThreeWayFile(path=one.paths[0])
        kind = _kind(file, [one], objects, set())
        words = (_in_words(one.text, commits),)
        yield Conflict(file=file, kind=kind, regions=0, said=words, shown=file.path)


def _kind(
    file: ThreeWayFile, said: list[Said], objects: Mapping[str, Blob | None], modes: set[str]
) -> ConflictKind:
    sides = Contents(
        base=_content(file.base, objects),
        ours=_content(file.ours, objects),
        theirs=_content(file.theirs, objects),
    )
    return kind_of(file, [one.kind for one in said], sides, modes=modes)


def _shown(path: str) -> str:
    return _NO_COMMIT.sub("", path)


def _content(side: FileVersion | None, objects: Mapping[str, Blob | None]) -> bytes | None:
    blob = objects.get(side.blob) if side is not None else None
    return blob.content if blob is not None else None


def _in_words(sentence: str, commits: tuple[str, str]) -> str:
    """Git names the sides by their ids; a person knows them as ours and theirs."""
    names = dict(zip(commits, ("ours", "theirs"), strict=True))
    said = _NO_COMMIT.sub("", sentence)
    return _COMMIT_IN_WORDS.sub(lambda found: names.get(found[0], found[0]), said)

"""The repository that people push to, to merge its branches in.

A bare copy on this host is where merges are made; it is a cache, and made anew where it is
broken. The repository itself is the truth: a merge is done when its branch has moved there, from
the commit that was looked at and no other.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import git

from airflow_dataops.adapters.git_repository import previews, promoted, undoing
from airflow_dataops.adapters.git_repository.branches import identity_of
from airflow_dataops.adapters.git_repository.commands import (
    PATIENCE_SECONDS,
    lines_of,
    piped,
    told,
)
from airflow_dataops.adapters.git_repository.kept_merges import KeptMerges
from airflow_dataops.adapters.git_repository.merging import ObjectDatabase
from airflow_dataops.adapters.git_repository.mirror import Mirror
from airflow_dataops.adapters.git_repository.pipeline_inputs import tree_inputs
from airflow_dataops.adapters.git_repository.remote import Remote
from airflow_dataops.adapters.git_repository.scratch import scratch_folder
from airflow_dataops.domain.manifest import read_manifest
from airflow_dataops.domain.merge import moved
from airflow_dataops.domain.release import Commit
from airflow_dataops.errors import (
    BranchMoved,
    OutsideSystemError,
    PushRefused,
    RepositoryDamaged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow_dataops.adapters.git_repository.remote import RepositoryLogin
    from airflow_dataops.domain.input_tree import TreeInputs
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge import FileChange, MergePreview, Undoing
    from airflow_dataops.domain.merge_draft import KitchenMerge, Resolved
    from airflow_dataops.domain.merge_text import Parts
    from airflow_dataops.domain.promotion import PromotionFacts
    from airflow_dataops.domain.source_change import Authorship

log = logging.getLogger(__name__)

Found = TypeVar("Found")
_BRANCHES = "refs/heads/"
_COMMIT = "%H%x1f%an%x1f%aI%x1f%s"  # a title has no line ends, and may have anything else


class MergeRepository:
    """Merges of the branches of the repository at a path or URL; implements the port.

    Args:
        path: where the copy on this host is, or will be.
        url: as git takes it.
        login: who we are there; default: whom git takes this host for.
        patience_seconds: how long one exchange with the repository may take.
        kept: what merges came to before; default: nothing is kept.
    """

    def __init__(
        self,
        path: Path,
        *,
        url: str,
        login: Callable[[], RepositoryLogin] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        kept: KeptMerges | None = None,
    ) -> None:
        self._path = path
        self._kept = kept or KeptMerges(most_bytes=0)
        self._url = url
        self._remote = Remote(url, login=login, patience_seconds=patience_seconds)
        self._mirror = Mirror(path, url=url, login=login, patience_seconds=patience_seconds)
        # Known to be in the copy with all that they consist of: a branch led to them, or they were
        # made here a moment ago and are on none yet.
        self._whole: set[str] = set()

    def tips(self, branches: Sequence[str]) -> dict[str, str]:
        """Commit at the tip of each branch that there is, by branch."""
        wanted = [f"{_BRANCHES}{branch}" for branch in branches]
        with told("look up branches", ", ".join(branches), self._url):
            listed = self._remote.ask(git.Git(), "ls-remote", self._url, *wanted)
        found = (line.split(maxsplit=1) for line in lines_of(listed))
        # git takes a name for the end of one: others may be listed beside it.
        return {
            name.removeprefix(_BRANCHES): commit for commit, name in found if name in set(wanted)
        }

    def contains(self, commit: str, *, within: str) -> bool:
        """Whether a commit is another, or one of those that led to it."""

        def look(database: ObjectDatabase) -> bool:
            # One whose push never arrived is on no branch, and may not be here at all.
            return database.reaches(commit) and database.merge_base(commit, within) == commit

        return commit == within or self._trying((within,), look)

    def apart(self, ours: str, theirs: str) -> tuple[int, int]:
        """How many commits ours has that theirs has not, and the other way round."""

        def count(database: ObjectDatabase) -> tuple[int, int]:
            said = database.run("rev-list", "--left-right", "--count", f"{ours}...{theirs}")
            mine, others = said.split()
            return int(mine), int(others)

        return (0, 0) if ours == theirs else self._trying((ours, theirs), count)

    def missing(self, ours: str, theirs: str, *, at_most: int = 0) -> tuple[int, list[Commit]]:
        """Commits of theirs that ours has not: how many, and the last ones, the newest first."""

        def look(database: ObjectDatabase) -> tuple[int, list[Commit]]:
            number = int(database.run("rev-list", "--count", f"{ours}..{theirs}"))
            words = (f"--max-count={at_most}", f"--format={_COMMIT}", f"{ours}..{theirs}")
            said = database.run("log", "-z", *words) if at_most and number else b""
            lines = said.decode("utf-8", "replace").split("\0")
            return number, [_commit_of(line) for line in lines if line]

        return (0, []) if ours == theirs else self._trying((ours, theirs), look)

    def preview(self, ours: str, theirs: str) -> tuple[MergePreview, list[FileChange]]:
        """What merging theirs into ours comes to, and what it makes of ours' files."""

        def look(database: ObjectDatabase) -> tuple[MergePreview, tuple[FileChange, ...]]:
            with database.looking() as merging:
                preview = previews.preview_in(merging, ours, theirs)
                tree = preview.tree
                files = previews.changes(merging, preview, tree) if tree is not None else []
                theirs_tree = merging.run("rev-parse", f"{theirs}^{{tree}}").decode().strip()
            return replace(preview, theirs_tree=theirs_tree), tuple(files)

        return self._kept.preview(
            self._path, ours, theirs, lambda: self._trying((ours, theirs), look)
        )

    def difference(self, preview: MergePreview, changed: FileChange) -> str:
        """What git prints about a file that a merge changes, from ours to the merged tree."""

        def look(database: ObjectDatabase) -> str:
            with database.looking() as merging:
                return previews.difference(merging, preview, changed)

        return self._trying((preview.ours, preview.theirs), look)

    def inputs(
        self, preview: MergePreview, *, dags_folder: str
    ) -> tuple[TreeInputs, TreeInputs | None]:
        """What ours' pipelines are built from, and the merged ones; None with conflicts."""

        def look(database: ObjectDatabase) -> tuple[TreeInputs, TreeInputs | None]:
            with database.looking() as merging:
                before = tree_inputs(merging, preview.ours, dags_folder=dags_folder)
                if preview.tree is None:
                    return before, None
                tree = merging.merge(preview.ours, preview.theirs).tree
                return before, tree_inputs(merging, tree, dags_folder=dags_folder)

        return self._trying((preview.ours, preview.theirs), look)

    def ran(
        self, version: str, *, kitchen: Kitchen, dags_folder: str
    ) -> tuple[str, TreeInputs] | None:
        """The commit of a kitchen that a version of its bundle names, and what is built from it."""

        def look(database: ObjectDatabase) -> tuple[str, TreeInputs] | None:
            with self._alone():
                # It keeps the commits that it names, also when their branches are gone.
                content = self._mirror.read_manifest(version)
            manifest = read_manifest(content, version=version, environment=kitchen.environment)
            shown = manifest.kitchens.get(kitchen.name)
            if shown is None or shown.id != kitchen.id:
                return None
            with database.looking() as merging:
                found = tree_inputs(merging, shown.commit, dags_folder=dags_folder)
            return shown.commit, found

        return self._trying((), look)

    def tips_with_inputs(
        self, branches: Sequence[str], *, dags_folder: str
    ) -> dict[str, tuple[str, TreeInputs]]:
        """Of each branch that there is, the commit at its tip and what is built from it."""
        tips = self.tips(branches)

        def look(database: ObjectDatabase) -> dict[str, tuple[str, TreeInputs]]:
            with database.looking() as merging:
                return {
                    branch: (commit, tree_inputs(merging, commit, dags_folder=dags_folder))
                    for branch, commit in tips.items()
                }

        return self._trying(list(tips.values()), look)

    def texts(self, ours: str, theirs: str) -> dict[str, Parts]:
        """The files whose text is in conflict, by path."""

        def look(database: ObjectDatabase) -> dict[str, Parts]:
            return previews.texts(database, ours, theirs)

        return self._kept.texts(
            self._path, ours, theirs, lambda: self._trying((ours, theirs), look)
        )

    def contents(self, commits: tuple[str, str], blobs: Sequence[str]) -> dict[str, bytes]:
        """Contents of two commits by their ids; those it has not are left out."""

        def look(database: ObjectDatabase) -> dict[str, bytes]:
            with database.looking() as merging:
                found = merging.read(blobs)
            return {
                name: blob.content for name, blob in found.items() if blob and blob.kind == "blob"
            }

        return self._trying(commits, look)

    @contextmanager
    def laid_out(self, preview: MergePreview, *, paths: Sequence[str]) -> Iterator[dict[str, Path]]:
        """Folders with ours' files and the merged ones below some paths, while they are needed."""
        commits = (preview.ours, preview.theirs)
        self._trying(commits, lambda _: None)
        with (
            ObjectDatabase(self._path).looking() as merging,
            scratch_folder(in_memory=False) as place,
        ):
            trees = [preview.ours]
            if preview.tree is not None:
                trees.append(merging.merge(*commits).tree)
            folders = {tree: Path(place, tree) for tree in trees}
            for tree, folder in folders.items():
                merging.extract(tree, folder, paths=paths)
            yield folders

    def write(
        self,
        preview: MergePreview,
        resolved: Mapping[str, Resolved | None],
        authorship: Authorship,
    ) -> str:
        """Make the commit of a merge, on no branch yet; gives its id."""

        def make(database: ObjectDatabase) -> str:
            with database.writing() as merging:
                found = merging.merge(preview.ours, preview.theirs)
                tree = found.tree
                if resolved:
                    changed = {
                        path: (one.mode, one.content) if one else None
                        for path, one in resolved.items()
                    }
                    tree = merging.tree_with(tree, changed)
                with piped(authorship.message.encode()) as message:
                    parents = ("-p", preview.ours, "-p", preview.theirs)
                    committed = merging.run(
                        *("commit-tree", tree, *parents, "-F", "-"),
                        stream=message,
                        env=identity_of(authorship.author),
                    )
            commit = committed.decode().strip()
            self._whole.add(commit)
            return commit

        return self._trying((preview.ours, preview.theirs), make)

    def promoted(self, merge: KitchenMerge, *, dags_folder: str) -> PromotionFacts:
        """What became what by a merge that is over; without its commits."""

        def look(database: ObjectDatabase) -> PromotionFacts:
            with database.looking() as merging:
                return promoted.promoted(merging, merge, dags_folder=dags_folder)

        return self._trying((merge.ours, merge.theirs, str(merge.commit)), look)

    def undoing(self, merge: KitchenMerge, *, within: str, dags_folder: str) -> Undoing:
        """What taking a merge out of a commit that came of it comes to."""

        def look(database: ObjectDatabase) -> Undoing:
            with database.looking() as merging:
                return undoing.undoing(merging, merge, within=within, dags_folder=dags_folder)

        return self._trying((within, str(merge.commit), merge.ours), look)

    def undo(self, merge: KitchenMerge, *, within: str, authorship: Authorship) -> str:
        """Make the commit that takes a merge out, on no branch yet; gives its id."""

        def make(database: ObjectDatabase) -> str:
            with database.writing() as merging:
                return undoing.undo(merging, merge, within=within, authorship=authorship)

        commit = self._trying((within, str(merge.commit), merge.ours), make)
        self._whole.add(commit)
        return commit

    def move(self, branch: str, *, seen: str, to: str) -> None:
        """Move a branch from the commit that it was seen at to one that follows it."""
        ref = f"{_BRANCHES}{branch}"
        words = ("--porcelain", f"--force-with-lease={ref}:{seen}", self._url, f"{to}:{ref}")
        status, out, err = self._remote.attempt(git.Git(self._path), "push", *words)
        if status == 0:
            return
        # The answer alone may have been lost on its way.
        now = self.tips([branch]).get(branch)
        if now == to:
            return
        if now != seen:
            raise BranchMoved(branch, moved(seen, now))
        where = self._remote.shown
        reason = _words_of(out.decode("utf-8", "replace"), err).replace(self._url, where)
        message = f"{where} refused the push to branch {branch!r}; nothing was changed: {reason}"
        raise PushRefused(message)

    def _trying(self, commits: Sequence[str], do: Callable[[ObjectDatabase], Found]) -> Found:
        """Do something with the copy, which has these commits; once more where it is broken."""
        self._bring(commits)
        try:
            return do(ObjectDatabase(self._path))
        except RepositoryDamaged:
            self._begin_anew()
            self._bring(commits)
            return do(ObjectDatabase(self._path))

    def _bring(self, commits: Sequence[str]) -> None:
        if self._has(commits):
            return
        with self._alone():
            try:
                self._mirror.fetch_branches()
            except OutsideSystemError:
                # Another host's git may have left it broken; the repository itself may be well.
                if not self._path.exists():
                    raise
                self.tips([])
                shutil.rmtree(self._path)
                self._mirror.fetch_branches()
        if not self._has(commits):
            where = self._remote.shown
            message = f"{where} has not all of the commits {', '.join(commits)} on its branches"
            raise OutsideSystemError(message)

    def _begin_anew(self) -> None:
        with self._alone():
            self._whole.clear()
            log.warning("the copy of %s at %s is broken; making it anew", *self._places())
            shutil.rmtree(self._path, ignore_errors=True)

    def _places(self) -> tuple[str, Path]:
        return self._remote.shown, self._path

    def _has(self, commits: Sequence[str]) -> bool:
        if not (self._path / "HEAD").exists():
            return False
        database = ObjectDatabase(self._path)
        new = [commit for commit in dict.fromkeys(commits) if commit not in self._whole]
        if not all(database.reaches(commit) for commit in new):
            return False
        self._whole.update(new)
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Processes of this host change the copy one after the other."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _commit_of(line: str) -> Commit:
    id_, author, at, title = line.split("\x1f", 3)
    return Commit(id=id_, author=author, at=datetime.fromisoformat(at), title=title)


def _words_of(output: str, complaint: str) -> str:
    """What the other side said, without git's own words around it."""
    said = [
        line.removeprefix("remote:").strip()
        for line in complaint.splitlines()
        if line.startswith("remote:")
    ]
    said += [line.split("\t")[-1] for line in output.splitlines() if line.startswith("!")]
    kept = [line for line in said if line]
    return " ".join(kept) or complaint.strip() or "nothing"

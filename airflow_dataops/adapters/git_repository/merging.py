"""Merges in the object database: no work tree, nothing half-done.

``git merge-tree`` merges two commits and writes what comes of it as objects. A preview lets it
write them to a folder that is thrown away, so that looking changes nothing, not even in a
repository that may not be written to.

git reads the attributes of paths (``merge=union``, ``binary``) from a work tree. A bare
repository has none, so files of ours that say such things are laid out in the same folder: the
outcome is that of ``git merge`` on ours' branch.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import git

from airflow_dataops.adapters.git_repository.commands import UNATTENDED, lines_of, piped
from airflow_dataops.adapters.git_repository.merge_output import MergeOutput, read_output
from airflow_dataops.adapters.git_repository.object_commands import (
    Blob,
    answers_of,
    attempt,
    encoded,
    quoted_path,
)
from airflow_dataops.adapters.git_repository.scratch import scratch_folder
from airflow_dataops.errors import (
    CannotMerge,
    OutsideSystemError,
    RepositoryDamaged,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# As git's own defaults say: what this host's git is set to is no part of a merge.
_SETTINGS = {
    "merge.renames": "true",
    "merge.directoryRenames": "conflict",
    "merge.conflictStyle": "merge",
    "merge.renormalize": "false",
    "core.attributesFile": "/dev/null",
    "gc.auto": "0",
}
_UNRELATED = (
    "the two have no commit in common, so nothing says which side changed what; merge one into"
    " the other once by hand, with git merge --allow-unrelated-histories"
)
_UNRELATED_SHALLOW = (
    "the repository is shallow, and what the two have in common was left out; get it with"
    " git fetch --unshallow"
)
_LONGEST_SHOWN = 80
_ATTRIBUTES = ".gitattributes"
_MISSING = (
    "unable to read",
    "bad object",
    "missing",
    "corrupt",
    "invalid object",
    "loose object",
    "not something we can merge",
    "unknown revision",
)


class ObjectDatabase:
    """The commits, trees and contents of a repository on this host.

    Args:
        git_dir: the repository's own folder: of a bare one itself, of a clone ``.git``.
        objects: folder of its objects, where it is not ``git_dir/objects``.
    """

    def __init__(self, git_dir: Path, *, objects: Path | None = None) -> None:
        self._git_dir = git_dir.resolve()
        self._objects = (objects or self._git_dir / "objects").resolve()

    @classmethod
    def around(cls, place: Path) -> ObjectDatabase:
        """The one of the repository that a folder is in: bare, a clone, or a work tree of one.

        Raises:
            OutsideSystemError: there is none.
        """
        # GitPython would take a folder that is not there for the present one.
        reason = "there is no such folder"
        if place.is_dir():
            asked = ("--path-format=absolute", "--git-dir", "--git-path", "objects")
            status, out, reason = attempt(git.Git(place), "rev-parse", *asked)
            if status == 0:
                found = lines_of(out.decode("utf-8", "surrogateescape"))
                return cls(Path(found[0]), objects=Path(found[1]))
        message = f"{place} is no git repository that can be read here: {reason.strip()}"
        raise OutsideSystemError(message)

    @property
    def is_shallow(self) -> bool:
        """Whether commits before some depth are missing."""
        return (self._git_dir / "shallow").exists()

    def pin(self, *names: str) -> list[str]:
        """Commit ids of branches, tags or ids, all read at once.

        Raises:
            CannotMerge: the repository has no such commit.
        """
        for name in names:
            if not name or "\n" in name:
                raise self._not_there(name)
        kinds = ("commit", "tree")
        asked = "".join(f"{name}^{{{kind}}}\n" for name in names for kind in kinds)
        with piped(encoded(asked)) as stream:
            answer = self.run("cat-file", "--batch-check=%(objectname)", stream=stream)
        lines = lines_of(answer.decode("utf-8", "replace"))
        for name, commit, tree in zip(names, lines[::2], lines[1::2], strict=True):
            if " " in commit:
                raise self._not_there(name)
            # git 2.39 merges a commit whose tree is missing as if it were empty.
            if " " in tree:
                complaint = f"missing tree of {name}"
                raise self.failure(complaint, "cat-file")
        return lines[::2]

    def reaches(self, commit: str) -> bool:
        """Whether a branch leads to a commit: then all that it consists of is there.

        Of a fetch that was killed, some objects can be there, and no branch leads to them.
        """
        words = ("for-each-ref", "--count=1", f"--contains={commit}", "refs/heads/")
        status, out, _ = attempt(self._command(), *words)
        return status == 0 and bool(out)

    def merge_base(self, ours: str, theirs: str) -> str | None:
        """What both commits came from; the best of several; None where there is nothing."""
        status, out, err = attempt(self._command(), "merge-base", ours, theirs)
        if status == 1 and not err:
            return None
        if status:
            raise self.failure(err, "merge-base")
        return out.decode().strip()

    def run(self, *words: str, stream: IO[bytes] | None = None) -> bytes:
        """What a git command printed.

        Raises:
            OutsideSystemError: it failed.
        """
        status, out, err = attempt(self._command(), *words, stream=stream)
        if status:
            raise self.failure(err, words[0])
        return out

    @contextmanager
    def looking(self) -> Iterator[Merging]:
        """Merge without a trace in the repository: what is written is gone at the end."""
        with _folder() as folder:
            yield Merging(self, folder, keeps=False)

    @contextmanager
    def writing(self) -> Iterator[Merging]:
        """Merge, and keep the objects."""
        with _folder() as folder:
            yield Merging(self, folder, keeps=True)

    def _command(self) -> git.Git:
        command = git.Git(self._git_dir)
        command.update_environment(**UNATTENDED, **self.environment(None, keeps=True))
        return command

    def environment(self, folder: Path | None, *, keeps: bool) -> dict[str, str]:
        """What tells git where to read and where to write."""
        said = {"GIT_DIR": str(self._git_dir), "GIT_CONFIG_COUNT": str(len(_SETTINGS))}
        for number, (name, value) in enumerate(_SETTINGS.items()):
            said |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        if folder is not None:
            said["GIT_WORK_TREE"] = str(folder / "tree")
        if folder is not None and not keeps:
            said["GIT_OBJECT_DIRECTORY"] = str(folder / "objects")
            said["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = quoted_path(str(self._objects))
        return said

    def _not_there(self, name: str) -> CannotMerge:
        shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
        return CannotMerge(
            f"{self._git_dir} has no commit {shown!r}; give a branch, a tag or a commit id that"
            " is there, and fetch first what was pushed meanwhile"
        )

    def failure(self, complaint: str, what: str) -> Exception:
        """What git complains about, in our words."""
        reason = complaint.strip() or "it said nothing"
        if "unrelated histories" in reason:
            return CannotMerge(_UNRELATED_SHALLOW if self.is_shallow else _UNRELATED)
        if any(word in reason for word in _MISSING):
            fix = "get the rest with git fetch --unshallow" if self.is_shallow else "clone it anew"
            return RepositoryDamaged(f"{self._git_dir} is not complete: {reason}; {fix}")
        return OutsideSystemError(f"git {what} failed in {self._git_dir}: {reason}")


class Merging:
    """Merges of one repository for as long as a folder of their own exists."""

    def __init__(self, database: ObjectDatabase, folder: Path, *, keeps: bool) -> None:
        self._database = database
        self._work_tree = folder / "tree"
        self._folder = folder
        self._command = git.Git(self._work_tree)
        self._command.update_environment(**UNATTENDED, **database.environment(folder, keeps=keeps))
        self._asked: set[str] = set()
        self._known: dict[str, Blob | None] = {}
        self._everywhere = b""

    def merge(
        self, ours: str, theirs: str, *, style: str = "merge", marker_length: int | None = None
    ) -> MergeOutput:
        """What merging theirs into ours comes to, as git says it.

        Args:
            ours: commit id.
            theirs: commit id.
            style: how conflicts are marked, ``merge`` or ``diff3``.
            marker_length: of the markers; default: git's seven.

        Raises:
            CannotMerge: they have nothing in common.
            RepositoryDamaged: the repository lacks what one of them consists of.
        """
        if marker_length is not None:
            self._everywhere = f"\n* conflict-marker-size={marker_length}\n".encode()
            self._lay_out("", b"")
        found = self._merged(ours, theirs, style)
        # Attributes count for what both sides changed, and that is known only now. What is in
        # conflict is read with them: a git command more takes as long as a small merge.
        attributes = self._attributes_of(ours, found.touched())
        self.read([*attributes.values(), *found.names()])
        if self._lay_out_attributes(attributes):
            found = self._merged(ours, theirs, style)
        return found

    def read(self, names: Iterable[str]) -> dict[str, Blob | None]:
        """Objects by their ids, or by ``tree:path``, all read at once; None for one not there."""
        asked = list(dict.fromkeys(names))
        new = [name for name in asked if name not in self._known]
        if new:
            with piped(encoded("".join(f"{name}\0" for name in new))) as stream:
                answer = self.run("cat-file", "--batch", "-z", stream=stream)
            self._known |= zip(new, answers_of(answer, new), strict=True)
        return {name: self._known[name] for name in asked}

    def changes(self, before: str, after: str) -> list[tuple[str, str, str | None]]:
        """How two trees differ: git's letter, the path, and its former path if it was renamed."""
        listed = self.run("diff-tree", "-r", "-z", "-M", "--name-status", before, after)
        words = iter(listed.decode("utf-8", "surrogateescape").split("\0"))
        found: list[tuple[str, str, str | None]] = []
        for letter in words:
            if not letter:
                break
            first = next(words)
            if letter[0] in "RC":
                found.append((letter[0], next(words), first))
            else:
                found.append((letter[0], first, None))
        return found

    def tree_with(self, tree: str, changed: Mapping[str, tuple[str, bytes | str] | None]) -> str:
        """A tree in which some paths are others.

        Args:
            tree: its id.
            changed: for each path its mode and content (or its content's id), None to remove it.

        Raises:
            OutsideSystemError: a path cannot be where another is.
        """
        index = str(self._folder / "index")
        self._command.update_environment(GIT_INDEX_FILE=index)
        zeros = "0" * len(tree)
        ids = self._written({p: e[1] for p, e in changed.items() if e and isinstance(e[1], bytes)})
        lines = [f"0 {zeros}\t{path}\0" for path in changed]
        for path, entry in changed.items():
            if entry is not None:
                blob = ids[path] if isinstance(entry[1], bytes) else entry[1]
                lines.append(f"{entry[0]} {blob}\t{path}\0")
        self.run("read-tree", tree)
        with piped(encoded("".join(lines))) as stream:
            self.run("update-index", "--replace", "-z", "--index-info", stream=stream)
        return self.run("write-tree").decode().strip()

    def extract(self, tree: str, into: Path, *, paths: Sequence[str]) -> None:
        """Write the files of a commit or tree below some paths; those it lacks are left out."""
        into.mkdir()
        listed = self.run("ls-tree", "-z", "--name-only", tree, "--", *paths)
        wanted = [path for path in listed.decode("utf-8", "surrogateescape").split("\0") if path]
        if not wanted:
            return
        packed = self.run("archive", "--format=tar", tree, "--", *wanted)
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(into, filter="data")

    def run(
        self,
        *words: str,
        stream: IO[bytes] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> bytes:
        """What a git command printed.

        Raises:
            OutsideSystemError: it failed.
        """
        status, out, err = attempt(self._command, *words, stream=stream, env=env)
        if status:
            raise self._database.failure(err, words[0])
        return out

    def _merged(self, ours: str, theirs: str, style: str) -> MergeOutput:
        settings = [] if style == "merge" else ["-c", f"merge.conflictStyle={style}"]
        command = [*settings, "merge-tree", "--write-tree", "-z", "--messages", ours, theirs]
        status, out, err = attempt(self._command, *command)
        if status not in {0, 1} or not out:
            raise self._database.failure(err or out.decode("utf-8", "replace"), "merge-tree")
        return read_output(out, is_clean=status == 0)

    def _lay_out_attributes(self, attributes: Mapping[str, str]) -> bool:
        """Write attribute files, read before, into their folders; whether there are new ones."""
        is_new = False
        for folder, name in attributes.items():
            blob = self._known[name]
            if blob is not None and blob.kind == "blob":
                self._lay_out(folder, blob.content)
                is_new = True
        return is_new

    def _attributes_of(self, ours: str, paths: Iterable[str]) -> dict[str, str]:
        """Where ours may say something of these paths, by folder, as far as nobody has looked."""
        folders = {str(parent) for path in paths for parent in Path(path).parents} - self._asked
        self._asked |= folders
        return {
            folder: f"{ours}:{_ATTRIBUTES}" if folder == "." else f"{ours}:{folder}/{_ATTRIBUTES}"
            for folder in sorted(folders)
        }

    def _lay_out(self, folder: str, content: bytes) -> None:
        file = self._work_tree / folder / _ATTRIBUTES
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as stream:
            # What is said last counts, so that no attribute of the repository changes it.
            stream.write(content + self._everywhere)

    def _written(self, contents: Mapping[str, bytes]) -> dict[str, str]:
        """Ids of contents by path, written all at once."""
        if not contents:
            return {}
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            files = [Path(place, str(number)) for number in range(len(contents))]
            for file, content in zip(files, contents.values(), strict=True):
                file.write_bytes(content)
            with piped("".join(f"{file}\n" for file in files).encode()) as stream:
                written = self.run(
                    "hash-object", "-w", "--no-filters", "--stdin-paths", stream=stream
                )
        return dict(zip(contents, written.decode().split(), strict=True))


@contextmanager
def _folder() -> Iterator[Path]:
    with scratch_folder() as folder:
        (folder / "tree").mkdir()
        (folder / "objects").mkdir()
        yield folder

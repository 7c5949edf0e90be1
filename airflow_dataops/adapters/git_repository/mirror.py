"""A bare copy of a project's repository on this host."""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING, cast

import git

from airflow_dataops.adapters.git_repository.commands import (
    OURSELVES,
    PATIENCE_SECONDS,
    UNATTENDED,
    lines_of,
    piped,
    told,
    without_airflows_settings,
)
from airflow_dataops.adapters.git_repository.remote import Remote
from airflow_dataops.domain import names
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from airflow_dataops.adapters.git_repository.remote import RepositoryLogin

# The same manifest must give the same commit on every host, so its author and date are fixed.
_MANIFEST_IDENTITY = {
    **OURSELVES,
    "GIT_AUTHOR_NAME": OURSELVES["GIT_COMMITTER_NAME"],
    "GIT_AUTHOR_EMAIL": OURSELVES["GIT_COMMITTER_EMAIL"],
    "GIT_AUTHOR_DATE": "1970-01-01T00:00:00+00:00",
    "GIT_COMMITTER_DATE": "1970-01-01T00:00:00+00:00",
}
_MANIFEST_FILE = "manifest.json"


class Mirror:
    """A bare copy of a repository on this host.

    Args:
        path: where the copy is, or will be.
        url: the repository, as git takes it.
        login: who we are there; default: whom git takes this host for.
        patience_seconds: how long one exchange with the repository may take.
    """

    def __init__(
        self,
        path: Path,
        *,
        url: str,
        login: Callable[[], RepositoryLogin] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._path = path
        self._url = url
        self._remote = Remote(url, login=login, patience_seconds=patience_seconds)

    def fetch_branches(self) -> None:
        """Bring all branches up to date; the first call clones."""
        self._ensure()
        with told("fetch branches", "", self._url):
            self._fetch("--prune", "+refs/heads/*:refs/heads/*")

    def tips(self) -> dict[str, str]:
        """Commit id of each branch's tip, by branch name."""
        with told("list branches", "", self._url):
            listed = self._git.for_each_ref(
                "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/"
            )
        pairs = (line.split(" ", 1) for line in lines_of(listed))
        return {branch: commit for commit, branch in pairs}

    def publish_manifest(self, manifest: bytes, commits: Sequence[str]) -> str:
        """Keep a manifest under a reference of its own, here and in the repository.

        The commits it lists become parents, so that git keeps them as long as the manifest,
        also when their branches are deleted.

        Returns:
            The version: blob id of the manifest.
        """
        with told("publish a manifest of", "kitchens", self._url):
            version = self._write_blob(manifest)
            ref = names.manifest_ref(version)
            if not self._has_ref(ref):
                commit = self._commit_manifest(version, commits)
                self._push_manifest(commit, ref)
                self._git.update_ref(ref, commit)
        return version

    def read_manifest(self, version: str) -> bytes:
        """The manifest whose blob id is the version, fetched where this host lacks it."""
        self._ensure()
        ref = names.manifest_ref(version)
        with told("restore version", version, self._url):
            if not self._has_ref(ref):
                self._fetch(f"+{ref}:{ref}")
            # The blob is read by its own id: what a reference points to can be moved, that cannot.
            return cast(
                "bytes",
                self._git.cat_file(
                    "blob", version, stdout_as_string=False, strip_newline_in_stdout=False
                ),
            )

    def extract(self, commit: str, into: Path, *, paths: Sequence[str] = ()) -> None:
        """Write a commit's files, with the present time as their mtime.

        Airflow reads a DAG file again when its mtime is newer than its last parse; a commit's
        own time may be older than that after a merge.

        Args:
            commit: id of a commit that this host has.
            into: an empty folder.
            paths: only these folders and files; those the commit lacks are left out.
        """
        with told("extract commit", commit, self._url):
            wanted = self._existing(commit, paths)
            if paths and not wanted:
                return
            process = self._git.archive("--format=tar", commit, "--", *wanted, as_process=True)
            with tarfile.open(fileobj=cast("IO[bytes]", process.proc.stdout), mode="r|") as tar:
                tar.extractall(into, filter=_fresh)  # noqa: S202 - the data filter is in _fresh
            process.wait()

    def changed_files(self, commit: str, *, since: str, below: str) -> list[str]:
        """Files below a folder in which a commit differs from where it left another's line.

        Args:
            commit: the commit, for example the tip of a kitchen's branch.
            since: the tip of the branch that it was cut from; where the two have nothing in
                common, they are compared with each other.
            below: the folder.
        """
        with told("compare commit", commit, self._url):
            try:
                base = str(self._git.merge_base(since, commit))
            except git.GitCommandError as error:
                if error.status != 1:
                    raise
                base = since
            listed = cast(
                "str",
                self._git.diff("--name-only", "--no-renames", "-z", base, commit, "--", below),
            )
        return [path for path in listed.split("\0") if path]

    def has_commit(self, commit: str) -> bool:
        """Whether this host has a commit's objects."""
        try:
            self._git.cat_file("-e", f"{commit}^{{commit}}")
        except git.GitCommandError:
            return False
        return True

    @property
    def _git(self) -> git.Git:
        command = git.Git(self._path)
        command.update_environment(**UNATTENDED, **without_airflows_settings())
        return command

    def _ensure(self) -> None:
        if (self._path / "HEAD").exists():
            return
        with told("make a copy", "", self._url):
            try:
                self._path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                message = f"cannot make {self._path} for a copy of the repository: {error.strerror}"
                raise OutsideSystemError(message) from error
            self._git.init("--quiet", "--bare")

    def _fetch(self, *what: str) -> None:
        *options, refs = what
        quiet = ("--quiet", "--no-tags")
        self._remote.ask(self._git, "fetch", *quiet, *options, self._url, refs)

    def _has_ref(self, ref: str) -> bool:
        return bool(self._git.for_each_ref("--format=x", ref))

    def _write_blob(self, content: bytes) -> str:
        with piped(content) as stream:
            return cast("str", self._git.hash_object("-w", "--stdin", istream=stream))

    def _commit_manifest(self, blob: str, parents: Sequence[str]) -> str:
        with piped(f"100644 blob {blob}\t{_MANIFEST_FILE}\n".encode()) as entry:
            tree = self._git.mktree(istream=entry)
        arguments = [item for parent in sorted(set(parents)) for item in ("-p", parent)]
        committed = self._git.commit_tree(
            *arguments, "-m", "Kitchens of an environment", tree, env=_MANIFEST_IDENTITY
        )
        return cast("str", committed)

    def _push_manifest(self, commit: str, ref: str) -> None:
        try:
            self._remote.ask(self._git, "push", "--quiet", self._url, f"{commit}:{ref}")
        except git.GitCommandError:
            # Another host may have published the same manifest meanwhile: then all is well.
            listed = self._remote.ask(self._git, "ls-remote", self._url, ref)
            if listed.split()[:1] != [commit]:
                raise

    def _existing(self, commit: str, paths: Sequence[str]) -> list[str]:
        if not paths:
            return []
        listed = cast("str", self._git.ls_tree("-z", "--name-only", commit, "--", *paths))
        return [path for path in listed.split("\0") if path]


def _fresh(member: tarfile.TarInfo, destination: str) -> tarfile.TarInfo:
    # The data filter keeps links and names from leaving the folder.
    kept = tarfile.data_filter(member, destination)
    return kept.replace(mtime=_now(), deep=False)


def _now() -> float:
    import time

    return time.time()

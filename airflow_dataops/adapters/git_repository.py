"""The project's git repository, through GitPython and the git command.

Two views of it: ``GitRepository`` cuts and deletes branches in the repository that people push
to; ``Mirror`` is a bare copy on this host, from which an environment's bundle reads trees and
through which it publishes manifests.
"""

from __future__ import annotations

import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import git

from airflow_dataops.domain import names
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The same manifest must give the same commit on every host, so its author and date are fixed.
_MANIFEST_IDENTITY = {
    "GIT_AUTHOR_NAME": "airflow_dataops",
    "GIT_AUTHOR_EMAIL": "airflow_dataops@localhost",
    "GIT_AUTHOR_DATE": "1970-01-01T00:00:00+00:00",
    "GIT_COMMITTER_NAME": "airflow_dataops",
    "GIT_COMMITTER_EMAIL": "airflow_dataops@localhost",
    "GIT_COMMITTER_DATE": "1970-01-01T00:00:00+00:00",
}
_MANIFEST_FILE = "manifest.json"
_SILENCE_SECONDS = 30
_PATIENCE_SECONDS = 600
# No prompt for a password or an unknown host key, and no server that says nothing: either would
# be waited for, and a dag-processor that waits parses nobody's DAGs.
_UNATTENDED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": (
        f"ssh -o BatchMode=yes -o ConnectTimeout={_SILENCE_SECONDS}"
        f" -o ServerAliveInterval={_SILENCE_SECONDS // 2} -o ServerAliveCountMax=2"
    ),
    "GIT_HTTP_LOW_SPEED_LIMIT": "1",
    "GIT_HTTP_LOW_SPEED_TIME": str(_SILENCE_SECONDS),
}


class GitRepository:
    """Branches of the repository at a path or URL; implements the port ``Repository``.

    Args:
        url: as git takes it.
        patience_seconds: how long one exchange with the repository may take.
    """

    def __init__(self, url: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._url = url
        self._patience = patience_seconds
        self._git = git.Git()
        self._git.update_environment(**_UNATTENDED)

    def tip(self, branch: str) -> str | None:
        """Commit id of a branch's tip; None where there is no such branch."""
        ref = f"refs/heads/{branch}"
        with _told("look up branch", branch, self._url):
            listed = str(self._git.ls_remote(self._url, ref, kill_after_timeout=self._patience))
        # git takes the name for the end of one: others may be listed beside it.
        tips = [line.split(maxsplit=1) for line in listed.splitlines()]
        return next((commit for commit, name in tips if name == ref), None)

    def cut_branch(self, name: str, *, source: str) -> None:
        """Create a branch at the tip of another; the same branch again is no error."""
        commit = self.tip(source)
        if commit is None:
            where = _without_password(self._url)
            message = f"git could not cut {name!r}: {where} has no branch {source!r}"
            raise OutsideSystemError(message)
        if self.tip(name) is not None:
            return
        with _told("cut branch", name, self._url), _scratch(self._url) as scratch:
            limit = self._patience
            scratch.fetch("--quiet", "--depth=1", self._url, commit, kill_after_timeout=limit)
            try:
                # Without the lease, a branch that somebody makes meanwhile could be moved.
                lease = f"--force-with-lease=refs/heads/{name}:"
                target = f"{commit}:refs/heads/{name}"
                scratch.push("--quiet", lease, self._url, target, kill_after_timeout=limit)
            except git.GitCommandError:
                if self.tip(name) is None:
                    raise

    def delete_branch(self, name: str) -> None:
        """Delete a branch; one that is gone already is no error."""
        if self.tip(name) is None:
            return
        with _told("delete branch", name, self._url), _scratch(self._url) as scratch:
            try:
                target = f":refs/heads/{name}"
                scratch.push("--quiet", self._url, target, kill_after_timeout=self._patience)
            except git.GitCommandError:
                if self.tip(name) is not None:
                    raise


class Mirror:
    """A bare copy of a repository on this host.

    Args:
        path: where the copy is, or will be.
        url: the repository, as git takes it.
        patience_seconds: how long one exchange with the repository may take.
    """

    def __init__(
        self, path: Path, *, url: str, patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        self._path = path
        self._url = url
        self._patience = patience_seconds

    def fetch_branches(self) -> None:
        """Bring all branches up to date; the first call clones."""
        self._ensure()
        with _told("fetch branches", "", self._url):
            self._fetch("--prune", "+refs/heads/*:refs/heads/*")

    def tips(self) -> dict[str, str]:
        """Commit id of each branch's tip, by branch name."""
        with _told("list branches", "", self._url):
            listed = self._git.for_each_ref(
                "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/"
            )
        pairs = (line.split(" ", 1) for line in listed.splitlines())
        return {branch: commit for commit, branch in pairs}

    def publish_manifest(self, manifest: bytes, commits: Sequence[str]) -> str:
        """Keep a manifest under a reference of its own, here and in the repository.

        The commits it lists become parents, so that git keeps them as long as the manifest,
        also when their branches are deleted.

        Returns:
            The version: blob id of the manifest.
        """
        with _told("publish a manifest of", "kitchens", self._url):
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
        with _told("restore version", version, self._url):
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
        with _told("extract commit", commit, self._url):
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
        with _told("compare commit", commit, self._url):
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
        command.update_environment(**_UNATTENDED)
        return command

    def _ensure(self) -> None:
        if (self._path / "HEAD").exists():
            return
        self._path.mkdir(parents=True, exist_ok=True)
        self._git.init("--quiet", "--bare")

    def _fetch(self, *what: str) -> None:
        *options, refs = what
        self._git.fetch(
            "--quiet", "--no-tags", *options, self._url, refs, kill_after_timeout=self._patience
        )

    def _has_ref(self, ref: str) -> bool:
        return bool(self._git.for_each_ref("--format=x", ref))

    def _write_blob(self, content: bytes) -> str:
        with _piped(content) as piped:
            return cast("str", self._git.hash_object("-w", "--stdin", istream=piped))

    def _commit_manifest(self, blob: str, parents: Sequence[str]) -> str:
        with _piped(f"100644 blob {blob}\t{_MANIFEST_FILE}\n".encode()) as entry:
            tree = self._git.mktree(istream=entry)
        arguments = [item for parent in sorted(set(parents)) for item in ("-p", parent)]
        committed = self._git.commit_tree(
            *arguments, "-m", "Kitchens of an environment", tree, env=_MANIFEST_IDENTITY
        )
        return cast("str", committed)

    def _push_manifest(self, commit: str, ref: str) -> None:
        limit = self._patience
        try:
            self._git.push("--quiet", self._url, f"{commit}:{ref}", kill_after_timeout=limit)
        except git.GitCommandError:
            # Another host may have published the same manifest meanwhile: then all is well.
            listed = str(self._git.ls_remote(self._url, ref, kill_after_timeout=limit))
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


@contextmanager
def _piped(content: bytes) -> Iterator[IO[bytes]]:
    """A file for git's standard input, for as long as git reads it."""
    import tempfile

    with tempfile.TemporaryFile() as pipe:
        pipe.write(content)
        pipe.seek(0)
        yield pipe


@contextmanager
def _scratch(url: str) -> Iterator[git.Git]:
    """An empty bare repository for as long as one command sequence takes."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="dataops-git-") as folder:
        command = git.Git(folder)
        command.update_environment(**_UNATTENDED)
        command.init("--quiet", "--bare")
        local = Path(url)
        if local.is_dir():
            # Borrow a local repository's objects instead of copying them.
            objects = next(p for p in (local / ".git/objects", local / "objects") if p.is_dir())
            Path(folder, "objects/info/alternates").write_text(f"{objects.resolve()}\n")
        yield command


@contextmanager
def _told(what: str, name: str, url: str) -> Iterator[None]:
    """Turn git's complaint into ours; a URL's password stays out of it."""
    try:
        yield
    except (git.GitCommandError, git.GitCommandNotFound, tarfile.TarError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip()
        message = f"git could not {what} {name!r} of {_without_password(url)}: {reason}"
        raise OutsideSystemError(message.replace(url, _without_password(url))) from None


def _without_password(url: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    if "@" not in parts.netloc or not parts.scheme:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

"""Branches of the repository that people push to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import quote

import git

from airflow_dataops.adapters.git_repository.commands import (
    OURSELVES,
    PATIENCE_SECONDS,
    lines_of,
    piped,
    scratch_repository,
    told,
)
from airflow_dataops.adapters.git_repository.remote import Remote
from airflow_dataops.domain.source_change import SourceChange
from airflow_dataops.errors import BranchMoved, OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.adapters.git_repository.remote import RepositoryLogin
    from airflow_dataops.domain.source_change import Authorship


class GitRepository:
    """Branches of the repository at a path or URL; implements the port ``Repository``.

    Args:
        url: as git takes it.
        login: who we are there; default: whom git takes this host for.
        patience_seconds: how long one exchange with the repository may take.
    """

    def __init__(
        self,
        url: str,
        *,
        login: Callable[[], RepositoryLogin] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._url = url
        self._remote = Remote(url, login=login, patience_seconds=patience_seconds)
        self._git = git.Git()

    def tip(self, branch: str) -> str | None:
        """Commit id of a branch's tip; None where there is no such branch."""
        ref = f"refs/heads/{branch}"
        with told("look up branch", branch, self._url):
            listed = self._remote.ask(self._git, "ls-remote", self._url, ref)
        # git takes the name for the end of one: others may be listed beside it.
        tips = [line.split(maxsplit=1) for line in lines_of(listed)]
        return next((commit for commit, name in tips if name == ref), None)

    def cut_branch(self, name: str, *, source: str) -> None:
        """Create a branch at the tip of another; the same branch again is no error."""
        commit = self.tip(source)
        if commit is None:
            message = f"git could not cut {name!r}: {self._remote.shown} has no branch {source!r}"
            raise OutsideSystemError(message)
        if self.tip(name) is not None:
            return
        with told("cut branch", name, self._url), scratch_repository(self._url) as scratch:
            self._remote.ask(scratch, "fetch", "--quiet", "--depth=1", self._url, commit)
            try:
                # Without the lease, a branch that somebody makes meanwhile could be moved.
                lease = f"--force-with-lease=refs/heads/{name}:"
                target = f"{commit}:refs/heads/{name}"
                self._remote.ask(scratch, "push", "--quiet", lease, self._url, target)
            except git.GitCommandError:
                if self.tip(name) is None:
                    raise

    def delete_branch(self, name: str) -> None:
        """Delete a branch; one that is gone already is no error."""
        if self.tip(name) is None:
            return
        with told("delete branch", name, self._url), scratch_repository(self._url) as scratch:
            try:
                target = f":refs/heads/{name}"
                self._remote.ask(scratch, "push", "--quiet", self._url, target)
            except git.GitCommandError:
                if self.tip(name) is not None:
                    raise

    def rewrite(
        self,
        branch: str,
        paths: Sequence[str],
        edit: Callable[[str, bytes], bytes],
        authorship: Authorship,
    ) -> SourceChange | None:
        """Change the first of these files that a branch has, as one commit on its tip."""
        tip = self.tip(branch)
        if tip is None:
            return None
        with (
            told("change a file on branch", branch, self._url),
            scratch_repository(self._url) as scratch,
        ):
            self._remote.ask(scratch, "fetch", "--quiet", "--depth=1", self._url, tip)
            found = _first_file(scratch, tip, paths)
            if found is None:
                return None
            mode, path, before = found
            after = edit(path, before)
            if after == before:
                return SourceChange(path=path, commit=tip, is_new=False)
            commit = _commit_file(scratch, tip, (mode, path, after), authorship)
            try:
                lease = f"--force-with-lease=refs/heads/{branch}:{tip}"
                target = f"{commit}:refs/heads/{branch}"
                self._remote.ask(scratch, "push", "--quiet", lease, self._url, target)
            except git.GitCommandError:
                if self.tip(branch) not in {tip, commit}:
                    raise BranchMoved(branch) from None
                raise
        return SourceChange(path=path, commit=commit, is_new=True)


def _first_file(
    command: git.Git, commit: str, paths: Sequence[str]
) -> tuple[str, str, bytes] | None:
    """Mode, path and content of the first of these that is a file of a commit."""
    for path in paths:
        listed = str(command.ls_tree("-z", commit, "--", path)).removesuffix("\0")
        about, _, _ = listed.partition("\t")
        # A link would be changed into a file.
        if about.startswith("100"):
            mode, _, blob = about.split()
            content = command.cat_file(
                "blob", blob, stdout_as_string=False, strip_newline_in_stdout=False
            )
            return mode, path, cast("bytes", content)
    return None


def _commit_file(
    command: git.Git, parent: str, file: tuple[str, str, bytes], authorship: Authorship
) -> str:
    """A commit on a parent in which one file is another."""
    mode, path, content = file
    # Without filters: these are the bytes, whatever this host's git would make of line ends.
    with piped(content) as stream:
        blob = str(command.hash_object("-w", "--stdin", "--no-filters", istream=stream))
    command.read_tree(parent)
    command.update_index("--cacheinfo", f"{mode},{blob},{path}")
    tree = str(command.write_tree())
    with piped(authorship.message.encode()) as message:
        committed = command.commit_tree(
            tree, "-p", parent, "-F", "-", istream=message, env=identity_of(authorship.author)
        )
    return str(committed)


def identity_of(author: str) -> dict[str, str]:
    """What tells git that a person wrote a commit, and that we made it."""
    # The name in Airflow; we know of no address, and this one can never be anybody's.
    shown = "".join(" " if letter in "<>\n\0" else letter for letter in author).strip() or "?"
    account = quote(author, safe="@.+-_ ").replace(" ", ".")
    return {
        "GIT_AUTHOR_NAME": shown,
        "GIT_AUTHOR_EMAIL": account if "@" in account else f"{account}@airflow.invalid",
        **OURSELVES,
    }

"""A person's own clone of the project's repository, through GitPython and the git command.

Their git is asked as they would ask it: with their settings, their keys, and their prompts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import git

from airflow_dataops.errors import OutsideSystemError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_FEW = 5


class WorkTree:
    """The clone that a folder lies in.

    Args:
        folder: any folder of it.

    Raises:
        UsageError: the folder lies in no clone.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._repository = git.Repo(folder, search_parent_directories=True)
        except (git.InvalidGitRepositoryError, git.NoSuchPathError):
            message = (
                f"{folder} lies in no git repository; go to your clone of the project's "
                "repository, or leave out --push and run what the branch has"
            )
            raise UsageError(message) from None

    def push(self, branch: str) -> str:
        """Push the present commit to a branch of the same name; gives the commit's id.

        Raises:
            UsageError: the clone is on another branch, or holds changes that would stay behind.
            OutsideSystemError: git refuses, in its own words.
        """
        self._check_on(branch)
        self._check_all_is_committed()
        remote = self._remote_of(branch)
        try:
            self._repository.git.push("--quiet", remote, f"HEAD:refs/heads/{branch}")
        except git.GitCommandError as error:
            said = str(error.stderr).strip().removeprefix("stderr:").strip(" '\n")
            message = f"git could not push to branch {branch!r} of {remote}: {said}"
            raise OutsideSystemError(message) from None
        return str(self._repository.head.commit.hexsha)

    def _check_on(self, branch: str) -> None:
        head = self._repository.head
        present = "no branch" if head.is_detached else f"branch {head.ref.name!r}"
        if head.is_detached or head.ref.name != branch:
            message = (
                f"your clone is on {present}, and the kitchen's branch is {branch!r}; "
                f"`git switch {branch}` first"
            )
            raise UsageError(message)
        if not head.is_valid():
            message = f"branch {branch!r} of your clone has no commit yet"
            raise UsageError(message)

    def _check_all_is_committed(self) -> None:
        # Lines of two letters, a space, and a path; those of files that git does not know: "??".
        lines = self._repository.git.status("--porcelain").splitlines()
        changed = [line.strip().partition(" ")[2].strip() for line in lines]
        if changed:
            more = f" and {len(changed) - _FEW} more" if len(changed) > _FEW else ""
            message = (
                f"what is not committed would not run: {', '.join(changed[:_FEW])}{more}; "
                "commit it, or `git stash -u` it away"
            )
            raise UsageError(message)

    def _remote_of(self, branch: str) -> str:
        names = [remote.name for remote in self._repository.remotes]
        with self._repository.config_reader() as settings:
            followed = settings.get_value(f'branch "{branch}"', "remote", default="")
        if followed in names:
            return str(followed)
        if "origin" in names:
            return "origin"
        if len(names) == 1:
            return names[0]
        has = ", ".join(names) or "none"
        message = (
            f"your clone has no remote to push {branch!r} to (it has {has}); "
            "`git remote add origin URL` first"
        )
        raise UsageError(message)

"""The demo's git repository: the retail project, as its team would have pushed it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from airflow_dataops.errors import OutsideSystemError

_PROJECT = Path(__file__).with_name("project")


def provide_repository(path: Path) -> None:
    """Make a bare repository with the project on ``main``; one that is there stays as it is.

    Raises:
        OutsideSystemError: git is missing or refuses.
    """
    if path.exists():
        return
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".repository-") as folder:
        bare, work = Path(folder, "bare.git"), Path(folder, "work")
        shutil.copytree(_PROJECT, work, ignore=shutil.ignore_patterns("__pycache__"))
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        _git("init", "--quiet", "--initial-branch=main", str(work))
        _git("-C", str(work), "add", "--all")
        _git(
            "-C",
            str(work),
            *_author("Padma"),
            "commit",
            "--quiet",
            "-m",
            "Add weekly profitability",
        )
        _git("-C", str(work), "push", "--quiet", str(bare), "main")
        bare.rename(path)


def blob(path: Path, branch: str, file: str) -> str:
    """Git's id of a file's content on a branch: the same id is the same content.

    Raises:
        OutsideSystemError: the branch has no such file.
    """
    return _git("-C", str(path), "rev-parse", "--verify", f"refs/heads/{branch}:{file}").strip()


def content(path: Path, branch: str, file: str) -> str:
    """A text file as a branch has it.

    Raises:
        OutsideSystemError: the branch has no such file.
    """
    return _git("-C", str(path), "show", f"refs/heads/{branch}:{file}")


def push_change(path: Path, branch: str, file: str, change: tuple[str, str], *, by: str) -> None:
    """Replace words of a file on a branch, as somebody would with a clone of their own.

    A branch that has the change already stays as it is.

    Args:
        path: the repository.
        branch: of a kitchen.
        file: its path.
        change: the words as they are, and as they are to be.
        by: whose commit it is.

    Raises:
        OutsideSystemError: git refuses.
    """
    before, after = change
    if after in content(path, branch, file):
        return
    with tempfile.TemporaryDirectory() as folder:
        _git("clone", "--quiet", "--branch", branch, str(path), folder)
        changed = Path(folder, file)
        changed.write_text(changed.read_text(encoding="utf-8").replace(before, after), "utf-8")
        commit = ("commit", "--quiet", "--all", "-m", f"Change {changed.name}")
        _git("-C", folder, *_author(by), *commit)
        _git("-C", folder, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")


def _author(name: str) -> tuple[str, ...]:
    return ("-c", f"user.name={name}", "-c", f"user.email={name.lower()}@example.com")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        message = "git is not installed; the demo needs it (Debian: apt-get install git)"
        raise OutsideSystemError(message) from None
    if done.returncode:
        message = f"git {arguments[0]} failed: {done.stderr.strip()}"
        raise OutsideSystemError(message)
    return done.stdout

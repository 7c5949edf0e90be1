"""The demo's git repository: the retail project, as its team would have pushed it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from airflow_dataops.errors import OutsideSystemError

_PROJECT = Path(__file__).with_name("project")
_AUTHOR = ("-c", "user.name=Padma", "-c", "user.email=padma@example.com")


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
        _git("-C", str(work), *_AUTHOR, "commit", "--quiet", "-m", "Add weekly profitability")
        _git("-C", str(work), "push", "--quiet", str(bare), "main")
        bare.rename(path)


def blob(path: Path, branch: str, file: str) -> str:
    """Git's id of a file's content on a branch: the same id is the same content.

    Raises:
        OutsideSystemError: the branch has no such file.
    """
    return _git("-C", str(path), "rev-parse", "--verify", f"refs/heads/{branch}:{file}").strip()


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

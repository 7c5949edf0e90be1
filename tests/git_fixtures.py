"""A real git repository that people push to."""

from __future__ import annotations

import os
import subprocess

import pytest

_SETTINGS = {
    "GIT_AUTHOR_NAME": "Padma",
    "GIT_AUTHOR_EMAIL": "padma@example.com",
    "GIT_COMMITTER_NAME": "Padma",
    "GIT_COMMITTER_EMAIL": "padma@example.com",
    # A commit of long ago: what is written to disk has to be newer than that.
    "GIT_AUTHOR_DATE": "2020-02-03T04:05:06+00:00",
    "GIT_COMMITTER_DATE": "2020-02-03T04:05:06+00:00",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Origin:
    """A bare repository, and what a person does to it."""

    def __init__(self, folder):
        self.path = folder / "origin.git"
        self.work = folder / "work"
        if self.path.exists():
            return  # copied from another
        self._git("init", "--quiet", "--bare", "--initial-branch=main", self.path)
        self._git("init", "--quiet", "--initial-branch=main", self.work)

    @property
    def url(self):
        return str(self.path)

    def commit(self, files, *, branch="main", source=None):
        """Push files as a new commit of a branch; its id."""
        if source is not None:
            self._git("-C", self.work, "checkout", "--quiet", "-B", branch, source)
        for name, text in files.items():
            file = self.work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self._git("-C", self.work, "add", "--all")
        self._git("-C", self.work, "commit", "--quiet", "--allow-empty", "-m", "Change")
        self._git("-C", self.work, "push", "--quiet", self.path, f"HEAD:refs/heads/{branch}")
        return self._git("-C", self.work, "rev-parse", "HEAD")

    def bare(self, *words):
        """Run a git command in the repository itself; what it printed."""
        return self._git("-C", self.path, *words)

    def branches(self):
        listed = self.bare("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/")
        return set(listed.splitlines())

    def _git(self, *words):
        done = subprocess.run(
            ["git", *map(str, words)],
            env={**os.environ, **_SETTINGS},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def origin(tmp_path):
    """A repository with one commit on ``main``."""
    origin = Origin(tmp_path)
    origin.commit({"pipelines/profit/pipeline.py": "one = 1\n", "README.md": "Retail\n"})
    return origin

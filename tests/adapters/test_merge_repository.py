"""Merges that are pushed: the old tree or the new one, whoever dies, races or says no."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
from airflow_dataops.domain.merge_draft import Choice, Resolution, conflict_paths, resolved
from airflow_dataops.domain.source_change import Authorship
from airflow_dataops.errors import OutsideSystemError, PushRefused

PADMA = Authorship(author="padma", message="Merge")
MERGE = """
import sys
from pathlib import Path
from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
from airflow_dataops.domain.source_change import Authorship
print("ready", flush=True)
sys.stdin.readline()
repository = MergeRepository(Path(sys.argv[1]), url=sys.argv[2])
tips = repository.tips(["main", "dev"])
preview, _ = repository.preview(tips["main"], tips["dev"])
commit = repository.write(preview, {}, Authorship(author="padma", message="Merge"))
repository.move("main", seen=tips["main"], to=commit)
"""


@pytest.fixture
def repository(origin, tmp_path):
    origin.commit({"a.txt": "a\n"}, branch="dev", source="main")
    origin.commit({"b.txt": "b\n"}, branch="main", source="main")
    return MergeRepository(tmp_path / "copy.git", url=origin.url)


def tip(origin, branch="main"):
    return origin.bare("rev-parse", f"refs/heads/{branch}")


def test_commits_of_either_side_are_counted(origin, repository):
    assert repository.apart(tip(origin, "dev"), tip(origin, "main")) == (1, 1)
    assert repository.apart(tip(origin), tip(origin)) == (0, 0)


def merge(repository):
    tips = repository.tips(["main", "dev"])
    preview, _ = repository.preview(tips["main"], tips["dev"])
    commit = repository.write(preview, {}, PADMA)
    repository.move("main", seen=tips["main"], to=commit)
    return commit


def test_killed_at_any_moment_the_branch_is_at_the_old_commit_or_the_new(
    origin, repository, tmp_path
):
    before = tip(origin)
    outcomes = set()
    for moment in range(20):
        origin.bare("update-ref", "refs/heads/main", before)
        process = subprocess.Popen(
            [sys.executable, "-c", MERGE, str(tmp_path / "copy.git"), origin.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        process.stdout.readline()
        process.stdin.write(b"\n")
        process.stdin.flush()
        time.sleep(moment * 0.012)
        # Its git commands die with it, as in a container that is taken away.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        # The repository's own processes were killed, too; what these leave is its owner's.
        for lock in origin.path.rglob("*.lock"):
            lock.unlink()
        now = tip(origin)
        parents = origin.bare("log", "-1", "--format=%P", now)
        assert now == before or parents == f"{before} {tip(origin, 'dev')}"
        outcomes.add(now == before)
        origin.bare("fsck", "--connectivity-only")
    assert True in outcomes
    # What is left behind in the copy hinders nobody.
    origin.bare("update-ref", "refs/heads/main", before)
    assert merge(repository) == tip(origin)


def test_a_repository_that_says_no_is_quoted_without_its_password(origin, repository):
    hook = origin.path / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'branch is frozen until Monday' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = tip(origin)
    with pytest.raises(PushRefused, match="branch is frozen until Monday"):
        merge(repository)
    assert tip(origin) == before


def test_a_repository_that_goes_away_in_the_middle_has_not_changed(origin, repository, tmp_path):
    tips = repository.tips(["main", "dev"])
    preview, _ = repository.preview(tips["main"], tips["dev"])
    commit = repository.write(preview, {}, PADMA)
    origin.path.rename(tmp_path / "away.git")
    with pytest.raises(OutsideSystemError):
        repository.move("main", seen=tips["main"], to=commit)
    (tmp_path / "away.git").rename(origin.path)
    assert tip(origin) == tips["main"]
    repository.move("main", seen=tips["main"], to=commit)
    # Said again, it is done already.
    repository.move("main", seen=tips["main"], to=commit)
    assert tip(origin) == commit


def test_a_copy_that_was_lost_is_made_anew(origin, repository, tmp_path):
    tips = repository.tips(["main", "dev"])
    repository.preview(tips["main"], tips["dev"])
    shutil.rmtree(tmp_path / "copy.git")
    assert merge(repository) == tip(origin)


@pytest.mark.parametrize("choice", [Choice.OURS, Choice.THEIRS, Choice.BASE])
def test_a_side_that_is_taken_is_that_sides_file_or_none(origin, tmp_path, choice):
    base = origin.commit({"x": "base\n", "y": "base\n"})
    origin.commit({"x": "theirs\n", "y": "theirs\n"}, branch="dev", source=base)
    origin.commit({"x": "ours\n", "y": "ours\n"}, source=base)
    repository = MergeRepository(tmp_path / "copy.git", url=origin.url)
    tips = repository.tips(["main", "dev"])
    preview, _ = repository.preview(tips["main"], tips["dev"])
    conflicts = conflict_paths(preview, repository.texts(preview.ours, preview.theirs))
    given = [
        Resolution(path=path, region=region, choice=choice, by="padma", at=None)
        for path, region in (("x", None), ("y", 1))
    ]
    commit = repository.write(preview, resolved(conflicts, given), PADMA)
    repository.move("main", seen=preview.ours, to=commit)
    assert [origin.bare("show", f"{commit}:{path}") for path in "xy"] == [str(choice)] * 2

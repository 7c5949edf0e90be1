"""Merges under bad conditions: a full disk, many people at once, processes that were killed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from airflow_dataops.adapters.git_repository import scratch
from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
from airflow_dataops.domain.source_change import Authorship
from airflow_dataops.errors import BranchMoved, OutsideSystemError

PADMA = Authorship(author="padma", message="Merge")
ROUNDS = 100


def merge(repository, theirs="dev"):
    tips = repository.tips(["main", theirs])
    preview, _ = repository.preview(tips["main"], tips[theirs])
    commit = repository.write(preview, {}, PADMA)
    repository.move("main", seen=tips["main"], to=commit)
    return commit


def with_full_disk(call, limit):
    """What a call says in a process that can write no file longer than this."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        said = "nothing"
        try:
            call()
        except OutsideSystemError as error:
            said = f"refused: {error}"
        except BaseException as error:  # noqa: BLE001 - told to the other process
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode()[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read().decode()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("limit", [0, 100, 20_000])
def test_a_full_disk_under_the_copy_is_a_clear_refusal_and_heals(origin, tmp_path, limit):
    noise = "".join(f"{number * 7919 % 104729}\n" for number in range(20_000))
    origin.commit({"a.txt": noise}, branch="dev", source="main")
    origin.commit({"b.txt": noise[1:]}, branch="main", source="main")
    before = origin.bare("rev-parse", "main")
    repository = MergeRepository(tmp_path / "copy.git", url=origin.url)
    said = with_full_disk(lambda: merge(repository), limit)
    assert said.startswith("refused: "), said
    assert origin.bare("rev-parse", "main") == before
    # With room again, what lies there in halves is no hindrance.
    assert merge(repository) == origin.bare("rev-parse", "main")
    origin.bare("fsck", "--connectivity-only")


def branches_for_everybody(origin):
    """A branch per person and round, each with a file of its own; commits by branch."""
    tip = origin.bare("rev-parse", "main")
    names = [f"{who}_{number}" for number in range(ROUNDS // 2) for who in ("padma", "chris")]
    stream = [
        f"commit refs/heads/{name}\ncommitter P <p@example.com> 1500000000 +0000\n"
        f"data 0\nfrom {tip}\nM 100644 inline {name}.txt\ndata 2\nx\n\n"
        for name in names
    ]
    subprocess.run(
        ["git", "-C", origin.path, "fast-import", "--quiet"],
        input="".join(stream).encode(),
        check=True,
    )
    return {name: origin.bare("rev-parse", name) for name in names}


def test_a_hundred_rounds_of_two_people_who_merge_into_one_parent_lose_no_commit(origin, tmp_path):
    commits = branches_for_everybody(origin)
    delivered, retries = {}, []

    def deliver(who):
        mine = MergeRepository(tmp_path / f"copy-{who}.git", url=origin.url)
        for name in (name for name in commits if name.startswith(who)):
            while name not in delivered:
                try:
                    delivered[name] = merge(mine, name)
                except BranchMoved:
                    retries.append(name)

    people = [threading.Thread(target=deliver, args=(who,)) for who in ("padma", "chris")]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=300)
    assert len(delivered) == ROUNDS
    # The model: every merge has the branch at its side, and the one before it as its parent.
    line = origin.bare("log", "--first-parent", "--format=%H %P", "main").splitlines()
    by_commit = {words.split()[0]: words.split()[1:] for words in line}
    for name, commit in delivered.items():
        assert by_commit[commit][1] == commits[name]
    files = set(origin.bare("ls-tree", "--name-only", "main").split())
    assert {f"{name}.txt" for name in commits} <= files
    origin.bare("fsck", "--connectivity-only")


KILLED = """
import os, signal, sys
from airflow_dataops.adapters.git_repository.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "objects").mkdir()
    print(folder, flush=True)
    if sys.argv[1] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdin.readline()
"""


def other(fate):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, fate], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    return process, Path(process.stdout.readline().decode().strip())


def test_what_killed_processes_left_is_swept_and_what_lives_stays():
    killed, left = other("killed")
    killed.wait()
    living, kept = other("living")
    hour_ago = time.time() - 3600
    for folder in (left, kept):
        os.utime(folder, (hour_ago, hour_ago))
    # One that a process has just made may not be locked yet.
    new = kept.with_name("dataops-merge-new")
    new.mkdir()
    try:
        assert scratch.sweep(str(left.parent)) >= 1
        assert [folder.exists() for folder in (left, kept, new)] == [False, True, True]
    finally:
        new.rmdir()
        living.communicate(b"\n")
        killed.communicate()
    assert not kept.exists()

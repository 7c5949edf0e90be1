"""Pushing from a person's own clone, with real git."""

from __future__ import annotations

import subprocess

import pytest

from airflow_dataops.adapters.work_tree import WorkTree
from airflow_dataops.errors import OutsideSystemError, UsageError
from tests.git_fixtures import Origin

pytestmark = pytest.mark.usefixtures("quiet_git")


@pytest.fixture
def quiet_git(monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Padma")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "padma@example.com")


@pytest.fixture
def origin(tmp_path):
    origin = Origin(tmp_path)
    origin.commit({"README.md": "retail"}, branch="dev_kitchen")
    return origin


@pytest.fixture
def clone(origin, tmp_path):
    folder = tmp_path / "clone"
    run("git", "clone", "--quiet", "--branch", "dev_kitchen", origin.url, folder)
    return folder


def run(*words, at=None):
    done = subprocess.run([*map(str, words)], cwd=at, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def edit(clone, text="profit"):
    (clone / "README.md").write_text(text)
    run("git", "commit", "--quiet", "--all", "-m", "Edit", at=clone)
    return run("git", "rev-parse", "HEAD", at=clone)


def test_the_present_commit_is_pushed_from_any_folder_of_the_clone(clone, origin):
    inside = clone / "pipelines"
    inside.mkdir()
    commit = edit(clone)
    assert WorkTree(inside).push("dev_kitchen") == commit
    assert origin.bare("rev-parse", "dev_kitchen") == commit
    assert WorkTree(inside).push("dev_kitchen") == commit


@pytest.mark.parametrize("name", ["team", "odd.name"])
def test_the_remote_is_that_which_the_branch_follows(clone, origin, tmp_path, name):
    other = Origin(tmp_path / "other")
    run("git", "remote", "add", name, other.url, at=clone)
    run("git", "config", "branch.dev_kitchen.remote", name, at=clone)
    before = origin.bare("rev-parse", "dev_kitchen")
    commit = edit(clone)
    WorkTree(clone).push("dev_kitchen")
    assert other.bare("rev-parse", "dev_kitchen") == commit
    assert origin.bare("rev-parse", "dev_kitchen") == before


def test_a_single_remote_need_not_be_called_origin(clone, origin):
    run("git", "remote", "rename", "origin", "upstream", at=clone)
    run("git", "config", "--unset", "branch.dev_kitchen.remote", at=clone)
    commit = edit(clone)
    WorkTree(clone).push("dev_kitchen")
    assert origin.bare("rev-parse", "dev_kitchen") == commit


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (["git", "switch", "--quiet", "-c", "other"], "is on branch 'other'.*git switch dev_k"),
        (["git", "checkout", "--quiet", "--detach"], "is on no branch"),
        (["touch", "new file.sql"], r"not committed would not run: .*new file.sql"),
        (["git", "rm", "--quiet", "README.md"], "not committed would not run: README.md; commit"),
        (["git", "remote", "remove", "origin"], "no remote .*it has none.*git remote add"),
    ],
    ids=["other branch", "detached", "unknown file", "removed file", "no remote"],
)
def test_a_clone_that_cannot_be_meant_is_refused(clone, origin, prepare, said):
    before = origin.bare("rev-parse", "dev_kitchen")
    run(*prepare, at=clone)
    with pytest.raises(UsageError, match=said):
        WorkTree(clone).push("dev_kitchen")
    assert origin.bare("rev-parse", "dev_kitchen") == before


def test_many_changes_are_counted(clone):
    for number in range(7):
        (clone / f"{number}.sql").touch()
    with pytest.raises(UsageError, match=r"0\.sql.* and 2 more"):
        WorkTree(clone).push("dev_kitchen")


def test_a_push_that_would_lose_anothers_work_is_gits_to_refuse(clone, origin):
    theirs = origin.commit({"README.md": "theirs"}, branch="dev_kitchen")
    edit(clone)
    with pytest.raises(
        OutsideSystemError, match=r"(?s)could not push to branch 'dev_kitchen'.*reject"
    ):
        WorkTree(clone).push("dev_kitchen")
    assert origin.bare("rev-parse", "dev_kitchen") == theirs


def test_a_folder_that_is_no_clone_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"lies in no git repository.*leave out --push"):
        WorkTree(tmp_path)

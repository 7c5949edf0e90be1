"""Repositories that let nobody in without a token, as git's own server serves them."""

from __future__ import annotations

import base64
import logging
import os
import stat
import subprocess

import pytest

from airflow_dataops.adapters.git_repository import GitRepository, Mirror, RepositoryLogin
from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
from airflow_dataops.domain.source_change import Authorship
from airflow_dataops.errors import BranchMoved, OutsideSystemError, PushRefused
from tests.git_http import GitHost

# What a URL, a shell and base64 would each write in another way.
TOKEN = "canary-$(id)'\"%s/+&€"  # noqa: S105
PADMA = Authorship(author="padma", message="Merge")


@pytest.fixture
def host(origin):
    origin.bare("config", "http.receivepack", "true")
    with GitHost(origin.path) as host:
        host.logins = {("x-access-token", TOKEN)}
        yield host


class Logins:
    """What a vault has for a repository, and how often it was asked."""

    def __init__(self, token=TOKEN):
        self.token = token
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return RepositoryLogin(name="x-access-token", token=self.token, place="the vault of test")


@pytest.fixture
def merges(host, tmp_path):
    return MergeRepository(tmp_path / "copy.git", url=host.url, login=Logins())


def shapes(token):
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return [token, basic, "canary"]


def test_kitchens_are_cut_read_published_merged_and_deleted_with_a_token(host, origin, tmp_path):
    login = Logins()
    repository = GitRepository(host.url, login=login)
    repository.cut_branch("demo_dev", source="main")
    theirs = origin.commit({"b.txt": "b"}, branch="demo_dev", source="main")
    mirror = Mirror(tmp_path / "mirror.git", url=host.url, login=login)
    mirror.fetch_branches()
    assert set(mirror.tips()) == {"main", "demo_dev"}
    version = mirror.publish_manifest(b"{}\n", [theirs])
    worker = Mirror(tmp_path / "worker.git", url=host.url, login=login)
    assert worker.read_manifest(version) == b"{}\n"
    merges = MergeRepository(tmp_path / "copy.git", url=host.url, login=login)
    ours = merges.tips(["main"])["main"]
    preview, _ = merges.preview(ours, theirs)
    merges.move("main", seen=ours, to=merges.write(preview, {}, PADMA))
    assert origin.bare("show", "main:b.txt") == "b"
    repository.delete_branch("demo_dev")
    assert origin.branches() == {"main"}
    assert login.asked > 5  # before each exchange


def test_the_token_is_in_no_file_log_or_configuration(host, merges, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    tip = merges.tips(["main"])["main"]
    merges.preview(tip, tip)
    refused = MergeRepository(tmp_path / "r.git", url=host.url, login=Logins(TOKEN + "x"))
    with pytest.raises(OutsideSystemError) as failed:
        refused.tips(["main"])
    files = [path for path in tmp_path.rglob("*") if stat.S_ISREG(path.lstat().st_mode)]
    assert any(path.name == "config" for path in files)
    for shape in shapes(TOKEN):
        assert shape not in caplog.text + str(failed.value) + repr(failed.value)
        assert not [path for path in files if shape.encode() in path.read_bytes()]


def test_the_token_is_on_no_command_line(host, tmp_path, monkeypatch):
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    told = tmp_path / "told"
    recorder = tmp_path / "bin" / "git"
    recorder.parent.mkdir()
    recorder.write_text(f'#!/bin/sh\necho "$@" >> {told}\nexec {real.strip()} "$@"\n')
    recorder.chmod(0o755)
    monkeypatch.setenv("PATH", f"{recorder.parent}{os.pathsep}{os.environ['PATH']}")
    assert GitRepository(host.url, login=Logins()).tip("main")
    assert "ls-remote" in told.read_text()
    assert "canary" not in told.read_text()


def test_a_wrong_token_is_refused_with_its_place_and_no_word_of_it(host, tmp_path):
    login = Logins("canary-old")
    for step in (
        lambda: GitRepository(host.url, login=login).tip("main"),
        Mirror(tmp_path / "m.git", url=host.url, login=login).fetch_branches,
    ):
        with pytest.raises(OutsideSystemError) as failed:
            step()
        said = f"{failed.value} {failed.value.__cause__} {failed.value.__context__}"
        assert "Authentication failed" in said
        assert "the vault of test" in said
        for shape in shapes("canary-old"):
            assert shape not in said


def test_a_token_that_was_changed_is_used_from_the_next_exchange_on(host, origin, tmp_path):
    login = Logins()
    mirror = Mirror(tmp_path / "m.git", url=host.url, login=login)
    mirror.fetch_branches()
    host.logins = {("x-access-token", "canary-new")}
    with pytest.raises(OutsideSystemError, match="Authentication failed"):
        mirror.fetch_branches()
    login.token = "canary-new"  # noqa: S105
    commit = origin.commit({"new.txt": "new"})
    mirror.fetch_branches()
    assert mirror.tips() == {"main": commit}


def test_a_token_that_expires_before_the_push_leaves_everything_as_it_was(host, origin, merges):
    theirs = origin.commit({"b.txt": "b"}, branch="demo_dev", source="main")
    ours = merges.tips(["main"])["main"]
    preview, _ = merges.preview(ours, theirs)
    commit = merges.write(preview, {}, PADMA)
    host.logins = set()
    with pytest.raises(OutsideSystemError, match="Authentication failed"):
        merges.move("main", seen=ours, to=commit)
    assert origin.bare("rev-parse", "main") == ours
    host.logins = {("x-access-token", TOKEN)}
    merges.move("main", seen=ours, to=commit)
    assert origin.bare("rev-parse", "main") == commit


def test_a_refused_push_is_quoted_and_what_it_says_of_the_token_is_hidden(host, origin, merges):
    theirs = origin.commit({"b.txt": "b"}, branch="demo_dev", source="main")
    ours = merges.tips(["main"])["main"]
    login = merges.preview(ours, theirs) and "x-access-token"
    basic = base64.b64encode(f"{login}:{TOKEN}".encode()).decode()
    host.refuse_pushes(f"main is frozen, {basic}")
    with pytest.raises(PushRefused, match=r"main is frozen, \*\*\*") as failed:
        merges.move("main", seen=ours, to=theirs)
    assert basic not in str(failed.value)
    assert origin.bare("rev-parse", "main") == ours


def test_a_push_that_came_too_late_is_no_refusal(origin, merges):
    seen = merges.tips(["main"])["main"]
    theirs = origin.commit({"b.txt": "b"}, branch="demo_dev", source="main")
    merges.preview(seen, theirs)
    origin.bare("update-ref", "refs/heads/main", theirs)
    other = origin.bare("commit-tree", "-p", seen, "-m", "Other", f"{theirs}^{{tree}}")
    with pytest.raises(BranchMoved):
        merges.move("main", seen=seen, to=other)


def test_the_token_goes_to_no_host_that_the_repository_leads_to(host, origin):
    with GitHost(origin.path) as elsewhere:
        elsewhere.logins = {("x-access-token", TOKEN)}
        address = elsewhere.url.rpartition("/")[0]
        host.leads_to = address
        with pytest.raises(OutsideSystemError):
            GitRepository(host.url, login=Logins()).tip("main")
        assert elsewhere.asked
        assert set(elsewhere.asked) == {None}


def test_no_helper_of_this_host_is_given_the_token(host, tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    config = tmp_path / "gitconfig"
    config.write_text(f"[credential]\n helper = store --file={kept}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert GitRepository(host.url, login=Logins()).tip("main")
    assert not kept.exists()


def test_settings_that_the_process_was_given_stay(host, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{host.url}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "git-host:retail")
    address = f"{host.url.rpartition('/')[0]}/elsewhere.git"
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", address)
    assert GitRepository(address, login=Logins()).tip("main")


def test_a_repository_that_wants_a_login_says_where_to_name_one(host):
    with pytest.raises(OutsideSystemError, match="repository_login"):
        GitRepository(host.url).tip("main")


@pytest.mark.parametrize("token", ["", "two\nlines", "nul\0"])
def test_a_token_is_one_line(token):
    with pytest.raises(ValueError, match="has to be one line"):
        RepositoryLogin(name="padma", token=token, place="the vault of test")


def test_a_login_is_shown_without_its_token():
    assert "canary" not in repr(Logins()())

"""Branches, manifests and trees in real git repositories."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import create_server

import pytest

from airflow_dataops.adapters.git_repository import GitRepository, Mirror
from airflow_dataops.adapters.git_repository.commands import scratch_repository
from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
from airflow_dataops.domain.manifest import version_of
from airflow_dataops.errors import OutsideSystemError

MANIFEST = b'{"kitchens": {"demo_dev": {}}}\n'


@pytest.fixture
def mirror(origin, tmp_path):
    mirror = Mirror(tmp_path / "mirror.git", url=origin.url)
    mirror.fetch_branches()
    return mirror


def another_host(origin, tmp_path, name="other.git"):
    return Mirror(tmp_path / name, url=origin.url)


def files_of(folder):
    return {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}


def test_a_branch_whose_end_is_the_name_is_not_taken_for_it(origin):
    # git's own listing matches the ends of names.
    origin.bare("update-ref", "refs/mirror/refs/heads/demo_dev", "main")
    assert GitRepository(origin.url).tip("demo_dev") is None


@pytest.mark.parametrize("letter", ["\u2028", "\u2029", "\x85", "\u00a0", "\udcff"])
def test_a_branch_whose_name_looks_like_two_lines_hides_no_other(origin, tmp_path, letter):
    """Whoever may push one could otherwise keep all kitchens from being read."""
    odd = f"x{letter}y{letter}/refs/heads/main"
    origin.bare("update-ref", f"refs/heads/{odd}", "main")
    tip = origin.bare("rev-parse", "refs/heads/main")
    mirror = another_host(origin, tmp_path)
    mirror.fetch_branches()
    assert mirror.tips() == {"main": tip, odd: tip}
    assert GitRepository(origin.url).tip("main") == tip
    copy = MergeRepository(tmp_path / "copy.git", url=origin.url)
    assert copy.tips(["main"]) == {"main": tip}


def test_a_program_that_somebody_put_into_a_copy_sees_none_of_airflows_settings(
    mirror, origin, tmp_path, monkeypatch
):
    seen = tmp_path / "seen"
    hook = tmp_path / "mirror.git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nenv >> {seen}\n")
    hook.chmod(0o755)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://airflow:secret@db")
    origin.bare("branch", "another", "main")
    mirror.fetch_branches()
    assert "GIT_DIR=" in seen.read_text()
    assert "secret" not in seen.read_text()


def test_a_branch_that_went_on_is_not_moved_back_by_cutting_it_again(origin):
    repository = GitRepository(origin.url)
    repository.cut_branch("demo_dev", source="main")
    newer = origin.commit({"a.txt": "a"}, branch="demo_dev")
    repository.cut_branch("demo_dev", source="main")
    assert repository.tip("demo_dev") == newer


def test_one_branch_is_cut_by_several_at_once(origin):
    outcomes = []

    def cut():
        GitRepository(origin.url).cut_branch("demo_dev", source="main")
        outcomes.append("done")

    threads = [threading.Thread(target=cut) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert outcomes == ["done"] * 4
    assert GitRepository(origin.url).tip("demo_dev") == origin.bare("rev-parse", "main")


def test_the_branch_that_the_repository_shows_first_is_not_deleted(origin):
    repository = GitRepository(origin.url)
    with pytest.raises(OutsideSystemError, match="could not delete branch 'main'"):
        repository.delete_branch("main")
    assert repository.tip("main") is not None


def test_a_repository_that_is_not_there_is_named(tmp_path):
    missing = tmp_path / "nothing.git"
    with pytest.raises(OutsideSystemError, match=rf"look up branch 'main' of {missing}"):
        GitRepository(str(missing)).tip("main")
    with pytest.raises(OutsideSystemError, match="fetch branches"):
        Mirror(tmp_path / "mirror.git", url=str(missing)).fetch_branches()


def test_a_host_that_cannot_start_git_says_why(origin):
    without_files = (
        "import os, resource, sys\n"
        "from airflow_dataops.adapters.git_repository import GitRepository\n"
        "repository = GitRepository(sys.argv[1])\n"
        "open_now = len(os.listdir('/proc/self/fd')) - 1\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (open_now, open_now))\n"
        "try:\n"
        "    repository.tip('main')\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", without_files, origin.url],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    expected = "OutsideSystemError this host cannot start git: Too many open files; ask again later"
    assert said.strip() == expected


def test_a_host_that_cannot_write_files_says_why(mirror, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideSystemError, match=r"could not extract commit .*: Not a directory"):
        mirror.extract(mirror.tips()["main"], tmp_path / "file" / "below")


def test_nothing_tidies_up_in_a_folder_that_goes(origin):
    with scratch_repository(origin.url) as scratch:
        assert (scratch.config("gc.auto"), scratch.config("maintenance.auto")) == ("0", "false")


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(self.server.answer)
        if self.server.answer == 401:
            self.send_header("WWW-Authenticate", "Basic")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(params=[401, 500, None], ids=["refused", "broken", "nobody there"])
def unfriendly_url(request):
    """URL with a password, of a server that does not give what is asked."""
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    server.answer = request.param
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    if request.param is None:
        server.shutdown()
        server.server_close()
    yield f"http://padma:pass%40word-geheim@127.0.0.1:{server.server_port}/retail.git"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.mark.parametrize("step", ["tip", "cut", "fetch", "read", "publish"])
def test_a_urls_password_is_in_no_complaint(unfriendly_url, step, origin, tmp_path):
    repository = GitRepository(unfriendly_url)
    mirror = Mirror(tmp_path / "mirror.git", url=origin.url)
    mirror.fetch_branches()
    mirror = Mirror(tmp_path / "mirror.git", url=unfriendly_url)
    steps = {
        "tip": lambda: repository.tip("main"),
        "cut": lambda: repository.cut_branch("demo_dev", source="main"),
        "fetch": mirror.fetch_branches,
        "read": lambda: mirror.read_manifest("0" * 40),
        "publish": lambda: mirror.publish_manifest(MANIFEST, []),
    }
    with pytest.raises(OutsideSystemError) as failed:
        steps[step]()
    shown = f"{failed.value} {failed.value.__cause__}"
    assert "geheim" not in shown
    assert "padma" not in shown
    assert "127.0.0.1" in shown


def test_a_missing_sources_complaint_has_no_password_either(origin, monkeypatch):
    address = "https://padma:geheim@git.example.com/retail.git"
    # git itself leads the address elsewhere, so that this needs no server.
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{origin.url}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", address)
    repository = GitRepository(address)
    assert repository.tip("main") is not None
    with pytest.raises(OutsideSystemError, match="has no branch 'nowhere'") as failed:
        repository.cut_branch("demo_dev", source="nowhere")
    assert "geheim" not in str(failed.value)


@pytest.fixture
def silent_url():
    """Address of a server that takes connections and never says a word."""
    with create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/retail.git"


def test_a_silent_repository_is_waited_for_no_longer_than_agreed(silent_url, tmp_path):
    started = time.monotonic()
    with pytest.raises(OutsideSystemError, match="did not complete in 1 secs"):
        GitRepository(silent_url, patience_seconds=1).tip("main")
    with pytest.raises(OutsideSystemError, match="did not complete in 1 secs"):
        Mirror(tmp_path / "m.git", url=silent_url, patience_seconds=1).fetch_branches()
    assert time.monotonic() - started < 10


def test_a_mirror_follows_branches_that_come_move_and_go(origin, mirror):
    first = origin.bare("rev-parse", "main")
    assert mirror.tips() == {"main": first}
    second = origin.commit({"a.txt": "a"}, branch="team/demo_dev", source="main")
    mirror.fetch_branches()
    assert mirror.tips() == {"main": first, "team/demo_dev": second}
    origin.bare("update-ref", "refs/heads/main", second)
    origin.bare("update-ref", "-d", "refs/heads/team/demo_dev")
    mirror.fetch_branches()
    assert mirror.tips() == {"main": second}


def test_a_branch_that_was_rewritten_is_followed_too(origin, mirror):
    first = origin.bare("rev-parse", "main")
    origin.commit({"a.txt": "a"})
    mirror.fetch_branches()
    origin.bare("update-ref", "refs/heads/main", first)
    mirror.fetch_branches()
    assert mirror.tips() == {"main": first}


def test_the_same_manifest_is_the_same_version_on_every_host(origin, mirror, tmp_path):
    other = another_host(origin, tmp_path)
    other.fetch_branches()
    commits = list(mirror.tips().values())
    version = mirror.publish_manifest(MANIFEST, commits)
    assert version == version_of(MANIFEST)
    assert other.publish_manifest(MANIFEST, commits) == version
    refs = origin.bare("for-each-ref", "--format=%(refname)", "refs/dataops/")
    assert refs == f"refs/dataops/manifests/{version}"


def test_publishing_again_asks_the_repository_nothing(origin, mirror):
    commits = list(mirror.tips().values())
    version = mirror.publish_manifest(MANIFEST, commits)
    origin.path.rename(origin.path.with_suffix(".away"))
    assert mirror.publish_manifest(MANIFEST, commits) == version


def test_a_manifest_is_read_on_a_host_that_never_saw_it(origin, mirror, tmp_path):
    version = mirror.publish_manifest(MANIFEST, list(mirror.tips().values()))
    assert another_host(origin, tmp_path).read_manifest(version) == MANIFEST


def test_a_reference_that_was_moved_gives_no_other_manifest(origin, mirror, tmp_path):
    commits = list(mirror.tips().values())
    version = mirror.publish_manifest(MANIFEST, commits)
    forged = mirror.publish_manifest(b"forged\n", commits)
    prefix = "refs/dataops/manifests"
    origin.bare("update-ref", f"{prefix}/{version}", f"{prefix}/{forged}")
    with pytest.raises(OutsideSystemError, match="restore version"):
        another_host(origin, tmp_path).read_manifest(version)


def test_an_unknown_version_is_refused_by_name(origin, tmp_path):
    with pytest.raises(OutsideSystemError, match=f"restore version '{'0' * 40}'"):
        another_host(origin, tmp_path).read_manifest("0" * 40)


def test_a_manifest_keeps_the_commits_of_deleted_branches_alive(origin, mirror, tmp_path):
    commit = origin.commit({"kept.txt": "kept"}, branch="demo_dev", source="main")
    mirror.fetch_branches()
    version = mirror.publish_manifest(MANIFEST, list(mirror.tips().values()))
    GitRepository(origin.url).delete_branch("demo_dev")
    origin.bare("reflog", "expire", "--expire=now", "--all")
    origin.bare("gc", "--quiet", "--prune=now")
    elsewhere = another_host(origin, tmp_path)
    elsewhere.read_manifest(version)
    assert elsewhere.has_commit(commit)
    elsewhere.extract(commit, into := tmp_path / "out")
    assert (into / "kept.txt").read_text() == "kept"


def test_files_are_written_with_the_present_time_not_the_commits(mirror, tmp_path):
    before = time.time()
    mirror.extract(mirror.tips()["main"], into := tmp_path / "out")
    found = files_of(into)
    assert set(found) == {"pipelines/profit/pipeline.py", "README.md"}
    assert all(before - 1 <= file.stat().st_mtime <= time.time() + 1 for file in found.values())


def test_only_the_paths_asked_for_are_written(origin, mirror, tmp_path):
    commit = origin.commit({"lib/größe/a b.py": "x", "pipelines/a.py": "y", "big/data.csv": "z"})
    mirror.fetch_branches()
    mirror.extract(commit, into := tmp_path / "out", paths=["lib/größe", "pipelines", "missing"])
    assert set(files_of(into)) == {
        "lib/größe/a b.py",
        "pipelines/a.py",
        "pipelines/profit/pipeline.py",
    }


def test_paths_that_a_commit_lacks_give_an_empty_folder(mirror, tmp_path):
    (into := tmp_path / "out").mkdir()
    mirror.extract(mirror.tips()["main"], into, paths=["missing"])
    assert files_of(into) == {}


def test_a_commit_that_the_host_lacks_is_refused(mirror, tmp_path):
    assert not mirror.has_commit("0" * 40)
    with pytest.raises(OutsideSystemError, match="extract commit"):
        mirror.extract("0" * 40, tmp_path / "out")


def test_a_link_out_of_the_folder_is_refused(origin, mirror, tmp_path):
    (origin.work / "leak").symlink_to("/etc/passwd")
    commit = origin.commit({})
    mirror.fetch_branches()
    with pytest.raises(OutsideSystemError, match="extract commit"):
        mirror.extract(commit, into := tmp_path / "out")
    assert not (into / "leak").exists()


def test_nobody_is_asked_for_a_password(unfriendly_url):
    started = time.monotonic()
    with pytest.raises(OutsideSystemError):
        GitRepository(unfriendly_url.replace("padma:pass%40word-geheim@", "")).tip("main")
    assert time.monotonic() - started < 10

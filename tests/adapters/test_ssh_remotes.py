"""Repositories behind ssh: a real client and a real server, with nobody there to answer it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from airflow_dataops.adapters.git_repository import GitRepository, Mirror
from airflow_dataops.errors import OutsideSystemError
from tests import git_ssh_server


@pytest.fixture
def address(origin, tmp_path):
    """The repository's, for who has the key of padma and knows the server's."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "padma")
    (tmp_path / "padma").chmod(0o600)
    key.write_public_key(tmp_path / "authorized")
    script = Path(git_ssh_server.__file__)
    with subprocess.Popen(
        [sys.executable, script, tmp_path / "authorized"], stdout=subprocess.PIPE, text=True
    ) as server:
        port, _, public = server.stdout.readline().partition(" ")
        (tmp_path / "known").write_text(f"[127.0.0.1]:{port} {public}")
        yield f"ssh://padma@127.0.0.1:{port}{origin.path}"
        server.terminate()


def command(tmp_path, *, key="padma", known="known"):
    options = f"-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={tmp_path / known}"
    return f"ssh {options} -i {tmp_path / key}"


def test_kitchens_are_cut_and_read_by_ssh(address, origin, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_SSH_COMMAND", command(tmp_path))
    GitRepository(address).cut_branch("demo_dev", source="main")
    mirror = Mirror(tmp_path / "mirror.git", url=address)
    mirror.fetch_branches()
    assert set(mirror.tips()) == origin.branches() == {"main", "demo_dev"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"known": "nobody"}, "Host key verification failed"), ({"key": "no"}, "Permission denied")],
)
def test_what_a_person_would_be_asked_for_is_refused_at_once(
    address, tmp_path, monkeypatch, wrong, said
):
    monkeypatch.setenv("GIT_SSH_COMMAND", command(tmp_path, **wrong))
    with pytest.raises(OutsideSystemError, match=said):
        GitRepository(address).tip("main")

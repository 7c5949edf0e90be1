from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from airflow_dataops.demo.home import DemoHome
from airflow_dataops.demo.processes import GuardedProcess
from airflow_dataops.demo.stack import EmbeddedStack
from airflow_dataops.errors import ConfigurationError, OutsideSystemError

pytestmark = pytest.mark.service

ROOT = Path(__file__).parents[2]
OWNER = """
import sys, time
from pathlib import Path
from airflow_dataops.demo.stack import EmbeddedStack
EmbeddedStack(Path(sys.argv[1])).start()
print("started", flush=True)
time.sleep(600)
"""


def parents():
    """Parent of each living process."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, after_name = stat.read_text().rpartition(") ")
        except OSError:
            continue
        state, parent = after_name.split()[:2]
        if state != "Z":  # dead already; its parent has not looked yet
            found[int(stat.parent.name)] = int(parent)
    return found


def descendants(pid):
    living = parents()
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in living.items() if parent == ancestor]
    return found[1:]


def are_gone(pids, *, seconds):
    deadline = time.monotonic() + seconds
    while living := set(pids) & set(parents()):
        if time.monotonic() > deadline:
            return living
        time.sleep(0.05)
    return set()


@pytest.fixture
def owner(stack_home):
    """A Python process of its own that started the stack."""
    command = [sys.executable, "-c", OWNER, str(stack_home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n"
        yield process
        started = descendants(process.pid)
        process.kill()
        # They clean up in the home, which is removed next.
        are_gone(started, seconds=20)


def write_row(addresses):
    with warehouse(addresses) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def warehouse(addresses):
    place = addresses.environments["development"]
    return psycopg.connect(
        host=addresses.postgres_host,
        port=addresses.postgres_port,
        user=place.warehouse_login,
        password=place.warehouse_password,
        dbname=place.warehouse_database,
    )


def test_second_start_finds_ports_passwords_logins_and_data_again(stack_home):
    with EmbeddedStack(stack_home) as stack:
        first = stack.start()
        write_row(first)
        stack.put_secret("development", "kitchens/padma/redshift", {"login": "padma"})
    with EmbeddedStack(stack_home) as stack:
        second = stack.start()
        before, after = first.environments["development"], second.environments["development"]
        assert second.metadata_url == first.metadata_url
        assert second.vault_url == first.vault_url
        assert second.sftp_port == first.sftp_port
        assert second.sftp_host_key == first.sftp_host_key
        assert after.role_id == before.role_id
        assert after.sftp_password == before.sftp_password
        # The object store is in memory: what it knew is gone, its keys too.
        assert after.s3_key != before.s3_key
        with warehouse(second) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_stop_leaves_no_process(stack_home):
    before = set(descendants(os.getpid()))
    with EmbeddedStack(stack_home) as stack:
        stack.start()
        started = set(descendants(os.getpid())) - before
        assert len(started) >= 8  # four servers, each with its guard
    assert are_gone(started, seconds=0) == set()
    stack.stop()  # stopped already is no error


def test_killed_owner_takes_its_servers_along(owner):
    started = descendants(owner.pid)
    assert len(started) >= 8
    owner.kill()
    assert are_gone(started, seconds=10) == set()


def test_start_right_after_the_owner_was_killed(owner, stack_home):
    owner.kill()
    owner.wait()
    with EmbeddedStack(stack_home) as stack:
        write_row(stack.start())


def test_start_after_everything_was_killed_at_once(owner, stack_home):
    started = descendants(owner.pid)
    for pid in [owner.pid, *started]:
        with suppress(ProcessLookupError):  # a worker of a server killed a moment before
            os.kill(pid, signal.SIGKILL)
    owner.wait()
    with EmbeddedStack(stack_home) as stack:
        write_row(stack.start())


def test_killed_guards_take_their_servers_along(owner):
    living = parents()
    guards = [pid for pid in descendants(owner.pid) if living[pid] == owner.pid]
    started = descendants(owner.pid)
    for guard in guards:
        os.kill(guard, signal.SIGKILL)
    assert are_gone(set(started) - set(guards), seconds=10) == set()


def test_second_owner_of_a_home_is_refused(owner, stack_home):
    with pytest.raises(ConfigurationError, match=rf"already \(process {owner.pid}\)"):
        EmbeddedStack(stack_home).start()
    assert owner.poll() is None
    assert len(descendants(owner.pid)) >= 8


def test_stale_pid_file_of_a_foreign_process_harms_nobody(stack_home):
    with EmbeddedStack(stack_home, environments=["development"]) as stack:
        stack.start()
        data = stack_home / "postgres" / "data"
        stale = (data / "postmaster.pid").read_text().splitlines()[1:]
    foreign = subprocess.Popen(["sleep", "60"])
    try:
        (data / "postmaster.pid").write_text("\n".join([str(foreign.pid), *stale]))
        (stack_home / "run" / "postgres.pid").write_text(f"{foreign.pid}\n")
        with EmbeddedStack(stack_home, environments=["development"]) as stack:
            stack.start()
        assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.wait()


def test_failed_start_leaves_nothing_and_names_the_log(stack_home, monkeypatch):
    before = set(descendants(os.getpid()))
    monkeypatch.setattr("airflow_dataops.demo.openbao.wheel_directory", lambda _: ROOT)
    with pytest.raises(OutsideSystemError, match=r"openbao ended while it started: .*openbao\.log"):
        EmbeddedStack(stack_home).start()
    assert set(descendants(os.getpid())) == before


def test_vault_that_lost_its_root_token_begins_anew(stack_home):
    with EmbeddedStack(stack_home, environments=["development"]) as stack:
        stack.start().vault_root_token_file.unlink()
    with EmbeddedStack(stack_home, environments=["development"]) as stack:
        stack.start()
        stack.put_secret("development", "tools/slack", {"password": "x"})


def test_port_that_somebody_else_took_is_replaced(stack_home):
    home = DemoHome(stack_home)
    first = home.ports(["vault", "s3"])
    assert home.ports(["vault", "s3"]) == first
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first["vault"]))
        taken.listen()
        second = home.ports(["vault", "s3"])
    assert second["vault"] != first["vault"]
    assert second["s3"] == first["s3"]


def test_command_that_fails_is_reported_with_its_last_words(stack_home):
    home = DemoHome(stack_home)
    home.claim()
    failing = GuardedProcess.start(home, "failing", ["/bin/sh", "-c", "echo no luck; exit 3"])
    with pytest.raises(OutsideSystemError, match=r"failing failed: no luck \(log: .*failing\.log"):
        failing.finish()
    home.release()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL has another user")
def test_home_that_nobody_cannot_reach_works_for_root(stack_home, monkeypatch):
    monkeypatch.setattr("airflow_dataops.demo.postgres._OPEN_PLACE", stack_home / "open")
    closed = stack_home / "closed"
    closed.mkdir(mode=0o700)
    said = []
    with EmbeddedStack(closed / "home", environments=["development"]) as stack:
        write_row(stack.start(said.append))
    assert "keeps its data in" in said[0]
    assert not (closed / "home" / "postgres").exists()


def test_unknown_environment_is_refused_by_name(stack_home):
    with pytest.raises(
        ValueError, match="no environment 'staging'; it has development, production"
    ):
        EmbeddedStack(stack_home, environments=["staging"])

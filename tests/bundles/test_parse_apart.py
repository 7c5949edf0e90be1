"""Kitchens' files parsed by Airflow's own processes, and what their code finds there."""

from __future__ import annotations

import io
import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from uuid import uuid4

import psutil
import pytest
import structlog
from airflow.dag_processing.processor import DagFileProcessorProcess
from airflow.sdk.execution_time import supervisor

from airflow_dataops.bundles import parse_apart, parse_server
from airflow_dataops.bundles.parse_apart import without_secrets

pytestmark = [
    pytest.mark.airflow,
    # Airflow leaves closing one end of each process to the garbage collector.
    pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning"),
]
# Airflow looks for these words before it reads a file.
READ = "# airflow dag\n"
SECRET = f"canary-{secrets.token_hex(16)}"
LOOKS_AROUND = """\
import json, os, re
from pathlib import Path
from airflow.sdk import DAG
from airflow.configuration import conf

def memory(process):
    found = set()
    with open(f"/proc/{process}/mem", "rb") as held:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            if " rw" in line:
                begin, end = (int(part, 16) for part in line.split()[0].split("-"))
                held.seek(begin)
                try:
                    found |= set(re.findall(rb"canary[-][0-9a-f]{32}", held.read(end - begin)))
                except OSError:
                    continue
    return sorted(text.decode() for text in found)

Path(%r).write_text(json.dumps({
    "pid": os.getpid(),
    "parent": os.getppid(),
    "environment": dict(os.environ),
    "memory": memory("self"),
    "parents memory": memory(os.getppid()),
    "parents environment": Path(f"/proc/{os.getppid()}/environ").read_text(),
    "database": conf.get("database", "sql_alchemy_conn"),
}))
with DAG("dev_kitchen.profit", schedule=None):
    pass
"""


class Manager:
    """Does with a file what the dag-processor's manager does."""

    def __init__(self, folder):
        self.folder = folder
        self.report = folder / "report.json"

    def start(self, text, *, bundle="kitchens"):
        file = self.folder / f"{uuid4().hex}.py"
        file.write_text(READ + text)
        return DagFileProcessorProcess.start(
            id=uuid4(), path=file, bundle_path=self.folder, bundle_name=bundle,
            dag_file_rel_path=file.name, callbacks=[], selector=selectors.DefaultSelector(),
            logger=structlog.get_logger(), logger_filehandle=io.BytesIO(), client=None,
        )  # fmt: skip

    def finish(self, process, *, until=lambda: False, seconds=120):
        late = time.monotonic() + seconds
        while not process.is_ready and not until():
            assert time.monotonic() < late, "parsing does not end"
            for key, _ in process.selector.select(0.1):
                handle, on_close = key.data
                if not handle(key.fileobj):
                    on_close(key.fileobj)
                    key.fileobj.close()
        return process

    def parse(self, text, **where):
        return self.finish(self.start(text, **where))

    def reported(self):
        return json.loads(self.report.read_text())


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC", f"sqlite:///{SECRET}")
        patch.setenv("AIRFLOW__CORE__FERNET_KEY", SECRET)
        patch.setenv("AIRFLOW__CORE__FERNET_KEY_CMD", f"echo {SECRET}")
        patch.setenv("AIRFLOW_CONN_REDSHIFT", f"postgresql://u:{SECRET}@h/d")
        patch.setenv("COMPANY_TOKEN", SECRET)
        patch.setenv("COMPANY_REGION", "north")
        patch.setenv("AIRFLOW__DATAOPS__PARSE_ENVIRONMENT", "COMPANY_REGION")
        for owner, name in ((DagFileProcessorProcess, "start"), (supervisor, "_fork_main")):
            patch.setattr(owner, name, owner.__dict__[name])
        server = parse_apart.install({"kitchens"})
        yield Manager(tmp_path_factory.mktemp("parsed"))
        server.close()


@pytest.fixture(scope="module")
def looked(manager):
    process = manager.parse(LOOKS_AROUND % str(manager.report))
    return SimpleNamespace(process=process, **manager.reported(), found=manager.reported())


def test_its_dags_come_to_the_manager_as_ever(looked):
    assert [dag.dag_id for dag in looked.process.parsing_result.serialized_dags] == [
        "dev_kitchen.profit"
    ]
    assert looked.process.parsing_result.import_errors == {}


@pytest.mark.parametrize("place", ["memory", "parents memory"])
def test_no_secret_is_in_memory(looked, place):
    assert looked.found[place] == []


def test_no_secret_is_in_an_environment(looked):
    assert SECRET not in json.dumps(looked.environment)
    assert SECRET not in looked.found["parents environment"]
    assert "COMPANY_TOKEN" not in looked.environment


def test_it_has_the_variables_that_are_named_for_it(looked):
    assert looked.environment["COMPANY_REGION"] == "north"
    assert looked.environment["PATH"] == os.environ["PATH"]


def test_it_knows_no_database(looked):
    assert looked.database == "airflow-db-not-allowed:///"


def test_it_is_no_child_of_the_manager(looked):
    assert looked.pid != looked.process.pid
    assert looked.parent not in (os.getpid(), looked.process.pid)


def test_a_broken_file_is_told_with_its_place(manager):
    process = manager.parse("1 / 0\n")
    (text,) = process.parsing_result.import_errors.values()
    assert "line 2" in text
    assert "ZeroDivisionError" in text


def test_a_time_limit_ends_what_parses_and_what_it_started(manager):
    manager.report.unlink(missing_ok=True)
    process = manager.start(
        "import json, os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"with open({str(manager.report)!r} + '.new', 'w') as file:\n"
        "    json.dump([os.getpid(), child.pid], file)\n"
        f"os.rename({str(manager.report)!r} + '.new', {str(manager.report)!r})\n"
        "time.sleep(600)\n"
    )
    manager.finish(process, until=manager.report.exists)
    pids = manager.reported()
    process.kill(signal.SIGKILL)
    process.close()
    until(lambda: not any(is_running(pid) for pid in pids))


@pytest.mark.parametrize("ends", ["os._exit(7)", "os.kill(os.getpid(), 9)"])
def test_a_file_that_ends_its_process_is_no_result(manager, ends):
    process = manager.parse(f"import os\n{ends}\n")
    assert process.parsing_result is None
    assert process._exit_code in (7, 9)


def test_a_file_that_kills_the_server_delays_nobody_else(manager):
    process = manager.parse("import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(600)\n")
    assert process.parsing_result is None
    after = manager.parse("from airflow.sdk import DAG\none = DAG('dev_kitchen.after')\n")
    assert [dag.dag_id for dag in after.parsing_result.serialized_dags] == ["dev_kitchen.after"]


def test_two_ends_that_come_at_once_leave_the_server_at_work(manager):
    manager.report.unlink(missing_ok=True)
    process = manager.start(
        "import os, time\n"
        f"with open({str(manager.report)!r} + '.new', 'w') as file:\n"
        "    file.write(f'[{os.getpid()}, {os.getppid()}]')\n"
        f"os.rename({str(manager.report)!r} + '.new', {str(manager.report)!r})\n"
        "time.sleep(600)\n"
    )
    manager.finish(process, until=manager.report.exists)
    parses, server = manager.reported()
    os.kill(server, signal.SIGSTOP)
    os.kill(parses, signal.SIGKILL)
    process.kill(signal.SIGKILL)
    process.close()
    os.kill(server, signal.SIGCONT)
    manager.parse(LOOKS_AROUND % str(manager.report))
    assert manager.reported()["parent"] == server


def test_files_of_other_bundles_are_parsed_where_airflow_does_it(manager):
    process = manager.parse(LOOKS_AROUND % str(manager.report), bundle="dags-folder")
    assert manager.reported()["pid"] == process.pid
    assert manager.reported()["parent"] == os.getpid()


def test_the_server_ends_with_the_manager():
    text = (
        "import socket, subprocess, sys, time\n"
        "ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        f"words = [sys.executable, '-P', '-m', {parse_server.__name__!r}, str(theirs.fileno())]\n"
        "server = subprocess.Popen(words, pass_fds=[theirs.fileno()])\n"
        "ours.sendall(b'[]')\n"
        "print(ours.recv(5).decode(), server.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    manager = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    with manager:
        word, pid = manager.stdout.readline().split()
        assert (word, is_running(int(pid))) == ("ready", True)
        manager.kill()
    until(lambda: not is_running(int(pid)))


def test_a_server_that_cannot_start_is_told(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(parse_apart.BundleError, match=r"no kitchen's file can be parsed.*exit"):
        parse_apart.ParseServer().ensure()


class TestWithoutSecrets:
    def test_what_airflow_calls_sensitive_is_left_out_in_every_form(self):
        kept = {"AIRFLOW__CORE__EXECUTOR": "x", "PATH": "/bin", "LC_ALL": "C"}
        secret = {
            f"AIRFLOW__{name}": "s"
            for name in ("CORE__FERNET_KEY", "CORE__FERNET_KEY_CMD", "CORE__FERNET_KEY_SECRET",
                         "RED___CORE__FERNET_KEY", "CELERY_KUBERNETES_EXECUTOR__KEY")
        }  # fmt: skip
        other = {"AIRFLOW_CONN_X": "s", "AIRFLOW_VAR_X": "s", "AWS_SECRET_ACCESS_KEY": "s"}
        sensitive = {("core", "fernet_key"), ("celery_kubernetes_executor", "key")}
        assert (
            without_secrets(kept | secret | other, sensitive=sensitive, named=frozenset()) == kept
        )

    def test_what_is_named_is_kept(self):
        found = without_secrets({"REGION": "n", "TOKEN": "s"}, sensitive=(), named={"REGION"})
        assert found == {"REGION": "n"}


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition, *, seconds=60):
    late = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < late, "it never came"
        time.sleep(0.05)

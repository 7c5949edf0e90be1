"""The image and the compose file of ``docker/``, on a Docker Engine."""

from __future__ import annotations

import hashlib
import os
import signal
import tempfile
from pathlib import Path

import pytest

from tests.compose.deployment import BASES, CREDENTIALS, ComposeAirflow
from tests.compose.engine import missing, own_engine
from tests.live_airflow import eventually

pytestmark = [pytest.mark.compose, pytest.mark.service]
OTHERS = {"production": "development", "development": "production"}
# What only servers may know.
SECRETS = (
    "POSTGRES_PASSWORD", "FERNET_KEY", "API_SECRET_KEY", "JWT_SECRET", "DATAOPS_TOKEN_KEY",
    "BROKER_SCHEDULER_PASSWORD",
)  # fmt: skip


@pytest.fixture(scope="module")
def airflow():
    assert not missing(), f"this needs {', '.join(missing())}; `make compose` says what to do"
    with tempfile.TemporaryDirectory(prefix="dataops-compose-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        with own_engine(folder) as engine:
            engine.make_images(folder)
            found = ComposeAirflow(_place(folder), engine)
            try:
                found.start()
                yield found
            finally:
                found.stop()


def _place(folder):
    place = folder / "docker"
    place.mkdir()
    return place


@pytest.fixture(scope="module")
def answers(airflow):
    """What each environment's task found."""
    return {
        environment: airflow.run(kitchen, "first") for environment, (kitchen, _) in BASES.items()
    }


def test_all_that_the_file_names_is_up(airflow):
    states = {name: airflow.state(name) for name in airflow.services}
    assert states["migrate"]["ExitCode"] == 0
    assert [name for name, state in states.items() if not state["Running"]] == ["migrate"]


@pytest.mark.parametrize("environment", list(BASES))
def test_a_task_has_its_environments_credential_on_its_environments_worker(
    airflow, answers, environment
):
    found = answers[environment]
    password = CREDENTIALS[environment].encode()
    assert found["credential"] == hashlib.sha256(password).hexdigest()
    assert airflow.container(f"worker-{environment}").startswith(found["host"])
    assert found["user"] != 0


@pytest.mark.parametrize("environment", list(BASES))
def test_a_worker_reaches_no_server_but_the_api_the_broker_and_git(airflow, environment):
    worker = f"worker-{environment}"
    script = """
import socket, sys
for name in sys.argv[1:]:
    try:
        socket.gethostbyname(name)
        print(name)
    except OSError:
        pass
"""
    names = [*airflow.services, "vault", "git"]
    found = airflow.inside(worker, "python3", "-c", script, *names).split()
    own = {worker, f"{worker}-provision"}
    assert set(found) == {"api-server", "broker", "git"} | own


@pytest.mark.parametrize("environment", list(BASES))
def test_a_worker_knows_no_secret_of_a_server_or_of_the_other_environment(airflow, environment):
    known = airflow.inside(
        f"worker-{environment}", "sh", "-c",
        "cat /proc/*/environ /proc/*/cmdline /opt/airflow/airflow.cfg 2>/dev/null | tr '\\0' '\\n'",
    )  # fmt: skip
    other = OTHERS[environment].upper()
    names = (*SECRETS, f"BROKER_{other}_PASSWORD", f"BROKER_{other}_PROVISION_PASSWORD")
    assert [name for name in names if airflow.values[name] in known] == []
    assert airflow.values[f"BROKER_{environment.upper()}_PASSWORD"] in known


@pytest.mark.parametrize("environment", list(BASES))
def test_a_container_of_airflow_has_no_right_of_the_kernel(airflow, environment):
    said = airflow.inside(f"worker-{environment}", "cat", "/proc/1/status")
    rights = dict(line.split(":", 1) for line in said.splitlines())
    names = ("CapEff", "CapPrm", "CapBnd")
    assert {int(rights[name], 16) for name in names} == {0}
    assert rights["NoNewPrivs"].strip() == "1"


def test_a_worker_has_no_login_for_git(airflow):
    looks = "ls -A ~/.ssh ~/.git-credentials ~/.config/git || true"
    assert airflow.inside("worker-development", "sh", "-c", looks) == ""


def test_what_parses_kitchens_can_write_nothing_that_stays(airflow):
    script = "touch /opt/airflow/kept 2>&1 || true"
    said = airflow.inside("dag-processor-development", "sh", "-c", script)
    assert "Read-only file system" in said


@pytest.mark.usefixtures("answers")
def test_a_worker_that_is_killed_is_back_and_works(airflow):
    before = airflow.state("worker-development")
    os.kill(before["Pid"], signal.SIGKILL)

    def is_back():
        now = airflow.state("worker-development")
        return now["Running"] and now["Pid"] != before["Pid"]

    eventually("the worker is back", is_back, seconds=60)
    assert airflow.run("demo_dev", "second")["user"] != 0


@pytest.mark.usefixtures("answers")
def test_no_credential_is_in_what_the_containers_say(airflow):
    said = airflow.compose("logs")
    assert [secret for secret in CREDENTIALS.values() if secret in said] == []
    assert [name for name, value in airflow.values.items() if value in said] == []

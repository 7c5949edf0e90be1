"""The REST API inside a stock API server with several workers, below a path of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.airflow_fixtures import airflow_environment
from tests.git_fixtures import Origin
from tests.web import conftest

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
BELOW = "/af"
LONGEST_SECONDS = 180


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.fixture(scope="module")
def server(retail_installation, tmp_path_factory):
    """``airflow api-server --apps core`` with two workers, on SQLite."""
    folder = tmp_path_factory.mktemp("mounted") / "installation"
    shutil.copytree(retail_installation, folder)
    origins = {project: Origin(folder / project) for project in conftest.PROJECTS}
    conftest.write_environments(folder / "environments.yaml", origins)
    port, log = free_port(), folder / "api-server.log"
    environ = airflow_environment(folder, f"sqlite:///{folder / 'airflow.db'}")
    environ["AIRFLOW__API__BASE_URL"] = f"http://127.0.0.1:{port}{BELOW}"
    for option, value in conftest.options(folder / "environments.yaml").items():
        environ[f"AIRFLOW__{option}"] = value
    command = [sys.executable, "-m", "airflow", "api-server", "--apps", "core", "--workers", "2"]
    with (
        log.open("w") as written,
        subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=environ,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}{BELOW}"
            _wait_until_serving(url, process, log)
            with httpx.Client(base_url=f"{url}{conftest.API}", timeout=60) as client:
                yield client
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


def _wait_until_serving(url, process, log):
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            if httpx.get(f"{url}/api/v2/version", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"the API server does not answer: {log.read_text()[-4000:]}")


def bearer(who):
    return {"Authorization": f"Bearer {conftest.token(who)}"}


def test_nobody_is_answered(server):
    answer = server.get("/kitchens")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_worker_answers(server):
    with ThreadPoolExecutor(8) as many:
        answers = list(
            many.map(
                lambda _: httpx.get(f"{server.base_url}me", headers=bearer("padma"), timeout=60),
                range(40),
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["name"] for answer in answers} == {"padma"}


def test_kitchens_are_shown_and_created(server):
    names = [k["name"] for k in server.get("/kitchens", headers=bearer("padma")).json()]
    assert names == ["demo_dev", "demo_production", "dev_kitchen"]
    body = {"name": "made_live", "parent": "demo_dev"}
    answer = server.post("/kitchens", json=body, headers=bearer("padma"))
    assert (answer.status_code, answer.json()["progress"]) == (202, "done")
    history = server.get("/kitchens/made_live/history", headers=bearer("padma")).json()
    assert {entry["source"] for entry in history} == {"api 127.0.0.1"}


def test_the_users_cookie_counts_on_airflows_own_pages(server):
    body, headers = {"ticket": "DATA-7"}, {"Cookie": f"_token={conftest.token('padma')}"}
    for site, status in (("same-origin", 200), ("same-site", 403), ("cross-site", 403)):
        answer = server.patch(
            "/kitchens/dev_kitchen", json=body, headers={**headers, "Sec-Fetch-Site": site}
        )
        assert answer.status_code == status, site


def test_a_body_that_never_ends_is_refused(server):
    def endless():
        for _ in range(10_000):
            yield b" " * 1_000

    headers = {**bearer("padma"), "Content-Type": "application/json"}
    try:
        status = server.post("/kitchens", content=endless(), headers=headers).status_code
    except (httpx.WriteError, httpx.ReadError):
        status = 413  # it hung up while we were still talking
    assert status == 413
    assert server.get("/me", headers=bearer("padma")).status_code == 200


def test_a_name_that_looks_escaped_is_taken_as_it_is(server):
    address = "/kitchens/dev_kitchen/staff/zoe%2541"
    answer = server.put(address, json={"role": "cook"}, headers=bearer("padma"))
    assert answer.status_code == 422
    assert "'zoe%41'" in answer.json()["detail"]


def test_addresses_that_are_none_are_problems(server):
    answer = server.get("/nothing", headers=bearer("padma"))
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_airflow_itself_is_as_it_was(server):
    airflow = str(server.base_url).removesuffix(f"{conftest.API}/")
    answer = httpx.get(f"{airflow}/api/v2/dags", headers=bearer("padma"), timeout=60)
    assert answer.status_code == 200
    assert answer.json()["total_entries"] == 0

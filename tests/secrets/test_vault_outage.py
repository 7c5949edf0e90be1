"""A vault that is sealed, down or hung costs a task seconds, and gives it a refusal."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hvac
import pytest

from airflow_dataops.demo.home import DemoHome
from airflow_dataops.demo.openbao import EmbeddedVault
from airflow_dataops.demo.postgres import EmbeddedPostgres
from tests.secrets.conftest import refusal

pytestmark = [pytest.mark.airflow, pytest.mark.service]


@pytest.fixture
def own_vault(stack_home):
    """An OpenBao that this test may harm."""
    home = DemoHome(stack_home)
    home.claim()
    ports = home.ports(["postgres", "vault"])
    postgres, vault = EmbeddedPostgres(home, ports["postgres"]), EmbeddedVault(home, ports["vault"])
    try:
        postgres.start(lambda _: None)
        vault.launch(postgres)
        vault.get_ready(lambda _: None)
        yield vault
    finally:
        vault.stop()
        postgres.stop()
        home.release()


@pytest.fixture
def on_own_vault(installation, own_vault):
    """The id of a task whose environment lives in that vault."""
    login = own_vault.provide_environment("development")
    own_vault.put_secret("development", "tools/redshift", {"conn_type": "postgres", "login": "own"})
    installation.declare(
        lambda development: development["vault"].update(
            url=login.url,
            role_id_file=str(login.role_id_file),
            secret_id_file=str(login.secret_id_file),
        )
    )
    return installation.new_task()


def revoke_tokens(root):
    """All but the administrator's."""
    for accessor in root.auth.token.list_accessors()["data"]["keys"]:
        if root.auth.token.lookup_accessor(accessor)["data"]["policies"] != ["root"]:
            root.auth.token.revoke_accessor(accessor)


def test_a_sealed_vault_is_a_refusal_before_and_after_a_login(
    installation, own_vault, on_own_vault, clock
):
    assert installation.connection(on_own_vault).login == "own"
    root = hvac.Client(url=own_vault.url, token=own_vault.root_token_file.read_text())
    root.sys.seal()
    root.adapter.close()
    assert installation.connection(on_own_vault).login == "own"  # from the cache, for a minute
    clock.seconds += 60
    assert "(mount 'development') did not answer: VaultDown" in refusal(installation, on_own_vault)


def test_a_stopped_vault_is_a_refusal_before_and_after_a_login(
    installation, own_vault, on_own_vault, clock
):
    assert installation.connection(on_own_vault).login == "own"
    own_vault.stop()
    clock.seconds += 60
    assert "connection refused or lost" in refusal(installation, on_own_vault)


def test_a_revoked_token_is_replaced_by_a_new_login(installation, own_vault, on_own_vault, clock):
    assert installation.connection(on_own_vault).login == "own"
    root = hvac.Client(url=own_vault.url, token=own_vault.root_token_file.read_text())
    revoke_tokens(root)
    root.adapter.close()
    clock.seconds += 60
    assert installation.connection(on_own_vault).login == "own"


def test_a_rotated_secret_id_is_in_force_with_the_next_login(
    installation, own_vault, on_own_vault, clock
):
    """As the security page says it, and with its steps in the wrong order."""
    assert installation.connection(on_own_vault).login == "own"
    root = hvac.Client(url=own_vault.url, token=own_vault.root_token_file.read_text())
    approle = root.auth.approle
    file = own_vault.provide_environment("development").secret_id_file
    first, second = file.read_text(), approle.generate_secret_id("development")["data"]["secret_id"]
    file.write_text(second)
    approle.destroy_secret_id("development", first)
    revoke_tokens(root)
    clock.seconds += 60
    assert installation.connection(on_own_vault).login == "own"

    approle.destroy_secret_id("development", second)
    revoke_tokens(root)
    clock.seconds += 60
    reason = refusal(installation, on_own_vault)
    assert "invalid role or secret ID" in reason
    third = approle.generate_secret_id("development")["data"]["secret_id"]
    assert [secret for secret in (first, second, third) if secret in reason] == []
    file.write_text(third)
    assert installation.connection(on_own_vault).login == "own"
    root.adapter.close()


def test_a_login_that_the_vault_does_not_take_is_a_refusal_without_the_login(
    installation, tmp_path
):
    wrong = tmp_path / "secret_id"
    wrong.write_text("hunter2")
    installation.declare(lambda development: development["vault"].update(secret_id_file=str(wrong)))
    reason = refusal(installation, installation.new_task())
    assert "InvalidRequest: invalid role or secret ID" in reason
    assert "hunter2" not in reason


def test_a_closed_port_is_a_refusal(installation):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets it meanwhile
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        installation.declare(lambda development: development["vault"].update(url=url))
        assert "connection refused or lost" in refusal(installation, installation.new_task())


@pytest.fixture
def silent_url():
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_hung_vault_is_a_refusal_within_ten_seconds(installation, silent_url):
    installation.declare(lambda development: development["vault"].update(url=silent_url))
    assert "no answer within the time limit" in refusal(installation, installation.new_task())


def test_a_hung_vault_does_not_make_requests_wait_for_each_other(installation, silent_url):
    installation.declare(lambda development: development["vault"].update(url=silent_url))
    tasks = [installation.new_task() for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:  # one after the other would take 6 times 3 s
        reasons = list(threads.map(lambda task: refusal(installation, task), tasks))
    assert len(reasons) == 6


def test_a_hung_vault_holds_few_threads(installation, silent_url):
    """The API server's other requests need the rest of its 40."""
    installation.declare(lambda development: development["vault"].update(url=silent_url))
    tasks = [installation.new_task() for _ in range(20)]
    begin = time.monotonic()
    with ThreadPoolExecutor(20) as threads:
        took = []

        def asks(task):
            reason = refusal(installation, task)
            took.append(time.monotonic() - begin)
            return reason

        reasons = list(threads.map(asks, tasks))
    crowded = [reason for reason in reasons if "12 requests wait for it already" in reason]
    assert len(crowded) == 8
    assert sorted(took)[7] < 2


@pytest.fixture
def hanging_url():
    """A vault that lets everybody log in and then answers nothing."""
    over = threading.Event()

    class Vault(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"auth": {"client_token": "hunter2", "lease_duration": 60}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            over.wait(30)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Vault)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    over.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_a_vault_that_hangs_after_the_login_is_a_refusal_within_ten_seconds(
    installation, hanging_url
):
    installation.declare(lambda development: development["vault"].update(url=hanging_url))
    reason = refusal(installation, installation.new_task())
    assert "no answer within the time limit" in reason
    assert "hunter2" not in reason

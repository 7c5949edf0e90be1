"""What a task tells the server, over HTTP; it never waits long and never raises into a task."""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.operators.telling import tell_people
from tests.alert_values import TOO_FEW

pytestmark = pytest.mark.airflow
PASSES = Verdict(test="sum", outcome=Outcome.PASS, measured=1.0, detail="")


class Server(BaseHTTPRequestHandler):
    """Notes what it is told."""

    told, status = [], 204

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.append((self.path, self.headers["Authorization"], json.loads(body)))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    handler = type("Handler", (Server,), {"told": [], "status": 204})
    with HTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        host = f"http://127.0.0.1:{serving.server_address[1]}"
        yield SimpleNamespace(handler=handler, host=host)
        serving.shutdown()
        thread.join()


def reports(host):
    from airflow_dataops.adapters.task_reports import TaskReports

    return TaskReports(SimpleNamespace(host=host, password="of-this-try"))  # noqa: S106


def test_verdicts_are_told_with_their_numbers(server):
    endless = Verdict(
        test="m" * 999, outcome=Outcome.ERROR, measured=float("inf"), detail="d" * 999
    )
    with reports(f"{server.host}/") as told:
        told.verdicts([TOO_FEW, endless])
    [(path, authorization, body)] = server.handler.told
    assert (path, authorization) == ("/dataops/api/v1/kitchen-task/verdicts", "Bearer of-this-try")
    assert body["verdicts"] == [
        {"test": TOO_FEW.test, "outcome": "fail", "measured": 12.0, "detail": TOO_FEW.detail},
        {"test": "m" * 250, "outcome": "error", "measured": None, "detail": "d" * 250},
    ]


def test_a_refusal_is_told_without_the_token(server):
    server.handler.status = 403
    with reports(server.host) as told, pytest.raises(OutsideSystemError) as refusal:
        told.note("x" * 3000)
    assert str(refusal.value) == "the API server answers 403 to notes"
    assert len(server.handler.told[0][2]["text"]) == 2000


def test_a_server_that_hangs_costs_a_task_less_than_two_seconds():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, began = f"http://127.0.0.1:{silent.getsockname()[1]}", time.monotonic()
        with reports(host) as told, pytest.raises(OutsideSystemError, match="ReadTimeout"):
            told.note("x")
    assert time.monotonic() - began < 2


class TestInATask:
    @pytest.fixture
    def connection(self, monkeypatch, server):
        host = server.host.removeprefix("http://")
        monkeypatch.setenv("AIRFLOW_CONN_DATAOPS", f"http://:of-this-try@{host}")
        address, port = host.split(":")
        monkeypatch.setenv(
            "AIRFLOW_CONN_DATAOPS",
            json.dumps(
                {"conn_type": "http", "host": f"http://{address}:{port}", "password": "of-this-try"}
            ),
        )
        return server

    def test_what_did_not_pass_is_told(self, connection):
        tell_people([PASSES, TOO_FEW])
        [(_, _, body)] = connection.handler.told
        assert [verdict["test"] for verdict in body["verdicts"]] == [TOO_FEW.test]

    def test_what_passed_is_nobodys_news_and_costs_no_request(self, connection):
        tell_people([PASSES])
        assert connection.handler.told == []

    def test_nobody_who_listens_is_no_error(self, connection, caplog):
        connection.handler.status = 500
        tell_people([TOO_FEW])
        assert "the server was not told of the verdicts: the API server answers 500" in caplog.text

    def test_a_notifier_tells_its_rendered_text(self, connection):
        from airflow_dataops.notifications.kitchen import KitchenNotifier

        KitchenNotifier("{{ what }} is there")({"what": "the extract"})
        assert connection.handler.told[0][2] == {"text": "the extract is there"}

    def test_a_notifier_whom_nobody_hears_is_no_error(self, connection):
        from airflow_dataops.notifications.kitchen import KitchenNotifier

        connection.handler.status = 403
        KitchenNotifier("there")({})
        assert len(connection.handler.told) == 1

"""Every refusal is in the API server's log, in one line: who tried what."""

from __future__ import annotations

import asyncio

import jwt
import pytest

from airflow_dataops.domain.log_line import one_line
from airflow_dataops.secrets.identity import IdentityMiddleware
from airflow_dataops.secrets.refusals import Refused

pytestmark = [pytest.mark.airflow, pytest.mark.service]
FORGED = "x\n2026-03-02 INFO demo_production was granted redshift\x1b[2K\r\u2028end"


def asks(task, path):
    """Send a task's request through the middleware; gives the status."""
    token = jwt.encode({"sub": task}, "k" * 64, algorithm="HS512")
    scope = {
        "type": "http", "method": "GET", "path": f"/execution{path}",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
    }  # fmt: skip
    sent = []

    async def send(message):
        sent.append(message)

    async def airflow(*_):
        sent.append({"status": 200})

    asyncio.run(IdentityMiddleware(airflow)(scope, None, send))
    return sent[0]["status"]


def test_a_request_that_crosses_kitchens_is_logged_with_who_and_what(installation, caplog):
    installation.add_kitchen("logs_prod", "production")
    task = installation.new_task()
    assert asks(task, "/xcoms/logs_prod.ledger/first/profit/return_value") == 403
    (line,) = [one.getMessage() for one in caplog.records if "is refused GET" in one.getMessage()]
    assert ".profit is refused GET /xcoms/logs_prod.ledger/first/profit/return_value: " in line


def test_a_path_begins_no_line_of_its_own(installation, caplog):
    installation.add_kitchen("lines_prod", "production")
    assert asks(installation.new_task(), f"/xcoms/lines_prod.ledger/{FORGED}/t/k") == 403
    (line,) = [one.getMessage() for one in caplog.records if "is refused GET" in one.getMessage()]
    assert line.isprintable()
    assert "x\\n2026-03-02 INFO" in line


def test_a_name_of_a_connection_begins_no_line_of_its_own(installation, caplog):
    with pytest.raises(Refused):
        installation.connection(installation.new_task(), FORGED)
    lines = [one.getMessage() for one in caplog.records if "is refused" in one.getMessage()]
    assert len(lines) == 1
    assert lines[0].isprintable()
    assert "connection 'x\\n2026-03-02 INFO" in lines[0]
    assert ".profit is refused: " in lines[0]


def test_a_long_text_is_cut():
    assert len(one_line("x" * 10**6)) == 1001


def test_words_of_every_language_stay_as_they_are():
    assert one_line("Küche für 东京 'x'") == "Küche für 东京 'x'"


def test_a_log_that_fails_undoes_no_refusal(installation, monkeypatch):
    def full(*_):
        raise OSError

    monkeypatch.setattr("logging.Logger.warning", full)
    with pytest.raises(Refused):
        installation.connection(installation.new_task(), "nothing")


def test_nothing_secret_of_a_vaults_answer_is_in_the_log(installation, caplog, tmp_path):
    wrong = tmp_path / "secret_id"
    wrong.write_text("hunter2")
    installation.declare(lambda development: development["vault"].update(secret_id_file=str(wrong)))
    with pytest.raises(Refused):
        installation.connection(installation.new_task())
    assert "is refused" in caplog.text
    assert "hunter2" not in caplog.text

"""What a task of data tests costs above an empty one: seconds of its process's own processor.

Both are fresh processes that import the task SDK and define a DAG, as a task's process does before
it executes. One executes an operator that does nothing, the other ten data tests on a table of
100,000 rows, four of them judged by charts of 30 earlier runs: it asks an HTTP server for these
runs and tells it the results, as it does the API server. Goal: at most 1.5 seconds above, without
Great Expectations.

    python -m benchmarks.task_of_tests [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from benchmarks import _report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GOAL_SECONDS = 1.5
_ROWS = 100_000
_COMMON = """
import json, os, resource, sys
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("benchmark"):
    EmptyOperator(task_id="empty").execute({})
"""
_TESTS = """
from airflow_dataops import table
from airflow_dataops.operators import DataTestsOperator
sales = table("warehouse", "sales")
with DAG("tests"):
    tests = DataTestsOperator(task_id="data_tests", tests=[
        sales.not_null("id"), sales.in_range("quantity", -5, 100), sales.unique("id"),
        sales.in_set("store_id", list(range(400))), sales.matches("code", "^."),
        sales.distinct_count("segment").at_least(1),
        sales.row_count().within_control_limits(name="rows", on_violation="warn"),
        sales.mean("sales_value").within_control_limits(name="mean", on_violation="warn"),
        sales.sum("quantity").within_control_limits(name="quantity", on_violation="warn"),
        sales.sum("sales_value").within_control_limits(
            chart="ewma", name="value", on_violation="warn"
        ),
    ])
tests.execute({})
assert "great_expectations" not in sys.modules
"""
_CHARTS = ("rows", "mean", "quantity", "value")
_END = """
spent = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu": spent.ru_utime + spent.ru_stime, "mb": spent.ru_maxrss / 1024}))
"""


def main() -> None:
    """Run both in turns and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 rounds in place of 9")
    rounds = 3 if parser.parse_args().quick else 9
    from benchmarks.data_tests import warehouse

    with warehouse(_ROWS) as login, _server() as server:
        extra = json.dumps({"options": login["options"]})
        connection = {
            "conn_type": "postgres",
            "host": login["host"],
            "port": login["port"],
            "login": login["user"],
            "password": login["password"],
            "schema": login["dbname"],
            "extra": extra,
        }
        known = {
            **os.environ,
            "AIRFLOW_CONN_WAREHOUSE": json.dumps(connection),
            f"AIRFLOW_CONN_{names.PLATFORM.upper()}": json.dumps(
                {"conn_type": "http", "host": server.url, "password": "of-a-benchmark"}
            ),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        }
        took = _report.alternate(
            {
                "an empty task": lambda: _cpu(_COMMON + _END, known),
                "ten data tests": lambda: _cpu(_COMMON + _TESTS + _END, known),
            },
            rounds=rounds,
        )
        told = server.told
    if len(told) != rounds or any(told):
        message = f"of each round one report of results without errors is expected, not {told}"
        raise RuntimeError(message)
    for name, seconds in took.items():
        _report.line(
            system=name, median=_report.median(seconds), all=[round(s, 2) for s in seconds]
        )
    above = _report.median(took["ten data tests"]) - _report.median(took["an empty task"])
    _report.verdict(
        "processor seconds of ten data tests above an empty task",
        above,
        goal=f"<= {_GOAL_SECONDS}",
        met=above <= _GOAL_SECONDS,
    )


class _Answering(BaseHTTPRequestHandler):
    """What the API server answers to a task of tests: earlier runs, and that all is kept."""

    def do_GET(self) -> None:
        now = datetime(2026, 3, 1, tzinfo=UTC)
        past = [
            {
                "at": (now - timedelta(days=days)).isoformat(),
                "numbers": [100_000.0 + days % 7],
                "kitchen": None,
                "is_in_control": True,
            }
            for days in range(30, 0, -1)
        ]
        self._answer(dict.fromkeys(_CHARTS, past))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "results" in body:
            errors = [one["detail"] for one in body["results"] if one["outcome"] == "error"]
            self.server.told.append(errors)  # type: ignore[attr-defined] - our own server
        self._answer({})

    def log_message(self, *_: object) -> None:
        """Say nothing: only results are printed."""

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    """Stands for the API server, in this process; what it takes is not measured."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.told: list[list[str]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def _server() -> Iterator[_Server]:
    with _Server() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _cpu(program: str, environment: Mapping[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout.splitlines()[-1])["cpu"])


if __name__ == "__main__":
    main()

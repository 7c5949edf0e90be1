"""Fifty data tests on one table: ours, the best that is written by hand, and the usual ways.

The yardstick is a split plan by hand: all aggregates in one SELECT that PostgreSQL runs in
parallel, and one statement for each of what would forbid that. Goals: at most 1.1 times its time,
half of soda-core's, a third of Great Expectations', and no more than half a second of the
client's processor. soda-core is installed into a virtual environment of its own, for it wants
other versions than Airflow.

    python -m benchmarks.data_tests [--quick] [--no-peer]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg

from airflow_dataops.domain.data_assets import table
from benchmarks import _report
from benchmarks._fifty_tests import CREATE, FIFTY, expectations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Login = dict[str, str | int]
    Numbers = list[float]

_TABLE = table("warehouse", "sales")
_GOAL_SPLIT, _GOAL_CLIENT_SECONDS = 1.1, 0.5
_GOALS_OF_PEERS = {"soda-core": 0.5, "Great Expectations": 0.333}
_SODA = "soda-postgres==4.28.0"
_QUICK_ROWS, _ROWS = 200_000, 5_000_000
# Analysed first, as a table that was just loaded is after autovacuum's next visit.
_PREPARE = "vacuum analyze sales"


def main() -> None:
    """Run all systems in turns and print what they took."""
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200,000 rows and 2 rounds")
    parser.add_argument("--no-peer", action="store_true", help="without other tools")
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        sys.stdout.write(f"{_great_expectations(arguments.peer[0])}\n")
        return
    rows, rounds = (_QUICK_ROWS, 2) if arguments.quick else (_ROWS, 3)
    with warehouse(rows) as login:
        _compare(login, rounds=rounds, has_peer=not arguments.no_peer)


def _compare(login: Login, *, rounds: int, has_peer: bool) -> None:
    numbers: dict[str, Numbers] = {}
    client: list[float] = []

    def ours() -> float:
        cpu, started = time.process_time(), time.perf_counter()
        numbers["ours"] = _ours(login)
        client.append(time.process_time() - cpu)
        return time.perf_counter() - started

    def timed(name: str, statements: Sequence[str]) -> float:
        started = time.perf_counter()
        with psycopg.connect(**login) as connection:  # type: ignore[arg-type]
            found = [value for sql in statements for value in connection.execute(sql).fetchone()]  # type: ignore[arg-type,union-attr]
        numbers[name] = [float(value) for value in found]
        return time.perf_counter() - started

    systems = {
        "ours": ours,
        "split plan by hand": lambda: timed("split plan by hand", _split()),
        "one naive SELECT": lambda: timed("one naive SELECT", [_naive()]),
        "fifty SELECTs": lambda: timed("fifty SELECTs", _fifty()),
    }
    with TemporaryDirectory(prefix="dataops-soda-") as folder:
        if has_peer:
            soda = _soda(Path(folder))
            systems["soda-core"] = lambda: _soda_seconds(soda, login, numbers)
            systems["Great Expectations"] = lambda: _peer_seconds(login)
        took = _report.alternate(systems, rounds=rounds)
    for name, seconds in took.items():
        _report.line(
            system=name, median=_report.median(seconds), all=[round(s, 2) for s in seconds]
        )
    _told(took, numbers, client)


def _told(took: dict[str, list[float]], numbers: dict[str, Numbers], client: list[float]) -> None:
    agree = all(
        abs(own - other) <= 1e-6 * max(1.0, abs(other))
        for name in numbers
        for own, other in zip(sorted(numbers["ours"]), sorted(numbers[name]), strict=True)
    )
    _report.line(measure="same numbers in all", met=agree, violations=_violations(numbers["ours"]))
    ours = _report.median(took["ours"])
    for peer, goal in _GOALS_OF_PEERS.items():
        if peer in took:
            ratio = ours / _report.median(took[peer])
            _report.verdict(f"50 tests against {peer}", ratio, goal=f"<= {goal}", met=ratio <= goal)
    cpu = _report.median(client)
    _report.verdict(
        "client's processor seconds", cpu, goal="<= 0.5", met=cpu <= _GOAL_CLIENT_SECONDS
    )
    ratio = ours / _report.median(took["split plan by hand"])
    _report.verdict(
        "50 tests against a split plan by hand", ratio, goal="<= 1.1", met=ratio <= _GOAL_SPLIT
    )


def _ours(login: Login) -> Numbers:
    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse
    from airflow_dataops.services.data_testing import Places, run_tests

    warehouse = SqlWarehouse(login)
    places = Places(warehouse_for=lambda _: warehouse, file_store_for=_no_files)
    verdicts = run_tests([one.test(_TABLE) for one in FIFTY], places)
    return [float(verdict.measured or 0) for verdict in verdicts]


def _no_files(tool: str) -> object:
    raise LookupError(tool)


def _violations(numbers: Numbers) -> int:
    return sum(one.must_be_zero and number > 0 for one, number in zip(FIFTY, numbers, strict=True))


def _split() -> list[str]:
    together = [one.aggregate for one in FIFTY if one.aggregate]
    return [f"select {', '.join(together)} from sales", *(one.own for one in FIFTY if one.own)]  # noqa: S608


def _naive() -> str:
    return f"select {', '.join(one.naive or one.aggregate for one in FIFTY)} from sales"  # noqa: S608


def _fifty() -> list[str]:
    return [f"select {one.naive or one.aggregate} from sales" for one in FIFTY]  # noqa: S608


def _soda(folder: Path) -> Path:
    """A Python that has soda-core."""
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    python = folder / "bin" / "python"
    words = [uv, "pip", "install", "--quiet", "--python", str(python), _SODA]
    subprocess.run(words, check=True)
    return python


def _soda_seconds(python: Path, login: Login, numbers: dict[str, Numbers]) -> float:
    script = str(Path(__file__).with_name("_soda_peer.py"))
    done = subprocess.run(
        [str(python), script], input=json.dumps(login), check=True, capture_output=True, text=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    numbers["soda-core"] = answer["numbers"]
    return float(answer["seconds"])


def _peer_seconds(login: Login) -> float:
    """Its validation alone, in a process of its own; its import of ten seconds is not counted."""
    address = "postgresql+psycopg2://{user}:{password}@{host}:{port}/{dbname}".format(**login)
    url = f"{address}?options=-csearch_path%3Dbench"
    command = [sys.executable, "-m", "benchmarks.data_tests", "--peer", url, "sales"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def _great_expectations(url: str) -> float:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # noqa: TID251 - the peer

    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_postgres(name="bench", connection_string=url)
    definition = source.add_table_asset(name="sales", table_name="sales")
    batch = definition.add_batch_definition_whole_table("all").get_batch()
    suite = gx.ExpectationSuite(name="fifty", expectations=expectations(gx.expectations))
    started = time.perf_counter()
    batch.validate(suite)
    return time.perf_counter() - started


@contextmanager
def warehouse(rows: int) -> Iterator[Login]:
    """A PostgreSQL server with the table of sales, and a login to it."""
    from airflow_dataops.demo.stack import EmbeddedStack

    with TemporaryDirectory(prefix="dataops-") as home:
        Path(home).chmod(0o711)
        with EmbeddedStack(Path(home)) as stack:
            stack.start()
            where = stack.addresses
            development = where.environments["development"]
            login: Login = {
                "host": where.postgres_host,
                "port": where.postgres_port,
                "dbname": development.warehouse_database,
                "user": development.warehouse_login,
                "password": development.warehouse_password,
            }
            options = {**login, "options": "-c search_path=bench"}
            with psycopg.connect(**options, autocommit=True) as connection:  # type: ignore[arg-type]
                connection.execute("create schema bench")
                connection.execute(CREATE.format(rows=rows))
                connection.execute(_PREPARE)
            yield options


if __name__ == "__main__":
    main()

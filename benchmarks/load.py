"""Load a CSV file from S3 into PostgreSQL: our operator, the Airflow way, and the limit.

The limit is psycopg's own COPY of the same file from local disk. Goals: at least 0.8 times its
speed, and a worker whose memory does not grow with the file.

    python -m benchmarks.load [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import _report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

_MEGABYTE = 1_000_000
_GOAL_SPEED_RATIO = 0.8
_GOAL_GROWTH_MB = 5
_BUCKET = "bench"
_COLUMNS = {
    "household_id": "integer", "basket_id": "bigint", "product_id": "integer",
    "quantity": "integer", "sales_value": "numeric(10,2)", "retail_disc": "numeric(10,2)",
    "store_id": "integer", "week": "integer", "bought_at": "timestamp", "note": "text",
}  # fmt: skip


def main() -> None:
    """Run all measurements and print them."""
    # Airflow's log would stand between the lines of the report.
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 MB and 2 rounds")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        _load_by_operator(arguments.memory_of)
        sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")
        return
    sizes = (20, 5, 50) if arguments.quick else (200, 100, 1000)
    rounds = 2 if arguments.quick else 5
    with tempfile.TemporaryDirectory() as place, _systems(Path(place)) as connection:
        _measure_speed(Path(place), connection, megabytes=sizes[0], rounds=rounds)
        _measure_memory(Path(place), connection, small=sizes[1], large=sizes[2])


def _measure_speed(
    place: Path, connection: psycopg.Connection, *, megabytes: int, rounds: int
) -> None:
    file = _make_file(place, "speed.csv", megabytes)
    size = file.stat().st_size / _MEGABYTE

    def timed(load: Callable[[], object]) -> Callable[[], float]:
        def one() -> float:
            connection.execute("truncate transactions")
            connection.execute("checkpoint")
            started = time.perf_counter()
            load()
            return time.perf_counter() - started

        return one

    systems = {
        "psycopg COPY from disk": timed(lambda: _copy_from_disk(connection, file)),
        "FileToTableOperator": timed(lambda: _load_by_operator("speed.csv")),
        "FileToTableOperator with a constant": timed(
            lambda: _load_by_operator("speed.csv", loaded_for="2017-01-02")
        ),
        "S3Hook download + PostgresHook.copy_expert": timed(lambda: _airflow_way("speed.csv")),
        "S3 read alone": timed(lambda: _read_alone("speed.csv")),
    }
    for warm_up in systems.values():  # the first call of each imports its libraries
        warm_up()
    seconds = _report.alternate(systems, rounds=rounds)
    medians = {name: _report.median(values) for name, values in seconds.items()}
    for name, values in seconds.items():
        _report.line(
            system=name, megabytes=size, rounds=rounds, seconds=medians[name],
            seconds_range=[round(min(values), 3), round(max(values), 3)],
            megabytes_per_second=size / medians[name],
        )  # fmt: skip
    ratio = medians["psycopg COPY from disk"] / medians["FileToTableOperator"]
    _report.verdict(
        "load: speed / COPY from disk",
        ratio,
        goal=f">= {_GOAL_SPEED_RATIO}",
        met=ratio >= _GOAL_SPEED_RATIO,
    )


def _measure_memory(place: Path, connection: psycopg.Connection, *, small: int, large: int) -> None:
    peaks = []
    for megabytes in (small, large):
        key = f"{megabytes}.csv"
        _make_file(place, key, megabytes)
        connection.execute("truncate transactions")
        peaks.append(_peak_megabytes(key))
        _report.line(system="FileToTableOperator", megabytes=megabytes, peak_rss_mb=peaks[-1])
    growth = peaks[1] - peaks[0]
    _report.verdict(
        f"load: MB of peak memory that {large} MB need more than {small} MB",
        growth, goal=f"<= {_GOAL_GROWTH_MB}", met=growth <= _GOAL_GROWTH_MB,
    )  # fmt: skip


def _peak_megabytes(key: str) -> float:
    command = [sys.executable, "-m", "benchmarks.load", "--memory-of", key]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.splitlines()[-1]) / 1024


def _load_by_operator(key: str, **constants: str) -> None:
    from airflow_dataops import file, table
    from airflow_dataops.operators import FileToTableOperator

    FileToTableOperator(
        task_id="load",
        source=file("s3", bucket=_BUCKET, key=key),
        target=table("redshift", "transactions"),
        constants=constants,
    ).execute({})


def _copy_from_disk(connection: psycopg.Connection, file: Path) -> None:
    with (
        connection.transaction(),
        connection.cursor().copy(_copy_statement()) as copy,
        file.open("rb") as chunks,
    ):
        while chunk := chunks.read(1 << 20):
            copy.write(chunk)


def _airflow_way(key: str) -> None:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    with tempfile.TemporaryDirectory() as place:
        path = S3Hook(aws_conn_id="s3").download_file(key, _BUCKET, local_path=place)
        PostgresHook(postgres_conn_id="redshift").copy_expert(_copy_statement(), path)


def _read_alone(key: str) -> None:
    from airflow_dataops import task_tools

    with task_tools.file_store("s3").chunks(bucket=_BUCKET, key=key) as chunks:
        for _ in chunks:
            pass


def _copy_statement() -> str:
    return f"copy transactions ({', '.join(_COLUMNS)}) from stdin (format csv, header)"


def _make_file(place: Path, key: str, megabytes: int) -> Path:
    path = place / _BUCKET / key
    path.parent.mkdir(exist_ok=True)
    rows = "".join(
        f"{n % 2500},{31198459000 + n},{n * 7919 % 1000000},{n % 5},{n % 9000 / 100:.2f},"
        f"{n % 300 / 100:.2f},{n % 450},{n % 53},2017-0{n % 9 + 1}-0{n % 9 + 1} 1{n % 10}:00:00,"
        + ('"bread, sliced"\n' if n % 20 == 0 else "plain note\n")
        for n in range(100_000)
    ).encode()
    with path.open("wb") as file:
        file.write((",".join(_COLUMNS) + "\n").encode())
        for _ in range(max(round(megabytes * _MEGABYTE / len(rows)), 1)):
            file.write(rows)
    return path


@contextmanager
def _systems(place: Path) -> Iterator[psycopg.Connection]:
    """A database and an object store, reachable for Airflow as ``redshift`` and ``s3``."""
    from airflow_dataops.demo.home import HOST, DemoHome
    from airflow_dataops.demo.postgres import EmbeddedPostgres

    with ExitStack() as stack:
        place.chmod(0o711)  # root's PostgreSQL runs as another user, who has to pass
        home = DemoHome(place / "home")
        home.claim()
        stack.callback(home.release)
        postgres = EmbeddedPostgres(home, home.ports(["postgres"])["postgres"])
        stack.callback(postgres.stop)
        postgres.start(lambda _: None)
        login = postgres.login("loader")
        postgres.provide_database("warehouse", login)
        superuser = stack.enter_context(postgres.connect("warehouse"))
        superuser.execute("alter system set max_wal_size = '16GB'")
        superuser.execute("select pg_reload_conf()")
        columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        superuser.execute(f"create table transactions ({columns}, loaded_for date)")
        superuser.execute(
            "grant all on transactions to loader; grant all on schema public to loader"
        )
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._s3_source", str(place)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack.callback(server.kill)
        port = server.stdout.readline().strip() if server.stdout else ""
        os.environ["AIRFLOW_CONN_REDSHIFT"] = json.dumps(
            {
                "conn_type": "postgres", "host": HOST, "port": postgres.port,
                "schema": "warehouse", "login": login.name, "password": login.password,
            }
        )  # fmt: skip
        extra = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"}
        os.environ["AIRFLOW_CONN_S3"] = json.dumps(
            {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
        )
        yield superuser


if __name__ == "__main__":
    main()

"""Server time of every page, with hundreds of kitchens; and what a browser loads besides.

Airflow's own app with our plugin in it, on PostgreSQL, asked in this process: 500 kitchens with
20 pipelines each, ten runs and a schedule of each pipeline, and 100 000 results of data tests.
Beside each page, in the same rounds, Airflow's own list of a hundred DAGs on the same database.
The statements of each page are counted with a tenth of the kitchens, too: their number is to be
the same.

    python -m benchmarks.web [--quick]
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _report, _web_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

GOAL_SECONDS, GOAL_KILOBYTES = 0.1, 60
_PAGES = "/dataops/pages"
_AIRFLOW = "/api/v2/dags?limit=100"


def main() -> None:
    """Fill the database, ask for the pages, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 kitchens, 10 rounds")
    quick = parser.parse_args().quick
    kitchens, rounds = (50, 10) if quick else (500, 60)
    folder = Path(tempfile.mkdtemp(prefix="dataops-web-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = stack.enter_context(_database(folder))
        _settle(folder, url)
        client, engine = stack.enter_context(_client())
        _web_rows.fill(engine, range(kitchens // 10))
        few = _statements(client, engine)
        _web_rows.fill(engine, range(kitchens // 10, kitchens))
        many = _statements(client, engine)
        _judge(_times(client, rounds), few, many, kitchens=kitchens)
        _weigh(client)


def _judge(
    times: dict[str, list[float]], few: dict[str, int], many: dict[str, int], *, kitchens: int
) -> None:
    airflow = times.pop(_AIRFLOW)
    limit = _report.p95(airflow)
    _report.line(system=f"airflow {_AIRFLOW}", kitchens=kitchens,
                 median_seconds=_report.median(airflow), p95_seconds=limit)  # fmt: skip
    for path, measured in times.items():
        _report.line(page=path, kitchens=kitchens, median_seconds=_report.median(measured),
                     p95_seconds=_report.p95(measured), statements=many[path],
                     statements_of_a_tenth=few[path])  # fmt: skip
    slowest = max(_report.p95(measured) for measured in times.values())
    more = max(many[path] - few[path] for path in times)
    _report.verdict("more statements of a page for ten times the kitchens", more,
                    goal="= 0", met=more == 0)  # fmt: skip
    _report.verdict("slowest page beside Airflow's list of 100 DAGs, p95", slowest / limit,
                    goal="<= 1", met=slowest <= limit)  # fmt: skip
    _report.verdict("slowest page, p95 seconds", slowest, goal=f"<= {GOAL_SECONDS:g}",
                    met=slowest <= GOAL_SECONDS)  # fmt: skip


def _weigh(client: Any) -> None:
    page = client.get(f"{_PAGES}/").text
    files = re.findall(r'(?:href|src)="([^"]+\.(?:css|js)\?v=[^"]+)"', page)
    weights = [len(gzip.compress(client.get(file).content)) / 1024 for file in files]
    _report.verdict("script and style of a page, kB gzipped", sum(weights),
                    goal=f"<= {GOAL_KILOBYTES}", met=sum(weights) <= GOAL_KILOBYTES)  # fmt: skip


def _paths() -> list[str]:
    ours = ("/", "/kitchens", "/kitchens?q=7", "/create", "/schedules", "/schedules?only=waiting",
            "/schedules?q=pipeline_3&page=2", *_web_rows.KITCHEN_PAGES)  # fmt: skip
    return [*(f"{_PAGES}{path}" for path in ours), _AIRFLOW]


def _times(client: Any, rounds: int) -> dict[str, list[float]]:
    def seconds(path: str) -> float:
        begin = time.perf_counter()
        answer = client.get(path)
        taken = time.perf_counter() - begin
        answer.raise_for_status()
        return taken

    systems = {path: lambda path=path: seconds(path) for path in _paths()}
    _report.alternate(systems, rounds=3)
    return _report.alternate(systems, rounds=rounds)


def _statements(client: Any, engine: Any) -> dict[str, int]:
    from sqlalchemy import event

    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    event.listen(engine, "before_cursor_execute", count)
    found = {}
    for path in _paths():
        client.get(path).raise_for_status()  # what is read once per process
        counted = 0
        client.get(path)
        found[path] = counted
    event.remove(engine, "before_cursor_execute", count)
    return found


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    from airflow_dataops.demo.home import DemoHome
    from airflow_dataops.demo.postgres import EmbeddedPostgres

    folder.chmod(0o711)  # root's PostgreSQL runs as another user, who has to pass
    home = DemoHome(folder / "home")
    home.claim()
    postgres = EmbeddedPostgres(home, home.ports(["postgres"])["postgres"])
    try:
        postgres.start(lambda _: None)
        login = postgres.login("airflow")
        postgres.provide_database("airflow", login)
        yield postgres.url("postgresql+psycopg2", "airflow", login)
    finally:
        postgres.stop()
        home.release()


def _settle(folder: Path, url: str) -> None:
    """Have this process, and what it starts, be an Airflow on that database."""
    file = folder / "environments.yaml"
    os.environ |= {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        **{f"AIRFLOW__{name}": value for name, value in _web_rows.settings(file).items()},
    }
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


@contextmanager
def _client() -> Iterator[tuple[Any, Any]]:
    import logging
    import warnings

    warnings.simplefilter("ignore")
    from airflow import settings
    from airflow.api_fastapi.app import create_app
    from starlette.testclient import TestClient

    logging.disable(logging.INFO)
    app = create_app(apps="core")
    with TestClient(app) as client:
        client.headers["authorization"] = f"Bearer {_web_rows.token()}"
        yield client, settings.engine


if __name__ == "__main__":
    main()

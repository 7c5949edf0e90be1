"""A task of a publishing stage, in a process that can be killed.

``python publishing_program.py <setup as JSON>``: does one of ``begin``, ``load``, ``publish``, says
``here`` where it is to be killed, and stops there.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager

from airflow_dataops.adapters.sql_warehouse import SqlWarehouse, postgres_pending_tables
from airflow_dataops.domain.data_assets import file, table
from airflow_dataops.domain.publishing import StageRun
from airflow_dataops.services import loading, publishing

DAY = "2017-01-02"
ROWS = 40_000
SALES = table("redshift", "sales", where=f"day = '{DAY}'")
BY = StageRun(dag_id="k.sales", run_id="monday", stage="load")


def csv_chunks():
    yield b"n,sales\n"
    for start in range(0, ROWS, 1000):
        yield b"".join(b"%d,%d.5\n" % (n, n % 97) for n in range(start, start + 1000))


class Store:
    """An object store whose reader stops for good after some chunks."""

    def __init__(self, stop_after):
        self._stop_after = stop_after

    @contextmanager
    def chunks(self, **_):
        yield self._chunks()

    def _chunks(self):
        for number, chunk in enumerate(csv_chunks()):
            if number == self._stop_after:
                here()
            yield chunk


def here():
    sys.stdout.write("here\n")
    sys.stdout.flush()
    time.sleep(600)


def main(setup):
    schema = setup["login"]["options"].partition("=")[2]
    writing = {**setup["login"], "options": f"-c search_path={schema}__pending,{schema}"}
    if setup["task"] == "begin":
        begun = postgres_pending_tables(setup["login"], tool="redshift")
        publishing.begin([SALES], BY, pending_for=lambda _: begun, is_over=lambda _: True)
    elif setup["task"] == "load":
        pending = postgres_pending_tables(writing, tool="redshift")
        publishing.resume([SALES], BY, pending_for=lambda _: pending)
        loading.load(
            file("s3", key="sales.csv", bucket="b"),
            SALES,
            files=loading.DataFiles(store=Store(setup.get("stop_after"))),
            warehouse=SqlWarehouse(writing),
            columns={"n": "int", "sales": "numeric", "day": "date"},
            constants={"day": DAY},
        )
    else:
        pending = postgres_pending_tables(setup["login"], tool="redshift")
        publishing.publish([SALES], BY, pending_for=lambda _: pending, may_be_empty=())
    if setup.get("stop_at_end"):
        here()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

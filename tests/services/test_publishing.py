"""A worker is killed in the middle of a load or a publication: no row is lost or doubled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from tests.services.publishing_program import ROWS

pytestmark = pytest.mark.service

PROGRAM = Path(__file__).with_name("publishing_program.py")
BEFORE = 1000
EARLIER = "insert into sales select n, 1, %s from generate_series(1, %s) as n"


@pytest.fixture
def task(login):
    """Start one of the stage's tasks as a process of its own."""
    started = []

    def start(task, **setup):
        text = json.dumps({"login": login, "task": task, **setup})
        command = [sys.executable, str(PROGRAM), text]
        environ = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def sales(database):
    """What an earlier run published: the same day's rows, and another day's."""
    database.execute("create table sales (n int, sales numeric, day date)")
    for day in ("2017-01-02", "2017-01-03"):
        database.execute(EARLIER, [day, BEFORE])
    yield checksum(database)
    schema = database.execute("select current_schema()").fetchone()[0]
    database.execute(f"drop schema if exists {schema}__pending cascade")


@pytest.fixture
def reader(login, sales):  # noqa: ARG001 - reads what is there
    """Somebody who reads the published table all the time; gives every answer it got."""
    answers, over = set(), threading.Event()

    def read():
        with psycopg.connect(**login, autocommit=True) as connection:
            while not over.is_set():
                answers.add(connection.execute("select count(*), sum(sales) from sales").fetchone())

    thread = threading.Thread(target=read)
    thread.start()
    yield answers
    over.set()
    thread.join()


def checksum(database):
    return database.execute(
        "select count(*), md5(string_agg(s::text, '|' order by s::text)) from sales as s"
    ).fetchone()


def finish(process):
    assert process.wait(60) == 0


def kill(process):
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.fixture
def undisturbed(task, database, sales):
    """What a run without a kill leaves; then everything is as before."""
    for each in ("begin", "load", "publish"):
        finish(task(each))
    found = checksum(database)
    database.execute("delete from sales where day = '2017-01-02'")
    database.execute(EARLIER, ["2017-01-02", BEFORE])
    assert checksum(database) == sales
    return found


def test_a_stage_killed_at_each_of_its_steps_leaves_what_it_leaves_undisturbed(
    task, database, sales, undisturbed, reader
):
    assert undisturbed[0] == ROWS + BEFORE
    kill(task("begin", stop_at_end=True))
    finish(task("begin"))
    for moment in ({"stop_after": 2}, {"stop_after": 40}, {"stop_at_end": True}):
        kill(task("load", **moment))
        assert checksum(database) == sales
    finish(task("load"))
    _kill_while_it_publishes(task, database)
    assert checksum(database) == sales
    kill(task("publish", stop_at_end=True))
    assert checksum(database) == undisturbed
    finish(task("publish"))
    assert checksum(database) == undisturbed
    _check_answers(reader, database)


def _kill_while_it_publishes(task, database):
    """Stop a publication inside of its transaction: it waits for our lock on its target."""
    with database.transaction():
        database.execute("lock table sales in row exclusive mode")
        publish = task("publish")
        waiting = "select 1 from pg_locks where relation = 'sales'::regclass and not granted"
        deadline = time.monotonic() + 60
        while database.execute(waiting).fetchone() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        publish.send_signal(signal.SIGKILL)
        publish.wait()


def _check_answers(answers, database):
    """A reader saw the old table or the new one, each as a whole."""
    new = database.execute("select count(*), sum(sales) from sales").fetchone()
    assert answers <= {(2 * BEFORE, 2 * BEFORE), new}
    assert new in answers

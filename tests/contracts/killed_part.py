"""A process that makes or unmakes a part and is killed on the way, for real.

It dies right after a chosen call to an outside system: that system has done what it was asked,
and nobody noted it. The calls are counted as they are made, so a new one is covered by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path

# File and function through which each library speaks to its system.
_CALLS = {
    ("psycopg/connection.py", "connect"),
    ("psycopg/connection.py", "execute"),
    ("psycopg/connection.py", "commit"),
    ("hvac/adapters.py", "request"),
    ("botocore/client.py", "_make_api_call"),
    ("paramiko/sftp_client.py", "_request"),
    ("paramiko/sftp_file.py", "close"),
}
_PRELOADED = [
    "airflow.providers.amazon.aws.hooks.s3",
    "airflow.providers.sftp.hooks.sftp",
    "airflow_dataops.adapters.kitchen_database.roles",
    "airflow_dataops.adapters.kitchen_database.schemas",
    "tests.kitchen_sites",
]
_processes = multiprocessing.get_context("forkserver")


def count_calls(site, kitchen, part, verb):
    """How many calls it takes; it is carried out to its end."""
    receiving, sending = _processes.Pipe(duplex=False)
    assert _run(site, kitchen, part, verb, None, sending) == 0
    return receiving.recv()


def run_killed(site, kitchen, part, verb, *, call):
    """Begin in a process that is killed after this call."""
    assert _run(site, kitchen, part, verb, call, None) == -signal.SIGKILL


def _run(site, kitchen, part, verb, call, sending):
    _processes.set_forkserver_preload(_PRELOADED)
    redshift = site.environment.tools["redshift"]
    where = (site.file, redshift.dynamic, kitchen, part)
    process = _processes.Process(target=_work, args=(where, verb, call, sending))
    process.start()
    process.join(60)
    exit_code = process.exitcode
    process.close()
    return exit_code


def _work(where, verb, deadly, sending):
    from tests.kitchen_sites import KitchenSite

    file, dynamic, kitchen, part = where
    place = KitchenSite(file, dynamic=dynamic).place(kitchen, part)
    calls = 0

    def after(frame, event, _):
        nonlocal calls
        if event != "return":
            return
        path = Path(frame.f_code.co_filename)
        if (f"{path.parent.name}/{path.name}", frame.f_code.co_name) in _CALLS:
            calls += 1
            if calls == deadly:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(after)
    getattr(place, verb)()
    sys.setprofile(None)
    if sending is not None:
        sending.send(calls)

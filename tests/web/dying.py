"""Processes that are killed at a chosen point of what our code does."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import airflow_dataops

OURS = str(Path(airflow_dataops.__file__).parent)


def in_child(site, call):
    """Run a call in a forked process group of its own; how that ended."""
    site.engine.dispose()
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - reported by the exit code
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counting(call, counted, *, dies_at=0):
    """The call, ended by SIGKILL at a numbered call of our code, git's processes with it.

    One that comes to its end writes into the file how many calls it made.
    """
    made = 0

    def count(frame, event, _argument):
        nonlocal made
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            made += 1
            if made == dies_at:
                os.killpg(0, signal.SIGKILL)

    def run():
        sys.setprofile(count)
        call()
        sys.setprofile(None)
        counted.write_text(str(made))

    return run


def deaths(deed, points, counted):
    """Kill what does a deed at so many points of it, one after another; yields after each death.

    How many calls a deed makes differs from one process to the next, by what its parent has learnt
    meanwhile. One that was through before its point has counted them anew, and another one dies at
    that share of them.
    """
    deed.begin_anew()
    assert in_child(deed.site, counting(deed.do, counted)) == 0
    for point in range(points):
        for _ in range(3):
            deed.begin_anew()
            at = 1 + int(counted.read_text()) * point // points
            ended = in_child(deed.site, counting(deed.do, counted, dies_at=at))
            if ended != 0:
                break
        assert ended == -signal.SIGKILL, f"point {point} of {points}, call {at}"
        yield point

"""A command that is killed before a numbered call of what keeps or changes kitchens.

The calls are counted as they come, so a step that is added later is counted as well.
"""

from __future__ import annotations

import os
import signal
from functools import wraps
from importlib import import_module
from pathlib import Path

# Between two of these calls lies everything that a creation or deletion does.
WATCHED = {
    "airflow_dataops.registry.kitchens.KitchenTable": ("add", "mark_deleting", "ask_for_parsing"),
    "airflow_dataops.registry.operations.OperationTable": (
        "next_attempt",
        "started",
        "step",
        "failed",
        "finish",
    ),
    "airflow_dataops.adapters.airflow_runs.AirflowRuns": ("cancel_all", "forget"),
}


def die_before(text):
    """Have this process killed before a call; ``text`` is its number and a file for the count."""
    number, _, counted = text.partition(":")
    calls = 0

    def watched(method):
        @wraps(method)
        def call(*arguments, **named):
            nonlocal calls
            calls += 1
            Path(counted).write_text(str(calls))
            if calls == int(number):
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*arguments, **named)

        return call

    for path, methods in WATCHED.items():
        module, _, name = path.rpartition(".")
        kind = getattr(import_module(module), name)
        for method in methods:
            setattr(kind, method, watched(getattr(kind, method)))

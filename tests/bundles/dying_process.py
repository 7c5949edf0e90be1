"""A process that brings kitchens to disk and kills itself at a given call of our code.

Prints one JSON object: how many calls a whole run makes, and what was wrong after which death.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from airflow import settings
from airflow.configuration import conf

import airflow_dataops
from airflow_dataops.bundles.kitchens import KitchenBundle

OURS = str(Path(airflow_dataops.__file__).parent)


def bring(version, repository):
    bundle = KitchenBundle(
        name="kitchens-development",
        environment="development",
        version=version,
        repository=repository,
    )
    bundle.initialize()
    return bundle


def in_child(call):
    """Run a call in a forked process group of its own; how that ended."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - reported by the exit code
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def dying_at(number, call):
    """The call, ended by SIGKILL at a certain call of our code, git's processes with it."""
    made = 0

    def count(frame, event, _arg):
        nonlocal made
        caller = frame if event == "c_call" else frame.f_back if event == "call" else None
        if caller is not None and caller.f_code.co_filename.startswith(OURS):
            made += 1
            if made == number:
                os.killpg(0, signal.SIGKILL)

    def run():
        sys.setprofile(count)
        call()
        sys.setprofile(None)
        os._exit(0) if number else Path(sys.argv[2]).write_text(str(made))

    return run


def main():
    asked = json.loads(sys.argv[1])
    storage = Path(conf.get("dag_processor", "dag_bundle_storage_path"))
    settings.engine.dispose()
    call = lambda: bring(asked["version"], asked["repository"])  # noqa: E731

    def begin():
        """Where the process that dies finds the disk: empty, or one commit behind."""
        shutil.rmtree(storage, ignore_errors=True)
        if asked["state"] is not None:
            shutil.copytree(asked["state"], storage, symlinks=True)

    # The second counts: the first one writes down a version that is known from then on.
    for _ in range(2):
        begin()
        assert in_child(dying_at(0, call)) == 0
    calls = int(Path(sys.argv[2]).read_text())
    wrong = []
    # Not the very last ones: what a run does varies by a call or two.
    for number in range(1, calls - 3, max(1, calls // asked["points"])):
        begin()
        if (ended := in_child(dying_at(number, call))) != -signal.SIGKILL:
            wrong.append(f"call {number} did not die but ended with {ended}")
        if in_child(call) != 0:
            wrong.append(f"after a death at call {number} the next process failed")
        shown = storage / "kitchens-development" / asked["shown"]
        text = shown.read_text() if shown.exists() else None
        if text != asked["expected"]:
            wrong.append(f"after a death at call {number} {shown} holds {text!r}")
    sys.stdout.write(json.dumps({"calls": calls, "wrong": wrong}) + "\n")


main()

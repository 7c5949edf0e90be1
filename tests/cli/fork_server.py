"""Airflow's command line, loaded once: each command runs in a process forked from here.

Starting Airflow takes eight seconds, a fork none; what runs after it is Airflow's own ``main``.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import sys
import termios
import traceback
from importlib import import_module

# What a command would import after the fork, each time anew.
LOADED_BEFORE = (
    "airflow.api.common.delete_dag",
    "airflow.models.dagbag",
    "airflow_dataops.adapters.airflow_runs",
    "airflow_dataops.adapters.file_server",
    "airflow_dataops.adapters.git_repository",
    "airflow_dataops.adapters.kitchen_database.roles",
    "airflow_dataops.adapters.kitchen_database.schemas",
    "airflow_dataops.adapters.object_store",
    "airflow_dataops.adapters.vault",
    "airflow_dataops.cli.checks",
    "airflow_dataops.cli.environment",
    "airflow_dataops.cli.kitchen",
    "airflow_dataops.kitchen_logins",
    "airflow_dataops.kitchen_parts",
    "airflow_dataops.places",
    "airflow_dataops.registry.kitchens",
    "airflow_dataops.registry.operations",
    "airflow.providers.amazon.aws.hooks.s3",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.sftp.hooks.sftp",
)


def main():
    """Start a command for each line of standard input, and tell of each that ended."""
    from airflow import settings
    from airflow.cli import cli_parser

    for module in sys.argv[1:] or LOADED_BEFORE:
        import_module(module)

    cli_parser.get_parser()
    settings.dispose_orm(do_log=False)
    settings.configure_orm()
    tell("ready")
    running, unread = {}, b""
    while True:
        readable, _, _ = select.select([0], [], [], 0.02)
        if readable:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, unread = (unread + read).split(b"\n")
            running.update(start(json.loads(line)) for line in lines)
        tell_who_ended(running)


def start(job):
    pid = os.fork()
    if pid == 0:
        run(job)
    return pid, job["number"]


def tell_who_ended(running):
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        ended = {"number": running.pop(pid), "code": os.waitstatus_to_exitcode(status)}
        tell(json.dumps(ended))


def tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(job):
    """Be one command, to its end."""
    for descriptor, path in ((1, job["stdout"]), (2, job["stderr"])):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
    os.dup2(os.open(job.get("stdin") or os.devnull, os.O_RDONLY), 0)
    if job.get("terminal"):
        sit_at(job["terminal"])
    os.umask(job.get("umask", 0o022))
    # The same objects as before: Airflow's log handlers are compared with them.
    sys.stdout.reconfigure(line_buffering=True, encoding=job.get("encoding", "utf-8"))
    os.environ.update(job["environ"])
    sys.argv = ["airflow", *job["words"]]
    if job["die_at"]:
        die_at(*job["die_at"])
    code = 1
    try:
        code = command()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def sit_at(terminal):
    """Have a terminal of one's own, whose Ctrl-C reaches this process alone."""
    os.setsid()
    opened = os.open(terminal, os.O_RDWR)
    fcntl.ioctl(opened, termios.TIOCSCTTY, 0)
    # Whoever runs the tests in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor in (0, 1, 2):
        os.dup2(opened, descriptor)


def command():
    from airflow.__main__ import main

    try:
        main()
    except SystemExit as left:
        if isinstance(left.code, str):
            sys.stderr.write(f"{left.code}\n")
            return 1
        return left.code or 0
    except Exception:  # noqa: BLE001 - as Python itself: a traceback, exit code 1
        traceback.print_exc()
        return 1
    return 0


def die_at(kind, text):
    """Have this process killed once a program is started or a line is printed with a text."""
    told = print

    def print_and_die(*words, **how):
        told(*words, **how)
        if text in " ".join(map(str, words)):
            os.kill(os.getpid(), signal.SIGKILL)

    def look(event, arguments):
        if event == "subprocess.Popen" and text in map(str, arguments[1]):
            os.kill(os.getpid(), signal.SIGKILL)

    if kind == "call":
        from tests.cli.deaths import die_before

        die_before(text)
    elif kind == "print":
        import builtins

        builtins.print = print_and_die
    else:
        sys.addaudithook(look)


if __name__ == "__main__":
    main()

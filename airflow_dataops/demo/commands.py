"""Run several ``airflow …`` commands in one process, each as whoever it is of.

Each start of Airflow's command line costs seconds; the commands themselves are the same. A person's
commands have their token in the variable that people give it in, too.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext, redirect_stderr
from typing import TYPE_CHECKING

from airflow.cli import cli_parser

from airflow_dataops.cli.login_file import TOKEN_VARIABLE, URL_VARIABLE

if TYPE_CHECKING:
    import argparse


def main() -> None:
    """Run the commands that standard input holds as JSON.

    ``[{"words": ["dataops", …], "by": name or null, "url": …, "token": …, "is_refused": …}]``;
    what is refused as it is to be is no failure, and what is not is one.
    """
    parser = cli_parser.get_parser()
    for command in json.load(sys.stdin):
        by = command.get("by")
        print(f"{by or ''}$ airflow {' '.join(map(_quoted, command['words']))}", flush=True)
        if by:
            os.environ |= {URL_VARIABLE: command["url"], TOKEN_VARIABLE: command["token"]}
        arguments = parser.parse_args(command["words"])
        _run(arguments, is_refused=command.get("is_refused", False))


def _run(arguments: argparse.Namespace, *, is_refused: bool) -> None:
    try:
        with redirect_stderr(sys.stdout) if is_refused else nullcontext():
            arguments.func(arguments)
    except SystemExit as end:
        if not (is_refused and end.code):
            raise
    else:
        if is_refused:
            sys.exit("this was to be refused")


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word or "#" in word else word


if __name__ == "__main__":
    main()

"""Run several ``airflow …`` commands in one process.

Each start of Airflow's command line costs seconds; the commands themselves are the same.
"""

from __future__ import annotations

import json
import sys

from airflow.cli import cli_parser


def main() -> None:
    """Run the command lines that standard input holds as JSON, a list of lists of arguments."""
    parser = cli_parser.get_parser()
    for words in json.load(sys.stdin):
        print(f"$ airflow {' '.join(words)}", flush=True)
        arguments = parser.parse_args(words)
        arguments.func(arguments)


if __name__ == "__main__":
    main()

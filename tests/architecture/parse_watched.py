"""A program: parse one file as Airflow's dag-processor does, and tell what it opened.

Writes ``{"dags": […], "opened": […], "connected": […], "started": […]}`` about the time after
Airflow and the operators were imported.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

__all__ = ["DAG", "BashOperator"]


def main() -> None:
    loader = sys.argv[1]
    seen: dict[str, list[str]] = {"opened": [], "connected": [], "started": []}
    is_watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if not is_watching:
            return
        if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            seen["opened"].append(str(Path(os.fsdecode(arguments[0])).absolute()))
        elif event in ("socket.connect", "socket.getaddrinfo", "sqlite3.connect"):
            seen["connected"].append(f"{event} {arguments[1:]}")
        elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
            seen["started"].append(f"{event} {arguments[0]}")

    sys.addaudithook(watch)
    bag = DagBag(loader, safe_mode=False)
    is_watching = False
    print(json.dumps({"dags": sorted(bag.dags), "errors": bag.import_errors, **seen}))  # noqa: T201


if __name__ == "__main__":
    main()

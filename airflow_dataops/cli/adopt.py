"""``airflow dataops adopt``: what existing DAG files need before they run in a kitchen."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops import config
from airflow_dataops.cli.answers import command, say_aside, show_table
from airflow_dataops.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.adoption import AdoptedFile
    from airflow_dataops.domain.release_environment import ReleaseEnvironment


@command
def adopt(arguments: Any) -> None:
    """Say per DAG file: as it is, or which line needs what. Exit code 1 if one needs something."""
    folder = Path(arguments.folder)
    if not folder.is_dir():
        message = f"{arguments.folder} is no folder; give the one that holds your DAG files"
        raise UsageError(message)
    from airflow_dataops.dag_factory.adoption import adopted_files

    environments = _environments()
    files = adopted_files(
        folder,
        tools=None if environments is None else {t for each in environments for t in each.tools},
        pools=None if environments is None else {p for each in environments for p in each.pools},
    )
    if arguments.output in {"json", "yaml"}:
        show_table([_whole(file) for file in files], output=arguments.output)
    else:
        show_table([row for file in files for row in _rows(file)], output=arguments.output)
    fit = sum(file.runs_as_it_is for file in files)
    say_aside(f"{fit} of {len(files)} files run as they are")
    if fit < len(files):
        sys.exit(1)


def _environments() -> list[ReleaseEnvironment] | None:
    try:
        return config.environments().environments()
    except ConfigurationError:
        return None  # looked at on a laptop: nobody says which tools and pools there are


def _whole(file: AdoptedFile) -> dict[str, object]:
    return {
        "file": file.path,
        "dags": list(file.dags),
        "verdict": _verdict(file),
        "findings": [
            {"line": found.line, "needs_change": found.needs_change, "text": found.text}
            for found in file.findings
        ],
    }


def _rows(file: AdoptedFile) -> Sequence[dict[str, object]]:
    """A row for each line that needs a change; one for a file that needs none."""
    found = [finding for finding in file.findings if finding.needs_change]
    places = [(f"{file.path}:{each.line}" if each.line else file.path, each.text) for each in found]
    return [
        {"file": place, "verdict": _verdict(file), "what": text}
        for place, text in places or [(file.path, "; ".join(_good_to_know(file)))]
    ]


def _good_to_know(file: AdoptedFile) -> list[str]:
    return [f"line {finding.line}: {finding.text}" for finding in file.findings]


def _verdict(file: AdoptedFile) -> str:
    if not file.runs_as_it_is:
        return "needs a change"
    return "as it is" if file.dags else "no DAG"

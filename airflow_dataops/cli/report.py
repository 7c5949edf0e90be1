"""Bodies of ``airflow dataops report``, through the REST API."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, printable
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.domain import names
from airflow_dataops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {"html": "text/html", "pdf": "application/pdf"}


@command
def weekly(arguments: Any) -> None:
    """Write a week's report to a file, or to standard output."""
    if (arguments.kitchen is None) == (arguments.environment is None):
        message = "say whose week: --kitchen NAME, or --environment NAME"
        raise UsageError(message, field="kitchen")
    if arguments.kitchen is not None:
        place = ("kitchens", names.check_kitchen_name(arguments.kitchen), "report")
    else:
        place = ("environments", arguments.environment, "report")
    query = {"week": arguments.week} if arguments.week else {}
    with ApiClient.of_present_login() as api:
        content = _content(api, place, query, arguments.format)
    if arguments.file is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        Path(arguments.file).write_bytes(content)
    except OSError as error:
        message = f"{arguments.file} cannot be written: {error.strerror}"
        raise UsageError(message, field="file") from error
    print(f"wrote the report to {arguments.file}")


def _content(api: ApiClient, place: tuple[str, ...], query: Mapping[str, str], form: str) -> bytes:
    if form in _KINDS:
        return api.file(*place, query={**query, "format": form}, kind=_KINDS[form])
    found = api.json("GET", *place, query=query)
    if form == "json" or not isinstance(found, dict):
        return (json.dumps(found, indent=1) + "\n").encode()
    lines = str(found.get("summary", "")).splitlines()
    return ("\n".join(printable(line) for line in lines) + "\n").encode()

"""Body of ``airflow dataops audit export``."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli import facts
from airflow_dataops.cli.answers import command
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import AuditAnswer
from airflow_dataops.cli.kitchen_request import moment, span
from airflow_dataops.domain import names
from airflow_dataops.errors import OutsideSystemError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_AT_ONCE = 10_000
_COLUMNS = (
    "at", "by", "source", "action", "project", "environment", "kitchen", "kitchen_id", "reason",
    "details",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula, and people write reasons.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@command
def export_audit(arguments: Any) -> None:
    """Write the audit trail to standard output, newest first, all of it that was asked for."""
    now = datetime.now(tz=UTC)
    since = _moment(arguments.since, "--since", now)
    until = _moment(arguments.until, "--until", now)
    if since is not None and until is not None and since >= until:
        message = "--since has to be before --until"
        raise UsageError(message)
    query = {"limit": str(MOST_AT_ONCE)}
    if since is not None:
        query["since"] = since.isoformat()
    if arguments.kitchen is not None:
        query["kitchen"] = names.check_kitchen_name(arguments.kitchen)
    with ApiClient.of_present_login() as api:
        entries = whole_trail(api, query, until)
    if arguments.format == "csv":
        _write_csv(entries)
    else:
        json.dump([facts.audit_row(entry) for entry in entries], sys.stdout, indent=1)
        print()


def whole_trail(
    api: ApiClient, query: dict[str, str], until: datetime | None, *, at_once: int = MOST_AT_ONCE
) -> list[AuditAnswer]:
    """Every entry that was asked for, however many requests it takes.

    Args:
        api: the API.
        query: what is asked for.
        until: the moment before which entries are asked for; None for all to now.
        at_once: how many entries one answer may have.

    Raises:
        OutsideSystemError: that many are of one moment, so others of it could be missed.
    """
    found: list[AuditAnswer] = []
    while True:
        asked = {**query, "limit": str(at_once)}
        if until is not None:
            asked["until"] = until.astimezone(UTC).isoformat()
        page = api.several(AuditAnswer, "GET", "audit", query=asked)
        if len(page) < at_once:
            return found + page
        oldest = page[-1].at
        newer = [entry for entry in page if entry.at > oldest]
        if not newer:
            message = f"the trail has {at_once} entries or more of {oldest.isoformat()}"
            raise OutsideSystemError(message)
        # Others of the oldest one's moment may be on the next page, so all of it is read there.
        found += newer
        until = oldest + timedelta(microseconds=1)


def _moment(text: str | None, option: str, now: datetime) -> datetime | None:
    """A moment, or so long ago."""
    if text is None:
        return None
    if text[-1:].isalpha() and text[:-1].isdecimal():
        return now - span(text, option=option)
    return moment(text, option=option)


def _write_csv(entries: Sequence[AuditAnswer]) -> None:
    writer = csv.writer(sys.stdout, quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    for entry in entries:
        details = "; ".join(
            f"{name}={value}" for name, value in sorted((entry.details or {}).items())
        )
        row = {**facts.audit_row(entry), "details": details}
        writer.writerow([_as_text(row[name]) for name in _COLUMNS])


def _as_text(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text

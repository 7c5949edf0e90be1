"""Which part of the audit trail a person may read, and the trail as a table."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops.domain import names, permissions
from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.errors import KitchenNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.web.visit import Visit

MOST_ENTRIES = 10_000
_COLUMNS = (
    "at", "by", "source", "action", "project", "environment", "kitchen", "kitchen_id", "reason",
    "details",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula; some of them in full width, too.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def history_of(kitchen: Kitchen, visit: Visit) -> list[AuditEntry]:
    """What was done to one kitchen, newest first."""
    return visit.installation.audit_trail.entries(AuditQuery(kitchen_id=kitchen.id))


def readable(asked: AuditQuery, kitchen: str | None, visit: Visit) -> list[AuditEntry]:
    """Entries of the environments that a person owns and of kitchens they are staff of.

    A name stands for all kitchens that ever had it, of which the person may read.

    Raises:
        InvalidName: no kitchen can be named so.
        KitchenNotFound: there is and was none of this name that they may read of.
    """
    if kitchen is not None:
        ids = [one.id for one in _of_name(names.check_kitchen_name(kitchen), visit)]
        if not ids:
            raise KitchenNotFound(kitchen)
        return _newest([replace(asked, kitchen_id=one) for one in ids], visit)
    owned = tuple(
        environment.name
        for environment in visit.installation.projects.environments()
        if permissions.is_owner(visit.person, environment)
    )
    queries = [replace(asked, environments=owned)] if owned else []
    queries += [
        replace(asked, kitchen_id=seen.kitchen.id)
        for seen in visit.visible()
        if seen.role is not None and seen.kitchen.environment not in owned
    ]
    return _newest(queries, visit)


def as_csv(entries: Iterable[AuditEntry]) -> str:
    """The entries as a table with a header; no cell of it is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    for entry in entries:
        details = "; ".join(f"{name}={value}" for name, value in sorted(entry.details.items()))
        cells = {name: getattr(entry, name) for name in _COLUMNS if name != "details"}
        cells |= {"at": entry.at.isoformat(), "details": details}
        writer.writerow([_as_text(cells[name]) for name in _COLUMNS])
    return text.getvalue()


def _as_text(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _of_name(name: str, visit: Visit) -> list[Kitchen]:
    registry = visit.installation.registry
    known = registry.named([name]) + registry.former(name)
    staffs = registry.staffs(known)
    return [k for k in known if visit.role_in(k, staffs.get(k.id, [])) is not None]


def _newest(queries: Iterable[AuditQuery], visit: Visit) -> list[AuditEntry]:
    asked = list(queries)
    found = [e for query in asked for e in visit.installation.audit_trail.entries(query)]
    # Stable: entries of one moment stay in the order in which the trail gives them.
    newest = sorted(found, key=lambda entry: entry.at, reverse=True)
    return newest[: asked[0].at_most] if asked else []

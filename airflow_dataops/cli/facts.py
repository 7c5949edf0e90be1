"""What commands show of the API's answers, as rows of tables."""

from __future__ import annotations

import sys
from datetime import UTC
from typing import TYPE_CHECKING

from airflow_dataops.cli.tree import in_tree, strokes_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_dataops.cli.api_models import (
        AuditAnswer,
        KitchenAnswer,
        MemberAnswer,
        OperationAnswer,
    )

_NO_KITCHEN = dict.fromkeys(
    ("environment", "branch", "state", "created_by", "your_role", "ends", "ticket"), ""
)


def kitchen_row(kitchen: KitchenAnswer) -> dict[str, object]:
    """A kitchen as one flat row, for programs."""
    return {
        "kitchen": kitchen.name,
        "project": kitchen.project,
        "environment": kitchen.environment,
        "branch": kitchen.branch,
        "parent": kitchen.parent,
        "state": kitchen.state,
        "created_by": kitchen.created_by,
        "created_at": exactly(kitchen.created_at),
        "your_role": kitchen.your_role,
        "ends_at": exactly(kitchen.ends_at),
        "pinned": kitchen.pinned,
        "shared": kitchen.shared,
        "ticket": kitchen.ticket,
        "slack_channel": kitchen.slack_channel,
        "pipelines": None if kitchen.pipelines is None else list(kitchen.pipelines),
        "schema": kitchen.schema_name,
        "prefix": kitchen.prefix,
        "id": kitchen.id,
    }


def kitchen_tree(kitchens: Iterable[KitchenAnswer]) -> list[dict[str, object]]:
    """Kitchens as rows of a drawn tree below each project, for people."""
    strokes = strokes_for(sys.stdout.encoding)
    projects: dict[str, dict[str, KitchenAnswer]] = {}
    for kitchen in kitchens:
        projects.setdefault(kitchen.project, {})[kitchen.name] = kitchen
    rows: list[dict[str, object]] = []
    for project in sorted(projects):
        rows.append({"kitchen": project, **_NO_KITCHEN})
        found = projects[project]
        parents = {name: kitchen.parent for name, kitchen in found.items()}
        rows += [_drawn(before, found[name]) for before, name in in_tree(parents, strokes)]
    return rows


def _drawn(before: str, kitchen: KitchenAnswer) -> dict[str, object]:
    return {
        "kitchen": f"{before}{kitchen.name}",
        "environment": kitchen.environment,
        "branch": kitchen.branch,
        "state": kitchen.state,
        "created_by": kitchen.created_by,
        "your_role": kitchen.your_role,
        "ends": _end(kitchen),
        "ticket": kitchen.ticket,
    }


def kitchen_facts(kitchen: KitchenAnswer) -> list[dict[str, object]]:
    """A kitchen, a line per fact."""
    pipelines = "all" if kitchen.pipelines is None else list(kitchen.pipelines)
    return _lines(
        ("kitchen", kitchen.name),
        ("project", kitchen.project),
        ("environment", kitchen.environment),
        ("branch", kitchen.branch),
        ("cut from", kitchen.parent),
        ("state", kitchen.state),
        ("created", f"{readably(kitchen.created_at)} by {kitchen.created_by}"),
        ("your role", kitchen.your_role or "none"),
        ("ends", _end(kitchen) or "never"),
        ("seen by", "everybody" if kitchen.shared else "its staff"),
        ("ticket", kitchen.ticket),
        ("slack channel", kitchen.slack_channel or "the environment's"),
        ("pipelines", pipelines),
        ("schema", kitchen.schema_name),
        ("prefix", kitchen.prefix),
    )


def member_row(member: MemberAnswer) -> dict[str, object]:
    """Somebody on a staff."""
    return {"who": member.who, "role": member.role}


def operation_facts(operation: OperationAnswer) -> list[dict[str, object]]:
    """An operation, a line per fact."""
    return _lines(
        ("operation", operation.id),
        ("what", f"{operation.kind} kitchen {operation.kitchen} ({operation.environment})"),
        ("asked by", operation.by),
        ("reason", operation.reason),
        ("progress", operation.progress),
        ("attempt", operation.attempt),
        ("began", readably(operation.began_at)),
        ("ended", readably(operation.ended_at)),
        ("error", operation.error),
    )


def operation_row(operation: OperationAnswer) -> dict[str, object]:
    """An operation with its steps as one row, for programs."""
    return {
        "id": operation.id,
        "kind": operation.kind,
        "kitchen": operation.kitchen,
        "environment": operation.environment,
        "progress": operation.progress,
        "attempt": operation.attempt,
        "by": operation.by,
        "reason": operation.reason,
        "began_at": exactly(operation.began_at),
        "ended_at": exactly(operation.ended_at),
        "error": operation.error,
        "steps": [
            {
                "part": step.part,
                "tool": step.tool,
                "what": step.what,
                "progress": step.progress,
                "detail": step.detail,
                "began_at": exactly(step.began_at),
                "ended_at": exactly(step.ended_at),
            }
            for step in operation.steps
        ],
    }


def step_rows(operation: OperationAnswer) -> list[dict[str, object]]:
    """The steps of an operation."""
    return [
        {
            "part": step.part,
            "what": step.what,
            "progress": step.progress,
            "detail": step.detail,
            "ended": readably(step.ended_at),
        }
        for step in operation.steps
    ]


def inventory(operation: OperationAnswer) -> list[dict[str, object]]:
    """What a deleted kitchen had, and what became of it."""
    return [
        {
            "part": step.part,
            "what": step.what,
            "gone": step.progress == "done",
            "what_there_was": step.detail,
        }
        for step in operation.steps
    ]


def audit_row(entry: AuditAnswer) -> dict[str, object]:
    """A deed, for programs."""
    return {
        "at": exactly(entry.at),
        "by": entry.by,
        "action": entry.action,
        "project": entry.project,
        "environment": entry.environment,
        "kitchen": entry.kitchen,
        "kitchen_id": entry.kitchen_id,
        "reason": entry.reason,
        "source": entry.source,
        "details": dict(entry.details or {}),
    }


def history_row(entry: AuditAnswer) -> dict[str, object]:
    """A deed in a kitchen, for people."""
    details = ", ".join(f"{name}: {value}" for name, value in (entry.details or {}).items())
    return {
        "at": readably(entry.at),
        "by": entry.by,
        "action": entry.action,
        "reason": entry.reason,
        "source": entry.source,
        "details": details,
    }


def exactly(when: datetime | None) -> str | None:
    """A moment as programs read it."""
    return None if when is None else when.isoformat()


def readably(when: datetime | None) -> str:
    """A moment as people read it, in UTC as everywhere in Airflow."""
    return "" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _end(kitchen: KitchenAnswer) -> str:
    if kitchen.ends_at is None:
        return ""
    end = f"{kitchen.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{end}, pinned" if kitchen.pinned else end


def _lines(*facts: tuple[str, object]) -> list[dict[str, object]]:
    return [
        {"what": what, "value": value} for what, value in facts if value is not None and value != ""
    ]

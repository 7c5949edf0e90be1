"""From a command's arguments to the kitchen that is asked for, whichever way it is sent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_dataops.domain.kitchen import KitchenSettings
from airflow_dataops.domain.staff import Member, Role, check_who
from airflow_dataops.errors import UsageError
from airflow_dataops.services.kitchens import KitchenRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPAN = re.compile(r"([1-9][0-9]{0,3})([mhdw])\Z", re.ASCII)
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def kitchen_request(arguments: Any, *, now: datetime) -> KitchenRequest:
    """The kitchen that ``kitchen create`` asks for.

    Raises:
        UsageError: an option's text cannot be read; says how to write it.
        InvalidName: a member of staff who is none.
    """
    return KitchenRequest(
        name=arguments.kitchen,
        parent=arguments.parent,
        environment=arguments.environment,
        settings=KitchenSettings(
            ends_at=ends_at(arguments, now),
            pinned=arguments.pinned,
            shared=not arguments.private,
            ticket=arguments.ticket,
            slack_channel=arguments.slack_channel,
            pipelines=pipelines(arguments.pipelines),
        ),
        staff=staff(arguments.staff or ()),
        kitchen_id=str(uuid4()),
        operation_id=str(uuid4()),
    )


def moment(text: str, *, option: str) -> datetime:
    """A moment with its timezone, as ISO 8601 writes it: ``2026-12-31T00:00Z``.

    Raises:
        UsageError: it is none, or has no timezone.
    """
    example = "write for example 2026-12-31T00:00Z or 2026-12-31T08:00+01:00"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option} {text[:80]!r} is no moment; {example}"
        raise UsageError(message, field=option.removeprefix("--")) from None
    if found.tzinfo is None:
        message = f"{option} {text[:80]!r} has no timezone; {example}"
        raise UsageError(message, field=option.removeprefix("--"))
    return found


def span(text: str, *, option: str) -> timedelta:
    """A length of time: ``30m``, ``8h``, ``14d`` or ``2w``.

    Raises:
        UsageError: it is none.
    """
    found = _SPAN.match(text)
    if not found:
        message = f"{option} {text[:80]!r} is no length of time; write for example 30m, 8h or 14d"
        raise UsageError(message, field=option.removeprefix("--"))
    return int(found[1]) * _UNITS[found[2]]


def staff(texts: Sequence[str]) -> tuple[Member, ...]:
    """Members of staff from ``padma:cook`` and ``role:analysts:guest``.

    Raises:
        UsageError: a text names no role, or one twice.
        InvalidName: a name can be nobody's.
    """
    found: dict[str, Member] = {}
    for text in texts:
        who, colon, role = text.rpartition(":")
        if not colon or role not in set(Role):
            roles = ", ".join(Role)
            message = f"{text[:80]!r} is no member of staff; write NAME:ROLE, a role of {roles}"
            raise UsageError(message, field="staff")
        if who in found:
            message = f"{who!r} is on the staff twice; give one role, the higher may do more"
            raise UsageError(message, field="staff")
        found[who] = Member(who=check_who(who), role=Role(role))
    return tuple(found.values())


def ends_at(arguments: Any, now: datetime) -> datetime | None:
    """The end that ``--ends`` or ``--for`` names; None where neither is given.

    Raises:
        UsageError: it cannot be read, or both are given.
    """
    if arguments.ends and arguments.lasts:
        message = "--ends and --for both say when it ends; give one"
        raise UsageError(message, field="ends_at")
    if arguments.ends:
        return moment(arguments.ends, option="--ends")
    return now + span(arguments.lasts, option="--for") if arguments.lasts else None


def pipelines(text: str | None) -> tuple[str, ...] | None:
    """Names of pipelines from ``a,b``; None where nothing was said."""
    if text is None:
        return None
    chosen = [name.strip() for name in text.split(",")]
    return tuple(dict.fromkeys(name for name in chosen if name))

"""Work goes from one person to the next: the trail says so, and the next one may work on it.

Who has work follows from the trail alone, so that it is always one person. The role comes first:
dying in between leaves somebody who may work there, and no work without anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain import work
from airflow_dataops.domain.audit import AuditQuery, check_reason
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.staff import Member, Role, check_who
from airflow_dataops.errors import InvalidRequest, KitchenBusy, Superseded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.work import Work
    from airflow_dataops.ports import AuditTrail
    from airflow_dataops.ticket_ports import HandOffs


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """Somebody gives a piece of work to somebody.

    Attributes:
        entry: for the audit trail, with these details.
        make_cook: puts a person on the staff; refuses where who asks may not.
    """

    kitchen: Kitchen
    to: str
    note: str | None
    entry: Callable[[Mapping[str, str]], AuditEntry]
    make_cook: Callable[[Member], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOffPlaces:
    """What handing off works with.

    Attributes:
        work: reads the kitchen's work, as it is when it is called.
    """

    audit_trail: AuditTrail
    hand_offs: HandOffs
    work: Callable[[], Work]


def hand_off(asked: HandOff, *, staff: Sequence[Member], places: HandOffPlaces) -> None:
    """Give a piece of work to somebody, who may work on it from then on.

    To whom it belongs already is no error, and nothing is written.

    Raises:
        Superseded: somebody else handed it off at the same time.
        InvalidName: nobody can be named so.
        InvalidRequest: a role is meant and no person, or the note cannot be kept.
        KitchenBusy: the kitchen is being deleted.
        NotAllowed: they are not on the staff, and who asks may not put them there.
    """
    check_who(asked.to)
    check_reason(asked.note)
    member = Member(who=asked.to, role=Role.COOK)
    if member.airflow_role is not None:
        message = (
            f"work is handed to one person, and {asked.to!r} stands for several; name one of them"
        )
        raise InvalidRequest(message, field="to")
    if asked.kitchen.state is KitchenState.DELETING:
        raise KitchenBusy(asked.kitchen.name, asked.kitchen.state, "its work cannot be handed off")
    if not any(one.who == asked.to and one.role.rank >= Role.COOK.rank for one in staff):
        asked.make_cook(member)
    # Before the work is read: what comes in between is seen when this is written.
    last = _last(asked.kitchen, places.audit_trail)
    holder = places.work().present.assignee
    if holder == asked.to:
        return
    facts = {work.TO: asked.to, "from": holder}
    if not places.hand_offs.add(asked.entry(facts), after=last):
        now = places.work().present.assignee
        message = (
            f"the work of {asked.kitchen.name} was {holder}'s when you handed it to {asked.to}, "
            f"and somebody handed it to {now} at the same time; it is {now}'s: talk to them, and "
            "hand it off again if it is to be another's"
        )
        raise Superseded(message)


def _last(kitchen: Kitchen, audit_trail: AuditTrail) -> int | None:
    found = audit_trail.entries(AuditQuery(kitchen_id=kitchen.id, actions=(work.HAND_OFF,)))
    return max((one.id for one in found if one.id is not None), default=None)

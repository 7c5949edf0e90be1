"""Work goes from one person to the next: the trail says so, and the next one may work on it.

Who has work follows from the trail alone, so that it is always one person. The role comes first:
dying in between leaves somebody who may work there, and no work without anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain import work
from airflow_dataops.domain.audit import check_reason
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.staff import Member, Role, check_who
from airflow_dataops.errors import InvalidRequest, KitchenBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.work import Work
    from airflow_dataops.ports import AuditTrail


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


def hand_off(
    asked: HandOff, present: Work, *, staff: Sequence[Member], audit_trail: AuditTrail
) -> None:
    """Give a piece of work to somebody, who may work on it from then on.

    To whom it belongs already is no error, and nothing is written.

    Raises:
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
    if present.present.assignee != asked.to:
        facts = {work.TO: asked.to, "from": present.present.assignee}
        audit_trail.add(asked.entry(facts))

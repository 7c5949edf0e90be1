"""Kitchens' rows, taken so that nobody else changes them until a transaction ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.dialects import postgresql, sqlite

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.errors import KitchenBusy, KitchenNotFound
from airflow_dataops.registry.models import KitchenRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Delete, Update
    from sqlalchemy.orm import Session

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.registry.models import Base


def living_names(session: Session, *, project: str | None = None) -> list[str]:
    """Names of all living kitchens, or of one project's."""
    query = select(KitchenRow.name).where(KitchenRow.deleted_at.is_(None)).order_by(KitchenRow.name)
    if project is not None:
        query = query.where(KitchenRow.project == project)
    return list(session.scalars(query))


def living_row(kitchen: Kitchen) -> Update:
    """A change of this kitchen as long as it lives; its id counts, a name can be used again."""
    return update(KitchenRow).where(KitchenRow.id == kitchen.id, KitchenRow.deleted_at.is_(None))


def changed_one(session: Session, change: Update | Delete) -> bool:
    """Carry a change of one row out; False where no row met its conditions."""
    return bool(cast("CursorResult[Any]", session.execute(change)).rowcount)


def hold_living(session: Session, kitchen: Kitchen) -> None:
    """Keep a kitchen from going until the transaction ends, or refuse if it goes already.

    To be called after a write: SQLite locks no rows, only who writes first.

    Raises:
        KitchenNotFound: it is deleted.
        KitchenBusy: it is being deleted.
    """
    query = (
        select(KitchenRow.state)
        .where(KitchenRow.id == kitchen.id, KitchenRow.deleted_at.is_(None))
        .with_for_update(read=True)
    )
    state = session.scalars(query).first()
    if state is None:
        raise KitchenNotFound(kitchen.name, living_names(session))
    if state == KitchenState.DELETING:
        raise KitchenBusy(kitchen.name, state, "nothing about it can be changed any more")


def hold_first(session: Session, kitchen: Kitchen) -> None:
    """The same before a write of rows that go with the kitchen, where the database locks rows.

    Who deletes a kitchen takes its own row first: of two in different orders, one is ended.

    Raises:
        KitchenNotFound: it is deleted.
        KitchenBusy: it is being deleted.
    """
    if session.get_bind().dialect.name != "sqlite":
        hold_living(session, kitchen)


def put_row(
    session: Session,
    kitchen: Kitchen,
    table: type[Base],
    *,
    key: Mapping[str, object],
    values: Mapping[str, object],
) -> None:
    """Add a row about a kitchen that stays, or change the one of this key.

    Raises:
        KitchenNotFound: the kitchen is deleted.
        KitchenBusy: it is being deleted.
    """
    whole_key = {"kitchen_id": kitchen.id, **key}
    put = adding(session)(table).values(**whole_key, **values)
    session.execute(put.on_conflict_do_update(index_elements=list(whole_key), set_=dict(values)))
    hold_living(session, kitchen)


def adding(session: Session) -> Any:
    """The database's own ``insert``, which knows what to do where a row is there already."""
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert


def hold_parent(session: Session, kitchen: Kitchen, parent: str) -> str:
    """Keep a new kitchen's parent from going until the transaction ends; gives its id.

    Raises:
        KitchenNotFound: its project has no living kitchen of this name.
        KitchenBusy: the parent is being deleted.
    """
    query = (
        select(KitchenRow.id, KitchenRow.state)
        .where(
            KitchenRow.name == parent,
            KitchenRow.project == kitchen.project,
            KitchenRow.deleted_at.is_(None),
            KitchenRow.id != kitchen.id,
        )
        # Keeps the parent from being deleted until our row is there; others may add beside us.
        .with_for_update(read=True)
    )
    found = session.execute(query).first()
    if found is None:
        raise KitchenNotFound(parent, living_names(session, project=kitchen.project))
    if found.state == KitchenState.DELETING:
        raise KitchenBusy(parent, found.state, "no kitchen can be cut from it any more")
    return str(found.id)

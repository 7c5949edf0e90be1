"""Ids in addresses."""

from __future__ import annotations

from uuid import UUID

from airflow_dataops.errors import OperationNotFound


def checked_id(operation_id: str) -> str:
    """An operation's id, in the form in which it is kept.

    Raises:
        OperationNotFound: nothing can have this id.
    """
    try:
        return str(UUID(operation_id))
    except ValueError:
        raise OperationNotFound(operation_id[:36]) from None

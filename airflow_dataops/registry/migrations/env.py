"""What alembic runs around each migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow import settings
from alembic import context

from airflow_dataops.registry.db_manager import DataOpsDBManager

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.schema import SchemaItem


def _is_ours(
    _item: SchemaItem, name: str | None, kind: str, _reflected: object, _compared: object
) -> bool:
    return kind != "table" or name in DataOpsDBManager.metadata.tables


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=DataOpsDBManager.metadata,
        version_table=DataOpsDBManager.version_table_name,
        include_object=_is_ours,
        transaction_per_migration=True,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _print_sql() -> None:
    context.configure(
        url=settings.SQL_ALCHEMY_CONN,
        target_metadata=DataOpsDBManager.metadata,
        version_table=DataOpsDBManager.version_table_name,
        include_object=_is_ours,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _print_sql()
else:
    with settings.get_engine().connect() as connection:
        _migrate(connection)

"""How ``airflow db migrate`` finds our tables."""

from __future__ import annotations

from pathlib import Path

from airflow.utils.db_manager import BaseDBManager

from airflow_dataops.registry import (
    evidence_models,  # noqa: F401 - loaded, its tables are known
    merge_models,  # noqa: F401
    result_models,  # noqa: F401
    ticket_models,  # noqa: F401
)
from airflow_dataops.registry.models import Base

_FOLDER = Path(__file__).parent


class DataOpsDBManager(BaseDBManager):
    """Creates, migrates and drops our tables together with Airflow's own."""

    metadata = Base.metadata
    version_table_name = "alembic_version_dataops"
    migration_dir = (_FOLDER / "migrations").as_posix()
    alembic_file = (_FOLDER / "alembic.ini").as_posix()
    supports_table_dropping = True
    revision_heads_map = {"0.1.0": "0015"}  # noqa: RUF012 - the base class declares it so

    def downgrade(
        self,
        to_revision: str,
        from_revision: str | None = None,
        show_sql_only: bool = False,  # noqa: FBT001, FBT002 - Airflow fixes the signature
    ) -> None:
        """Go back to a revision, ``base`` for none of our tables.

        Args:
            to_revision: the revision to go back to.
            from_revision: where ``show_sql_only`` starts; by default the database's revision.
            show_sql_only: print the statements and run none.
        """
        from alembic import command

        if from_revision and not show_sql_only:
            message = "from_revision goes with show_sql_only: a database knows its own revision"
            raise ValueError(message)
        revision = to_revision
        if show_sql_only:
            start = from_revision or self.get_current_revision()  # type: ignore[no-untyped-call]
            revision = f"{start}:{to_revision}"
        config = self.get_alembic_config()  # type: ignore[no-untyped-call]
        command.downgrade(config, revision=revision, sql=show_sql_only)

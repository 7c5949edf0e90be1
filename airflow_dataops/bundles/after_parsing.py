"""What Airflow's tables still need once a kitchen's file was parsed.

To Airflow a kitchen is a single file. It makes all of its DAGs stale for one broken pipeline,
takes up to an hour to notice one that the file declares no more, and drops a request to parse a
file that is just being parsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """A file as Airflow names it."""

    bundle_name: str
    path: str


def settle(
    session: Session, file: ParsedFile, *, declared: Sequence[str], has_errors: bool
) -> None:
    """Let exactly the DAGs be alive that a file has just declared."""
    from airflow.models.dag import DagModel
    from sqlalchemy import update

    is_of_bundle = DagModel.bundle_name == file.bundle_name
    if has_errors:
        revived = update(DagModel).where(is_of_bundle, DagModel.dag_id.in_(declared))
        session.execute(
            revived.values(is_stale=False, has_import_errors=False).execution_options(
                synchronize_session="fetch"
            )
        )
    others = update(DagModel).where(
        is_of_bundle,
        DagModel.relative_fileloc == file.path,
        DagModel.dag_id.not_in(declared),
        DagModel.is_stale.is_(False),
    )
    session.execute(others.values(is_stale=True).execution_options(synchronize_session="fetch"))


def ask_again(session: Session, file: ParsedFile) -> None:
    """Have a file parsed once more; asked for already is no error."""
    from airflow.models.dagbag import DagPriorityParsingRequest
    from sqlalchemy.exc import IntegrityError

    request = DagPriorityParsingRequest(file.bundle_name, file.path)
    try:
        with session.begin_nested():
            session.add(request)
    except IntegrityError:
        return  # the same request waits already: its id is made from its content

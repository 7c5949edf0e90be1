"""What services need from outside, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import Measure
    from airflow_dataops.domain.kitchen import Kitchen


class Repository(Protocol):
    """The project's git repository, which holds one branch per kitchen."""

    def tip(self, branch: str) -> str | None:
        """Commit id of a branch's tip; None where there is no such branch."""

    def cut_branch(self, name: str, *, source: str) -> None:
        """Create a branch at the tip of another; the same branch again is no error."""

    def delete_branch(self, name: str) -> None:
        """Delete a branch; one that is gone already is no error."""


class KitchenRegistry(Protocol):
    """Which kitchens there are. Names are unique among the living."""

    def kitchens(self, *, environment: str | None = None) -> list[Kitchen]:
        """Living kitchens by name, of one environment or of all."""

    def kitchen(self, name: str) -> Kitchen:
        """The living kitchen of this name.

        Raises:
            KitchenNotFound: there is none.
        """

    def check(self, kitchen: Kitchen) -> None:
        """Raise what ``add`` would raise at this moment, and record nothing."""

    def add(self, kitchen: Kitchen) -> None:
        """Record a new kitchen.

        Raises:
            KitchenExists: a living kitchen or a DAG outside of kitchens has this namespace.
        """

    def remove(self, kitchen: Kitchen, *, by: str) -> None:
        """Mark a kitchen as deleted, by whom; its row and id stay."""

    def ask_for_parsing(self, kitchen: Kitchen) -> None:
        """Have the kitchen's DAGs read at once instead of at the next interval."""


class SecretStore(Protocol):
    """One release environment's vault, logged in as this installation."""

    def read(self, path: str) -> Mapping[str, str] | None:
        """Fields of a secret; None where the vault says that there is none.

        Raises:
            VaultUnavailable: sealed, down, hung, or it refuses our login.
        """


class Warehouse(Protocol):
    """A SQL database that holds a kitchen's tables."""

    def holds_tables(self, schema: str) -> bool:
        """Whether a schema has anything in it; one that does not exist has nothing."""

    def create_schema(self, name: str) -> None:
        """Create a schema; one that exists is no error."""

    def drop_schema(self, name: str) -> None:
        """Drop a schema with all it holds; one that is gone is no error."""

    def measures(self, measures: Sequence[Measure]) -> list[float | None]:
        """One number per measure, in their order; None where there was nothing to measure."""

    def count_rows(self, sql: str, *, table: Table | None = None) -> int:
        """How many rows a query finds; ``{table}`` in it stands for the table's slice."""

    def load_csv(
        self,
        chunks: Iterable[bytes],
        *,
        table: str,
        where: str | None,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
    ) -> int:
        """Replace a table's slice by CSV data with a header, in one transaction.

        Args:
            chunks: the file's bytes, in order, of any size.
            table: unqualified, or ``schema.table``.
            where: the slice that is replaced; None replaces the whole table.
            columns: SQL type of each column, to create the table where it is missing.
            constants: columns that the file lacks, with the value that each row gets.

        Returns:
            Number of rows loaded.

        Raises:
            BadDataFile: the file does not fit the table, or its rows do not lie in the slice.
        """


class ObjectStore(Protocol):
    """Files in a bucket."""

    def chunks(self, *, bucket: str, key: str) -> AbstractContextManager[Iterator[bytes]]:
        """An object's bytes in order, read as they are asked for."""

    def size_bytes(self, *, bucket: str, key: str) -> int:
        """Size of an object."""

"""Outside systems, kept in memory; each passes the contract of its real adapter."""

from __future__ import annotations

import hashlib

from airflow_dataops.errors import OutsideSystemError


class FakeRepository:
    """Repository without git.

    Attributes:
        tips: commit id of each branch's tip.
        refuses: words of the steps that the git host forbids, such as ``delete``.
    """

    def __init__(self, *branches, refuses=()):
        self.tips = {name: hashlib.sha256(name.encode()).hexdigest()[:40] for name in branches}
        self.refuses = set(refuses)

    def tip(self, branch):
        return self.tips.get(branch)

    def cut_branch(self, name, *, source):
        self._ask("cut", name)
        if source not in self.tips:
            message = f"git could not cut {name!r}: there is no branch {source!r}"
            raise OutsideSystemError(message)
        self.tips.setdefault(name, self.tips[source])

    def delete_branch(self, name):
        self._ask("delete", name)
        self.tips.pop(name, None)

    def _ask(self, step, name):
        if step in self.refuses:
            message = f"git could not {step} branch {name!r}: refused"
            raise OutsideSystemError(message)


class FakeWarehouse:
    """The schemas of a Warehouse.

    Attributes:
        schemas: names of the tables in each schema.
        refuses: words of the steps that fail, such as ``create``.
    """

    def __init__(self, schemas=(), *, refuses=()):
        self.schemas = {name: set(tables) for name, tables in dict(schemas).items()}
        self.refuses = set(refuses)

    def holds_tables(self, schema):
        return bool(self.schemas.get(schema))

    def create_schema(self, name):
        self._ask("create")
        self.schemas.setdefault(name, set())

    def drop_schema(self, name):
        self._ask("drop")
        self.schemas.pop(name, None)

    def _ask(self, step):
        if step in self.refuses:
            message = "the database refused"
            raise OutsideSystemError(message)

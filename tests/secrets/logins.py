"""What tests ask of issued logins: the database that takes them, the vault, and our table."""

from __future__ import annotations

import time
from dataclasses import dataclass

import hvac
import psycopg
from sqlalchemy import text


@dataclass(frozen=True, kw_only=True)
class Session:
    """A login to the warehouse that can be tried."""

    host: str
    port: int
    database: str
    login: str
    password: str
    options: str = ""

    @classmethod
    def of(cls, connection):
        """The one that an Airflow connection describes."""
        return cls(
            host=connection.host,
            port=connection.port,
            database=connection.schema,
            login=connection.login,
            password=connection.password,
            options=connection.extra_dejson.get("options", ""),
        )

    def who(self):
        """Who it is in the database, as whom it acts, and where its sessions start."""
        with psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.login,
            password=self.password,
            options=self.options,
        ) as session:
            return session.execute("select session_user, current_user, current_schema").fetchone()

    def is_good(self):
        try:
            return bool(self.who())
        except psycopg.DatabaseError:  # refused, or removed under its hands
            return False


def is_good(connection):
    """Whether the database takes an Airflow connection's login."""
    return Session.of(connection).is_good()


def leases(installation):
    """What is written down: lease id, task instance, person, end."""
    with installation.engine.connect() as connection:
        return connection.execute(
            text("select lease_id, task_instance, person, expires_at from dataops_lease")
        ).all()


def vault_administrator(installation):
    where = installation.stack.addresses
    return hvac.Client(url=where.vault_url, token=where.vault_root_token_file.read_text())


def issued_to(installation, kitchen):
    """How many logins of a kitchen the vault knows."""
    path = f"/v1/sys/leases/lookup/development-database/creds/development.{kitchen.name}.redshift"
    try:
        return len(vault_administrator(installation).adapter.list(path)["data"]["keys"])
    except hvac.exceptions.InvalidPath:
        return 0


def eventually(holds, *, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)

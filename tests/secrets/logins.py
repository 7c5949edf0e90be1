"""What tests ask of issued logins: the database that takes them, the vault, and our table."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from uuid import UUID

import hvac
import psycopg
from sqlalchemy import text

from airflow_dataops.secrets.identity import IdentityMiddleware


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


def patches_state(task, *, status=204, body=None):
    """The end of a try, as the middleware sees it; gives the answer."""
    import jwt

    token = jwt.encode({"sub": task}, "0" * 64, algorithm="HS512")
    sent = []

    async def airflow(_scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        payload = json.dumps(body or {"state": "success"}).encode()
        return {"type": "http.request", "body": payload, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PATCH",
        "path": f"/execution/task-instances/{task}/state",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "query_string": b"",
    }
    asyncio.run(IdentityMiddleware(airflow)(scope, receive, send))
    return sent


def set_state(installation, task, state):
    with installation.engine.begin() as connection:
        connection.execute(
            text("update task_instance set state = :state where id = :id"),
            {"state": state, "id": UUID(task).hex},
        )

"""Kitchens of the embedded stack: their parts made for real, and what the tools hold of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import hvac
import psycopg
from airflow.sdk.definitions.connection import Connection
from psycopg.sql import SQL, Identifier

from airflow_dataops.adapters.vault import HashicorpVault
from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen import Kitchen
from airflow_dataops.domain.provisioning import parts_of
from airflow_dataops.kitchen_parts import kitchen_part
from airflow_dataops.specs.environment_file import load_environments

if TYPE_CHECKING:
    from pathlib import Path


class KitchenSite:
    """One environment, with what makes kitchens there.

    Args:
        environments_file: of the embedded stack.
        name: of the environment.
        dynamic: whether the vault issues the kitchens' logins, or keeps one for each.
    """

    def __init__(self, environments_file: Path, name: str = "development", *, dynamic: bool = True):
        environment = load_environments(environments_file).environment(name)
        redshift = replace(environment.tools["redshift"], dynamic=dynamic)
        tools = {**environment.tools, "redshift": redshift}
        self.file = environments_file
        self.environment = replace(environment, tools=tools)
        self.vault = HashicorpVault(environment.vault)
        self._logins = {}

    def connection(self, conn_id):
        """The login of ``provision/``, as a provisioning task gets it."""
        if conn_id not in self._logins:
            fields = self.vault.read(names.provision_secret(conn_id))
            port = int(fields["port"]) if "port" in fields else None
            self._logins[conn_id] = Connection(conn_id=conn_id, **{**fields, "port": port})
        return self._logins[conn_id]

    def kitchen(self, name=None):
        """A kitchen that nothing was made of yet."""
        name = name or f"k{uuid4().hex[:10]}"
        return Kitchen(
            id=str(uuid4()),
            name=name,
            project="retail",
            environment=self.environment.name,
            branch=name,
            parent="demo_dev",
            created_at=datetime(2026, 3, 2, tzinfo=UTC),
            created_by="padma",
        )

    def parts(self, kitchen):
        """The parts that the environment's workers make, in order."""
        return [p for p in parts_of(kitchen, self.environment) if not p.is_made_by_server]

    def place(self, kitchen, part):
        """Where a part is made; ``part`` may be its name."""
        if isinstance(part, str):
            part = next(p for p in self.parts(kitchen) if p.name == part)
        return kitchen_part(part, kitchen, self.environment, self.connection)

    def make(self, kitchen, *, until=None):
        """Make the parts up to a named one, that one not included; all without a name."""
        for part in self.parts(kitchen):
            if part.name == until:
                return kitchen
            self.place(kitchen, part).make()
        return kitchen

    def unmake(self, kitchen, *, tool=None):
        """Unmake all parts, the last first, or those in one tool."""
        for part in reversed(self.parts(kitchen)):
            if tool in {None, part.tool}:
                self.place(kitchen, part).unmake()

    def credential(self, kitchen):
        """libpq's parameters of a task of the kitchen."""
        maker = self.connection("redshift")
        place = {"host": maker.host, "port": maker.port, "dbname": maker.schema}
        if self.environment.tools["redshift"].dynamic:
            role = names.vault_role(self.environment.name, kitchen.name, "redshift")
            login = self.vault.issue_login(role, 600)
            return {**place, "user": login.username, "password": login.password}
        fields = self.vault.read(names.kitchen_secret(kitchen.name, "redshift"))
        assert {key: fields[key] for key in ("conn_type", "host", "port", "schema")} == {
            "conn_type": "postgres",
            "host": maker.host,
            "port": str(maker.port),
            "schema": maker.schema,
        }
        return {**place, "user": fields["login"], "password": fields["password"]}


class World:
    """Everything that the stack's tools hold for an environment, seen by their administrators."""

    def __init__(self, stack, name="development"):
        self._stack = stack
        self._where = stack.addresses
        self._known = self._where.environments[name]

    def superuser(self):
        return psycopg.connect(
            host=self._where.postgres_host,
            port=self._where.postgres_port,
            dbname=self._known.warehouse_database,
            user="postgres",
            password=self._stack.home.secret("postgres_superuser"),
            autocommit=True,
        )

    def vault(self):
        """A client with the root token."""
        token = self._where.vault_root_token_file.read_text()
        return hvac.Client(url=self._where.vault_url, token=token)

    def forget_leases(self, role):
        """Have the vault lose a role and the logins that it issued, which stay in the database."""
        client, mount = self.vault(), f"{self._known.vault_mount}-database"
        issuer = f"vault_{self._known.name}"
        end = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s"
        with self.superuser() as superuser:
            superuser.execute(f"alter role {issuer} nologin")
            superuser.execute(end, [issuer])
            client.sys.revoke_force(prefix=f"{mount}/creds/{role}/")
            superuser.execute(f"alter role {issuer} login")
        client.adapter.close()

    def s3(self):
        return boto3.client(
            "s3",
            endpoint_url=self._where.s3_url,
            region_name=self._where.s3_region,
            aws_access_key_id=self._known.s3_key.access_key,
            aws_secret_access_key=self._known.s3_key.secret_key,
        )

    @property
    def bucket(self):
        return self._known.bucket

    @property
    def folder(self):
        """The folder that holds the kitchens' own, on this machine's disk."""
        return self._known.sftp_root / "kitchens"

    def state(self, *words):
        """A line for each thing there is, of those that contain one of these words if given."""
        lines = [*self._database(), *self._vault(), *self._objects(), *self._files()]
        return sorted(line for line in lines if not words or any(word in line for word in words))

    def _database(self):
        with self.superuser() as connection:
            for query in _QUERIES:
                for row in connection.execute(query):
                    yield f"{query.split()[1]} {row}"
            tables = "select schemaname, tablename from pg_tables where schemaname !~ '^pg_|^info'"
            content = SQL("select md5(string_agg(t::text, chr(10) order by t::text)) from {} as t")
            for schema, table in connection.execute(tables).fetchall():
                query = content.format(Identifier(schema, table))
                yield f"table {schema}.{table} {connection.execute(query).fetchone()}"

    def _vault(self):
        client = self.vault()
        mount = self._known.vault_mount

        def listed(path):
            answer = client.list(path)
            return [] if answer is None else answer["data"]["keys"]

        def secrets_below(folder):
            for key in listed(f"{mount}/metadata/{folder}"):
                if key.endswith("/"):
                    yield from secrets_below(folder + key)
                else:
                    found = client.read(f"{mount}/metadata/{folder}{key}")["data"]
                    versions = json.dumps(found["versions"], sort_keys=True)
                    yield f"secret {folder}{key} {versions}"

        try:
            yield from secrets_below("")
            for role in listed(f"{mount}-database/roles"):
                found = client.read(f"{mount}-database/roles/{role}")["data"]
                yield f"vault role {role} {json.dumps(found, sort_keys=True)}"
            for role in listed(f"sys/leases/lookup/{mount}-database/creds/"):
                leases = listed(f"sys/leases/lookup/{mount}-database/creds/{role}")
                yield from (f"lease {role}{lease}" for lease in leases)
        finally:
            client.adapter.close()

    def _objects(self):
        client = self.s3()
        for page in client.get_paginator("list_object_versions").paginate(Bucket=self.bucket):
            for found in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                yield f"object {found['Key']} {found['VersionId']} {found.get('ETag')}"
        uploads = client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", ())
        yield from (f"upload {found['Key']}" for found in uploads)
        client.close()

    def _files(self):
        for path in self.folder.rglob("*"):
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
            yield f"file {path.relative_to(self.folder)} {content}"


_QUERIES = (
    "select rolname, rolcanlogin, rolconfig, shobj_description(oid, 'pg_authid') from pg_roles",
    "select roleid::regrole, member::regrole, grantor::regrole, admin_option from pg_auth_members",
    """select nspname, nspowner::regrole, nspacl::text, obj_description(oid, 'pg_namespace')
    from pg_namespace where nspname !~ '^pg_(toast|temp)'""",
    """select datname, grantee::regrole::text, privilege_type, is_grantable
    from pg_database, aclexplode(datacl)""",
    """select relname, relnamespace::regnamespace, relowner::regrole from pg_class
    where relnamespace::regnamespace::text !~ '^pg_|^information_schema'""",
)

from __future__ import annotations

import psycopg
import pytest

from airflow_dataops.adapters.kitchen_database.roles import KitchenRole
from airflow_dataops.adapters.kitchen_database.schemas import BaseSchema, KitchenSchema
from airflow_dataops.adapters.kitchen_database.sessions import KitchenInDatabase
from airflow_dataops.errors import KitchenExists, OutsideSystemError, ToolUnreachable
from tests.kitchen_sites import KitchenSite, World

pytestmark = pytest.mark.service

BOTH_WAYS = pytest.mark.parametrize("site", [True, False], ids=["issued", "stored"], indirect=True)


@pytest.fixture
def site(request, embedded_stack):
    file = embedded_stack.addresses.environments_file
    return KitchenSite(file, dynamic=getattr(request, "param", True))


@pytest.fixture
def world(embedded_stack):
    return World(embedded_stack)


@pytest.fixture
def kitchens(site):
    """Makes the database parts of kitchens, which are gone after the test."""
    made = []

    def kitchen():
        made.append(site.kitchen())
        return site.make(made[-1], until="prefix:s3")

    yield kitchen
    for each in made:
        site.unmake(each, tool="redshift")


@pytest.fixture(scope="module", params=[True, False], ids=["issued", "stored"])
def neighbours(request, embedded_stack):
    """A kitchen's credential, and the names of that kitchen and of another with a table."""
    file = embedded_stack.addresses.environments_file
    site = KitchenSite(file, dynamic=request.param)
    ann, bob = (site.make(site.kitchen(), until="prefix:s3") for _ in range(2))
    with session(site.credential(bob)) as task:
        task.execute("create table numbers as select 1 as number")
    yield site.credential(ann), {"own": ann.name, "other": bob.name}
    for kitchen in (ann, bob):
        site.unmake(kitchen, tool="redshift")


@pytest.fixture
def maker(site):
    """libpq's parameters of the login that makes kitchens."""
    connection = site.connection("redshift")
    return {
        "host": connection.host,
        "port": connection.port,
        "dbname": connection.schema,
        "user": connection.login,
        "password": connection.password,
    }


@pytest.fixture
def base_login(embedded_stack, maker):
    """libpq's parameters of the login that base kitchens share."""
    known = embedded_stack.addresses.environments["development"]
    return {**maker, "user": known.warehouse_login, "password": known.warehouse_password}


def own(kitchen, mark="dataops kitchen 1"):
    return KitchenInDatabase(
        kitchen=kitchen.name, mark=mark, role=f"kitchen_{kitchen.name}", schema=kitchen.schema
    )


def run(task, statements):
    for statement in statements.split("; "):
        task.execute(statement)


def session(credential):
    return psycopg.connect(**credential, autocommit=True)


@BOTH_WAYS
def test_a_login_works_in_the_kitchens_own_schema_without_naming_it(site, kitchens):
    kitchen = kitchens()
    with session(site.credential(kitchen)) as task:
        task.execute("create table numbers as select 1 as number")
        task.execute("create temporary table passing as select 1 as number")
        owner = "select schemaname, tableowner from pg_tables where tablename = 'numbers'"
        assert task.execute(owner).fetchone() == (kitchen.name, f"kitchen_{kitchen.name}")


@pytest.mark.parametrize(
    "deed",
    [
        "select * from {other}.numbers",
        "insert into {other}.numbers values (2)",
        "drop table {other}.numbers",
        "create table {other}.mine as select 1 as number",
        "drop schema {other} cascade",
        "create table public.mine as select 1 as number",
        "create schema mine",
        "alter schema {own} rename to mine",
        "set role kitchen_{other}",
        "reset role; select * from {other}.numbers",
        "grant kitchen_{other} to current_user",
        "alter role kitchen_{other} login password 'x'",
        "comment on role kitchen_{own} is null",
        "create role mine",
        "copy (select 1) to program 'true'",
    ],
)
def test_a_login_reaches_nothing_of_another_kitchen_and_makes_nothing_outside(deed, neighbours):
    credential, names = neighbours
    with session(credential) as task, pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(task, deed.format(**names))


def test_what_a_task_made_under_its_own_login_stays_and_belongs_to_the_kitchen(site, kitchens):
    kitchen = kitchens()
    role = f"development.{kitchen.name}.redshift"
    issued = site.vault.issue_login(role, 600)
    credential = {**site.credential(kitchen), "user": issued.username, "password": issued.password}
    with session(credential) as task:
        task.execute("reset role")
        task.execute(f"create table {kitchen.name}.kept as select 1 as number")
    site.vault.revoke_lease(issued.lease_id)
    with session(site.credential(kitchen)) as task:
        assert task.execute("select number from kept").fetchone() == (1,)
        task.execute("drop table kept")


def test_a_session_ends_when_its_login_is_taken_back(site, kitchens):
    kitchen = kitchens()
    issued = site.vault.issue_login(f"development.{kitchen.name}.redshift", 600)
    credential = {**site.credential(kitchen), "user": issued.username, "password": issued.password}
    with session(credential) as task:
        site.vault.revoke_lease(issued.lease_id)
        with pytest.raises(psycopg.errors.AdminShutdown):
            task.execute("select 1")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        session(credential)


@BOTH_WAYS
def test_sessions_that_hold_locks_do_not_hold_up_the_end_of_their_kitchen(site, kitchens):
    kitchen = kitchens()
    with session(site.credential(kitchen)) as task:
        task.execute("create table numbers as select 1 as number")
        task.execute("begin; lock table numbers")
        site.unmake(kitchen, tool="redshift")
        with pytest.raises(psycopg.errors.AdminShutdown):
            task.execute("select 1")


def test_logins_that_the_vault_forgot_go_with_their_kitchen(site, kitchens, world):
    kitchen = kitchens()
    credential = site.credential(kitchen)
    with session(credential) as task:
        role = next(p for p in site.parts(kitchen) if p.kind == "vault_role").what
        # As in a vault that was restored from a backup: its role and leases are not known there.
        world.forget_leases(role)
        kinds = ("database_role", "schema")
        parts = [part for part in site.parts(kitchen) if part.kind in kinds]
        said = [site.place(kitchen, part).unmake() for part in reversed(parts)]
        assert said == ["gone with all it held", "gone, with 1 logins that were issued"]
        with pytest.raises(psycopg.errors.AdminShutdown):
            task.execute("select 1")
    with world.superuser() as superuser:
        found = superuser.execute("select rolname from pg_roles where rolname like 'v-%'")
        assert credential["user"] not in [name for (name,) in found]


def test_the_maker_of_kitchens_is_no_member_of_what_it_made(site, kitchens, world):
    kitchen = kitchens()
    site.credential(kitchen)
    with world.superuser() as superuser:
        member = "select pg_has_role('provision_development', %s, 'usage')"
        assert superuser.execute(member, [f"kitchen_{kitchen.name}"]).fetchone() == (False,)
        issuer = "select pg_has_role('vault_development', %s, 'usage')"
        assert superuser.execute(issuer, [f"kitchen_{kitchen.name}"]).fetchone() == (False,)


def test_a_schema_that_was_there_is_neither_taken_nor_dropped(site, maker, base_login, world):
    kitchen = site.kitchen()
    schema = KitchenSchema(maker, own(kitchen))
    role = KitchenRole(maker, own(kitchen))
    role.make()
    with session(base_login) as somebody:
        somebody.execute(f"create schema {kitchen.name}")
        try:
            why = f"there is a schema {kitchen.name} already, which belongs to etl_development"
            with pytest.raises(KitchenExists, match=why):
                schema.make()
            assert not schema.exists()
            assert schema.unmake() == "belongs to etl_development, not to this kitchen, and stays"
            assert world.state(f"pg_namespace ('{kitchen.name}'", f"('{kitchen.name}'") != []
        finally:
            somebody.execute(f"drop schema {kitchen.name}")
            role.unmake()


def test_a_role_that_was_there_is_neither_taken_nor_dropped(site, maker, world):
    kitchen = site.kitchen()
    role = KitchenRole(maker, own(kitchen))
    with world.superuser() as superuser:
        superuser.execute(f"create role kitchen_{kitchen.name}")
        try:
            with pytest.raises(KitchenExists, match="which is not this kitchen's; choose another"):
                role.make()
            assert not role.exists()
            assert role.unmake() == "is not this kitchen's, and stays"
        finally:
            superuser.execute(f"drop role kitchen_{kitchen.name}")


def test_the_environments_login_works_in_a_base_kitchens_new_schema(site, maker, base_login):
    kitchen = site.kitchen()
    base = BaseSchema(maker, own(kitchen), user="etl_development")
    assert base.make() == "made"
    with session(base_login) as task:
        task.execute(f"create table {kitchen.name}.numbers as select 1 as number")
    assert base.make() == "is there already and is kept as it is"
    assert base.exists()
    assert base.unmake() == "gone with all it held"
    assert not base.exists()


def test_a_base_kitchen_keeps_the_schema_that_was_there_before_it(site, maker, base_login):
    kitchen = site.kitchen()
    base = BaseSchema(maker, own(kitchen), user="etl_development")
    with session(base_login) as owner:
        owner.execute(f"create schema {kitchen.name}")
        try:
            assert base.make() == "is there already and is kept as it is"
            # The pending schema beside it is the kitchen's, and goes with it.
            assert base.exists()
            assert "was there before the kitchen" in base.unmake()
            assert not base.exists()
            owner.execute(f"create table {kitchen.name}.numbers as select 1 as number")
        finally:
            owner.execute(f"drop schema {kitchen.name} cascade")


def test_a_base_kitchen_is_refused_a_schema_that_its_login_may_not_work_in(site, maker, world):
    kitchen = site.kitchen()
    base = BaseSchema(maker, own(kitchen), user="etl_development")
    with world.superuser() as superuser:
        superuser.execute(f"create schema {kitchen.name}")
        try:
            with pytest.raises(OutsideSystemError, match=r"grant all on schema .* to etl_develop"):
                base.make()
        finally:
            superuser.execute(f"drop schema {kitchen.name}")


def test_a_login_that_may_not_make_roles_is_told_what_it_needs(site, base_login):
    with pytest.raises(OutsideSystemError, match="needs CREATEROLE and, on the database, CONNECT"):
        KitchenRole(base_login, own(site.kitchen())).make()


def test_a_maker_without_rights_to_pass_on_makes_nothing(site, maker, world):
    kitchen = site.kitchen()
    weak = {**maker, "user": "weak_maker", "password": "weak"}
    with world.superuser() as superuser:
        superuser.execute("create role weak_maker login createrole password 'weak'")
        superuser.execute("grant connect on database warehouse_development to weak_maker")
        try:
            with pytest.raises(OutsideSystemError, match="could not be let into database"):
                KitchenRole(weak, own(kitchen)).make()
            assert not KitchenRole(maker, own(kitchen)).exists()
        finally:
            superuser.execute("drop owned by weak_maker; drop role weak_maker")


def test_a_database_that_is_down_may_be_asked_again(site, maker):
    with pytest.raises(ToolUnreachable, match="database warehouse_development on 127"):
        KitchenRole({**maker, "port": 1}, own(site.kitchen())).make()


@pytest.mark.parametrize("site", [False], ids=["stored"], indirect=True)
def test_a_stored_password_is_new_each_time_and_no_server_logs_it(
    site, kitchens, embedded_stack, world
):
    kitchen = kitchens()
    first = site.credential(kitchen)
    with world.superuser() as superuser:
        superuser.execute("alter system set log_statement = 'all'")
        superuser.execute("select pg_reload_conf()")
        try:
            site.place(kitchen, "credential:redshift").make()
        finally:
            superuser.execute("alter system reset log_statement")
            superuser.execute("select pg_reload_conf()")
    second = site.credential(kitchen)
    assert len(second["password"]) >= 40
    assert first["password"] != second["password"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        session(first)
    session(second).close()
    logs = "".join(path.read_text(errors="replace") for path in embedded_stack.home.logs.iterdir())
    assert f'alter role "kitchen_{kitchen.name}" login password \'SCRAM-SHA-256$' in logs
    assert second["password"] not in logs

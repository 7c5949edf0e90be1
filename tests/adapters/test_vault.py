from __future__ import annotations

import time
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from airflow_dataops.adapters.vault import AppRoleLogin, HashicorpVault
from airflow_dataops.errors import ConfigurationError, VaultUnavailable
from airflow_dataops.specs.environment_file import load_environments
from tests.kitchen_sites import World

pytestmark = pytest.mark.service

CREATION = [
    "create role \"{{name}}\" login password '{{password}}' valid until '{{expiration}}'",
]
REVOCATION = ['drop role if exists "{{name}}"']


@pytest.fixture
def place(embedded_stack):
    environments = load_environments(embedded_stack.addresses.environments_file)
    return environments.environment("development").vault


@pytest.fixture
def open_vault():
    """Makes vaults that are closed after the test."""
    opened = []

    def vault(place, **login):
        opened.append(HashicorpVault(place, **login))
        return opened[-1]

    yield vault
    for each in opened:
        each.close()


@pytest.fixture
def reader(place, open_vault):
    """The vault as the processes know it that serve credentials."""
    return open_vault(place)


@pytest.fixture
def maker_login(reader):
    fields = reader.read("provision/vault")
    return AppRoleLogin(role_id=fields["login"], secret_id=fields["password"])


@pytest.fixture
def maker(place, maker_login, open_vault):
    """The vault as the tasks know it that make kitchens."""
    return open_vault(place, login=maker_login)


@pytest.fixture
def path(maker):
    path = f"kitchens/k{uuid4().hex[:10]}/redshift"
    yield path
    maker.destroy(path)


@pytest.fixture
def role(maker):
    """A role of the database engine that issues logins."""
    name = f"development.k{uuid4().hex[:10]}.redshift"
    maker.put_database_role(name, database="redshift", creation=CREATION, revocation=REVOCATION)
    yield name
    maker.delete_database_role(name)


@pytest.fixture
def world(embedded_stack):
    return World(embedded_stack)


@pytest.fixture
def logins(world):
    """Tells which logins the vault has made in the database, with the seconds they last."""

    def logins():
        with world.superuser() as superuser:
            found = superuser.execute(
                "select rolname, extract(epoch from rolvaliduntil - now())::float"
                " from pg_roles where rolname like 'v-%'"
            )
            return dict(found.fetchall())

    return logins


def test_what_was_written_is_read_and_what_was_destroyed_leaves_no_version(reader, maker, path):
    assert not maker.has_any_version(path)
    for password in ("first", "second"):
        maker.write(path, {"login": "ann", "password": password})
    assert reader.read(path) == {"login": "ann", "password": "second"}
    for _ in range(2):
        maker.destroy(path)
        assert reader.read(path) is None
        assert not maker.has_any_version(path)


def test_a_deleted_secret_still_has_versions(maker, path, world):
    maker.write(path, {"login": "ann"})
    client = world.vault()
    client.secrets.kv.v2.delete_latest_version_of_secret(path=path, mount_point="development")
    client.adapter.close()
    assert maker.read(path) is None
    assert maker.has_any_version(path)


def test_a_login_lasts_as_long_as_was_asked_in_the_vault_and_in_the_database(reader, role, logins):
    for seconds in (60, 8 * 3600):
        issued = reader.issue_login(role, seconds)
        assert issued.seconds == seconds
        assert logins()[issued.username] == pytest.approx(seconds, abs=20)
        reader.revoke_lease(issued.lease_id)


def test_a_login_lasts_no_longer_than_the_engine_allows_and_says_so(reader, role):
    assert reader.issue_login(role, 30 * 3600).seconds == 24 * 3600


def test_a_login_works_until_it_is_taken_back_which_can_be_done_twice(reader, role, logins):
    issued = reader.issue_login(role, 600)
    assert issued.username in logins()
    for _ in range(2):
        reader.revoke_lease(issued.lease_id)
        assert issued.username not in logins()


def test_an_issued_login_shows_no_password(reader, role):
    issued = reader.issue_login(role, 600)
    assert issued.password not in repr(issued)


def test_logins_survive_the_end_of_another_login_to_the_vault(place, role, open_vault, logins):
    first, second = open_vault(place), open_vault(place)
    issued = first.issue_login(role, 600)
    second.issue_login(role, 600)
    second._issuer.client.auth.token.revoke_self()
    again = second.issue_login(role, 600)
    assert {issued.username, again.username} <= set(logins())


def test_a_token_that_would_end_before_a_login_is_renewed_first(reader, role):
    reader.issue_login(role, 600)
    before = reader._issuer
    # As if it had been there for a day: an hour is left, which is enough for one minute only.
    reader._issuer = replace(before, until=time.monotonic() + 3600)
    reader.issue_login(role, 60)
    assert reader._issuer.seconds_left == pytest.approx(3600, abs=20)
    issued = reader.issue_login(role, 12 * 3600)
    assert reader._issuer.client is before.client
    assert reader._issuer.seconds_left == pytest.approx(25 * 3600, abs=20)
    assert issued.seconds == 12 * 3600


def test_a_login_that_outlives_every_token_says_when_it_ends(
    place, role, world, open_vault, caplog
):
    client = world.vault()
    client.sys.create_or_update_policy("short", 'path "*" { capabilities = ["read", "update"] }')
    client.auth.approle.create_or_update_approle("short", token_policies=["short"], token_ttl="5m")  # noqa: S106
    login = AppRoleLogin(
        role_id=client.auth.approle.read_role_id("short")["data"]["role_id"],
        secret_id=client.auth.approle.generate_secret_id("short")["data"]["secret_id"],
    )
    client.auth.approle.read_role_id("short")
    issued = open_vault(place, login=login).issue_login(role, 3600)
    client.auth.approle.delete_role("short")
    client.sys.delete_policy("short")
    client.adapter.close()
    assert issued.seconds == pytest.approx(300, abs=20)
    assert "raise token_ttl of its AppRole" in caplog.text


def test_a_role_goes_with_all_logins_that_were_issued_under_it(reader, maker, role, logins):
    mine = [reader.issue_login(role, 600).username for _ in range(3)]
    other = f"{role}.more"
    maker.put_database_role(other, database="redshift", creation=CREATION, revocation=REVOCATION)
    theirs = reader.issue_login(other, 600).username
    assert maker.has_database_role(role)
    for _ in range(2):
        maker.delete_database_role(role)
        assert not maker.has_database_role(role)
        assert maker.creation_statements(role) is None
    assert set(mine) & set(logins()) == set()
    assert theirs in logins()
    maker.delete_database_role(other)


def test_a_role_that_is_not_there_issues_nothing(reader):
    with pytest.raises(VaultUnavailable, match="unknown role: development"):
        reader.issue_login("development.nobody.redshift", 60)


def test_the_engine_says_which_login_it_works_under(maker):
    assert maker.database_login("redshift") == "vault_development"
    with pytest.raises(ConfigurationError, match="no connection named 'oracle'; configure one"):
        maker.database_login("oracle")


def test_a_vault_without_an_engine_says_where_to_name_it(place, open_vault):
    bare = open_vault(replace(place, database_mount=None))
    with pytest.raises(ConfigurationError, match="has no 'database_mount'; name the mount"):
        bare.issue_login("development.ann.redshift", 60)


@pytest.mark.parametrize(
    "deed",
    [
        lambda vault: vault.write("kitchens/ann/redshift", {"login": "ann"}),
        lambda vault: vault.write("tools/redshift", {"login": "ann"}),
        lambda vault: vault.destroy("kitchens/ann/redshift"),
        lambda vault: vault.delete_database_role("development.ann.redshift"),
        lambda vault: vault.revoke_prefix("development.ann.redshift"),
        lambda vault: vault.put_database_role(
            "development.ann.redshift", database="redshift", creation=CREATION, revocation=[]
        ),
    ],
)
def test_who_serves_credentials_can_change_nothing(reader, deed):
    with pytest.raises(VaultUnavailable, match="Forbidden: permission denied"):
        deed(reader)


@pytest.mark.parametrize(
    "deed",
    [
        lambda vault: vault.read("provision/redshift"),
        lambda vault: vault.write("tools/redshift", {"login": "ann"}),
        lambda vault: vault.write("provision/redshift", {"login": "ann"}),
        lambda vault: vault.destroy("tools/redshift"),
        lambda vault: vault.issue_login("development.ann.redshift", 60),
    ],
)
def test_who_makes_kitchens_reaches_no_more_than_that_takes(maker, deed):
    with pytest.raises(VaultUnavailable, match="Forbidden: permission denied"):
        deed(maker)


def test_no_login_of_an_environment_reaches_anothers(
    place, maker_login, open_vault, embedded_stack
):
    environments = load_environments(embedded_stack.addresses.environments_file)
    production = environments.environment("production").vault
    other_mounts = replace(place, mount=production.mount, database_mount=production.database_mount)
    for vault in (open_vault(other_mounts), open_vault(other_mounts, login=maker_login)):
        for deed in (
            lambda vault: vault.read("tools/redshift"),
            lambda vault: vault.write("kitchens/ann/redshift", {}),
            lambda vault: vault.creation_statements("x"),
            lambda vault: vault.issue_login("x", 60),
            lambda vault: vault.revoke_lease("production-database/creds/x/y"),
            lambda vault: vault.revoke_prefix("x"),
        ):
            with pytest.raises(VaultUnavailable, match="Forbidden: permission denied"):
                deed(vault)


def test_a_login_is_made_again_when_its_token_is_gone(maker, path):
    maker.write(path, {"login": "ann"})
    maker._client.auth.token.revoke_self()
    assert maker.read(path) == {"login": "ann"}


def test_passwords_reach_the_database_as_verifiers_alone(reader, role, embedded_stack, world):
    with world.superuser() as superuser:
        superuser.execute("alter system set log_statement = 'all'")
        superuser.execute("select pg_reload_conf()")
        try:
            issued = reader.issue_login(role, 600)
        finally:
            superuser.execute("alter system reset log_statement")
            superuser.execute("select pg_reload_conf()")
    logged = (embedded_stack.home.logs / "postgres.log").read_text()
    assert f'create role "{issued.username}" login password \'SCRAM-SHA-256$' in logged
    assert issued.password not in logged
    place = {"host": "127.0.0.1", "port": embedded_stack.addresses.postgres_port}
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(
            **place, dbname="warehouse_development", user=issued.username, password=issued.password
        )


def test_whether_a_secret_is_there_is_known_without_its_value(reader, maker):
    path = f"kitchens/looked_for_{uuid4().hex[:8]}/redshift"
    assert not reader.has_secret(path)
    maker.write(path, {"password": "secret"})
    assert reader.has_secret(path)
    maker.destroy(path)
    assert not reader.has_secret(path)
    # The login that makes kitchens may not look there: that is no answer, and said to be none.
    with pytest.raises(VaultUnavailable, match="permission denied"):
        maker.has_secret("variables/of_somebody")

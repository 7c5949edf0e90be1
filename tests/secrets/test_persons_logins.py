"""A person of the staff gets a login that ends by itself, on the real vault and database."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_dataops import bootstrap, config
from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.errors import (
    ConfigurationError,
    InvalidRequest,
    KitchenBusy,
    NotAllowed,
    OutsideSystemError,
    UnknownTool,
)
from airflow_dataops.services import credentials
from tests.registry.kitchen_rows import change_kitchen
from tests.secrets.logins import Session, eventually, issued_to, leases, vault_administrator

pytestmark = [pytest.mark.airflow, pytest.mark.service]


@pytest.fixture
def kitchen(installation, fresh_name):
    return installation.make_kitchen(fresh_name())


@pytest.fixture
def places(kitchen):
    return bootstrap.login_places(config.environments().environment(kitchen.environment))


@pytest.fixture
def asked(kitchen):
    return credentials.PersonsRequest(
        kitchen=kitchen,
        tool="redshift",
        ttl_seconds=8 * 3600,
        by="padma",
        source="api 10.0.0.7",
        reason="looking for a duplicate",
        now=datetime.now(tz=UTC),
    )


def session_of(login):
    return Session(
        host=login.host,
        port=login.port,
        database=login.database,
        login=login.login,
        password=login.password,
    )


def test_it_works_in_the_kitchens_schema_with_the_kitchens_rights(kitchen, asked, places):
    login = credentials.issue(asked, places)
    who = session_of(login).who()
    assert who == (login.login, f"kitchen_{kitchen.name}", kitchen.name)
    assert (login.kitchen, login.tool, login.conn_type) == (kitchen.name, "redshift", "postgres")
    assert login.schema == kitchen.schema


def test_each_request_gets_a_login_of_its_own(asked, places):
    first, second = credentials.issue(asked, places), credentials.issue(asked, places)
    assert first.login != second.login


@pytest.mark.parametrize("ttl_seconds", [300, 8 * 3600, 24 * 3600])
def test_it_lasts_as_long_as_was_asked(installation, asked, places, ttl_seconds):
    login = credentials.issue(replace(asked, ttl_seconds=ttl_seconds), places)
    assert abs(login.ends_at - asked.now - timedelta(seconds=ttl_seconds)) < timedelta(seconds=5)
    ((lease_id, *_),) = leases(installation)
    known = vault_administrator(installation).sys.read_lease(lease_id)["data"]
    assert ttl_seconds - 30 < known["ttl"] <= ttl_seconds


def test_when_its_time_is_over_it_works_no_more(kitchen, asked, places):
    # Through the same door as the rest, for less time than a person can ask for.
    issued = places.issuer.issue_login(f"development.{kitchen.name}.redshift", 3)
    session = replace(
        session_of(credentials.issue(asked, places)),
        login=issued.username,
        password=issued.password,
    )
    assert session.is_good()
    eventually(lambda: not session.is_good(), seconds=20)


def test_it_is_written_down_with_the_person_and_audited_without_the_password(
    installation, kitchen, asked, places
):
    login = credentials.issue(asked, places)
    ((_, task_instance, person, _),) = leases(installation)
    assert (task_instance, person) == (None, "padma")
    (entry,) = bootstrap.audit_trail().entries(AuditQuery(kitchen_id=kitchen.id))
    assert (entry.by, entry.source, entry.action) == ("padma", "api 10.0.0.7", "get a login")
    assert (entry.kitchen, entry.reason) == (kitchen.name, "looking for a duplicate")
    assert entry.details["tool"] == "redshift"
    assert entry.details["ends_at"] == login.ends_at.isoformat(timespec="seconds")
    assert login.password not in repr(entry)


def test_its_password_is_shown_by_no_repr_and_no_log(asked, places, caplog):
    with caplog.at_level(logging.DEBUG):
        login = credentials.issue(asked, places)
    assert login.password not in repr(login) + caplog.text


@pytest.mark.parametrize("ttl_seconds", [0, -1, 1, 299, 86401, 10**12])
def test_a_time_that_cannot_be_is_refused(installation, kitchen, asked, places, ttl_seconds):
    with pytest.raises(InvalidRequest, match=f"cannot last {ttl_seconds} seconds") as refused:
        credentials.issue(replace(asked, ttl_seconds=ttl_seconds), places)
    assert refused.value.field == "ttl_seconds"
    assert issued_to(installation, kitchen) == 0


def test_a_tool_without_logins_on_demand_names_those_that_have_them(kitchen, asked, places):
    with pytest.raises(InvalidRequest) as refused:
        credentials.issue(replace(asked, tool="s3"), places)
    assert refused.value.field == "tool"
    assert str(refused.value) == (
        f"kitchen {kitchen.name!r} has no login of its own for s3; the vault of development "
        "issues it logins for: redshift"
    )


def test_an_undeclared_tool_is_refused_by_name(asked, places):
    with pytest.raises(UnknownTool, match="unknown tool ftp; declared: redshift"):
        credentials.issue(replace(asked, tool="ftp"), places)


def test_a_base_kitchen_gives_its_shared_login_to_nobody(asked, places):
    base = replace(asked.kitchen, name=places.environment.base_kitchen.name)
    with pytest.raises(InvalidRequest, match="issues it logins for: no tool"):
        credentials.issue(replace(asked, kitchen=base), places)


def test_a_protected_environment_gives_nobody_a_login(installation, kitchen, asked, places):
    protected = replace(places, environment=replace(places.environment, protected=True))
    with pytest.raises(NotAllowed, match="is protected and gives no login to people"):
        credentials.issue(asked, protected)
    assert issued_to(installation, kitchen) == 0


@pytest.mark.parametrize("state", [KitchenState.CREATING, KitchenState.DELETING])
def test_a_kitchen_that_is_not_ready_gives_none(asked, places, state):
    with pytest.raises(KitchenBusy, match=f"is {state}"):
        credentials.issue(replace(asked, kitchen=replace(asked.kitchen, state=state)), places)


class Broken:
    """A table that is away."""

    def add(self, _row):
        message = "the database is away"
        raise OutsideSystemError(message)


@pytest.mark.parametrize("what", ["leases", "audit_trail"])
def test_a_login_that_could_not_be_written_down_is_taken_back(
    installation, kitchen, asked, places, what
):
    with pytest.raises(OutsideSystemError, match="the database is away"):
        credentials.issue(asked, replace(places, **{what: Broken()}))
    assert issued_to(installation, kitchen) == 0


@pytest.mark.usefixtures("short_tokens")
def test_a_vault_whose_logins_are_too_short_is_refused_with_what_to_change(
    installation, kitchen, asked, places
):
    with pytest.raises(ConfigurationError, match="Raise token_ttl"):
        credentials.issue(asked, replace(places, issuer=bootstrap._vault(places.environment.vault)))
    assert issued_to(installation, kitchen) == 0
    assert leases(installation) == []


def test_the_janitor_forgets_what_has_expired_and_leaves_the_rest(installation, asked, places):
    short = credentials.issue(replace(asked, ttl_seconds=300), places)
    long = credentials.issue(asked, places)
    assert credentials.sweep(asked.now + timedelta(seconds=301), places) == 1
    assert not session_of(short).is_good()
    assert session_of(long).is_good()
    assert len(leases(installation)) == 1


def test_the_janitor_takes_logins_of_a_kitchen_that_goes(installation, kitchen, asked, places):
    login = credentials.issue(asked, places)
    assert credentials.sweep(asked.now, places) == 0
    change_kitchen(installation.engine, kitchen.id, state="deleting")
    assert credentials.sweep(asked.now, places) == 1
    assert not session_of(login).is_good()


class AwayVault:
    """A vault that does not answer."""

    asked = 0

    def revoke_lease(self, _lease_id):
        self.asked += 1
        message = "the vault is away"
        raise OutsideSystemError(message)


def test_a_sweep_does_not_ask_a_vault_that_is_away_for_ever(installation, asked, places):
    for _ in range(5):
        credentials.issue(asked, places)
    away = AwayVault()
    later = asked.now + timedelta(hours=9)
    with pytest.raises(OutsideSystemError, match=r"3 logins .* were: the vault is away"):
        credentials.sweep(later, replace(places, issuer=away))
    assert away.asked == 3
    assert len(leases(installation)) == 5


def test_a_login_older_than_any_can_be_is_forgotten_whatever_the_vault_says(
    installation, asked, places
):
    credentials.issue(asked, places)
    later = asked.now + timedelta(hours=25)
    assert credentials.sweep(later, replace(places, issuer=AwayVault())) == 0
    assert leases(installation) == []

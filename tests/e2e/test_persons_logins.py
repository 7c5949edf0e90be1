"""A login for a person: from the vault, for one kitchen, until its end."""

from __future__ import annotations

import psycopg
import pytest

from tests.e2e.service import API, Service

pytestmark = [pytest.mark.airflow, pytest.mark.service]


@pytest.fixture(scope="module")
def service(live_airflow):
    return Service(live=live_airflow, person=live_airflow.person("chris"))


def login_of(answer):
    assert answer.status_code == 200, answer.text
    given = answer.json()
    names = {"host": "host", "port": "port", "dbname": "database"}
    names |= {"user": "login", "password": "password"}
    return {ours: given[theirs] for ours, theirs in names.items()}


def test_a_cook_works_in_the_kitchens_schema_until_the_kitchen_goes(service):
    service.done(service.create("lent", staff=[{"who": "padma", "role": "cook"}]))
    padma = service.live.person("padma")
    try:
        asked = padma.post(f"{API}/kitchens/lent/credentials/redshift", json={"ttl": "30m"})
        login = login_of(asked)
        with psycopg.connect(**login, autocommit=True) as warehouse:
            warehouse.execute("create table mine as select 1 as n")
            assert warehouse.execute("select n from lent.mine").fetchone() == (1,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                warehouse.execute("create table dev_kitchen.theirs (n int)")
        history = padma.get(f"{API}/kitchens/lent/history").json()
        assert login["password"] not in str(history)
        assert ("padma", "get a login") in {(entry["by"], entry["action"]) for entry in history}
    finally:
        service.done(service.delete("lent"))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**login)


def test_production_gives_no_login_to_anybody(service):
    for who in ("eric", "chris", "padma"):
        person = service.live.person(who)
        asked = person.post(f"{API}/kitchens/demo_production/credentials/redshift", json={})
        assert asked.status_code == 403, (who, asked.text)
        assert "protected" in asked.json()["detail"]

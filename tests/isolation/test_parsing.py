"""What a kitchen's file finds while it is parsed, in its environment's dag-processor: no secret."""

from __future__ import annotations

import json

import pytest

from tests.isolation.deployment import COMPOSE, PARSERS

pytestmark = [pytest.mark.airflow, pytest.mark.service]
REFUSED = {
    "the ORM": "Direct database access via the ORM is not allowed",
    "database": "no password supplied",
    "connection": "The conn_id `redshift` isn't defined",
    "connection of the vault": "is refused: files of kitchens are parsed in this process",
    "production's branch": "Read-only file system",
    "option [database] sql_alchemy_conn": "airflow-db-not-allowed:///",
}
SECRET = ("POSTGRES_PASSWORD", "FERNET_KEY", "JWT_SECRET", "TOKEN_KEY")


def test_no_secret_is_in_anything_that_was_found(attacked, canaries):
    leaks = {
        (attack, name)
        for attack, text in attacked.parsing.items()
        for name, canary in canaries.items()
        if canary in text
    }
    assert leaks == set()


def test_memory_was_searched(attacked):
    memories = json.loads(attacked.parsing["memories"])
    searched = [text for text in memories.values() if not text.startswith("PermissionError")]
    # What stands in the manuals of the libraries that were imported is found.
    assert any("user:password@" in text for text in searched)


@pytest.mark.parametrize("attack", REFUSED)
def test_what_is_not_for_it_is_refused(attacked, attack):
    assert REFUSED[attack] in attacked.parsing[attack]


def test_the_manager_cannot_be_read_or_traced(attacked):
    for attack in ("environments", "memories"):
        assert json.loads(attacked.parsing[attack])["1"].startswith("PermissionError")
    traced = json.loads(attacked.parsing["tracing"])
    assert traced["1"] == "ptrace gave -1"


def test_no_file_of_a_server_is_there(attacked):
    files = {name: text for name, text in attacked.parsing.items() if name.startswith("file ")}
    assert len(files) == 7
    assert {text.partition(":")[0] for text in files.values()} == {"FileNotFoundError"}


def test_it_is_given_the_settings_of_the_compose_file_that_are_no_secret(attacked):
    seen = json.loads(attacked.parsing["environment"])
    given = COMPOSE["services"]["dag-processor-development"]["environment"]
    # Airflow itself puts a word of its own where a database's address would be.
    nothing = "airflow-db-not-allowed:///"
    airflows = {n: text for n, text in seen.items() if n.startswith("AIRFLOW__")}
    assert {name for name, text in airflows.items() if text != nothing} == {
        name for name, text in given.items() if not any(word in text for word in SECRET)
    }


@pytest.mark.parametrize("service", PARSERS)
def test_what_it_writes_into_its_container_does_not_stay(service):
    declared = COMPOSE["services"][service]
    assert declared["read_only"] is True
    assert declared["tmpfs"] == ["/tmp", "/opt/airflow/logs:mode=1777"]  # noqa: S108 - in the container

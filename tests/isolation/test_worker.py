"""What a kitchen's task finds on its worker and reaches from there: nothing of production."""

from __future__ import annotations

import json

import pytest

from tests.isolation.deployment import COMPOSE

pytestmark = [pytest.mark.airflow, pytest.mark.service]
PROGRAMS = ("unmounting", "entering the host", "a mount of its own", "moving production's branch")
REFUSED = {
    "memory of the supervisor": "PermissionError",
    "tracing the supervisor": "ptrace gave -1",
    "killing the scheduler": "ProcessLookupError",
    "everywhere in the servers' home": "[]",
    "everywhere on the other worker": "[]",
    "writing production's branch": "Read-only file system",
    "a hook in the repository": "Read-only file system",
    "the ORM": "Direct database access via the ORM is not allowed",
    "metadata database without a password": "no password supplied",
    "metadata database with its own login": 'permission denied for database "airflow"',
    "production's warehouse with its own login": "permission denied for database",
    "being production's loader": "permission denied to set role",
    "being development's loader": "permission denied to set role",
    "a program on the database's host": "permission denied to COPY",
    "a file of the database's host": "permission denied for function pg_read_file",
    "vault without a token": "403: ",
    "vault with a role and no secret": "400: ",
    "vault's own policies": "403: ",
    "production's bucket": "AccessDenied",
    "production's folder of the partner": "FileNotFoundError",
    "everything of the partner's server": "listed ['outbox', 'kitchens']",
    "dag.test of production's pipeline": "not allowed",
    "option [database] sql_alchemy_conn": "airflow-db-not-allowed:///",
}


@pytest.mark.parametrize("pipeline", ["host", "broker", "interfaces"])
def test_no_secret_is_in_anything_that_was_found(attacked, canaries, pipeline):
    leaks = {
        (attack, name)
        for attack, text in getattr(attacked, pipeline).items()
        for name, canary in canaries.items()
        if canary in text
    }
    assert leaks == set()
    assert len(canaries) > 12


@pytest.mark.parametrize("attack", REFUSED)
def test_what_is_not_the_workers_is_refused(attacked, attack):
    assert REFUSED[attack] in attacked.host[attack]


@pytest.mark.parametrize("attack", PROGRAMS)
def test_a_program_of_the_system_helps_no_further(attacked, attack):
    assert attacked.host[attack].startswith("exit ")
    assert not attacked.host[attack].startswith("exit 0")


def test_no_file_of_a_server_or_of_another_worker_is_there(attacked):
    files = {name: text for name, text in attacked.host.items() if name.startswith("file ")}
    assert len(files) == 7
    assert {text.partition(":")[0] for text in files.values()} == {"FileNotFoundError"}


def test_a_task_sees_the_variables_that_the_compose_file_gives_its_worker_and_no_others(attacked):
    seen = json.loads(attacked.host["environment"])
    given = COMPOSE["services"]["worker-development"]["environment"]
    # Airflow itself puts a word of its own where a database's address would be.
    nothing = "airflow-db-not-allowed:///"
    airflows = {n: text for n, text in seen.items() if n.startswith("AIRFLOW__")}
    assert {name for name, text in airflows.items() if text != nothing} == set(given)


@pytest.mark.parametrize(
    "view", ["environments of all processes", "command lines of all processes"]
)
def test_no_process_of_a_server_is_in_sight(attacked, view):
    seen = json.loads(attacked.host[view])
    assert "1" in seen
    assert len(seen) < 40
    named = [text for text in seen.values() for part in ("scheduler", "api_server") if part in text]
    assert named == []


def test_git_knows_no_login(attacked):
    said = attacked.host["credentials of git"]
    assert "password" not in said
    assert "credential.helper=store" not in said

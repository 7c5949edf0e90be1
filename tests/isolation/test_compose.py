"""What the compose file gives to whom: read as text, so a slip is found without any process."""

from __future__ import annotations

import re

import pytest

from tests.isolation.deployment import COMPOSE, DOCKER, ENVIRONMENTS

SERVICES = COMPOSE["services"]
WORKERS = [name for name in SERVICES if name.startswith("worker-")]
FORBIDDEN = (
    "SQL_ALCHEMY_CONN", "FERNET_KEY", "SECRET_KEY", "JWT", "TOKEN_KEY", "AIRFLOW__SECRETS__",
    "ENVIRONMENTS_FILE", "POSTGRES_PASSWORD", "SCHEDULER", "VAULT",
)  # fmt: skip
ACL = {
    line.split()[1]: line
    for line in (DOCKER / "broker.acl").read_text().splitlines()
    if line.startswith("user ")
}


def test_each_environment_has_workers_for_its_kitchens_and_for_making_them():
    assert {f"worker-{e}{rest}" for e in ENVIRONMENTS for rest in ("", "-provision")} == set(
        WORKERS
    )


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_is_given_nothing_of_a_server(worker):
    given = str(SERVICES[worker]["environment"])
    assert [word for word in FORBIDDEN if word in given] == []
    assert "volumes" not in SERVICES[worker]
    assert "env_file" not in SERVICES[worker]


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_has_the_login_the_queue_and_the_network_of_its_environment(worker):
    service, queue = SERVICES[worker], worker.removeprefix("worker-")
    (environment,) = (name for name in ENVIRONMENTS if queue.startswith(name))
    words = service["command"]
    assert words[words.index("--queues") + 1] == queue
    assert service["networks"] == [environment]
    password = f"BROKER_{queue.upper().replace('-', '_')}_PASSWORD"
    login = f"redis://{queue}:${{{password}:?}}@broker:6379/0"
    given = service["environment"]
    assert {given[f"AIRFLOW__CELERY__{n}"] for n in ("BROKER_URL", "RESULT_BACKEND")} == {login}
    others = [other for other in ENVIRONMENTS if other != environment]
    assert [other for other in others if other in str(given)] == []


@pytest.mark.parametrize("name", ["dag-processor-production", "dag-processor-development"])
def test_what_parses_kitchens_has_no_key_no_broker_and_no_vault(name):
    given = SERVICES[name]["environment"]
    words = ("FERNET", "JWT", "SECRET", "TOKEN", "BROKER")
    assert [word for word in words if word in str(given)] == []
    assert given["AIRFLOW__DATAOPS__SERVES_KITCHENS"] == "True"
    assert "vault" not in str(SERVICES[name]["volumes"])


def test_vault_logins_are_the_api_servers_alone():
    have = [name for name, service in SERVICES.items() if "vault-logins" in str(service)]
    assert have == ["api-server"]


def test_nothing_of_airflows_has_a_right_of_the_kernel():
    ours = [service for service in SERVICES.values() if "airflow-dataops" in service["image"]]
    assert len(ours) == 11
    assert all(service["cap_drop"] == ["ALL"] for service in ours)
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in ours)


def test_no_secret_is_written_into_the_file():
    text = (DOCKER / "compose.yaml").read_text()
    assert re.findall(r"://[^:/\s]+:(?!\$\{)[^@\s]+@", text) == []


@pytest.mark.parametrize("queue", [worker.removeprefix("worker-") for worker in WORKERS])
def test_a_workers_login_names_keys_of_its_queue_alone(queue):
    words = ACL[queue].split()
    keys = {word for word in words if word.startswith(("~", "%"))}
    assert keys == {
        f"~{queue}", f"~{queue}??[369]", f"~{queue}.unacked*", f"~_kombu.binding.{queue}",
        f"~_kombu.binding_permanent.{queue}", "~celery-task-meta-*",
    }  # fmt: skip
    assert {word for word in words if word.startswith("&")} == {"&celery-task-meta-*"}
    assert "-@all" in words
    assert "-@dangerous" in words


def test_the_broker_has_no_other_user():
    queues = {worker.removeprefix("worker-") for worker in WORKERS}
    assert set(ACL) == {"default", "scheduler", *queues}
    assert ACL["default"] == "user default off"

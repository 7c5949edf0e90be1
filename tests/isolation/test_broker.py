"""What a worker's login does at the broker: its own queue's work, and nothing else."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.service]
OWN = "the queue of its own worker"
SCRIPTS = ("a stored script", "a stored script about an undeclared queue")
LOGINS = ("no login", "the scheduler's login", "production's login")


def test_its_own_queue_is_open(attacked):
    assert attacked.broker[OWN].startswith("answered ")


def test_nothing_else_is(attacked):
    others = {name: text for name, text in attacked.broker.items() if name != OWN}
    assert len(others) > 45
    assert [name for name, text in others.items() if text.startswith("answered")] == []


@pytest.mark.parametrize("queue", ["production", "production-provision", "development-provision"])
@pytest.mark.parametrize(
    "attack",
    [
        "reading queue {}",
        "waiting at queue {}",
        "waiting at queue {} with priority",
        "a forged message to queue {}",
        "deleting queue {}",
        "messages in work of {}",
        "a binding of queue {}",
    ],
)
def test_another_queue_is_closed(attacked, attack, queue):
    assert "No permissions to access a key" in attacked.broker[attack.format(queue)]


@pytest.mark.parametrize("attack", SCRIPTS)
def test_a_script_may_do_what_its_caller_may(attacked, attack):
    assert "ACL failure in script" in attacked.broker[attack]


@pytest.mark.parametrize("attack", LOGINS)
def test_a_login_without_its_password_is_none(attacked, attack):
    assert "AuthenticationError" in attacked.broker[attack]


@pytest.mark.usefixtures("attacked")
def test_who_tried_what_is_in_the_brokers_log(celery):
    with celery.airflow.broker.administrator() as broker:
        entries = broker.acl_log()
    assert {entry["username"] for entry in entries if entry["reason"] == "key"} == {"development"}

"""Logins of tries that nobody took back, of servers that died, and how long they last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from airflow_dataops import bootstrap, config
from airflow_dataops.secrets import kitchen_credentials, task_logins
from airflow_dataops.secrets.refusals import Refused
from tests.registry.kitchen_rows import change_kitchen
from tests.secrets.logins import (
    Session,
    eventually,
    is_good,
    issued_to,
    leases,
    patches_state,
    set_state,
)

pytestmark = [pytest.mark.airflow, pytest.mark.service]


@pytest.fixture
def kitchen(installation, fresh_name):
    return installation.make_kitchen(fresh_name())


@pytest.fixture
def task(installation, kitchen):
    return installation.running_task(kitchen.name)


class TestSweep:
    @pytest.fixture
    def sweep(self, installation, task):
        installation.connection(task)
        environment = config.environments().environment("development")
        return lambda: bootstrap.sweep_leases(environment)

    def test_a_running_trys_login_stays(self, installation, task, sweep):
        assert sweep() == 0
        assert is_good(installation.connection(task))

    @pytest.mark.parametrize("state", ["success", "failed", "deferred", "removed", "scheduled"])
    def test_a_login_of_a_try_that_does_not_run_goes(self, installation, task, sweep, state):
        found = installation.connection(task)
        set_state(installation, task, state)
        assert sweep() == 1
        assert not is_good(found)
        assert leases(installation) == []

    def test_a_login_of_a_try_that_is_gone_goes(self, installation, task, sweep):
        found = installation.connection(task)
        with installation.engine.begin() as connection:
            connection.execute(text("delete from task_instance"))
        assert sweep() == 1
        assert not is_good(found)

    @pytest.mark.parametrize(
        "values", [{"state": "deleting"}, {"deleted_at": datetime.now(tz=UTC)}]
    )
    def test_logins_of_a_kitchen_that_goes_go(self, installation, kitchen, task, sweep, values):
        found = installation.connection(task)
        change_kitchen(installation.engine, kitchen.id, **values)
        assert sweep() == 1
        assert not is_good(found)

    def test_other_environments_logins_are_left_alone(self, installation, task, sweep):
        assert installation.connection(task)
        set_state(installation, task, "success")
        assert bootstrap.sweep_leases(config.environments().environment("production")) == 0
        assert len(leases(installation)) == 1
        assert sweep() == 1

    def test_what_the_vault_has_ended_itself_is_forgotten(self, installation, task, sweep):
        ((lease_id, *_),) = leases(installation)
        installation.connection(task)
        environment = config.environments().environment("development")
        bootstrap.login_places(environment).issuer.revoke_lease(lease_id)
        set_state(installation, task, "success")
        assert sweep() == 1
        assert leases(installation) == []


class TestRestart:
    """An API server ends: the logins of tries that run are not its own, and stay."""

    def test_a_login_survives_the_server_that_issued_it(self, installation, task):
        first = installation.connection(task)
        task_logins._kept.clear()
        bootstrap._vault.cache_clear()
        kitchen_credentials._connections.clear()
        kitchen_credentials._variables.clear()
        second = installation.connection(task)  # the new server's: it knows no password
        assert second.login != first.login
        assert is_good(first)
        assert is_good(second)
        patches_state(task)
        eventually(lambda: not leases(installation))
        assert not is_good(first)
        assert not is_good(second)

    def test_a_login_survives_the_sudden_death_of_the_process_that_issued_it(
        self, installation, kitchen
    ):
        issuing = (
            "import os, sys\n"
            "from airflow_dataops import bootstrap, config\n"
            "environment = config.environments().environment('development')\n"
            "issuer = bootstrap._vault(environment.vault)\n"
            f"login = issuer.issue_login('development.{kitchen.name}.redshift', 3600)\n"
            "print(login.lease_id, login.username, login.password, flush=True)\n"
            f"os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", issuing],
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        lease_id, user, password = done.stdout.split()[-3:]
        where = installation.stack.addresses
        session = Session(
            host=where.postgres_host,
            port=where.postgres_port,
            database=where.environments["development"].warehouse_database,
            login=user,
            password=password,
        )
        assert session.is_good()
        environment = config.environments().environment("development")
        bootstrap.login_places(environment).issuer.revoke_lease(lease_id)
        assert not session.is_good()


@pytest.mark.usefixtures("short_tokens")
class TestDuration:
    def test_logins_that_end_before_the_task_may_are_refused_with_the_option_to_change(
        self, installation, kitchen, task
    ):
        with pytest.raises(Refused) as refused:
            installation.connection(task)
        assert "Raise token_ttl (and token_max_ttl) of its AppRole above 86460" in str(
            refused.value
        )
        assert "[dataops] dynamic_login_seconds" in str(refused.value)
        assert leases(installation) == []
        assert issued_to(installation, kitchen) == 0

    def test_shorter_logins_can_be_asked_for(self, installation, kitchen, task):
        installation.set("dataops", "dynamic_login_seconds", "300")
        found = installation.connection(task)
        assert is_good(found)
        assert issued_to(installation, kitchen) == 1

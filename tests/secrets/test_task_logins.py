"""A tool that is dynamic: each try gets a login of its own, which goes when the try does."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import text

from airflow_dataops import bootstrap, config
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.secrets import kitchen_credentials, task_logins
from airflow_dataops.secrets.identity import IdentityMiddleware
from airflow_dataops.secrets.refusals import Refused
from tests.registry.kitchen_rows import change_kitchen
from tests.secrets.logins import Session, eventually, is_good, issued_to, leases

pytestmark = [pytest.mark.airflow, pytest.mark.service]


@pytest.fixture
def kitchen(installation, fresh_name):
    return installation.make_kitchen(fresh_name())


@pytest.fixture
def task(installation, kitchen):
    return installation.running_task(kitchen.name)


def patches_state(task, *, status=204, body=None):
    """The end of a try, as the middleware sees it; gives the answer."""
    import jwt

    token = jwt.encode({"sub": task}, "0" * 64, algorithm="HS512")
    sent = []

    async def airflow(_scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        payload = json.dumps(body or {"state": "success"}).encode()
        return {"type": "http.request", "body": payload, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PATCH",
        "path": f"/execution/task-instances/{task}/state",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "query_string": b"",
    }
    asyncio.run(IdentityMiddleware(airflow)(scope, receive, send))
    return sent


def set_state(installation, task, state):
    with installation.engine.begin() as connection:
        connection.execute(
            text("update task_instance set state = :state where id = :id"),
            {"state": state, "id": UUID(task).hex},
        )


def test_a_try_gets_a_login_of_its_own_that_works_in_its_kitchen(installation, kitchen, task):
    found = installation.connection(task)
    assert found.login != "etl_development"
    assert Session.of(found).who() == (found.login, f"kitchen_{kitchen.name}", kitchen.name)


def test_it_leads_where_the_environments_own_credential_leads(installation, task):
    found = installation.connection(task)
    where = installation.stack.addresses
    assert (found.host, found.port) == (where.postgres_host, where.postgres_port)
    assert found.schema == where.environments["development"].warehouse_database


def test_the_same_try_gets_the_same_login_again(installation, task):
    assert installation.connection(task).login == installation.connection(task).login
    assert len(leases(installation)) == 1


def test_two_tries_never_share_a_login(installation, kitchen, task):
    other = installation.running_task(kitchen.name)
    assert installation.connection(task).login != installation.connection(other).login


def test_the_next_try_of_one_id_gets_another_login(installation, task):
    first = installation.connection(task)
    with installation.engine.begin() as connection:
        connection.execute(text("update task_instance set try_number = 3"))
    assert installation.connection(task).login != first.login


def test_a_login_is_written_down_with_its_end_and_without_its_password(installation, kitchen, task):
    installation.set("dataops", "dynamic_login_seconds", "3600")
    found = installation.connection(task)
    ((lease_id, holder, person, expires_at),) = leases(installation)
    assert (holder, person) == (task, None)
    assert f"development-database/creds/development.{kitchen.name}.redshift/" in lease_id
    ends = datetime.fromisoformat(expires_at) - datetime.now(tz=UTC).replace(tzinfo=None)
    assert timedelta(seconds=3590) < ends <= timedelta(seconds=3600)
    with installation.engine.connect() as connection:
        everything = connection.execute(text("select * from dataops_lease")).all()
    assert found.password not in str(everything)


def test_no_log_shows_the_password(installation, task, caplog):
    with caplog.at_level(logging.DEBUG):
        found = installation.connection(task)
    assert f"{found.password}" not in caplog.text
    assert found.password not in repr(found)
    assert found.password not in repr(task_logins._kept._of_tries)


def test_this_process_masker_does_not_grow_with_each_login(installation, task):
    from airflow._shared.secrets_masker.secrets_masker import _secrets_masker

    installation.connection(task)
    task_logins._kept.clear()
    before = len(_secrets_masker().patterns)
    installation.connection(task)
    assert len(_secrets_masker().patterns) == before


def test_a_base_kitchen_has_the_environments_login_also_where_the_tool_is_dynamic(installation):
    declared = []
    installation.declare(
        lambda development: (
            development["tools"]["redshift"].update(dynamic=True),
            declared.append(development["base_kitchen"]["name"]),
        )
    )
    installation.add_kitchen(declared[0])
    task = installation.running_task(declared[0])
    assert installation.connection(task).login == "etl_development"
    assert leases(installation) == []


@pytest.mark.usefixtures("kitchen")
def test_a_kitchen_that_was_not_made_there_is_refused(installation, fresh_name):
    other = fresh_name()
    installation.add_kitchen(other)
    with pytest.raises(Refused, match=r"the vault at .* did not answer"):
        installation.connection(installation.running_task(other))
    assert leases(installation) == []


@pytest.mark.parametrize("state", ["success", "failed", "deferred", "up_for_retry", "queued"])
def test_a_try_that_is_not_running_gets_none(installation, task, state):
    set_state(installation, task, state)
    with pytest.raises(Refused, match=f"not running but {state}"):
        installation.connection(task)
    assert leases(installation) == []


class TestEnd:
    @pytest.mark.parametrize(
        "body",
        [
            {"state": "success", "end_date": "2026-03-02T12:00:00Z"},
            {"state": "failed"},
            {"state": "up_for_retry"},
            {"state": "deferred"},
            {"state": "up_for_reschedule"},
            {"state": "skipped"},
        ],
        ids=lambda body: body["state"],
    )
    def test_at_the_end_of_a_try_its_login_goes(self, installation, task, body):
        found = installation.connection(task)
        assert is_good(found)
        answer = patches_state(task, body=body)
        assert answer[0]["status"] == 204
        eventually(lambda: not leases(installation))
        assert not is_good(found)

    def test_logins_of_other_tries_stay(self, installation, kitchen, task):
        other = installation.running_task(kitchen.name)
        found, kept = installation.connection(task), installation.connection(other)
        patches_state(task)
        eventually(lambda: not is_good(found))
        assert is_good(kept)
        assert [lease.task_instance for lease in leases(installation)] == [other]

    @pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 500])
    def test_an_end_that_airflow_does_not_take_ends_nothing(self, installation, task, status):
        found = installation.connection(task)
        patches_state(task, status=status)
        assert is_good(found)
        assert installation.connection(task).login == found.login

    def test_a_try_that_comes_back_under_its_id_gets_a_new_login(self, installation, task):
        first = installation.connection(task)
        patches_state(task, body={"state": "deferred"})
        second = installation.connection(task)
        assert second.login != first.login
        eventually(lambda: not is_good(first))
        assert is_good(second)

    def test_a_try_that_another_server_saw_end_gets_a_new_login(self, installation, task):
        first = installation.connection(task)
        bootstrap.leases().end(task, now=datetime.now(tz=UTC))
        assert installation.connection(task).login != first.login

    def test_the_answer_does_not_wait_for_the_vault(self, installation, task, monkeypatch):
        installation.connection(task)
        began = []

        class SlowVault:
            def revoke_lease(self, _lease_id):
                began.append(time.monotonic())
                time.sleep(1)

        slow = bootstrap.login_places(config.environments().environment("development"))
        places = SimpleNamespace(issuer=SlowVault(), leases=slow.leases)
        monkeypatch.setattr(bootstrap, "login_places", lambda _: places)
        begin = time.monotonic()
        patches_state(task)
        assert time.monotonic() - begin < 0.8
        eventually(lambda: not leases(installation))
        assert len(began) == 1

    def test_a_vault_that_is_down_leaves_the_login_to_the_janitor(
        self, installation, task, monkeypatch, caplog
    ):
        found = installation.connection(task)
        environment = config.environments().environment("development")
        reached = bootstrap.login_places(environment)

        class Down:
            def revoke_lease(self, _lease_id):
                message = "the vault is away"
                raise OutsideSystemError(message)

        with monkeypatch.context() as down:
            places = SimpleNamespace(issuer=Down(), leases=reached.leases)
            down.setattr(bootstrap, "login_places", lambda _: places)
            with caplog.at_level(logging.WARNING):
                assert patches_state(task)[0]["status"] == 204
                eventually(lambda: "is left to the janitor: OutsideSystemError" in caplog.text)
        assert is_good(found)
        assert bootstrap.sweep_leases(environment) == 1
        assert not is_good(found)
        assert leases(installation) == []

    @pytest.mark.parametrize("without", ["environments", "dynamic tools"])
    def test_where_no_logins_are_issued_nothing_is_asked_and_nothing_is_logged(
        self, installation, monkeypatch, caplog, without
    ):
        task = installation.ordinary_task()
        if without == "environments":
            installation.set("dataops", "environments_file", "")
        monkeypatch.setattr(bootstrap, "leases", lambda: 1 / 0)
        with caplog.at_level(logging.INFO, logger="airflow_dataops"):
            assert patches_state(task)[0]["status"] == 204
        assert caplog.text == ""

    def test_a_database_that_is_down_delays_and_spoils_no_answer(
        self, installation, task, monkeypatch, caplog
    ):
        installation.connection(task)
        monkeypatch.setattr(bootstrap, "leases", lambda: 1 / 0)
        with caplog.at_level(logging.WARNING):
            assert patches_state(task)[0]["status"] == 204
        assert "are left to the janitor: ZeroDivisionError" in caplog.text


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

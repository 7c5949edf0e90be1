"""A tool that is dynamic: each try gets a login of its own, which goes when the try does."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from airflow_dataops import bootstrap, config
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.secrets import task_logins
from airflow_dataops.secrets.refusals import Refused
from tests.secrets.logins import (
    Session,
    eventually,
    is_good,
    leases,
    patches_state,
    set_state,
)

pytestmark = [pytest.mark.airflow, pytest.mark.service]
DEFERRED = {
    "state": "deferred",
    "classpath": "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger",
}


@pytest.fixture
def kitchen(installation, fresh_name):
    return installation.make_kitchen(fresh_name())


@pytest.fixture
def task(installation, kitchen):
    return installation.running_task(kitchen.name)


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
            DEFERRED,
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
        patches_state(task, body=DEFERRED)
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

"""Whatever breaks once a lookup has begun: the answer is a refusal, never the next backend's."""

from __future__ import annotations

import gc
import inspect
import logging
import sys
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowSecretsBackendAccessDenied
from fastapi import HTTPException
from sqlalchemy.exc import OperationalError

import airflow_dataops
from airflow_dataops import bootstrap
from airflow_dataops.errors import VaultUnavailable
from airflow_dataops.secrets import kitchen_credentials, task_logins
from airflow_dataops.secrets.kitchen_vault import KitchenVaultBackend
from airflow_dataops.secrets.refusals import Refused
from tests.secrets.conftest import asking

pytestmark = [pytest.mark.airflow, pytest.mark.service]
OURS = str(Path(airflow_dataops.__file__).parent)
LEAK = "hunter2"
# The net itself: these enter the guarded step and call nothing else before it.
# The clock beside an exchange with a vault, which the client's library closes over.
CUTTER = ("request", "is_over", "_put_conn", "_stay", "_shut")
NET = {"get_connection", "get_variable", "_answer", "_refusing_on_error"}
# Locks of Python always open; a finalizer's error goes nowhere ("closed" is asked by one).
CANNOT_FAIL = {"__exit__", "release", "closed"}


class Fault(Exception):
    """Something that nobody foresaw; its text is a secret."""


class Faults:
    """Counts the calls that our code makes, and lets the one with a given number fail."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.fail_at = fail_at
        self.called: list[str] = []

    def __call__(self, frame, event, arg):
        if event not in ("call", "c_call"):
            return
        caller = frame if event == "c_call" else frame.f_back
        if caller is None or not caller.f_code.co_filename.startswith(OURS):
            return
        if caller.f_code.co_name in (*NET, *CUTTER) or frame.f_code.co_flags & inspect.CO_GENERATOR:
            return  # a generator is entered again to be closed, where nobody hears its errors
        name = arg.__name__ if event == "c_call" else frame.f_code.co_name
        if name in CANNOT_FAIL:
            return
        self.called.append(name)
        if len(self.called) == self.fail_at:
            raise Fault(LEAK)

    def during(self, call):
        gc.disable()  # what it finalizes would be counted as called by whoever runs just then
        sys.setprofile(self)
        try:
            return call()
        finally:
            sys.setprofile(None)
            gc.enable()


class TrapBackend:
    """The next backend: nobody may get this far."""

    asked: list[str]

    def __init__(self):
        type(self).asked = []

    def get_connection(self, conn_id):
        self.asked.append(conn_id)

    def get_variable(self, key):
        self.asked.append(key)
        return "trap"


@pytest.fixture
def task(installation):
    installation.set("dataops", "next_secrets_backend", f"{__name__}.{TrapBackend.__name__}")
    TrapBackend.asked = []
    return installation.new_task()


def assert_refused(error, *secrets):
    assert isinstance(error, AirflowSecretsBackendAccessDenied)
    assert isinstance(error, HTTPException)
    assert error.status_code == 403
    assert error.__cause__ is None
    assert error.__context__ is None
    for secret in (LEAK, *secrets):
        assert secret not in f"{error} {error!r} {error.detail}"
    assert TrapBackend.asked == []


def walk(task, look_up, forget):
    """Let every call fail in turn; the names of those that did."""

    def watched(faults):
        return asking(task, lambda: faults.during(lambda: look_up(KitchenVaultBackend())))

    watched(Faults())
    forget()
    counted = Faults()
    watched(counted)
    for number, name in enumerate(counted.called, start=1):
        forget()
        with pytest.raises(Refused) as refused:  # noqa: PT012 - says which call went unnoticed
            watched(Faults(fail_at=number))
            pytest.fail(f"call {number} failed and nobody noticed: {name}")
        assert_refused(refused.value)
    return counted.called


def forget_all():
    kitchen_credentials._connections.clear()
    kitchen_credentials._variables.clear()
    bootstrap._vault.cache_clear()


def forget_values():
    kitchen_credentials._connections.clear()
    kitchen_credentials._variables.clear()


def forget_nothing():
    """The value stays in the cache."""


def test_every_call_of_a_first_lookup_may_fail(task):
    called = walk(task, lambda backend: backend.get_connection("redshift"), forget_all)
    assert len(called) > 100
    assert set(called) >= {
        "getboolean", "asking_task_instance", "identify", "look_up", "connect", "execute",
        "kitchen_task", "environments", "stat", "environment", "tool", "get", "secret_store",
        "read", "login", "read_secret_version", "keep", "as_connection", "info",
    }  # fmt: skip


def test_every_call_of_a_lookup_with_a_warm_vault_may_fail(task):
    called = walk(task, lambda backend: backend.get_connection("s3"), forget_values)
    assert "login" not in called
    assert "read_secret_version" in called


def test_every_call_of_a_lookup_from_the_cache_may_fail(task):
    called = walk(task, lambda backend: backend.get_connection("redshift"), forget_nothing)
    assert "identify" in called


def test_every_call_of_a_variables_lookup_may_fail(installation, task):
    installation.stack.put_secret("development", "variables/fault", {"value": "1"})
    called = walk(task, lambda backend: backend.get_variable("fault"), forget_values)
    assert "read_secret_version" in called


@pytest.fixture
def dynamic_task(installation, task, fresh_name):  # noqa: ARG001 - it sets the trap
    return installation.running_task(installation.make_kitchen(fresh_name()).name)


def forget_logins():
    task_logins._kept.clear()


def test_every_call_of_a_lookup_that_issues_a_login_may_fail(dynamic_task):
    called = walk(dynamic_task, lambda backend: backend.get_connection("redshift"), forget_logins)
    assert set(called) >= {
        "identify", "is_issued", "login", "issue_to_try", "issue_login", "_check_duration", "add",
        "keep",
    }  # fmt: skip


def test_every_call_of_a_lookup_that_has_its_login_may_fail(dynamic_task):
    called = walk(dynamic_task, lambda backend: backend.get_connection("redshift"), forget_nothing)
    assert "is_in_force" in called
    assert "issue_login" not in called


def test_every_call_of_the_platforms_lookup_may_fail(installation, task):  # noqa: ARG001
    installation.set("dataops", "token_key", "k" * 64)
    installation.set("dataops", "api_url", "https://airflow.example.com")
    platform = installation.task_of("dataops.development.provision")
    called = walk(platform, lambda backend: backend.get_connection("vault"), forget_nothing)
    assert "read_secret_version" in called
    called = walk(platform, lambda backend: backend.get_connection("dataops"), forget_nothing)
    assert {"mint", "token_key", "api_url", "encode"} <= set(called)


class BrokenStore:
    """A vault whose client has a bug."""

    def __init__(self, error):
        self._error = error

    def read(self, _path):
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        Fault(LEAK),
        KeyError(LEAK),
        RecursionError(LEAK),
        MemoryError(LEAK),
        TimeoutError(LEAK),
        AirflowSecretsBackendAccessDenied(LEAK),
        HTTPException(500, LEAK),
        VaultUnavailable("the vault did not answer"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_the_vaults_client_raises_is_a_refusal(installation, task, monkeypatch, error):
    monkeypatch.setattr(bootstrap, "_vault", lambda _place: BrokenStore(error))
    with pytest.raises(Refused) as refused:
        installation.connection(task)
    assert_refused(refused.value)


class BrokenEngine:
    """A metadata database that is away; drivers put the whole login into their text."""

    driver = "psycopg"

    def execution_options(self, **_):
        return self

    def connect(self):
        statement = f"connect postgresql://airflow:{LEAK}@db/airflow"
        raise OperationalError(statement, {}, Exception(LEAK))


def test_a_metadata_database_that_is_away_is_a_refusal(installation, task, monkeypatch):
    monkeypatch.setattr("airflow.settings.engine", BrokenEngine())
    with pytest.raises(Refused, match="OperationalError while looking it up") as refused:
        installation.connection(task)
    assert_refused(refused.value)


def test_a_process_without_a_metadata_database_refuses(installation, task, monkeypatch):
    monkeypatch.setattr("airflow.settings.engine", None)
    with pytest.raises(Refused, match="this process has no metadata database") as refused:
        installation.connection(task)
    assert_refused(refused.value)


@pytest.mark.parametrize(
    "text", ["", "projects: [", "projects: {}", "- 1\n", "\x00", "projects: {retail: {}}"]
)
def test_a_broken_environments_file_is_a_refusal(installation, task, text):
    installation.declare(lambda _: None).write_text(text)
    with pytest.raises(Refused) as refused:
        installation.connection(task)
    assert_refused(refused.value)


def test_a_missing_environments_file_is_a_refusal(installation, task):
    installation.declare(lambda _: None).unlink()
    with pytest.raises(Refused, match="which cannot be read") as refused:
        installation.connection(task)
    assert_refused(refused.value)


def test_an_environments_file_that_becomes_a_folder_is_a_refusal(installation, task):
    file = installation.declare(lambda _: None)
    file.unlink()
    file.mkdir()
    with pytest.raises(Refused) as refused:
        installation.connection(task)
    assert_refused(refused.value)


@pytest.mark.parametrize("value", ["perhaps", "2", "-"])
def test_a_nonsensical_serves_kitchens_is_a_refusal(installation, task, value):
    installation.set("dataops", "serves_kitchens", value)
    with pytest.raises(Refused) as refused:
        installation.connection(task)
    assert_refused(refused.value)


@pytest.mark.parametrize("value", ["61", "-1", "soon"])
def test_a_nonsensical_cache_time_is_a_refusal(installation, task, value):
    installation.set("dataops", "vault_cache_seconds", value)
    with pytest.raises(Refused, match="vault_cache_seconds") as refused:
        installation.connection(task)
    assert_refused(refused.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"conn_type": "postgres", "port": f"{LEAK}"},
        {"conn_uri": f"postgres://etl:{LEAK}@[::1/db"},
        {"conn_type": "postgres", "extra": f"{{{LEAK}"},
        {"conn_type": {"nested": LEAK}},
        {"password": [LEAK], "port": "1e3"},
    ],
)
@pytest.mark.usefixtures("task")
def test_a_secret_that_is_no_connection_is_a_refusal(installation, fresh_name, fields):
    kitchen = fresh_name()
    installation.add_kitchen(kitchen)
    installation.stack.put_secret("development", f"kitchens/{kitchen}/redshift", fields)
    with pytest.raises(Refused) as refused:
        installation.connection(installation.running_task(kitchen))
    assert_refused(refused.value)


class BrokenFilter(logging.Filter):
    """A log that is full."""

    def filter(self, _record):
        raise OSError(28, "no space left on device")


def test_a_log_that_fails_does_not_undo_the_refusal(installation, task, monkeypatch):
    monkeypatch.setattr(bootstrap, "_vault", lambda _place: BrokenStore(Fault(LEAK)))
    log, broken = logging.getLogger("airflow_dataops.secrets.kitchen_vault"), BrokenFilter()
    log.addFilter(broken)
    try:
        with pytest.raises(Refused) as refused:
            installation.connection(task)
    finally:
        log.removeFilter(broken)
    assert_refused(refused.value)


def test_a_bug_is_logged_with_its_place_and_without_its_text(
    installation, task, monkeypatch, caplog
):
    monkeypatch.setattr(bootstrap, "_vault", lambda _place: BrokenStore(Fault(LEAK)))
    with caplog.at_level(logging.ERROR), pytest.raises(Refused):
        installation.connection(task)
    assert "is refused because of Fault in read (" in caplog.text
    assert LEAK not in caplog.text

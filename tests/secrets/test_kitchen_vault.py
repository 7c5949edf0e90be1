"""Who is answered by whom: kitchens' tasks, ordinary tasks and processes without identity."""

from __future__ import annotations

import sys
from types import ModuleType
from uuid import UUID, uuid4

import pytest
from airflow.exceptions import AirflowNotFoundException
from airflow.models.connection import Connection
from airflow.models.variable import Variable
from airflow.sdk.exceptions import AirflowSecretsBackendAccessDenied
from sqlalchemy import text

from airflow_dataops.secrets import kitchen_vault
from airflow_dataops.secrets.kitchen_vault import KitchenVaultBackend
from airflow_dataops.secrets.refusals import Refused
from tests.registry.airflow_rows import add_dag
from tests.secrets.conftest import asking

pytestmark = [pytest.mark.airflow, pytest.mark.service]
BACKEND = "airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend"


class BackendOfAirflow30:
    """A backend from before teams: it takes no ``team_name``."""

    asked: list[tuple[object, ...]]

    def __init__(self, **kwargs):
        type(self).made_with = kwargs
        type(self).asked = []

    def get_connection(self, conn_id):
        self.asked.append((conn_id,))
        return Connection(conn_id=conn_id, login="next")

    def get_variable(self, key):
        self.asked.append((key,))
        return f"next {key}"

    def get_config(self, key):
        return f"config {key}"


class BackendWithTeams(BackendOfAirflow30):
    """A backend that knows of teams."""

    def get_connection(self, conn_id, team_name=None):
        self.asked.append((conn_id, team_name))

    def get_variable(self, key, team_name=None):
        self.asked.append((key, team_name))
        return "of teams"


class BackendThatFails(BackendOfAirflow30):
    """A backend with an outage."""

    def get_connection(self, conn_id):
        raise LookupError(conn_id)


@pytest.fixture
def with_next(installation):
    def configure(backend, kwargs="{}"):
        installation.set("dataops", "next_secrets_backend", f"{__name__}.{backend.__name__}")
        installation.set("dataops", "next_secrets_backend_kwargs", kwargs)
        return KitchenVaultBackend()

    return configure


@pytest.fixture
def chain(installation):
    """Airflow's whole chain, with traps in it for who gets past the first backend."""
    installation.set("secrets", "backend", BACKEND)
    for name in ("REDSHIFT", "SSH_DEFAULT", "DATAOPS"):
        installation.monkeypatch.setenv(f"AIRFLOW_CONN_{name}", "postgres://trap:trap@trap/trap")
    installation.monkeypatch.setenv("AIRFLOW_VAR_THRESHOLD", "trap")


@pytest.mark.usefixtures("chain")
def test_a_kitchens_task_is_answered_by_its_vault_through_airflows_chain(installation):
    task = installation.new_task()
    found = asking(task, lambda: Connection.get_connection_from_secrets("redshift"))
    assert found.login == "etl_development"


@pytest.mark.usefixtures("chain")
def test_a_refusal_ends_airflows_chain_of_connections(installation):
    task = installation.new_task()
    with pytest.raises(Refused, match="unknown tool ssh_default"):
        asking(task, lambda: Connection.get_connection_from_secrets("ssh_default"))


@pytest.mark.usefixtures("chain")
def test_a_missing_variable_ends_airflows_chain_of_variables(installation):
    task = installation.new_task()
    with pytest.raises(AirflowSecretsBackendAccessDenied, match="has no variable 'threshold'"):
        asking(task, lambda: Variable.get_variable_from_secrets("threshold"))


@pytest.mark.usefixtures("chain")
def test_an_ordinary_task_goes_on_through_airflows_chain(installation):
    task = installation.ordinary_task()
    found = asking(task, lambda: Connection.get_connection_from_secrets("redshift"))
    assert found.login == "trap"
    assert asking(task, lambda: Variable.get_variable_from_secrets("threshold")) == "trap"


@pytest.mark.usefixtures("chain")
def test_the_scheduler_goes_on_through_airflows_chain():
    assert Connection.get_connection_from_secrets("redshift").login == "trap"


@pytest.mark.usefixtures("chain")
def test_a_kitchens_process_ends_airflows_chain(installation):
    installation.set("dataops", "serves_kitchens", "True")
    with pytest.raises(Refused, match="neither has an identity; look it up in a task"):
        Connection.get_connection_from_secrets("redshift")


@pytest.mark.usefixtures("installation")
def test_without_a_next_backend_an_ordinary_lookup_is_left_to_airflow():
    assert KitchenVaultBackend().get_connection("redshift") is None
    assert KitchenVaultBackend().get_variable("threshold") is None
    assert KitchenVaultBackend().get_config("core/sql") is None


def test_the_next_backend_is_made_with_its_own_arguments(with_next):
    with_next(BackendOfAirflow30, '{"url": "https://vault", "depth": 2}').get_config("x")
    assert BackendOfAirflow30.made_with == {"url": "https://vault", "depth": 2}


def test_a_next_backend_without_teams_is_asked_without_a_team(with_next):
    backend = with_next(BackendOfAirflow30)
    assert backend.get_connection("redshift", team_name="blue").login == "next"
    assert backend.get_variable("threshold", team_name="blue") == "next threshold"
    assert BackendOfAirflow30.asked == [("redshift",), ("threshold",)]


def test_a_next_backend_with_teams_is_told_the_team(with_next):
    backend = with_next(BackendWithTeams)
    assert backend.get_connection("redshift", team_name="blue") is None
    assert backend.get_variable("threshold") == "of teams"
    assert BackendWithTeams.asked == [("redshift", "blue"), ("threshold", None)]


def test_the_next_backends_exception_stays_its_own(with_next):
    with pytest.raises(LookupError, match="redshift"):
        with_next(BackendThatFails).get_connection("redshift")


def test_a_configuration_secret_is_the_next_backends(with_next):
    assert with_next(BackendOfAirflow30).get_config("sql_conn") == "config sql_conn"


def test_an_ordinary_task_gets_the_next_backends_answer(installation, with_next):
    backend, task = with_next(BackendOfAirflow30), installation.ordinary_task()
    assert asking(task, lambda: backend.get_connection("redshift")).login == "next"


def test_a_request_without_a_task_gets_the_next_backends_answer(with_next):
    backend = with_next(BackendOfAirflow30)
    assert asking(None, lambda: backend.get_connection("redshift")).login == "next"


def test_a_refused_task_never_reaches_the_next_backend(installation, with_next):
    backend, task = with_next(BackendOfAirflow30), installation.new_task()
    assert backend.get_config("x") == "config x"  # makes it, so that it could be asked
    with pytest.raises(Refused):
        asking(task, lambda: backend.get_connection("ssh_default"))
    assert BackendOfAirflow30.asked == []


def test_a_kitchens_process_refuses_even_what_the_next_backend_has(installation, with_next):
    backend = with_next(BackendOfAirflow30)
    installation.set("dataops", "serves_kitchens", "True")
    for lookup in (backend.get_connection, backend.get_variable):
        with pytest.raises(Refused, match="files of kitchens are parsed in this process"):
            lookup("redshift")


@pytest.fixture
def task_process(monkeypatch):
    """This process is one that runs a task's code."""
    runner = ModuleType("airflow.sdk.execution_time.task_runner")
    runner.SUPERVISOR_COMMS = object()
    monkeypatch.setitem(sys.modules, runner.__name__, runner)
    monkeypatch.setattr(kitchen_vault._ThisProcess, "runs_kitchens_code", False)


@pytest.mark.usefixtures("task_process")
def test_a_kitchens_task_process_leaves_the_lookup_to_the_api_server(with_next):
    backend = with_next(BackendOfAirflow30)
    assert backend.get_config("x") == "config x"  # makes it, so that it could be asked
    kitchen_vault.kitchens_code_comes_in()
    assert backend.get_connection("redshift") is None
    assert backend.get_variable("threshold") is None
    assert BackendOfAirflow30.asked == []


@pytest.mark.usefixtures("task_process")
def test_an_ordinary_tasks_process_asks_the_next_backend_as_it_did_before(with_next):
    assert with_next(BackendOfAirflow30).get_connection("redshift").login == "next"


def test_a_process_that_prepares_kitchens_is_no_kitchens_task(with_next):
    backend = with_next(BackendOfAirflow30)
    kitchen_vault.kitchens_code_comes_in()
    assert backend.get_connection("redshift").login == "next"


def test_a_missing_ordinary_connection_stays_airflows_own_error(installation):
    installation.set("secrets", "backend", BACKEND)
    task = installation.ordinary_task()
    with pytest.raises(AirflowNotFoundException, match="redshift"):
        asking(task, lambda: Connection.get_connection_from_secrets("redshift"))


UNKNOWN = "00000000-0000-0000-0000-000000000000"


def test_a_task_instance_that_nobody_knows_is_refused(installation, with_next):
    with_next(BackendOfAirflow30)
    with pytest.raises(Refused, match="not known any more, the run was cleared or deleted"):
        installation.connection(UNKNOWN)


def move_to_history(installation, task):
    """What a retry does: the try that is over keeps its id, the task instance gets a new one."""
    new = str(uuid4())
    with installation.engine.begin() as connection:
        columns = "task_id, dag_id, run_id, map_index, try_number, pool, pool_slots, state"
        connection.execute(
            text(
                f"insert into task_instance_history (task_instance_id, {columns}) "  # noqa: S608
                f"select id, task_id, dag_id, run_id, map_index, try_number, pool, 1, 'failed' "
                "from task_instance where id = :id"
            ),
            {"id": UUID(task).hex},
        )
        connection.execute(
            text("update task_instance set id = :new where id = :id"),
            {"new": UUID(new).hex, "id": UUID(task).hex},
        )
    return new


def test_a_try_that_is_over_is_refused_though_its_token_is_still_valid(installation, with_next):
    with_next(BackendOfAirflow30)
    task = installation.new_task()
    following = move_to_history(installation, task)
    with pytest.raises(Refused, match="a try that is over has no identity"):
        installation.connection(task)
    assert installation.connection(following).login == "etl_development"


def test_the_platforms_try_that_is_over_is_refused(installation, with_next):
    with_next(BackendOfAirflow30)
    task = installation.task_of("dataops.development.provision")
    # Even where no bundle is known to be a kitchens' any more.
    add_dag(installation.engine, "dataops.development.provision", bundle="dags-folder")
    move_to_history(installation, task)
    with pytest.raises(Refused, match="a try that is over has no identity"):
        installation.connection(task, "dataops")


def test_an_ordinary_dags_try_that_is_over_is_left_to_airflow(installation, with_next):
    backend, task = with_next(BackendOfAirflow30), installation.ordinary_task()
    move_to_history(installation, task)
    assert asking(task, lambda: backend.get_connection("redshift")).login == "next"


def test_a_callback_without_a_kitchen_is_left_to_airflow(installation, with_next):
    backend, callback = with_next(BackendOfAirflow30), uuid4()
    with installation.engine.begin() as connection:
        connection.execute(
            text(
                "insert into callback (id, type, fetch_method, data, priority_weight, created_at) "
                "values (:id, 'executor', 'import_path', '{}', 1, '2026-03-02')"
            ),
            {"id": callback.hex},
        )
    assert asking(str(callback), lambda: backend.get_connection("redshift")).login == "next"

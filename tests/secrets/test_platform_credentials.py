"""The platform's tasks get their environment's provisioning logins, and nobody else does."""

from __future__ import annotations

import json

import hvac
import pytest

from airflow_dataops.secrets import crossing, kitchen_credentials, task_tokens
from airflow_dataops.secrets.refusals import NotThere, Refused
from tests.registry.airflow_rows import add_dag, add_running_task
from tests.registry.kitchen_rows import record
from tests.secrets.conftest import BUNDLES

pytestmark = [pytest.mark.airflow, pytest.mark.service]
KEY = "k" * 64


def login(password):
    return {"conn_type": "postgres", "host": "127.0.0.1", "login": "maker", "password": password}


@pytest.fixture
def provisioning(installation):
    """An installation that can make kitchens; tool ftp is the tests' own."""
    installation.declare(lambda development: development["tools"].update(ftp={}, ssh={}))
    installation.stack.put_secret("development", "provision/ftp", login("the maker's"))
    installation.set("dataops", "token_key", KEY)
    installation.set("dataops", "api_url", "https://airflow.example.com/")
    return installation


@pytest.fixture
def task(provisioning):
    return provisioning.task_of("dataops.development.provision")


@pytest.mark.parametrize("what", ["provision", "janitor"])
@pytest.mark.parametrize("environment", sorted(BUNDLES))
def test_it_gets_the_provisioning_login_of_its_own_environment(provisioning, environment, what):
    task = provisioning.task_of(f"dataops.{environment}.{what}", environment)
    declared = provisioning.stack.addresses.environments[environment]
    found = provisioning.connection(task)
    assert (found.login, found.password) == (declared.provision_login, declared.provision_password)


def test_the_vaults_login_is_an_approle_that_may_write(provisioning, task):
    found = provisioning.connection(task, "vault")
    client = hvac.Client(url=provisioning.stack.addresses.vault_url)
    made = client.auth.approle.login(role_id=found.login, secret_id=found.password)
    assert "provision-development" in made["auth"]["policies"]
    assert found.conn_type == "vault"


def test_a_rotated_provisioning_login_is_in_force_at_once(provisioning, task):
    for password in ("the maker's", "new"):
        provisioning.stack.put_secret("development", "provision/ftp", login(password))
        assert provisioning.connection(task, "ftp").password == password


def test_a_provisioning_login_is_kept_nowhere(provisioning, task):
    provisioning.connection(task)
    assert kitchen_credentials._connections._kept == {}


def test_its_sessions_start_in_no_kitchens_schema(provisioning, task):
    assert "options" not in provisioning.connection(task).extra_dejson


def test_a_tool_that_nobody_can_make_kitchens_in_says_where_the_login_belongs(provisioning, task):
    with pytest.raises(Refused, match="the vault of development has nothing at provision/ssh"):
        provisioning.connection(task, "ssh")


@pytest.mark.parametrize(
    "name", ["ssh_default", "../tools/redshift", "provision/redshift", "Vault", "dataops.x", ""]
)
def test_it_gets_the_tools_of_its_environment_alone(provisioning, task, name):
    with pytest.raises(Refused, match="unknown tool"):
        provisioning.connection(task, name)


@pytest.mark.parametrize("key", ["threshold", "redshift", "../provision/redshift"])
def test_it_has_no_variables(provisioning, task, key):
    provisioning.stack.put_secret("development", "variables/threshold", {"value": "1"})
    with pytest.raises(NotThere, match="tasks that make kitchens have no variables"):
        provisioning.variable(task, key)


class TestOurOwnApi:
    def test_a_connection_is_minted_for_it(self, provisioning, task):
        found = provisioning.connection(task, "dataops")
        assert (found.conn_type, found.host) == ("http", "https://airflow.example.com")
        assert task_tokens.read(found.password) == task_tokens.TaskClaims(
            task_instance=task,
            try_number=2,
            dag_id="dataops.development.provision",
            kitchen_id="dataops",
            environment="development",
        )

    def test_the_token_is_shown_by_no_log(self, provisioning, task, caplog):
        with caplog.at_level("DEBUG"):
            found = provisioning.connection(task, "dataops")
        assert found.password not in caplog.text + repr(found)

    def test_without_a_key_it_is_refused_with_the_options_name(self, provisioning, task):
        provisioning.set("dataops", "token_key", "")
        with pytest.raises(Refused, match=r"\[dataops\] token_key is not set"):
            provisioning.connection(task, "dataops")

    def test_a_kitchens_task_gets_a_token_of_its_own_kitchen(self, provisioning):
        task = provisioning.new_task()
        claims = task_tokens.read(provisioning.connection(task, "dataops").password)
        assert (claims.task_instance, claims.environment) == (task, "development")
        assert claims.kitchen_id != "dataops"


class TestAttacks:
    """A kitchen's code wants what the platform has."""

    @pytest.mark.parametrize(
        "name",
        [
            "vault",
            "provision/ftp",
            "provision/vault",
            "../provision/redshift",
            "tools/../provision/redshift",
            "redshift/../../provision/redshift",
            "%2e%2e/provision/redshift",
            "provision",
            "provision.redshift",
            "provision\\redshift",
            "\uff50rovision/redshift",
        ],
    )
    def test_no_connection_name_leads_there(self, provisioning, name):
        with pytest.raises(Refused, match="unknown tool"):
            provisioning.connection(provisioning.new_task(), name)

    @pytest.mark.parametrize("prefix", ["", "../", "../../", "%2e%2e/", "./", "/", "..\\", "?"])
    def test_no_variables_name_leads_there(self, provisioning, prefix):
        provisioning.stack.put_secret("development", "provision/v", {"value": "the maker's"})
        with pytest.raises((Refused, NotThere)) as refused:
            provisioning.variable(provisioning.new_task(), f"{prefix}provision/v")
        assert "the maker's" not in str(refused.value)

    @pytest.mark.parametrize(
        "name", ["provision", "dataops", "kitchens", "tools", "variables", "vault"]
    )
    def test_a_kitchen_with_a_telling_name_gets_what_all_get(self, provisioning, name):
        # "dataops" is reserved; should a row be there all the same, it is no platform.
        provisioning.add_kitchen(name)
        task = provisioning.running_task(name)
        if name == "dataops":
            with pytest.raises(Refused, match="it is none of the platform's DAGs"):
                provisioning.connection(task)
        else:
            assert provisioning.connection(task).login == "etl_development"

    @pytest.mark.parametrize(
        "dag_id",
        [
            "dataops.production.provision",
            "dataops.production.janitor",
            "dataops.provision",
            "dataops.development",
            "dataops.development.provision.x",
            "dataops.development.provision ",
            "dataops.development.Provision",
            "dataops.development.profit",
            "dataops..provision",
            "dataops.x",
        ],
    )
    def test_a_dag_of_a_like_name_is_refused(self, provisioning, dag_id):
        task = provisioning.task_of(dag_id)
        for name in ("redshift", "vault", "dataops"):
            with pytest.raises(Refused, match="none of the platform's DAGs of environment 'dev"):
                provisioning.connection(task, name)

    def test_another_environments_bundle_is_refused(self, provisioning):
        provisioning.task_of("dataops.production.provision", "production")
        task = provisioning.task_of("dataops.production.provision", "development")
        # Its row is taken over by production's own file, as kitchens' DAGs can be.
        add_dag(provisioning.engine, "dataops.production.provision", bundle=BUNDLES["production"])
        with pytest.raises(Refused, match="is pinned to bundle 'kitchens-development'"):
            provisioning.connection(task)

    def test_an_unpinned_run_is_refused(self, provisioning, task):
        assert provisioning.connection(task).login
        unpinned = add_running_task(
            provisioning.engine, "dataops.development.provision", version=None
        )
        with pytest.raises(Refused, match="not pinned to a version"):
            provisioning.connection(unpinned)

    def test_a_version_that_was_never_recorded_is_refused(self, provisioning, task):
        assert provisioning.connection(task).login
        invented = add_running_task(
            provisioning.engine, "dataops.development.provision", version="invented"
        )
        with pytest.raises(Refused, match="version invented of its run was never recorded"):
            provisioning.connection(invented)

    def test_a_version_of_another_bundle_is_refused(self, provisioning, task):
        assert provisioning.connection(task).login
        record(provisioning.engine, "v9", bundle=BUNDLES["production"], environment="production")
        foreign = add_running_task(
            provisioning.engine, "dataops.development.provision", version="v9"
        )
        with pytest.raises(Refused, match="is pinned to bundle 'kitchens-production'"):
            provisioning.connection(foreign)

    def test_an_ordinary_bundles_dag_of_that_name_is_refused(self, provisioning):
        add_dag(provisioning.engine, "dataops.development.provision", bundle="dags-folder")
        task = add_running_task(provisioning.engine, "dataops.development.provision", version=None)
        with pytest.raises(Refused, match="are kept for the DAGs that make kitchens"):
            provisioning.connection(task)


def asks(task, method, path, body=None, **query):
    """What the middleware's rules say to a request of a task."""
    import jwt

    token = jwt.encode({"sub": task}, "0" * 64, algorithm="HS512")
    request = crossing.Request(
        method=method,
        path=path,
        query=query,
        authorization=f"Bearer {token}",
        body=json.dumps(body or {}).encode(),
    )
    return crossing._refusal(request)


@pytest.mark.parametrize("verb", ["POST", "DELETE", "GET"])
@pytest.mark.parametrize("what", ["provision", "janitor"])
def test_the_middleware_lets_it_at_the_platforms_dags_of_its_environment(task, verb, what):
    assert asks(task, verb, f"/dag-runs/dataops.development.{what}/run") is None


@pytest.mark.parametrize(
    "dag_id",
    [
        "dataops.production.provision",
        "dataops.production.janitor",
        "dataops.development.other",
        "demo_dev.profit",
        "reports",
    ],
)
@pytest.mark.parametrize("path", ["/dag-runs/{}/r", "/xcoms/{}/r/t/k", "/dag-runs/{}/r/clear"])
def test_the_middleware_keeps_it_from_all_other_dags(task, dag_id, path):
    reason = asks(task, "POST", path.format(dag_id))
    assert reason.endswith(f"{dag_id} is not a pipeline of the platform of environment development")


@pytest.mark.parametrize("dag_id", ["dataops.development.provision", "dataops.development.janitor"])
def test_the_middleware_keeps_kitchens_from_the_platforms_dags(provisioning, dag_id):
    reason = asks(provisioning.new_task(), "POST", f"/dag-runs/{dag_id}/run")
    assert f"{dag_id} is not a pipeline of kitchen" in reason

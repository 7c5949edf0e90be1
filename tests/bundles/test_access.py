"""Who sees a kitchen's DAGs: what is set where parsing results come in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from airflow.dag_processing.processor import DagFileParsingResult
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from sqlalchemy.orm import Session

from airflow_dataops.bundles import access
from airflow_dataops.registry.models import KitchenRow, MemberRow

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:The airflow.security.permissions module is deprecated"),
]

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
COOK, GUEST = "kitchen soup cook", "kitchen soup guest"
ENVIRONMENTS = """\
projects:
  retail:
    repository: /nowhere
    environments:
      development:
        owner: eric
        vault: {
          kind: hashicorp, url: "http://127.0.0.1:1", mount: d, role_id_env: A, secret_id_env: B,
        }
        base_kitchen: {name: soup, branch: soup}
        tools: {redshift: {schema_per_kitchen: true}}
"""


@pytest.fixture
def soup(airflow_engine, tmp_path, monkeypatch):
    """A kitchen with its roles, under FAB; gives what changes its row."""
    from airflow_dataops import bootstrap

    (tmp_path / "environments.yaml").write_text(ENVIRONMENTS)
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", str(tmp_path / "environments.yaml"))
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", FAB)
    now = datetime.now(tz=UTC)
    with Session(airflow_engine) as session, session.begin():
        session.add(
            KitchenRow(
                id="1",
                name="soup",
                project="retail",
                environment="development",
                branch="soup",
                created_at=now,
                created_by="padma",
                shared=False,
            )
        )
        session.add(
            MemberRow(kitchen_id="1", who="padma", role="head", since=now, added_by="padma")
        )
    registry = bootstrap.kitchen_registry()
    kitchen = registry.kitchen("soup")
    bootstrap.access_roles().put(kitchen, registry.staff(kitchen))

    def change(**columns):
        with Session(airflow_engine) as session, session.begin():
            session.query(KitchenRow).update(columns)

    return change


def parsed(*dag_ids, **arguments):
    dags = []
    for dag_id in dag_ids:
        with DAG(dag_id, schedule=None, **arguments) as dag:
            EmptyOperator(task_id="nothing")
        dags.append(LazyDeserializedDAG(data=DagSerialization.to_dict(dag)))
    return DagFileParsingResult(fileloc="/nowhere", serialized_dags=dags, import_errors={})


def granted(result, file="soup/dataops_kitchen.py", environment="development"):
    access.set_access(result, file, environment=environment)
    return {dag.dag_id: dag.access_control for dag in result.serialized_dags}


@pytest.mark.usefixtures("soup")
def test_the_registry_decides_and_not_the_file():
    wish = {"Public": {"DAGs": {"can_read", "can_edit"}}, COOK: {"DAGs": {"can_delete"}}}
    found = granted(parsed("soup.daily", access_control=wish))
    assert found == {
        "soup.daily": {
            COOK: {"DAGs": {"can_read", "can_edit"}},
            GUEST: {"DAGs": {"can_read"}},
        }
    }


def test_an_unchanged_kitchen_gives_an_unchanged_dag(soup):
    first, second = parsed("soup.daily"), parsed("soup.daily")
    granted(first)
    granted(second)
    assert first.serialized_dags[0].hash == second.serialized_dags[0].hash
    soup(shared=True)
    granted(second)
    assert first.serialized_dags[0].hash == second.serialized_dags[0].hash  # no role Kitchens yet


@pytest.mark.parametrize(
    "columns", [{"state": "deleting"}, {"deleted_at": datetime.now(tz=UTC)}, {"environment": "x"}]
)
def test_a_kitchen_that_goes_declares_nothing_any_more(soup, columns):
    soup(**columns)
    assert granted(parsed("soup.daily")) == {}


@pytest.mark.usefixtures("soup")
def test_where_it_cannot_be_known_nobody_gains_anything(monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", "/nowhere/environments.yaml")
    wish = {"Public": {"DAGs": {"can_read"}}}
    assert granted(parsed("soup.daily", access_control=wish)) == {"soup.daily": None}
    assert "stay as they are" in caplog.text


@pytest.mark.usefixtures("soup")
def test_another_auth_manager_gets_no_rights_to_write(monkeypatch):
    monkeypatch.delenv("AIRFLOW__CORE__AUTH_MANAGER")
    wish = {"Public": {"DAGs": {"can_read"}}}
    assert granted(parsed("soup.daily", access_control=wish)) == {"soup.daily": None}


@pytest.mark.usefixtures("soup")
def test_the_platforms_dags_are_no_kitchens():
    from airflow_dataops import access as staff_access

    staff_access.set_up_roles(dry_run=False)
    found = granted(parsed("dataops.development.provision"), file="dataops/dataops_kitchen.py")
    assert found == {
        "dataops.development.provision": {"dataops development owner": {"DAGs": {"can_read"}}}
    }

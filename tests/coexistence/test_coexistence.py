"""An Airflow with ordinary work is the same before, with and after the package.

Real processes in a virtual environment of their own, which the package comes into and leaves.
"""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine, inspect, text

from airflow_dataops.demo.project_repository import provide_repository
from tests.coexistence.cluster import IN_BACKEND, PACKAGE, SEED, Cluster, VirtualEnvironment
from tests.coexistence.observation import observe, wait_for_dags
from tests.registry import kitchen_rows

pytestmark = [pytest.mark.airflow, pytest.mark.service, pytest.mark.coexistence]

OURS = "airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend"
BUNDLE = {
    "name": "kitchens-production",
    "classpath": "airflow_dataops.bundles.kitchens.KitchenBundle",
    "kwargs": {"environment": "production"},
}
START = """
import json, sys
from airflow import plugins_manager, settings
from airflow.cli import cli_parser
settings.initialize()
plugins_manager.get_fastapi_plugins()
cli_parser.get_parser()
print(json.dumps(sorted(sys.modules)))
"""
# Ids that ordinary DAGs begin with, too: demo_production.report_0 is one of them.
KITCHEN = "kitchen_beside"


@pytest.fixture(scope="module")
def story(embedded_stack, tmp_path_factory):
    """What was seen: without the package, with it and kitchens beside, without it again."""
    folder = tmp_path_factory.mktemp("coexistence")
    environment = VirtualEnvironment(folder / "venv")
    cluster = Cluster(folder, environment)
    vault = vault_backend(embedded_stack)
    beside = beside_kitchens(embedded_stack, folder)
    seen = {"cluster": cluster}

    plain = cluster.settings()
    cluster.airflow(plain, "db", "migrate")
    cluster.run(plain, "-c", SEED)
    seen["schema before"] = airflows_own_schema(cluster)
    with cluster.serving(plain) as api:
        wait_for_dags(api)
        # Paused and unpaused by hand, which is to stay so.
        api.patch("/dags/finance.report_2", {"is_paused": True})
        api.patch("/dags/finance.report_6", {"is_paused": False})
        seen["before"] = observe(api)
    seen["modules before"] = modules_of_a_start(cluster, plain)

    environment.install_package()
    with cluster.serving(plain, parses=False) as api:
        seen["not migrated"] = observe(api)
    cluster.airflow(plain, "db", "migrate")
    seen["schema installed"] = airflows_own_schema(cluster)
    seen["modules installed"] = modules_of_a_start(cluster, cluster.settings(ours=OURS))
    add_kitchen(cluster)
    with cluster.serving(cluster.settings(ours=OURS, **beside)) as api:
        seen["beside"] = observe(api)
        seen["kitchens' dags"] = [
            d["dag_id"]
            for d in api.get("/dags", limit=100)["dags"]
            if d["bundle_name"] == BUNDLE["name"]
        ]
    with cluster.serving(cluster.settings(ours=OURS, backend=vault, **beside), parses=False) as api:
        seen["vault beside"] = observe(api)

    environment.uninstall_package()
    cluster.airflow(plain, "db", "migrate")
    seen["schema removed"] = airflows_own_schema(cluster)
    with cluster.serving(plain) as api:
        seen["removed"] = observe(api)
    print(f"modules: {sorted(seen['modules installed'] - seen['modules before'])}")  # noqa: T201
    for name in ("before", "beside", "removed", "vault beside"):
        print(f"{name}: {seen[name].milliseconds:.1f} ms for a connection")  # noqa: T201
    return seen


def vault_backend(stack):
    """Airflow's own backend on the stack's vault, with the connections that the file has."""
    for kind, entries in IN_BACKEND.items():
        key = "conn_uri" if kind == "connections" else "value"
        for name, value in entries.items():
            stack.put_secret("production", f"{kind}/{name}", {key: value})
    place = stack.addresses.environments["production"]
    return "airflow.providers.hashicorp.secrets.vault.VaultBackend", {
        "url": stack.addresses.vault_url,
        "mount_point": "production",
        "connections_path": "connections",
        "variables_path": "variables",
        "config_path": None,
        "auth_type": "approle",
        "role_id": place.role_id,
        "secret_id": place.secret_id_file.read_text().strip(),
    }


def beside_kitchens(stack, folder):
    repository = folder / "retail.git"
    provide_repository(repository)
    file = folder / "environments.yaml"
    text = stack.addresses.environments_file.read_text()
    file.write_text(text.replace(str(stack.repository), str(repository)))
    return {"bundles": [BUNDLE], "environments_file": file}


def add_kitchen(cluster):
    engine = create_engine(cluster.url)
    kitchen_rows.add_kitchen(engine, KITCHEN, "production", branch="main")
    engine.dispose()


def modules_of_a_start(cluster, settings):
    """What every Airflow process imports: settings, plugins, the command line's parser."""
    return set(json.loads(cluster.run(settings, "-c", START).splitlines()[-1]))


def airflows_own_schema(cluster):
    """Airflow's tables with their columns, and the revision that they are at."""
    engine = create_engine(cluster.url)
    looked = inspect(engine)
    tables = {
        table: sorted(column["name"] for column in looked.get_columns(table))
        for table in looked.get_table_names()
        if "dataops" not in table
    }
    with engine.connect() as connection:
        revision = connection.scalar(text("select version_num from alembic_version"))
    engine.dispose()
    return tables, revision


WITH_FILES = ("beside", "removed")


@pytest.mark.parametrize("when", WITH_FILES)
def test_dags_are_the_same(story, when):
    assert story[when].dags == story["before"].dags
    assert len(story[when].dags) == 50
    paused = {dag_id for dag_id, dag in story[when].dags.items() if dag["is_paused"]}
    assert {"finance.report_2", "finance.report_6"} & paused == {"finance.report_2"}
    assert len(paused) == 19


@pytest.mark.parametrize("when", WITH_FILES)
def test_no_dag_gets_a_new_version(story, when):
    assert set(story[when].versions.values()) == {1}


@pytest.mark.parametrize("when", WITH_FILES)
def test_import_errors_are_the_same(story, when):
    assert story[when].import_errors == story["before"].import_errors
    ((file, _, trace),) = story[when].import_errors
    assert (file, "no_such_library" in trace) == ("broken.py", True)


@pytest.mark.parametrize("when", WITH_FILES)
def test_tasks_keep_their_queue_executor_config_and_priority(story, when):
    assert story[when].tasks == story["before"].tasks
    special = [task for task in story[when].tasks["finance.daily"] if task["queue"] == "special"]
    assert [task["executor_config"] for task in special] == ["{'memory': '1G'}"]
    assert {t["state"] for tasks in story[when].tasks.values() for t in tasks} == {"success"}


@pytest.mark.parametrize("when", WITH_FILES)
def test_tasks_are_given_the_same_connections_and_variables(story, when):
    assert story[when].lookups == story["before"].lookups


def test_a_server_restarted_before_the_tables_are_made_serves_as_before(story):
    assert story["not migrated"].lookups == story["before"].lookups
    assert story["not migrated"].tasks == story["before"].tasks


def test_what_is_compared_comes_from_every_place(story):
    given = story["before"].lookups["lookups"]["connections"]
    assert given["only_metastore"] == "postgres://metastore:secret@only_metastore:5432/db"
    assert given["only_environ"] == "http://environ:secret@only_environ"
    assert given["everywhere"] == "mysql://backend:secret@everywhere"
    assert given["nowhere"].startswith("AirflowNotFoundException")


def test_airflows_vault_backend_behind_ours_gives_what_it_gave(story):
    # The vault holds what the file holds that the cluster's own backend read before.
    assert story["vault beside"].lookups == story["before"].lookups
    given = story["vault beside"].lookups["lookups"]["connections"]
    assert given["only_backend"] == "mysql://backend:secret@only_backend"


@pytest.mark.parametrize("when", WITH_FILES)
def test_connections_and_providers_are_listed_as_before(story, when):
    assert story[when].connections == story["before"].connections
    assert len(story[when].connections) == 50
    ours = {(name, v) for name, v in story[when].providers if name == PACKAGE}
    assert story[when].providers - ours == story["before"].providers
    assert bool(ours) == (when != "removed")


@pytest.mark.parametrize("when", ["schema installed", "schema removed"])
def test_airflows_own_tables_are_the_same(story, when):
    assert story[when] == story["schema before"]


def test_kitchens_run_beside(story):
    platforms = [dag for dag in story["kitchens' dags"] if dag.startswith("dataops.")]
    assert [dag.rpartition(".")[2] for dag in sorted(platforms)] == ["janitor", "provision"]
    own = [dag for dag in story["kitchens' dags"] if dag not in platforms]
    assert f"{KITCHEN}.profitability" in own
    assert {dag.partition(".")[0] for dag in own} == {KITCHEN}


def test_a_start_of_airflow_imports_our_thin_entrances_and_nothing_else(story):
    added = story["modules installed"] - story["modules before"]
    assert {name for name in added if not name.startswith("airflow_dataops")} == set()
    assert not {"git", "hvac", "great_expectations"} & story["modules installed"]
    # Our command line has a thin module of arguments for each group of commands.
    assert len(added) <= 24, sorted(added)


def test_an_ordinary_lookup_costs_little_more(story):
    # Measured alone: 2.7 ms for who asks, 1.3 ms for the backend in front. The rest is for a busy
    # machine; a lookup that asked the vault or loaded a file each time would not fit in.
    assert story["beside"].milliseconds < story["before"].milliseconds + 25

"""Two DAGs whose tasks look up connections and variables, and say what they got."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import BaseHook, Variable, dag, task

CONNECTIONS = (
    "only_metastore", "only_backend", "only_environ", "backend_and_metastore",
    "backend_and_environ", "environ_and_metastore", "everywhere", "nowhere", "metastore_49",
)  # fmt: skip
VARIABLES = ("only_metastore", "only_backend", "only_environ", "everywhere", "nowhere")


def outcome(step):
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is to stay the same
        return f"{type(error).__name__}: {error}"


@task(queue="special", executor_config={"memory": "1G"}, priority_weight=7)
def look_up():
    return {
        "connections": {
            name: outcome(lambda name=name: BaseHook.get_connection(name).get_uri())
            for name in CONNECTIONS
        },
        "variables": {name: outcome(lambda name=name: Variable.get(name)) for name in VARIABLES},
        "default": Variable.get("nowhere", default="the default"),
    }


def declare(dag_id):
    @dag(
        dag_id=dag_id,
        start_date=datetime(2024, 1, 1, tzinfo=UTC),
        schedule=None,
        is_paused_upon_creation=False,
    )
    def lookups():
        look_up()

    return lookups()


for name in ("lookups", "finance.daily"):
    globals()[name] = declare(name)

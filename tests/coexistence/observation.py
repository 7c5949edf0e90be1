"""What the users of a cluster see: its DAGs, its tasks, and what these are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.coexistence.cluster import until

LOOKUPS = 200
RUNS = ("lookups", "finance.daily")
TASK_FACTS = (
    "task_id", "state", "queue", "executor", "executor_config", "pool", "pool_slots",
    "priority_weight", "map_index", "max_tries", "operator", "try_number",
)  # fmt: skip
DAG_FACTS = (
    "dag_id", "is_paused", "is_stale", "description", "timetable_summary", "timetable_description",
    "fileloc", "bundle_name", "relative_fileloc", "next_dagrun_run_after", "max_active_tasks",
    "max_active_runs", "has_import_errors",
)  # fmt: skip


@dataclass(kw_only=True)
class Observation:
    """What was seen.

    Attributes:
        milliseconds: the fastest lookup of a connection at the API server; others work here, too.
    """

    dags: dict
    versions: dict
    import_errors: list
    tasks: dict
    lookups: dict
    connections: list
    providers: set
    milliseconds: float = field(compare=False)


def wait_for_dags(api):
    until(lambda: len(_ordinary(api)) == 50 and _import_errors(api))


def observe(api):
    """Look at the cluster, and run its two DAGs that look things up."""
    wait_for_dags(api)
    started = datetime.now(tz=UTC).isoformat()
    run_id = f"manual__{started}"
    for dag_id in RUNS:
        api.post(f"/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
    paths = {dag_id: f"/dags/{dag_id}/dagRuns/{run_id}" for dag_id in RUNS}
    until(lambda: all(api.get(path)["state"] in {"success", "failed"} for path in paths.values()))
    ended = {dag_id: api.get(path)["state"] for dag_id, path in paths.items()}
    assert set(ended.values()) == {"success"}, [ended, *map(api.log_of, paths.values())]
    instances = {d: api.get(f"{p}/taskInstances")["task_instances"] for d, p in paths.items()}
    returned = {
        dag_id: api.get(f"{path}/taskInstances/look_up/xcomEntries/return_value")["value"]
        for dag_id, path in paths.items()
    }
    dags = _ordinary(api)
    asking = instances["lookups"][0]["id"]
    taken = api.seconds_of_lookups(asking, "metastore_49", count=LOOKUPS)
    return Observation(
        dags={d["dag_id"]: {f: d[f] for f in DAG_FACTS} | {"tags": _tags(d)} for d in dags},
        versions={
            d["dag_id"]: api.get(f"/dags/{d['dag_id']}/dagVersions")["total_entries"] for d in dags
        },
        import_errors=_import_errors(api),
        tasks={
            dag_id: sorted(({f: ti[f] for f in TASK_FACTS} for ti in found), key=str)
            for dag_id, found in instances.items()
        },
        lookups=returned,
        connections=sorted(
            (c["connection_id"], c["conn_type"], c["host"], c["login"])
            for c in api.get("/connections", limit=100)["connections"]
        ),
        providers={
            (p["package_name"], p["version"]) for p in api.get("/providers", limit=100)["providers"]
        },
        milliseconds=1000 * min(taken),
    )


def _ordinary(api):
    dags = api.get("/dags", limit=100, exclude_stale="false")["dags"]
    return [dag for dag in dags if dag["bundle_name"] == "dags-folder"]


def _import_errors(api):
    found = api.get("/importErrors")["import_errors"]
    return [
        (error["filename"], error["bundle_name"], error["stack_trace"])
        for error in found
        if error["bundle_name"] == "dags-folder"
    ]


def _tags(dag):
    return sorted(tag["name"] for tag in dag["tags"])

"""``airflow dataops kitchen test``, against the answers of a server and of Airflow's own API."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.cli.laptop import serving

OURS = "/dataops/api/v1/kitchens/dev_kitchen"
PIPELINES = ("load", "report", "costs")


class Server:
    """Runs are over at once; what they were asked for is kept.

    Attributes:
        standings: of pipelines that are not green.
        begun: DAG and configuration of each run.
    """

    def __init__(self):
        self.standings, self.begun, self.queries = {}, [], []

    def app(self):
        dag = "/api/v2/dags/{dag}/dagRuns"
        routes = {
            f"{OURS}/test-plan": self.plan,
            f"{OURS}/pipelines": self.pipelines,
            f"{OURS}/evidence": self.evidence,
            f"{OURS}/merge/up/gate": self.gate,
            f"{dag}/{{run}}/taskInstances": self.tasks,
            f"{dag}/{{run}}": self.run,
            dag: self.runs,
        }
        return Starlette(
            routes=[Route(path, do, methods=["GET", "POST"]) for path, do in routes.items()]
        )

    async def plan(self, request):
        self.queries.append(dict(request.query_params))
        first = [{"pipeline": "load"}, {"pipeline": "costs"}]
        waves = [first, [{"pipeline": "report", "after": ["load"]}]]
        return JSONResponse({"commit": "c1", "waves": waves})

    async def pipelines(self, _):
        shown = [
            {"name": name, "dag_id": f"dev_kitchen.{name}", "commit": "c1"} for name in PIPELINES
        ]
        return JSONResponse({"commit": "c1", "pipelines": shown})

    async def runs(self, request):
        body = await request.json()
        self.begun.append((request.path_params["dag"], body["conf"]))
        return self._run(request.path_params["dag"])

    async def run(self, request):
        return self._run(request.path_params["dag"])

    def _run(self, dag):
        return JSONResponse({"dag_id": dag, "dag_run_id": f"run of {dag}", "state": "success"})

    async def tasks(self, _):
        return JSONResponse({"task_instances": [], "total_entries": 0})

    async def evidence(self, request):
        name = request.query_params["pipeline"]
        found = {
            "pipeline": name,
            "standing": self.standings.get(name, "green"),
            "run_id": f"run of dev_kitchen.{name}",
            "reasons": ["rows: fail: 3"] if name in self.standings else [],
            "tests": [{"stage": "load", "test": "rows", "outcome": "pass"}],
        }
        return JSONResponse([] if self.standings.get(name) == "nothing" else [found])

    async def gate(self, _):
        return JSONResponse({"is_open": True, "summary": "open as can be", "items": []})


@pytest.fixture
def server(laptop):
    server = Server()
    with serving(server.app()) as url:
        laptop.log_in(url, "token")
        yield server


def test_pipelines_are_run_in_order_and_what_they_are_evidence_of_is_said(laptop, server):
    done = laptop.dataops("kitchen", "test", "dev_kitchen", "--changed")
    assert done.code == 0, done.stderr
    assert [dag for dag, _ in server.begun] == [
        "dev_kitchen.load", "dev_kitchen.costs", "dev_kitchen.report",
    ]  # fmt: skip
    assert "merge up: open as can be" in done.stdout
    assert server.queries == [{"changed": "true"}]


def test_runs_are_about_the_day_that_was_named(laptop, server):
    assert laptop.dataops("kitchen", "test", "dev_kitchen", "--date", "2026-03-02").code == 0
    assert {conf["run_date"] for _, conf in server.begun} == {"2026-03-02"}
    begun = len(server.begun)
    wrong = laptop.dataops("kitchen", "test", "dev_kitchen", "--date", "Monday")
    assert (wrong.code, len(server.begun)) == (2, begun)
    assert "write a day as 2026-11-30" in wrong.said


def test_what_comes_after_a_red_one_is_not_run(laptop, server):
    server.standings["load"] = "red"
    done = laptop.dataops("kitchen", "test", "dev_kitchen", "-o", "json")
    assert (done.code, "not green: load, report" in done.stderr) == (1, True), done.stderr
    rows = {row["pipeline"]: (row["is"], row["why"]) for row in done.rows}
    assert rows == {
        "load": ("red", "rows: fail: 3"),
        "costs": ("green", ""),
        "report": ("not run", "it comes after load, which is not green"),
    }


def test_a_run_that_the_server_has_nothing_of_is_not_green(laptop, server):
    server.standings["costs"] = "nothing"
    done = laptop.dataops("kitchen", "test", "dev_kitchen", "-o", "json")
    assert done.code == 1
    assert {row["is"] for row in done.rows if row["pipeline"] == "costs"} == {"no evidence"}

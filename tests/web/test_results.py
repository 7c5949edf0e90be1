"""What test tasks have kept, and the past that they are told."""

from __future__ import annotations

import pytest

from tests.registry import kitchen_rows
from tests.registry.airflow_rows import add_dag, add_running_task

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
ROWS = {
    "test": "row_count", "outcome": "pass", "measured": 100, "detail": "expected 99",
    "holds": True, "low": 90, "high": None, "rule": "ControlLimits", "model": "level",
    "baseline": "30 runs", "numbers": [100, None, {"north": 1}], "seconds": 0.25,
}  # fmt: skip


class Tasks:
    """Tasks of runs in the retail project's kitchens."""

    def __init__(self, site):
        self.site = site
        site.platform_task("development")
        site.platform_task("production")

    def start(self, kitchen, task_id="load.data_tests", environment="development"):
        dag_id = f"{kitchen}.profit"
        add_dag(self.site.engine, dag_id, bundle=f"kitchens-{environment}")
        version = f"version-of-{environment}"
        task = add_running_task(self.site.engine, dag_id, version=version, task_id=task_id)
        return self.site.task_bearer(task)

    def tell(self, headers, *results):
        body = {"results": list(results)}
        return self.site.ask("POST", "/kitchen-task/results", json=body, headers=headers)

    def history(self, headers):
        answer = self.site.ask("GET", "/kitchen-task/history", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def tasks(retail):
    return Tasks(retail)


def move_back(site):
    """All runs so far were a day before those to come."""
    from sqlalchemy import text

    with site.engine.begin() as connection:
        connection.execute(text("update dataops_result set at = '2026-03-01 12:00:00'"))


def test_a_result_is_a_point_of_the_next_run_of_the_same_stage(tasks):
    assert tasks.tell(tasks.start("dev_kitchen"), ROWS).status_code == 204
    move_back(tasks.site)
    assert tasks.history(tasks.start("dev_kitchen")) == {
        "row_count": [
            {
                "at": "2026-03-01T12:00:00Z",
                "numbers": [100.0, None, {"north": 1.0}],
                "kitchen": None,
                "is_in_control": True,
            }
        ]
    }
    assert tasks.history(tasks.start("dev_kitchen", "analyse.data_tests")) == {}


def test_a_child_is_told_its_parents_past_and_a_parent_nothing_of_its_child(tasks):
    tasks.tell(tasks.start("demo_dev"), ROWS)
    tasks.tell(tasks.start("demo_production", environment="production"), {**ROWS, "test": "far"})
    move_back(tasks.site)
    told = tasks.history(tasks.start("dev_kitchen"))
    assert [point["kitchen"] for point in told["row_count"]] == ["demo_dev"]
    assert set(told) == {"row_count"}
    tasks.tell(tasks.start("dev_kitchen"), {**ROWS, "test": "child's"})
    move_back(tasks.site)
    assert "child's" not in tasks.history(tasks.start("demo_dev"))


@pytest.mark.parametrize("task_id", ["load.copy", "load", "data_tests", "load.data_tests.more"])
def test_no_other_task_than_a_stages_tests_has_results(tasks, task_id):
    headers = tasks.start("dev_kitchen", task_id)
    assert tasks.tell(headers, ROWS).status_code == 403
    answer = tasks.site.ask("GET", "/kitchen-task/history", headers=headers)
    assert answer.status_code == 403


def test_a_platforms_task_and_a_person_have_no_results(tasks):
    platform = tasks.site.task_bearer(tasks.site.platform_task("development"))
    assert tasks.tell(platform, ROWS).status_code == 403
    assert tasks.tell(tasks.site.bearer("padma"), ROWS).status_code in (401, 403)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kitchen": "demo_production"}, {"run_id": "another"}, {"stage": "load"},
        {"outcome": "green"}, {"measured": "many"}, {"numbers": ["x"]}, {"test": ""},
        {"numbers": [{str(n): n for n in range(3000)}]},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_payload_says_of_kitchen_and_run_is_refused(tasks, wrong):
    headers = tasks.start("dev_kitchen")
    assert tasks.tell(headers, {**ROWS, **wrong}).status_code == 422
    assert tasks.tell(headers, ROWS).status_code == 204


def test_results_of_a_kitchen_that_is_deleted_are_not_those_of_the_next_of_its_name(tasks):
    tasks.tell(tasks.start("dev_kitchen"), ROWS)
    move_back(tasks.site)
    (kitchen,) = [
        one for one in tasks.site.ask("GET", "/kitchens", by="padma").json()
        if one["name"] == "dev_kitchen"
    ]  # fmt: skip
    kitchen_rows.remove_kitchen(tasks.site.engine, kitchen["id"])
    kitchen_rows.add_kitchen(tasks.site.engine, "dev_kitchen")
    assert tasks.history(tasks.start("dev_kitchen")) == {}

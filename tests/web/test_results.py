"""What test tasks have kept, and the past that they are told."""

from __future__ import annotations

import pytest
from sqlalchemy import text

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
                "sampled": 1.0,
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


def test_who_tried_to_give_itself_verdicts_is_in_the_log(tasks, caplog):
    tasks.tell(tasks.start("dev_kitchen", "load.copy"), ROWS)
    assert (
        "dev_kitchen.profit is refused POST /dataops/api/v1/kitchen-task/results: load.copy runs "
        "no stage's tests"
    ) in caplog.text


def test_a_token_of_before_a_retry_is_replayed_in_vain(tasks):
    headers = tasks.start("dev_kitchen")
    with tasks.site.engine.begin() as connection:
        connection.execute(text("update task_instance set try_number = try_number + 1"))
    answer = tasks.tell(headers, ROWS)
    assert answer.status_code == 403
    assert "does not run any more" in answer.json()["detail"]
    assert tasks.site.ask("GET", "/kitchen-task/history", headers=headers).status_code == 403


def test_a_task_that_moved_to_another_kitchen_takes_its_token_nowhere(tasks):
    """Its kitchen was deleted and made anew under the name, while it ran."""
    headers = tasks.start("dev_kitchen")
    with tasks.site.engine.begin() as connection:
        connection.execute(
            text("update dataops_kitchen set id = 'another' where name = 'dev_kitchen'")
        )
    answer = tasks.tell(headers, ROWS)
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


PLACE = {"pipeline": "profit", "stage": "load"}


def test_people_look_up_what_tests_said_and_the_past_of_a_test(tasks):
    tasks.tell(tasks.start("dev_kitchen"), ROWS, {**ROWS, "test": "sum", "outcome": "warn"})
    path = "/kitchens/dev_kitchen/tests"
    found = tasks.site.ask("GET", f"{path}/results", by="padma").json()
    assert [(one["test"], one["outcome"], one["stage"]) for one in found] == [
        ("row_count", "pass", "load"), ("sum", "warn", "load"),
    ]  # fmt: skip
    none = tasks.site.ask("GET", f"{path}/results", by="padma", params={"pipeline": "other"})
    assert none.json() == []
    query = {**PLACE, "test": "row_count"}
    [point] = tasks.site.ask("GET", f"{path}/history", by="padma", params=query).json()
    assert (point["numbers"][0], point["is_in_control"]) == (100.0, True)


def test_an_incident_has_an_author_and_a_reason_and_is_left_out_of_the_past(tasks):
    tasks.tell(tasks.start("dev_kitchen"), ROWS)
    noted = {**PLACE, "since": "2026-03-02T00:00:00Z", "reason": "the feed was broken"}
    path = "/kitchens/dev_kitchen/tests"
    assert tasks.site.ask("POST", f"{path}/incidents", by="padma", json=noted).status_code == 204
    query = {**PLACE, "test": "row_count"}
    [point] = tasks.site.ask("GET", f"{path}/history", by="padma", params=query).json()
    assert not point["is_in_control"]
    later = {**noted, "since": "2026-03-03T00:00:00Z"}
    assert tasks.site.ask("POST", f"{path}/rebaselines", by="padma", json=later).status_code == 204
    assert tasks.site.ask("GET", f"{path}/history", by="padma", params=query).json() == []
    told = tasks.site.ask("GET", "/kitchens/dev_kitchen/history", by="padma").json()
    assert [(one["action"], one["by"], one["reason"]) for one in told[:2]] == [
        ("chart rebaseline", "padma", "the feed was broken"),
        ("chart incident", "padma", "the feed was broken"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": ""}, {"since": "yesterday"}, {"since": "2026-03-02"},
        {"until": "2026-03-01T00:00:00Z"}, {"stage": ""}, {"by": "chris"},
    ],
    ids=str,
)  # fmt: skip
def test_an_incident_without_a_reason_or_with_odd_moments_is_refused(tasks, wrong):
    noted = {**PLACE, "since": "2026-03-02T00:00:00Z", "reason": "broken", **wrong}
    path = "/kitchens/dev_kitchen/tests/incidents"
    assert tasks.site.ask("POST", path, by="padma", json=noted).status_code == 422


def test_the_share_of_tests_that_pass_is_of_the_kitchen_and_of_each_pipeline(tasks):
    tasks.tell(tasks.start("dev_kitchen"), ROWS, {**ROWS, "test": "sum", "outcome": "fail"})
    path = "/kitchens/dev_kitchen/tests/quality"
    [today] = tasks.site.ask("GET", path, by="padma", params={"days": 3660}).json()
    score = {"score": 50.0, "passed": 1, "warned": 0, "failed": 1, "errors": 0, "learning": 0}
    assert (today["kitchen"], today["pipelines"]) == (score, {"profit": score})
    refused = tasks.site.ask("GET", path, by="padma", params={"days": 0})
    assert refused.status_code == 422


def test_the_janitor_forgets_results_that_are_too_old(tasks):
    tasks.tell(tasks.start("dev_kitchen"), ROWS)
    janitor = tasks.site.task_bearer(tasks.site.platform_task("development", "janitor"))
    path = "/kitchens/dev_kitchen/tests/results"
    assert tasks.site.ask("POST", "/task/janitor", headers=janitor).status_code == 200
    assert len(tasks.site.ask("GET", path, by="padma").json()) == 1
    with tasks.site.engine.begin() as connection:
        connection.execute(text("update dataops_result set recorded_at = '2020-01-01 00:00:00.0'"))
    assert tasks.site.ask("POST", "/task/janitor", headers=janitor).status_code == 200
    assert tasks.site.ask("GET", path, by="padma").json() == []

"""The gate of a merge up through the REST API: what it asks for, sees, and lets pass."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.evidence_fixtures import TESTS, publish, run_tests
from tests.registry.airflow_rows import add_dag
from tests.web.test_merges import DOWN, PROFIT, UP, ask, push, street, tip  # noqa: F401

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
CHURN = "pipelines/churn/pipeline.py"
ALONE = "@pipeline(shared_paths=[])\ndef {}():\n    number = {}\n"
VOID = "never tested as it would run; a run in dev_kitchen, {} is no evidence: "
SEEN = [str(NOT_COMPARED)]


@pytest.fixture
def tested(street, tmp_path):  # noqa: F811 - the fixture
    """Two pipelines that share nothing, in both kitchens."""
    files = {PROFIT: ALONE.format("profit", 0), CHURN: ALONE.format("churn", 0)}
    push(street, "demo_dev", files)
    ask(street, "POST", DOWN)
    for pipeline in ("profit", "churn"):
        add_dag(street.engine, f"dev_kitchen.{pipeline}", bundle="kitchens-development")
    street.copy = tmp_path / "bundle.git"
    return street


def kitchen(name="dev_kitchen"):
    from airflow_dataops import bootstrap

    return bootstrap.kitchen_registry().kitchen(name)


def run(site, pipeline="profit", **how):
    """Run a pipeline as the kitchen's branch is now."""
    found = kitchen()
    version = publish(site.copy, site.origin.url, {found: tip(site, found.branch)})
    return run_tests(site.engine, found, version, pipeline, **how)


def gate(site):
    found = ask(site, "GET", f"{UP}/gate", by="chris")
    green = [item for item in found["items"] if item["asked"] == "green on exactly this"]
    return {item["about"]: (item["is_met"], item["there"]) for item in green}


def merge_up(site, *, status=200, by="chris", **body):
    return ask(site, "POST", UP, by=by, status=status, acknowledged=SEEN, **body)


def edit(site, path=PROFIT, number=1):
    name = path.split("/")[1]
    return push(site, "dev_kitchen", {path: ALONE.format(name, number)})


def test_what_was_never_tested_is_not_merged_and_what_was_is(tested):
    edit(tested)
    before = tip(tested, "demo_dev")
    refused = merge_up(tested, status=409)
    sentence = (
        "profit: never tested as it would run; airflow dataops kitchen test dev_kitchen --changed"
    )
    assert refused["missing"] == [sentence]
    previewed = ask(tested, "GET", f"{UP}/preview", by="chris")
    assert sentence in previewed["missing"]
    assert previewed["gate"]["is_open"] is False
    assert tip(tested, "demo_dev") == before
    run_id = run(tested)
    assert gate(tested) == {"profit": (True, f"green in dev_kitchen, {run_id}: 1 pass")}
    assert merge_up(tested)["state"] == "done"
    [entry, *_] = ask(tested, "GET", "/kitchens/demo_dev/history", by="chris")
    assert entry["details"]["green"] == f"profit: green in dev_kitchen, {run_id}: 1 pass"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"outcome": Outcome.FAIL}, "red in dev_kitchen, {}: load: rows: fail: expected 10 to 20"),
        ({"outcome": Outcome.ERROR}, "red in dev_kitchen, {}: load: rows: error: expected"),
        (
            {"marked": {TESTS}},
            f"{VOID}load.data_tests was marked as a success by hand",
        ),
        (
            {"marked": {"load.copy"}},
            f"{VOID}load.copy was marked as a success by hand",
        ),
        ({"tests": ()}, "red in dev_kitchen, {}: it has no data test"),
    ],
)
def test_a_run_that_shows_nothing_opens_nothing(tested, how, says):
    edit(tested)
    run_id = run(tested, **how)
    met, there = gate(tested)["profit"]
    assert not met
    assert there.startswith(says.format(run_id))
    merge_up(tested, status=409)


def test_green_is_green_on_exactly_what_will_run(tested):
    edit(tested)
    run(tested)
    assert gate(tested)["profit"][0]
    edit(tested, number=2)
    assert not gate(tested)["profit"][0]
    # What was tested once need not be tested again.
    edit(tested, number=1)
    assert gate(tested)["profit"][0]


def test_a_colleagues_work_elsewhere_leaves_evidence_as_it_is(tested):
    edit(tested)
    run(tested)
    push(tested, "demo_dev", {CHURN: ALONE.format("churn", 9), "lib/a.py": "one = 1\n"})
    ask(tested, "POST", DOWN)
    assert list(gate(tested)) == ["profit"]
    assert merge_up(tested)["state"] == "done"


def test_a_pipeline_that_declares_nothing_is_bound_to_the_whole_branch(tested):
    whole = "@pipeline\ndef profit():\n    number = 1\n"
    push(tested, "dev_kitchen", {PROFIT: whole})
    run(tested)
    assert gate(tested)["profit"][0]
    push(tested, "demo_dev", {"lib/a.py": "one = 1\n"})
    ask(tested, "POST", DOWN)
    assert not gate(tested)["profit"][0]


def test_what_is_used_and_not_declared_binds_to_the_whole_branch(tested):
    uses = "from lib import vat\n" + ALONE.format("profit", 1)
    push(tested, "dev_kitchen", {PROFIT: uses, "lib/vat.py": "rate = 7\n"})
    met, there = gate(tested)["profit"]
    assert not met
    assert "bound to the whole branch: it uses lib/vat.py and does not declare it" in there


def test_a_changed_ordinary_dag_has_no_test_and_is_not_green(tested):
    push(tested, "dev_kitchen", {"dags/old.py": "from airflow.sdk import DAG\n"})
    assert gate(tested) == {"dags/old.py": (False, "it is changed, and nothing tests it")}
    merge_up(tested, status=409)


class TestOverride:
    def test_it_takes_a_reason_and_is_written_down_before_and_after(self, tested):
        edit(tested)
        refused = merge_up(tested, status=422, override=True)
        assert "says why: give a reason" in refused["detail"]
        done = merge_up(tested, override=True, reason="the warehouse is down until Monday")
        assert done["state"] == "done"
        entries = ask(tested, "GET", "/kitchens/demo_dev/history", by="chris")[:2]
        assert {entry["action"] for entry in entries} == {"merge up", "override gate"}
        for entry in entries:
            assert entry["details"]["overridden"].startswith("profit: never tested")
            assert (entry["by"], entry["reason"]) == (
                "chris",
                "the warehouse is down until Monday",
            )

    def test_it_takes_more_than_the_right_to_merge(self, tested):
        edit(tested)
        # padma is a cook of the parent: she may merge, and not do without evidence.
        refused = merge_up(tested, status=403, by="padma", override=True, reason="please")
        assert "may not override the gate of" in refused["detail"]
        run(tested)
        assert merge_up(tested, by="padma")["state"] == "done"

    def test_it_does_not_do_without_the_rest(self, tested):
        edit(tested)
        push(tested, "demo_dev", {CHURN: ALONE.format("churn", 9)})
        refused = merge_up(tested, status=409, override=True, reason="please")
        assert "airflow dataops merge down dev_kitchen" in refused["missing"][0]

    def test_nothing_is_said_of_an_override_that_was_not_needed(self, tested):
        edit(tested)
        run(tested)
        merge_up(tested, override=True, reason="to be sure")
        [entry, *_] = ask(tested, "GET", "/kitchens/demo_dev/history", by="chris")
        assert "overridden" not in entry["details"]


def test_evidence_is_shown_with_what_the_run_was_about_and_outlives_its_kitchen(tested):
    commit = edit(tested)
    run_id = run(tested)
    [found] = ask(tested, "GET", "/kitchens/dev_kitchen/evidence")
    assert (found["pipeline"], found["standing"], found["commit"]) == ("profit", "green", commit)
    assert found["run_page"] == f"/dags/dev_kitchen.profit/runs/{run_id}"
    assert [(one["stage"], one["test"], one["outcome"]) for one in found["tests"]] == [
        ("load", "rows", "pass")
    ]
    assert ask(tested, "GET", "/kitchens/dev_kitchen/evidence?pipeline=churn") == []
    edit(tested, number=2)
    later = run(tested)
    gone = kitchen()
    tested.delete("dev_kitchen", by="padma")
    from airflow_dataops.registry.evidence import EvidenceTable

    kept = EvidenceTable(tested.engine).of(gone)
    assert [one.run_id for one in kept] == [later, run_id]

"""What a merge leaves behind: no run of what is gone, and no test that vanished without a word."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.registry.airflow_rows import add_dag, add_running_task
from tests.web.test_merges import (  # noqa: F401 - the fixture
    DOWN,
    PIPELINE,
    PROFIT,
    ROWS,
    SUM,
    UP,
    ask,
    push,
    street,
    tip,
)

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
CHURN = "pipelines/churn/pipeline.py"
HURRY = {
    "override": True,
    "reason": "nothing of it is tested here",
    "acknowledged": [str(NOT_COMPARED)],
}


def delete(site, branch, path):
    """A colleague's push that deletes a file."""
    site.origin._git("-C", site.origin.work, "fetch", "--quiet", site.origin.path, branch)
    site.origin._git("-C", site.origin.work, "checkout", "-qB", branch, tip(site, branch))
    site.origin._git("-C", site.origin.work, "rm", "--quiet", path)
    return site.origin.commit({}, branch=branch)


def states(site, dag_id):
    query = text("select state from dag_run where dag_id = :dag_id")
    stale = text("select is_stale from dag where dag_id = :dag_id")
    with site.engine.connect() as connection:
        return (
            list(connection.scalars(query, {"dag_id": dag_id})),
            bool(connection.scalar(stale, {"dag_id": dag_id})),
        )


def test_runs_of_a_pipeline_that_a_merge_takes_away_are_ended_and_its_dag_is_gone(street):  # noqa: F811
    push(street, "demo_dev", {CHURN: "one = 1\n"})
    ask(street, "POST", DOWN)
    for kitchen in ("demo_dev", "dev_kitchen"):
        for pipeline in ("churn", "profit"):
            add_dag(street.engine, f"{kitchen}.{pipeline}", bundle="kitchens-development")
            add_running_task(street.engine, f"{kitchen}.{pipeline}", version="v1")
    delete(street, "dev_kitchen", CHURN)
    assert ask(street, "POST", UP, by="chris", **HURRY)["state"] == "done"
    assert states(street, "demo_dev.churn") == (["failed"], True)
    assert states(street, "demo_dev.profit") == (["running"], False)
    # The kitchen that it came from is the parser's affair: nothing was merged into it.
    assert states(street, "dev_kitchen.churn") == (["running"], False)


def test_who_dies_before_the_runs_are_ended_leaves_that_to_the_next(street):  # noqa: F811
    push(street, "dev_kitchen", {CHURN: "one = 1\n"})
    delete(street, "demo_dev", PROFIT)
    add_dag(street.engine, "dev_kitchen.profit", bundle="kitchens-development")
    ask(street, "POST", DOWN)
    add_running_task(street.engine, "dev_kitchen.profit", version="v1")
    # As a server leaves it that dies after its push.
    with street.engine.begin() as connection:
        connection.execute(
            text(
                "update dataops_merge set state = 'pushing', ended_at = null, details ="
                """ '{"conflicts": "0", "pushing since": "2026-01-01T00:00:00+00:00"}'"""
            )
        )
    assert ask(street, "POST", DOWN)["state"] == "nothing new"
    assert states(street, "dev_kitchen.profit") == (["failed"], True)


def test_a_test_that_decisions_take_away_has_to_be_acknowledged(street, monkeypatch):  # noqa: F811
    monkeypatch.setenv("AIRFLOW__DATAOPS__MERGE_BUILD_SECONDS", "120")
    for branch, tests in (
        ("demo_dev", f"{ROWS.format('')}, {SUM}"),
        ("dev_kitchen", ROWS.format(", on_violation='warn'")),
    ):
        push(street, branch, {PROFIT: PIPELINE.format(tests=tests)})
    [conflict] = ask(street, "POST", DOWN)["conflicts"]
    assert conflict["path"] == PROFIT
    decided = [{"path": PROFIT, "choice": "ours"}]
    ask(street, "POST", f"{DOWN}/resolutions", resolutions=decided)
    gone = ask(street, "GET", DOWN)["taken_away"]
    assert gone == [
        "profit: test removed: load: sum",
        "profit: test weakened: load: rows: on_violation fail becomes warn",
    ]
    before = tip(street, "dev_kitchen")
    refused = ask(street, "POST", f"{DOWN}/complete", status=409, acknowledged=gone[:1])
    assert refused["missing"] == [
        f"{gone[1]}; who completes has to acknowledge that it may go (--acknowledge)"
    ]
    assert tip(street, "dev_kitchen") == before
    ask(street, "POST", f"{DOWN}/complete", acknowledged=gone)
    [entry, *_] = ask(street, "GET", "/kitchens/dev_kitchen/history")
    assert (entry["action"], entry["details"]["acknowledged"]) == ("merge down", "; ".join(gone))

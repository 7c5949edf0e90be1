"""A task of development asks for production's credential, by every name and on every way."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.service]
WAYS = ("by_hook", "by_connection", "by_supervisor")
UNKNOWN = (
    "redshift_prod",
    "../production/redshift",
    "redshift_default",
    "metastore_redshift",
    "from_environment",
    "AIRFLOW_CONN_REDSHIFT",
    "demo_production.redshift",
)
NO_ROUTE = ("production/redshift", "%2e%2e/production/redshift", "tools/redshift")


@pytest.mark.parametrize("way", [*WAYS, "by_template"])
def test_the_tools_name_means_developments_tool(asked, way):
    assert asked[f"{way} redshift"].startswith("login v-")  # the vault issued it for this try


def test_the_same_code_gets_productions_tool_in_production(attack):
    found = attack.live.get(
        "/dags/demo_production.ledger/dagRuns/first/taskInstances/profit/xcomEntries/return_value"
        "?deserialize=true&stringify=false"
    )
    assert found["value"]["login"] == "etl_production"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", UNKNOWN)
def test_another_name_is_refused_at_once_and_no_other_backend_is_asked(asked, way, name):
    said = asked[f"{way} {name}"]
    assert f"Access denied for connection '{name}'" in said or "PERMISSION_DENIED" in said


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NO_ROUTE)
def test_a_path_for_a_name_finds_nothing(asked, way, name):
    assert "isn't defined" in asked[f"{way} {name}"] or "NOT_FOUND" in asked[f"{way} {name}"]


@pytest.mark.parametrize("name", ["redshift_prod", "AIRFLOW_CONN_REDSHIFT", "metastore_redshift"])
def test_raw_http_with_the_tasks_own_token_is_refused_by_name(waiting, name):
    answer = waiting.live.execution(waiting.task, "GET", f"/connections/{name}")
    assert answer.status_code == 403
    assert answer.json()["detail"]["message"] == (
        f"connection '{name}' of dev_kitchen.waits is refused: "
        f"unknown tool {name}; declared: redshift, s3, sftp, slack"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/connections/production%2Fredshift",
        "/connections/..%2F..%2Fproduction%2Fredshift",
        "/connections/%252e%252e%2Fproduction%2Fredshift",
        "/connections/tools%2Fredshift",
    ],
)
def test_raw_http_with_a_path_for_a_name_finds_nothing(waiting, path):
    assert waiting.live.execution(waiting.task, "GET", path).status_code in (403, 404)


def test_raw_http_gives_developments_tool_under_the_tools_name(waiting):
    answer = waiting.live.execution(waiting.task, "GET", "/connections/redshift")
    assert answer.json()["login"].startswith("v-")


def test_a_token_whose_task_is_gone_gets_nothing(attack):
    gone = "01a20331-0000-7000-8000-000000000000"
    for path in (
        "/connections/redshift",
        "/xcoms/demo_production.ledger/first/profit/return_value",
    ):
        answer = attack.live.execution(gone, "GET", path)
        assert answer.status_code == 403
        assert "its task instance is not known any more" in answer.text


def test_lookups_at_parse_time_are_refused(parsed):
    assert "neither has an identity; look it up in a task" in parsed["connection"]
    assert "neither has an identity; look it up in a task" in parsed["variable"]

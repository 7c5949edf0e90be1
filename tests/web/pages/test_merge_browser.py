"""Merging and testing from their pages, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.registry import kitchen_rows
from tests.registry.airflow_rows import add_dag
from tests.web.pages.scene import NOW, work_in
from tests.web.test_merges import push

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
UP, DOWN = "/kitchens/dev_kitchen/merge/up", "/kitchens/dev_kitchen/merge/down"
CONFLICT = "/kitchens/padma_forecast/merge/down"
TESTING = "/kitchens/dev_kitchen/testing?changed=true"


@pytest.fixture(scope="module", autouse=True)
def working(lived_in):
    """The installation with work that is on its way."""
    lived_in.origin = lived_in.origins["retail"]
    work_in(lived_in)
    return lived_in


@pytest.mark.parametrize(
    ("theme", "rules"),
    [("light", {}), ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})],
    ids=["light", "dark"],
)
def test_everybody_can_use_the_pages(browse, theme, rules):
    from axe_playwright_python.sync_playwright import Axe

    page = browse(UP, by="padma", theme=theme)
    found = {}
    for path in (UP, CONFLICT, TESTING):
        page.goto(f"/dataops/pages{path}")
        page.wait_for_selector("[aria-busy=true]", state="detached")
        if path == UP:
            page.locator("details.file summary").first.press("Enter")
            page.locator("tr.line-added, tr.line-removed").first.wait_for()
        violations = Axe().run(page, options=rules).response["violations"]
        if serious := [one["id"] for one in violations if one["impact"] in {"serious", "critical"}]:
            found[path] = serious
    assert found == {}


def test_a_merge_is_read_and_made_by_keyboard_alone(browse, working):
    push(working, "demo_dev", {"notes/prices.txt": "prices are in cents\n"})
    page = browse("/kitchens/dev_kitchen", by="padma")

    def press(name, *, role="button"):
        page.get_by_role(role, name=name, exact=True).focus()
        page.keyboard.press("Enter")

    press("Merge down", role="link")
    page.get_by_text("notes/prices.txt").wait_for()
    page.locator("details.file summary").first.focus()
    page.keyboard.press("Enter")
    page.get_by_text("prices are in cents").wait_for()
    page.locator("input[name=reason]").focus()
    page.keyboard.type("for the new prices")
    press("Merge into dev_kitchen")
    page.get_by_text("Merged.").wait_for()
    assert page.url.endswith("/merge/down?done=true")
    assert "for the new prices" in page.inner_text("main")
    page.get_by_text("there is nothing to merge").wait_for()


def test_what_moved_meanwhile_is_said_and_not_merged(browse, working):
    push(working, "demo_dev", {"notes/one.txt": "1\n"})
    page = browse(DOWN, by="padma")
    button = page.get_by_role("button", name="Merge into dev_kitchen")
    button.wait_for()
    push(working, "demo_dev", {"notes/two.txt": "2\n"})
    button.click()
    page.get_by_role("alert").get_by_text("This cannot be done now").wait_for()


def test_tests_are_begun_in_their_order_and_their_progress_is_seen(browse, working):
    from airflow_dataops import bootstrap

    engine, begun = working.engine, []
    kitchen = bootstrap.kitchen_registry().kitchen("dev_kitchen")
    commit = working.origin.bare("rev-parse", "refs/heads/dev_kitchen")
    bundle, version = "kitchens-development", "version-that-is-tested"
    kitchen_rows.record(
        engine,
        version,
        bundle=bundle,
        environment="development",
        commits={kitchen.id: commit},
        now=NOW + timedelta(hours=1),
    )
    for pipeline in ("churn", "profit", "profitability"):
        add_dag(engine, f"dev_kitchen.{pipeline}", bundle=bundle, version=version)
    page = browse(TESTING, by="padma")

    def airflow(route):
        """Airflow's own API, which is not served here."""
        begun.append(route.request.url.split("/dags/")[1].split("/")[0])
        add_run(engine, begun[-1], version)
        route.fulfill(json={"dag_run_id": f"manual__{len(begun)}"})

    page.route("**/api/v2/dags/*/dagRuns", airflow)
    page.get_by_role("button", name="Run the tests").focus()
    page.keyboard.press("Enter")
    page.get_by_text("3 run now").wait_for()
    assert sorted(begun) == [f"dev_kitchen.{one}" for one in ("churn", "profit", "profitability")]
    page.reload()
    page.get_by_text("3 run now").wait_for()
    assert len(begun) == 3


def add_run(engine, dag_id, version):
    from airflow.models.dagrun import DagRun
    from sqlalchemy import insert

    with engine.begin() as connection:
        connection.execute(
            insert(DagRun.__table__).values(
                dag_id=dag_id,
                run_id="manual__tested",
                run_type="manual",
                run_after=NOW,
                start_date=NOW,
                state="running",
                bundle_version=version,
                log_template_id=1,
            )
        )

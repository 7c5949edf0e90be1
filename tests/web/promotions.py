"""Two promotions into production, and what people and runs do because of them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy import text, update

from airflow_dataops.domain.results import PipelineStage
from tests.evidence_fixtures import publish, run_tests
from tests.web.conftest import opened
from tests.web.test_merge_gate import ALONE, CHURN, PROFIT, SEEN, kitchen
from tests.web.test_merges import ask, push, tip
from tests.web.test_schedules import declare

PRODUCTION = "/kitchens/demo_production"
ENABLE = f"{PRODUCTION}/schedules/profit/enable"
REASON = "the warehouse was loaded twice"
STAGE = PipelineStage(pipeline="profit", stage="load")


def promote(site, number):
    """Chris's work up into production, past its gate; the merge as it is listed."""
    push(site, "demo_dev", {PROFIT: ALONE.format("profit", number)})
    hurry = {"acknowledged": SEEN, "override": True, "reason": "no time"}
    ask(site, "POST", "/kitchens/demo_dev/merge/up", by="eric", **hurry)
    return merges(site)[0]


def merges(site, name="demo_production"):
    return ask(site, "GET", f"/kitchens/{name}/merges", by="eric")


def revert(site, merge, *, status=200, by="eric", name="demo_production", **body):
    place = f"/kitchens/{name}/merges/{merge['id']}/revert"
    return ask(site, "POST", place, by=by, status=status, **{"reason": REASON, **body})


def plan(site, merge, name="demo_production"):
    return ask(site, "GET", f"/kitchens/{name}/merges/{merge['id']}/revert", by="eric")


def state(site):
    """Everything about production that a promotion can change, the audit trail apart."""
    from airflow_dataops import bootstrap
    from airflow_dataops.registry.results import ResultTable

    production = kitchen("demo_production")
    [own, *_] = ResultTable(site.engine).past(production, STAGE)
    with site.engine.connect() as connection:
        query = text("select * from dataops_schedule order by kitchen_id, pipeline")
        enabled = connection.execute(query).all()
    listed = bootstrap.schedules().of([production])[production.id]
    return {
        "tree": site.origin.bare("rev-parse", "main^{tree}"),
        "enabled": enabled,
        "listed": listed,
        "acts": own.acts,
        "settings": production.settings,
        "learnt from": learnt_from(site),
    }


def learnt_from(site):
    from airflow_dataops.domain import results
    from airflow_dataops.registry.results import ResultTable

    own, *ancestors = ResultTable(site.engine).past(kitchen("demo_production"), STAGE)
    points = results.history("rows", own, ancestors)
    return [point.at for point in points if point.is_in_control]


def run_in_production(site):
    """A run of the profit pipeline whose tests passed just now."""
    from airflow_dataops.registry.result_models import ResultRow

    found = kitchen("demo_production")
    version = publish(site.copy, site.origin.url, {found: tip(site, "main")})
    run_id = run_tests(site.engine, found, version, "profit")
    query = update(ResultRow).where(ResultRow.run_id == run_id)
    with site.engine.begin() as connection:
        connection.execute(query.values(recorded_at=datetime.now(tz=UTC)))


def rebaseline(site):
    since = datetime.now(tz=UTC).isoformat()
    body = {"pipeline": "profit", "stage": "load", "since": since, "reason": "new prices"}
    ask(site, "POST", f"{PRODUCTION}/tests/rebaselines", by="eric", status=204, **body)


@pytest.fixture(scope="module")
def promoted_installation(retail_installation, tmp_path_factory):
    """Two promotions; after the first, production ran and its schedule was enabled."""
    folder = tmp_path_factory.mktemp("promoted") / "installation"
    shutil.copytree(retail_installation, folder)
    with opened(folder) as site:
        prepare(site, folder)
        push(site, "demo_dev", {PROFIT: ALONE.format("profit", 0), CHURN: ALONE.format("churn", 0)})
        promote(site, 1)
        declare(site, "demo_production.profit")
        ask(site, "POST", ENABLE, by="eric")
        run_in_production(site)
        before = state(site)
        merge = promote(site, 2)
    return folder, before, merge


def prepare(site, folder):
    site.origin = site.origins["retail"]
    site.copy = folder / "bundle.git"


@pytest.fixture
def promoted(promoted_installation, tmp_path):
    """The same for one test."""
    folder, before, merge = promoted_installation
    shutil.copytree(folder, tmp_path / "installation")
    with opened(tmp_path / "installation") as site:
        prepare(site, tmp_path)
        site.before, site.merge = before, merge
        yield site


def use(site):
    """What Eric does because of a promotion."""
    declare(site, "demo_production.profit", "changed schedule: 0 7 * * 1 America/Chicago")
    ask(site, "POST", ENABLE, by="eric")
    run_in_production(site)
    rebaseline(site)
    run_in_production(site)
    ask(site, "PATCH", PRODUCTION, by="eric", slack_channel="#profit-watch")

"""``airflow dataops alerts list``: what people were told, and what waits."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.cli.laptop import serving

pytestmark = pytest.mark.airflow
ALERT = {
    "at": "2026-03-02T12:00:00Z",
    "kind": "failed",
    "environment": "development",
    "kitchen": "dev_kitchen",
    "what": "dev_kitchen.profit / load \x1b[2J failed",
    "state": "waiting",
    "channel": None,
    "sent_at": None,
    "attempts": 3,
    "error": "#gone takes no message: is_archived",
    "of a newer server": 1,
}


@pytest.fixture
def asked(laptop):
    """A server with one alert, and the queries that it was asked."""
    queries = []

    async def answer(request):
        queries.append(dict(request.query_params))
        return JSONResponse([ALERT])

    with serving(Starlette(routes=[Route("/dataops/api/v1/alerts", answer)])) as url:
        laptop.log_in(url, "token")
        yield queries


def test_alerts_are_a_table_for_people_and_whole_for_programs(laptop, asked):
    shown = laptop.dataops("alerts", "list")
    assert shown.code == 0, shown.stderr
    assert "2026-03-02 12:00:00 UTC" in shown.stdout
    assert "is_archived" in shown.stdout
    assert "\x1b[2J" not in shown.stdout
    words = ("--kitchen", "dev_kitchen", "--undelivered", "-o", "json")
    [row] = laptop.dataops("alerts", "list", *words).rows
    assert (row["at"], row["attempts"]) == ("2026-03-02T12:00:00+00:00", "3")
    assert asked == [{}, {"kitchen": "dev_kitchen", "undelivered": "true"}]


def test_a_name_that_no_kitchen_can_have_is_refused_here(laptop, asked):
    refused = laptop.dataops("alerts", "list", "--kitchen", "Dev Kitchen")
    assert (refused.code, asked) == (1, [])
    assert "snake_case" in refused.said

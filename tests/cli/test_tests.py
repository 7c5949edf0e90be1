"""``airflow dataops tests``: what data tests said, and what their charts learn from."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.cli.laptop import serving

pytestmark = pytest.mark.airflow
RESULT = {
    "pipeline": "profit", "stage": "load", "test": "row_count", "run_id": "monday",
    "map_index": -1, "at": "2026-03-02T12:00:00Z", "outcome": "warn", "measured": 12.5,
    "detail": "expected 99 \x1b[2J", "low": 90.0, "high": None, "rule": "ControlLimits",
    "model": "level", "baseline": "30 runs", "seconds": 0.25, "of a newer server": 1,
}  # fmt: skip
POINTS = [
    {
        "at": f"2026-02-{day:02}T12:00:00Z", "numbers": [100.0 + day % 5],
        "kitchen": "demo_dev" if day < 9 else None, "is_in_control": day != 12,
    }
    for day in range(1, 21)
]  # fmt: skip


SCORE = {"score": 87.5, "passed": 7, "warned": 0, "failed": 1, "errors": 0, "learning": 2}
DAYS = [
    {"day": f"2026-03-0{day}", "kitchen": SCORE, "pipelines": {"profit": {**SCORE, "score": None}}}
    for day in (2, 1)
]


@pytest.fixture
def asked(laptop):
    """A server with one result and twenty points, and what it was asked."""
    asked = []

    async def answer(request):
        what = request.path_params["what"]
        body = await request.json() if request.method == "POST" else dict(request.query_params)
        asked.append((what, body))
        if request.method == "POST":
            return Response(status_code=204)
        answers = {"results": [RESULT], "quality": DAYS}
        return JSONResponse(answers.get(what, POINTS))

    path = "/dataops/api/v1/kitchens/dev_kitchen/tests/{what}"
    with serving(Starlette(routes=[Route(path, answer, methods=["GET", "POST"])])) as url:
        laptop.log_in(url, "token")
        yield asked


def test_results_are_a_table_for_people_and_whole_for_programs(laptop, asked):
    shown = laptop.dataops("tests", "results", "dev_kitchen", "--pipeline", "profit")
    assert shown.code == 0, shown.stderr
    assert "profit.load" in shown.stdout
    assert "\x1b[2J" not in shown.stdout
    [row] = laptop.dataops("tests", "results", "dev_kitchen", "-o", "json").rows
    assert (row["baseline"], row["measured"]) == ("30 runs", "12.5")
    assert asked == [("results", {"pipeline": "profit"}), ("results", {})]


def test_a_tests_past_says_whose_it_is_and_can_be_drawn(laptop, asked):
    one = ("dev_kitchen", "profit", "load", "row_count")
    rows = laptop.dataops("tests", "history", *one, "-o", "json").rows
    assert [row["of"] for row in rows[7:9]] == ["demo_dev", "dev_kitchen"]
    drawn = laptop.dataops("tests", "chart", *one)
    assert drawn.code == 0, drawn.stderr
    assert len(drawn.stdout.splitlines()) > 5
    assert asked[0] == ("history", {"pipeline": "profit", "stage": "load", "test": "row_count"})


def test_a_chart_is_a_picture_in_a_file_too(laptop, asked, tmp_path):
    one = ("dev_kitchen", "profit", "load", "row_count")
    svg = laptop.dataops("tests", "chart", *one, "--format", "svg")
    assert svg.stdout.startswith("<svg ")
    assert "row_count, dev_kitchen.profit.load" in svg.stdout
    target = tmp_path / "chart.png"
    written = laptop.dataops("tests", "chart", *one, "--format", "png", "--to", str(target))
    assert written.code == 0, written.stderr
    assert target.read_bytes().startswith(b"\x89PNG")
    refused = laptop.dataops("tests", "chart", *one, "--format", "png")
    assert (refused.code, len(asked)) == (2, 2)
    assert "name a file for it with --to" in refused.said


def test_an_incident_and_a_rebaselining_say_when_and_why(laptop, asked):
    place = ("dev_kitchen", "profit", "load", "--reason", "the feed was broken")
    noted = laptop.dataops("tests", "incident", *place, "--since", "2026-03-01", "--test", "sum")
    assert noted.code == 0, noted.stderr
    since = "2026-03-01T06:00:00+01:00"
    assert laptop.dataops("tests", "rebaseline", *place, "--since", since).code == 0
    about = {"pipeline": "profit", "stage": "load", "reason": "the feed was broken"}
    assert asked == [
        ("incidents", {**about, "test": "sum", "since": "2026-03-01T00:00:00+00:00"}),
        ("rebaselines", {**about, "test": None, "since": since}),
    ]


def test_a_moment_that_is_none_is_refused_here(laptop, asked):
    place = ("dev_kitchen", "profit", "load", "--reason", "broken")
    refused = laptop.dataops("tests", "incident", *place, "--since", "yesterday")
    assert (refused.code, asked) == (2, [])
    assert "write a date such as 2026-03-01" in refused.said


def test_the_share_of_tests_that_pass_is_shown_as_it_stands_or_by_day(laptop, asked):
    now = laptop.dataops("tests", "quality", "dev_kitchen", "-o", "json")
    assert [(row["day"], row["pipeline"], row["score"]) for row in now.rows] == [
        ("2026-03-02", "(all)", "87.5"), ("2026-03-02", "profit", None),
    ]  # fmt: skip
    one = ("--history", "--pipeline", "profit", "--days", "30", "-o", "json")
    assert len(laptop.dataops("tests", "quality", "dev_kitchen", *one).rows) == 2
    assert asked == [("quality", {}), ("quality", {"days": "30"})]

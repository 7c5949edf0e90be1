"""The audit trail through the REST API: whose it is, and how it leaves."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pytest

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


FORMULA = {*"=+-@", "\uff1d"}


def kitchens(site, by, query=""):
    return {entry["kitchen"] for entry in site.ask("GET", f"/audit{query}", by=by).json()}


def test_owners_read_of_their_environments_and_staff_of_their_kitchens(retail):
    retail.create("another", "demo_dev", by="chris")
    assert kitchens(retail, "chris") == {"another", "demo_dev", "demo_production", "dev_kitchen"}
    assert kitchens(retail, "eric") == {"demo_production"}
    assert kitchens(retail, "padma") == {"demo_dev", "dev_kitchen"}
    assert kitchens(retail, "gus") == {"dev_kitchen"}
    assert kitchens(retail, "una") == {"demo_dev"}
    assert kitchens(retail, "stan") == set()
    assert kitchens(retail, "ada") == set()


def test_entries_say_who_did_what_when_why_and_from_where(retail):
    retail.ask("PATCH", "/kitchens/dev_kitchen", by="padma", json={"ticket": "D-1", "reason": "R"})
    newest = retail.ask("GET", "/audit?limit=1", by="padma").json()
    assert len(newest) == 1
    assert {key: newest[0][key] for key in ("by", "action", "reason", "source", "kitchen")} == {
        "by": "padma",
        "action": "change",
        "reason": "R",
        "source": "api testclient",
        "kitchen": "dev_kitchen",
    }


def test_where_somebody_sat_is_not_told_to_passers_by(retail):
    shown = retail.ask("GET", "/kitchens/dev_kitchen/history", by="stan").json()
    assert {entry["source"] for entry in shown} == {""}
    shown = retail.ask("GET", "/kitchens/dev_kitchen/history", by="gus").json()
    assert {entry["source"] for entry in shown} == {"api testclient"}


def test_a_time_is_asked_for(retail):
    entries = retail.ask("GET", "/audit?kitchen=dev_kitchen", by="padma").json()
    oldest, newest = entries[-1]["at"], entries[0]["at"]
    since = retail.ask("GET", f"/audit?kitchen=dev_kitchen&since={quote(newest)}", by="padma")
    until = retail.ask("GET", f"/audit?kitchen=dev_kitchen&until={quote(newest)}", by="padma")
    assert newest in {entry["at"] for entry in since.json()}
    assert newest not in {entry["at"] for entry in until.json()}
    assert oldest in {entry["at"] for entry in until.json()}


def test_a_deleted_kitchens_trail_stays_with_its_staff_and_owner(retail):
    retail.delete("dev_kitchen", by="padma")
    for who in ("padma", "gus", "chris"):
        actions = [
            entry["action"]
            for entry in retail.ask("GET", "/audit?kitchen=dev_kitchen", by=who).json()
        ]
        assert actions[0] == "deleted", who
        assert "created" in actions
    assert retail.ask("GET", "/audit?kitchen=dev_kitchen", by="stan").status_code == 404


def test_a_name_that_is_used_again_starts_with_an_empty_history(retail):
    retail.delete("dev_kitchen", by="padma")
    retail.put("zoe", "cook", in_="demo_dev", by="chris")
    retail.create("dev_kitchen", "demo_dev", by="zoe")
    history = retail.ask("GET", "/kitchens/dev_kitchen/history", by="zoe").json()
    assert {entry["by"] for entry in history} == {"zoe"}
    # By name, each reads of those kitchens that they were on the staff of.
    assert {e["by"] for e in retail.ask("GET", "/audit?kitchen=dev_kitchen", by="zoe").json()} == {
        "zoe"
    }
    assert {
        e["by"] for e in retail.ask("GET", "/audit?kitchen=dev_kitchen", by="padma").json()
    } == {"padma"}


@pytest.mark.parametrize(("query", "headers"), [("?format=csv", {}), ("", {"accept": "text/csv"})])
def test_the_trail_is_exported_as_a_table(retail, query, headers):
    answer = retail.ask("GET", f"/audit{query}", by="padma", headers=headers)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["kitchen"] for row in rows} == {"demo_dev", "dev_kitchen"}
    assert {row["action"] for row in rows} >= {"begin to create", "created", "staff"}
    assert "role=cook; who=carl" in {row["details"] for row in rows}


@pytest.mark.parametrize(
    "reason",
    [
        '=HYPERLINK("http://evil.example")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        " =1+1",
        "\t=1+1",
        '"=1+1',
        "a\n=1+1",
        'a","=1+1',
        "\uff1d1+1",
    ],
)
def test_no_cell_of_the_table_is_a_formula(retail, reason):
    body = {"ticket": "D-1", "reason": reason}
    assert retail.ask("PATCH", "/kitchens/dev_kitchen", by="padma", json=body).status_code == 200
    text = retail.ask("GET", "/audit?format=csv", by="padma").text
    rows = list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in rows} == {10}
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.lstrip()[:1] in FORMULA]
    assert any(reason.strip() in cell for cell in cells)

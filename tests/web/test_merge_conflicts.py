"""Conflicts as an editor asks for them: one path at a time, and what others decided meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from airflow_dataops.domain.merge_draft import Choice, Resolution
from tests.web.test_merges import DOWN, PROFIT, ask, conflicting, file_at, push, street

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
_ = street  # a fixture of the merges
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def draft(street):
    conflicting(street)
    ask(street, "POST", DOWN)
    return street


def show(site, path=PROFIT, *, status=200, **query):
    asked = "&".join(f"{name}={value}" for name, value in {"path": path, **query}.items())
    return ask(site, "GET", f"{DOWN}/conflict?{asked}", status=status)


def decide(site, *given, after=0, by="padma", status=200):
    body = {"resolutions": list(given)}
    return ask(site, "POST", f"{DOWN}/decisions?after={after}", by=by, status=status, **body)


def test_a_path_is_shown_with_its_regions_and_on_demand_with_whole_sides(draft):
    shown = show(draft)
    assert [(one["ours"], one["theirs"]) for one in shown["regions"]] == [
        ("line_3 = 'padma'\n", "line_3 = 'chris'\n"),
        ("p = 1\n", "c = 1\n"),
    ]
    assert shown["is_exact"]
    assert {side["text"] for side in shown["sides"].values()} == {None}
    sides = show(draft, whole="true")["sides"]
    assert sorted(sides) == ["base", "ours", "theirs"]
    assert "line_3 = 'padma'" in sides["ours"]["text"]
    assert "line_3 = 3\n" in sides["base"]["text"]


def test_who_decides_hears_what_others_decided_meanwhile(draft):
    first = decide(draft, {"path": PROFIT, "region": 1, "choice": "ours"})
    assert (first["version"], first["state"]) == (1, "open")
    second = decide(draft, {"path": PROFIT, "region": 2, "choice": "both"}, by="carl", after=1)
    assert [(one["by"], one["region"]) for one in second["decisions"]] == [("carl", 2)]
    heard = ask(draft, "GET", f"{DOWN}/decisions?after=1")
    assert (heard["version"], heard["decisions"]) == (2, second["decisions"])
    assert ask(draft, "GET", f"{DOWN}/decisions?after=2")["decisions"] == []


def test_what_cannot_be_decided_so_is_refused_and_nothing_is_kept(draft):
    good = {"path": PROFIT, "region": 1, "choice": "ours"}
    refused = decide(draft, good, {**good, "region": 9}, status=422)
    assert "has no region 9" in refused["detail"]
    assert ask(draft, "GET", f"{DOWN}/decisions")["version"] == 0
    assert "nothing is in conflict at" in show(draft, "none.py", status=422)["detail"]


def test_a_long_text_can_be_written(draft):
    text = "x = 1\n" * 40_000
    decide(
        draft,
        {"path": PROFIT, "region": 1, "choice": "own", "text": text},
        {"path": PROFIT, "region": 2, "choice": "ours"},
    )
    done = ask(draft, "POST", f"{DOWN}/complete")
    assert text in file_at(draft, done["commit"])


def test_what_is_wrong_with_a_file_is_said_at_its_line_once_it_is_decided(draft):
    bad = {"path": PROFIT, "region": 2, "choice": "own", "text": "def broken(:\n"}
    decide(draft, bad)
    checks = ask(draft, "GET", f"{DOWN}/checks")
    assert checks == {"open": [{"path": PROFIT, "region": 1}], "complaints": [], "moved": None}
    decide(draft, {"path": PROFIT, "region": 1, "choice": "ours"})
    checks = ask(draft, "GET", f"{DOWN}/checks")
    [complaint] = checks["complaints"]
    assert (complaint["path"], complaint["line"]) == (PROFIT, 16)
    assert complaint["what"].startswith("this is no Python")
    assert checks["open"] == []


def test_what_is_no_text_says_so(street):
    push(street, "dev_kitchen", {"logo.bin": "\0ours", "gone.txt": "kept\n"})
    push(street, "demo_dev", {"logo.bin": "\0theirs", "gone.txt": "other\n"})
    ask(street, "POST", DOWN)
    shown = show(street, "logo.bin")
    assert shown["regions"] == shown["clean"] == []
    assert {(one["what"], one["text"], one["bytes"]) for one in shown["sides"].values()} == {
        ("binary", None, 5),
        ("binary", None, 7),
    }


@pytest.mark.usefixtures("draft")
def test_a_decision_that_the_renewal_of_a_merge_overtakes_is_not_kept():
    from airflow_dataops import bootstrap, merge_places

    book = merge_places.merge_places("retail").book
    kitchens = [bootstrap.kitchen_registry().kitchen(n) for n in ("dev_kitchen", "demo_dev")]
    before = book.under_way(*kitchens)
    given = [Resolution(path=PROFIT, region=1, choice=Choice.OURS, by="carl", at=NOW)]
    assert book.resolve(before, given)
    assert book.change(before, replace(before, ours="1" * 40))
    assert not book.resolve(before, [replace(given[0], choice=Choice.THEIRS)])
    now = book.under_way(*kitchens)
    assert [one.choice for one in now.resolutions] == [Choice.OURS]
    assert book.resolve(now, [replace(given[0], choice=Choice.BOTH)])


def test_lines_that_look_like_markers_stay_where_a_side_has_them(street):
    old = "before\n<<<<<<< HEAD\none\n=======\n{}\n>>>>>>> theirs\nafter\n"
    push(street, "dev_kitchen", {"notes.md": old.format("two")})
    push(street, "demo_dev", {"notes.md": old.format("three")})
    ask(street, "POST", DOWN)
    decide(street, {"path": "notes.md", "region": 1, "choice": "both"})
    done = ask(street, "POST", f"{DOWN}/complete")
    assert file_at(street, done["commit"], "notes.md") == old.format("two\nthree")

"""Merges of branches that hold what nobody expects, through the REST API."""

from __future__ import annotations

import pytest

from tests.web.test_merges import (
    DOWN,
    LINES,
    ask,
    file_at,
    push,
    street,  # noqa: F401 - a fixture
    tip,
)

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
ODD_NAMES = [
    "with space.py",
    "with \"quotes\" and 'more'.py",
    "tab\tand\nnewline.txt",
    "-leading-dash.txt",
    "--output=x",
    ":(glob)colon.txt",
    "é ü 名前 🎉.txt",
    "back\\slash.txt",
    "{{ 7 * 7 }}.txt",
    "$(touch x).txt",
    "*",
    "[a].txt",
]


def _both_change(site, files):
    """Files that both kitchens have, and each changes."""
    push(site, "demo_dev", files)
    site.origin.bare("update-ref", "refs/heads/dev_kitchen", tip(site, "demo_dev"))
    push(site, "dev_kitchen", {name: text.replace("base", "ours") for name, text in files.items()})
    push(site, "demo_dev", {name: text.replace("base", "theirs") for name, text in files.items()})


def _decide(site, *given, status=200):
    return ask(site, "POST", f"{DOWN}/resolutions", status=status, resolutions=list(given))


def test_names_that_mean_something_elsewhere_are_names(street):  # noqa: F811
    _both_change(street, dict.fromkeys(ODD_NAMES, "base\n"))
    opened = ask(street, "POST", DOWN)
    assert {one["path"] for one in opened["conflicts"]} == set(ODD_NAMES)
    sides = ["theirs" if number % 2 else "ours" for number in range(len(ODD_NAMES))]
    _decide(
        street,
        *({"path": p, "choice": c} for p, c in zip(ODD_NAMES, sides, strict=True)),
    )
    done = ask(street, "POST", f"{DOWN}/complete")
    for name, side in zip(ODD_NAMES, sides, strict=True):
        assert file_at(street, done["commit"], name) == f"{side}\n"


def test_five_thousand_conflicts_are_listed_decided_and_merged(street):  # noqa: F811
    text = "".join(f"base {number}\n" + "same\n" * 4 for number in range(100))
    files = {f"pipelines/profit/sql/{number}.sql": text for number in range(50)}
    _both_change(street, files)
    opened = ask(street, "POST", DOWN)
    assert sum(one["regions"] for one in opened["conflicts"]) == 5000
    draft = ask(street, "GET", DOWN)
    assert len(draft["open"]) == 5000
    first = next(iter(files))
    regions = [{"path": first, "region": n + 1, "choice": "theirs"} for n in range(100)]
    left = _decide(street, *regions)
    assert len(left["open"]) == 4900
    refused = ask(street, "POST", f"{DOWN}/complete", status=409)
    assert len(refused["missing"]) < 20
    assert refused["missing"][-1].endswith("more are open")
    _decide(street, *({"path": path, "choice": "ours"} for path in files if path != first))
    done = ask(street, "POST", f"{DOWN}/complete")
    assert file_at(street, done["commit"], first) == text.replace("base", "theirs")


def test_a_large_file_in_conflict_is_decided_as_a_whole(street):  # noqa: F811
    lines = [f"{number},{'x' * 90}\n" for number in range(100_000)]
    lines[1000] = lines[80_000] = "base\n"
    _both_change(street, {"large.csv": "".join(lines)})
    [conflict] = ask(street, "POST", DOWN)["conflicts"]
    draft = ask(street, "GET", DOWN)
    assert conflict["path"] == "large.csv"
    assert sum(len(str(one)) for one in draft["conflicts"]) < 50_000
    _decide(street, {"path": "large.csv", "choice": "theirs"})
    done = ask(street, "POST", f"{DOWN}/complete")
    theirs = street.origin.bare("rev-parse", f"{tip(street, 'demo_dev')}:large.csv")
    assert street.origin.bare("rev-parse", f"{done['commit']}:large.csv") == theirs


def test_a_folder_that_became_two_is_decided_and_new_files_stay(street):  # noqa: F811
    def numbered(folder, *numbers):
        return {f"{folder}/{n}.sql": "".join(f"{n} {line}" for line in LINES) for n in numbers}

    push(street, "demo_dev", numbered("old", 0, 1, 2, 3))
    street.origin.bare("update-ref", "refs/heads/dev_kitchen", tip(street, "demo_dev"))
    push(street, "demo_dev", {"old/new.sql": "select 1\n"})
    work = street.origin.work
    start = tip(street, "dev_kitchen")
    street.origin._git("-C", work, "checkout", "-q", "--detach", start)
    street.origin._git("-C", work, "rm", "-q", "-r", "old")
    street.origin._git("-C", work, "checkout", "-q", "-B", "dev_kitchen")
    street.origin.commit(numbered("a", 0, 1) | numbered("b", 2, 3), branch="dev_kitchen")
    opened = ask(street, "POST", DOWN)
    [conflict] = opened["conflicts"]
    assert (conflict["path"], conflict["kind"]) == ("old", "directory rename")
    refused = _decide(street, {"path": "old", "choice": "theirs"}, status=422)
    assert "choose ours to leave them where they are" in refused["detail"]
    assert _decide(street, {"path": "old", "choice": "ours"})["open"] == []
    done = ask(street, "POST", f"{DOWN}/complete")
    listed = street.origin.bare("ls-tree", "-r", "--name-only", done["commit"]).split()
    assert {"old/new.sql", "a/0.sql", "b/3.sql"} < set(listed)
    assert "old/0.sql" not in listed

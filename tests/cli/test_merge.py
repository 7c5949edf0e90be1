"""``airflow dataops merge …`` from a laptop, through the real REST API on real repositories."""

from __future__ import annotations

import json

import pytest

from tests.cli.service import *  # noqa: F403 - fixtures
from tests.web.test_merges import PROFIT, conflicting, file_at, lines, push, tip

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


@pytest.fixture
def street(retail_service):
    site = retail_service.site
    site.origin = site.origins["retail"]
    commit = site.origin.commit({PROFIT: lines()}, branch="demo_dev", source="main")
    site.origin.bare("update-ref", "refs/heads/dev_kitchen", commit)
    return site


@pytest.fixture
def padma(laptop, retail_service):
    retail_service.log_in(laptop, "padma")
    return laptop


def test_a_conflict_is_seen_decided_and_merged_in_a_terminal(padma, street, tmp_path):
    conflicting(street)
    previewed = padma.dataops("merge", "preview", "dev_kitchen")
    assert f"edit/edit      {PROFIT}, 2 regions" in previewed.stdout
    begun = padma.dataops("merge", "down", "dev_kitchen")
    assert begun.code == 1
    assert "see them with: airflow dataops merge status dev_kitchen" in begun.stderr
    status = padma.dataops("merge", "status", "dev_kitchen")
    assert status.stdout.count("| open") == 2
    own = tmp_path / "own.txt"
    own.write_text("both = 1\n")
    first = padma.dataops("merge", "resolve", "dev_kitchen", PROFIT, "theirs", "--region", "1")
    assert first.stdout.startswith("1 left to decide")
    early = padma.dataops("merge", "complete", "dev_kitchen")
    assert (early.code, "region 2, is open" in early.stderr) == (1, True)
    last = padma.dataops(
        *("merge", "resolve", "dev_kitchen", PROFIT, "own", "--region", "2", "--file", str(own))
    )
    assert last.stdout == "all is decided; airflow dataops merge complete dev_kitchen\n"
    otherwise = ("own", "--region", "2", "--file", "-")
    piped = padma.dataops(
        "merge", "resolve", "dev_kitchen", PROFIT, *otherwise, stdin="piped = 1\n"
    )
    assert piped.stdout == last.stdout
    done = padma.dataops("merge", "complete", "dev_kitchen")
    commit = tip(street, "dev_kitchen")
    assert done.stdout == f"merged demo_dev into dev_kitchen, commit {commit}\n"
    assert file_at(street, commit) == lines(line_3="line_3 = 'chris'\n", line_15="piped = 1\n")
    over = padma.dataops("merge", "abandon", "dev_kitchen")
    assert (over.code, "is not under way" in over.stderr) == (1, True)


def test_a_merge_up_says_what_comes_first(padma, street):
    push(street, "dev_kitchen", {"b.txt": "b"})
    push(street, "demo_dev", {"a.txt": "a"})
    refused = padma.dataops("merge", "up", "dev_kitchen")
    assert refused.code == 1
    assert "airflow dataops merge down dev_kitchen" in refused.stderr
    assert padma.dataops("merge", "down", "dev_kitchen", "-o", "json").rows[0]["state"] == "done"
    again = padma.dataops("merge", "down", "dev_kitchen")
    assert (again.code, "has all of demo_dev already" in again.stdout) == (0, True)


def test_the_commits_of_any_repository_are_previewed_without_a_login(laptop, street):
    conflicting(street)
    asked = ("merge", "preview", "--json", str(street.origin.path), "dev_kitchen", "demo_dev")
    found = json.loads(laptop.dataops(*asked).stdout)
    assert found["tree"] is None
    assert [(one["path"], one["kind"], one["regions"]) for one in found["conflicts"]] == [
        (PROFIT, "edit/edit", 2)
    ]
    assert laptop.dataops(*asked, "--exit-code").code == 1


def test_a_command_line_that_cannot_be_meant_is_refused_before_anybody_is_asked(laptop):
    two = laptop.dataops("merge", "preview", "one", "two")
    assert (two.code, "REPOSITORY OURS THEIRS" in two.stderr) == (2, True)
    own = laptop.dataops("merge", "resolve", "dev_kitchen", "a.py", "own")
    assert (own.code, "--file goes with own" in own.stderr) == (2, True)

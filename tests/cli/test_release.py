"""``airflow dataops release …`` from a laptop, through the real REST API on real tables."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from tests.cli.service import *  # noqa: F403 - fixtures
from tests.web.conftest import write_environments
from tests.web.test_schedules import declare

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


def test_what_is_on_its_way_is_shown(laptop, retail_service):
    site = retail_service.site
    site.origins["retail"].commit(
        {"pipelines/loss/pipeline.py": "@pipeline(shared_paths=[])\ndef loss(): ...\n"},
        branch="demo_dev",
        source="main",
    )
    declare(site, "demo_production.profit")
    retail_service.log_in(laptop, "eric")
    shown = laptop.dataops("release", "show", "production")
    assert shown.code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0] == "demo_dev into demo_production: 1 commit"
    assert lines[1].endswith(" Change (Padma)")
    assert lines[2:] == [
        "  new      loss: never tested as it would run",
        # It declares no paths, so that it is built from the whole branch.
        "  changed  profit: never tested as it would run",
        "  waits for tests by chris, padma: not green as they would run: loss, profit",
        "schedules",
        "  waits for enabling by eric: demo_production.profit: 0 6 * * 1 America/Chicago is inert",
    ]
    [row] = laptop.dataops("release", "show", "production", "-o", "json").rows
    assert [one["number"] for one in row["deliveries"]] == [1]
    assert laptop.dataops("release", "show", "moon").code == 1


def test_a_merge_is_listed_seen_and_taken_back(laptop, retail_service):
    site = retail_service.site
    before = site.origins["retail"].bare("rev-parse", "main^{tree}")
    site.origins["retail"].commit({"notes.md": "new\n"}, branch="demo_dev", source="main")
    retail_service.log_in(laptop, "eric")
    nothing = laptop.dataops("merge", "revert", "demo_production")
    assert nothing.code == 1
    assert "nothing was merged into demo_production" in nothing.said
    hurry = ("--acknowledge", "--override", "--reason", "no time")
    assert laptop.dataops("merge", "up", "demo_dev", *hurry).code == 0
    seen = laptop.dataops("merge", "revert", "demo_production", "--dry-run")
    assert seen.code == 0, seen.stderr
    assert seen.stdout.splitlines()[0].startswith("the merge of demo_dev into demo_production")
    assert "  deleted  notes.md" in seen.stdout.splitlines()
    done = laptop.dataops("merge", "revert", "demo_production", "--reason", "wrong")
    assert done.code == 0, done.stderr
    assert "took it back, commit " in done.stdout
    assert site.origins["retail"].bare("rev-parse", "main^{tree}") == before
    revert, merge = laptop.dataops("merge", "history", "demo_production", "-o", "json").rows
    assert revert["what"] == f"revert of {merge['merge']}"
    assert merge["state"] == f"taken back by {revert['merge']}"
    again = laptop.dataops("merge", "revert", "demo_production", merge["merge"])
    assert "was taken back already" in again.stdout
    back = laptop.dataops("merge", "revert", "demo_production", revert["merge"], "--reason", "x")
    assert back.code == 0


def test_the_evidence_of_a_merge_is_written_to_a_file(laptop, retail_service):
    site = retail_service.site
    site.origins["retail"].commit({"notes.md": "new\n"}, branch="demo_dev", source="main")
    retail_service.log_in(laptop, "eric")
    nothing = laptop.dataops("evidence", "export", "demo_production")
    assert (nothing.code, "nothing was merged into demo_production" in nothing.said) == (2, True)
    hurry = ("--acknowledge", "--override", "--reason", "no time")
    assert laptop.dataops("merge", "up", "demo_dev", *hurry).code == 0
    page = laptop.folder / "promotion.html"
    kitchen = ("evidence", "export", "demo_production")
    done = laptop.dataops(*kitchen, "--format", "html", "--file", str(page))
    assert done.code == 0, done.stderr
    assert page.read_text().startswith("<!doctype html>")
    found = json.loads(laptop.dataops(*kitchen).stdout)
    plain = json.dumps({**found, "digest": ""}, sort_keys=True, separators=(",", ":"))
    assert found["digest"] == sha256(plain.encode()).hexdigest()
    refused = laptop.dataops(*kitchen, "--file", str(laptop.folder / "no" / "such" / "place"))
    assert (refused.code, "cannot be written" in refused.said) == (2, True)


def test_what_waits_is_listed_approved_and_refused(laptop, retail_service):
    site = retail_service.site
    rule = {"approvals": {"by": ["nora", "eric"], "of": ["merge"]}}
    write_environments(site.file, site.origins, production=rule)
    site.origins["retail"].commit({"notes.md": "new\n"}, branch="demo_dev", source="main")
    retail_service.log_in(laptop, "eric")
    hurry = ("--acknowledge", "--override", "--reason", "month end")
    refused = laptop.dataops("merge", "up", "demo_dev", *hurry)
    assert (refused.code, "airflow dataops approval give" in refused.said) == (1, True)
    retail_service.log_in(laptop, "nora")
    [one] = laptop.dataops("approval", "list", "-o", "json").rows
    assert (one["asked_by"], one["reason"]) == ("eric", "month end")
    no = laptop.dataops("approval", "refuse", one["approval"], "--reason", "not today")
    assert (no.code, no.stdout.startswith("refused: the merge of demo_dev")) == (0, True)
    assert laptop.dataops("approval", "give", one["approval"]).code == 1
    assert laptop.dataops("approval", "list", "-o", "json").rows == []

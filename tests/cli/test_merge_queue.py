"""``airflow dataops merge queue …`` and ``merge abandon --up``, through the real REST API."""

from __future__ import annotations

import pytest

from airflow_dataops.adapters.github_pulls import GithubPulls
from tests.cli.service import *  # noqa: F403 - fixtures
from tests.git_hosts import DOUBLES, REPOSITORY, TOKEN
from tests.web.conftest import write_environments
from tests.web.test_merge_queue import Street, code, file_of
from tests.web.test_merges import ask, push, tip

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


@pytest.fixture
def street(retail_service, tmp_path):
    street = Street(retail_service.site, tmp_path)
    street.build(["costs", "sales"])
    return street


@pytest.fixture
def chris(laptop, retail_service):
    retail_service.log_in(laptop, "chris")
    return laptop


def test_kitchens_join_are_listed_and_land_in_one_pass(chris, street):
    before = tip(street.site, "demo_dev")
    for name in ("costs", "sales"):
        commit = street.edit(name, {file_of(name): code(name, 1)})
        street.run(name, name)
        joined = chris.dataops("merge", "queue", "join", name)
        assert joined.stdout == f"{name} waits with commit {commit[:12]}\n"
    waiting = chris.dataops("merge", "queue", "list", "demo_dev", "-o", "json").rows
    assert [one["kitchen"] for one in waiting] == ["costs", "sales"]
    unseen = chris.dataops("merge", "queue", "land", "demo_dev")
    assert (unseen.code, "missing for costs, sales" in unseen.stderr) == (1, True)
    assert tip(street.site, "demo_dev") == before
    landed = chris.dataops("merge", "queue", "land", "demo_dev", "--acknowledge", "-o", "json")
    assert (landed.code, len(landed.rows)) == (0, 2), landed.stderr
    assert "acknowledged: " in landed.stderr
    assert tip(street.site, "demo_dev") != before
    assert chris.dataops("merge", "queue", "list", "demo_dev", "-o", "json").rows == []


def test_a_kitchen_that_is_not_ready_does_not_join_and_one_that_waits_can_leave(chris, street):
    street.edit("costs", {file_of("costs"): code("costs", 1)})
    refused = chris.dataops("merge", "queue", "join", "costs")
    assert (refused.code, "kitchen test costs" in refused.stderr) == (1, True), refused.stderr
    street.run("costs", "costs")
    assert chris.dataops("merge", "queue", "join", "costs").code == 0
    assert chris.dataops("merge", "queue", "leave", "costs").stdout == "costs waits no longer\n"
    assert chris.dataops("merge", "queue", "list", "demo_dev", "-o", "json").rows == []


def test_a_proposed_merge_is_taken_back_in_a_terminal(chris, retail_service):
    site = retail_service.site
    site.origin = site.origins["retail"]
    place = {"host": "github", "repository": REPOSITORY}
    changes = {"merge_by": "pull_request", "pull_requests": place}
    write_environments(*(site.file, site.origins), development=changes, lab={"owner": "chris"})
    base = site.origin.commit({"a.sql": "a"}, branch="demo_dev", source="main")
    site.origin.bare("update-ref", "refs/heads/dev_kitchen", base)
    push(site, "dev_kitchen", {"b.sql": "b"})
    with DOUBLES["github"](origin=site.origin) as host:
        site.hosts["development"] = GithubPulls(REPOSITORY, token=TOKEN, url=host.url)
        proposed = chris.dataops("merge", "up", "dev_kitchen")
        assert proposed.stdout.startswith("proposed to merge dev_kitchen into demo_dev: ")
        none = chris.dataops("merge", "abandon", "dev_kitchen")
        assert (none.code, "is not under way" in none.stderr) == (1, True)
        over = chris.dataops("merge", "abandon", "dev_kitchen", "--up", "--reason", "not now")
        assert over.stdout == "the merge up of dev_kitchen is over, and nothing was merged\n"
        assert host.only.state == "closed"
    (ended, *_) = ask(site, "GET", "/kitchens/demo_dev/merges", by="chris")
    assert (ended["state"], ended["reason"]) == ("abandoned", "not now")

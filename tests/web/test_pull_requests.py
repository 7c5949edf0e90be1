"""Merges up that are proposed at the repository's host: opened, followed, recognised, withdrawn."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from airflow_dataops.domain.pull_request import GATE_CONTEXT
from airflow_dataops.web import pull_request_round
from tests.git_hosts import DOUBLES, REPOSITORY, TOKEN
from tests.web import test_merges as merges
from tests.web.conftest import API, write_environments
from tests.web.test_merges import DOWN, UP, ask, push, street, tip  # noqa: F401

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
SECRET = "a-secret-of-this-git-host-" * 2


@pytest.fixture
def proposing(request, street):  # noqa: F811 - the fixture
    """Padma's kitchen with work in it, below one whose merges go through a host."""
    from airflow_dataops.adapters.github_pulls import GithubPulls
    from airflow_dataops.adapters.gitlab_requests import GitlabRequests

    # What both hosts have to do alike is shown of both adapters by their contract.
    host = getattr(request, "param", "github")
    client = {"github": GithubPulls, "gitlab": GitlabRequests}[host]
    place = {"host": host, "repository": REPOSITORY}
    changes = {"merge_by": "pull_request", "pull_requests": place}
    write_environments(street.file, street.origins, development=changes)
    street.theirs = push(street, "dev_kitchen", {"sql/a`b @chris #1.sql": "select 1\n"})
    with DOUBLES[host](origin=street.origin) as street.host:
        street.hosts["development"] = client(REPOSITORY, token=TOKEN, url=street.host.url)
        yield street


@pytest.fixture
def proposed(proposing):
    ask(proposing, "POST", UP)
    return proposing


def look(site):
    """The round that a server's thread makes."""
    return pull_request_round.make_round(site.installation(), now=datetime.now(tz=UTC))


def history(site):
    found = ask(site, "GET", "/kitchens/demo_dev/history", by="chris")
    return [(one["by"], one["action"]) for one in found if "create" not in one["action"]]


def past(site):
    return ask(site, "GET", "/kitchens/demo_dev/merges", by="chris")[0]


@pytest.mark.parametrize("proposing", sorted(DOUBLES), indirect=True)
def test_up_opens_a_pull_request_with_the_preview_and_the_gate_beside_its_commit(proposing):
    before = tip(proposing, "demo_dev")
    # carl is a cook of the kitchen, and nobody in its parent.
    done = ask(proposing, "POST", UP, by="carl", reason="weekly delivery")
    assert (done["state"], done["commit"]) == ("proposed", None)
    assert done["pull_request"].startswith(proposing.host.url)
    request = proposing.host.only
    assert (request.head, request.base) == ("dev_kitchen", "demo_dev")
    assert request.title == "Merge dev_kitchen into demo_dev"
    assert "weekly delivery" in request.text
    assert "The gate is shut" in request.text
    # In more ticks than the path has, nobody is mentioned and no ticket closed.
    assert "- added `` sql/a`b @chris #1.sql ``" in request.text
    state, said = proposing.host.status_of(proposing.theirs)
    assert state in {"failure", "failed"}
    assert done["gate"] == f"shut: {said}"
    assert tip(proposing, "demo_dev") == before
    assert history(proposing)[0] == ("carl", "propose merge")


def test_asked_again_it_is_the_same_one_brought_up_to_date(proposed):
    newer = push(proposed, "dev_kitchen", {"more.sql": "select 2\n"})
    again = ask(proposed, "POST", UP)
    assert again["theirs"] == newer
    assert "more.sql" in proposed.host.only.text
    assert proposed.host.status_of(newer)
    assert len(proposed.host.requests) == 1


def test_somebody_who_is_no_cook_proposes_nothing_and_only_who_may_merge_acknowledges(proposing):
    assert "gus may not propose" in ask(proposing, "POST", UP, by="gus", status=403)["detail"]
    taken = ask(proposing, "POST", UP, by="carl", status=403, acknowledged=["tests may go"])
    assert "carl may not merge up into" in taken["detail"]
    assert proposing.host.requests == {}


def test_an_acknowledgement_opens_the_gate_there(proposing):
    seen = ask(proposing, "GET", f"{UP}/preview", by="chris")
    taken = [one["text"] for one in seen["meaning"] if one["takes_away"]]
    body = {"acknowledged": taken, "override": True, "reason": "the first delivery"}
    done = ask(proposing, "POST", UP, by="chris", **body)
    assert done["gate"].startswith("open: ")
    assert proposing.host.status_of(proposing.theirs)[0] == "success"
    # The next commit is another one: who overrode did so for what was there.
    newer = push(proposing, "dev_kitchen", {"pipelines/profit/pipeline.py": "x = 2\n"})
    look(proposing)
    assert proposing.host.status_of(newer)[0] in {"failure", "failed"}


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_a_merge_that_is_made_there_is_ours_once(proposed, how):
    merges.forget_requests(proposed)
    commit = proposed.host.merge(1, by="eric", how=how)
    assert look(proposed) == 0
    assert look(proposed) == 0
    ended = past(proposed)
    host = proposed.host.kind
    assert (ended["state"], ended["commit"], ended["ended_by"]) == ("done", commit, f"{host}:eric")
    assert ended["pull_request"].endswith("1")
    assert [who for who, action in history(proposed) if action == "merge up"] == [f"{host}:eric"]
    assert merges.parsing_requests(proposed) == ["kitchens-development"]


def test_the_audit_trail_says_what_the_gate_said_when_it_was_merged(proposed):
    newer = push(proposed, "dev_kitchen", {"more.sql": "select 2\n"})
    proposed.host.merge(1)
    look(proposed)
    entry = ask(proposed, "GET", "/kitchens/demo_dev/history", by="chris")[0]
    assert entry["details"]["theirs"] == newer
    assert entry["details"]["gate"] == "nobody looked at this commit"
    assert entry["details"]["proposed by"] == "padma"


def test_up_after_a_merge_there_finds_nothing_new(proposed):
    proposed.host.merge(1)
    assert ask(proposed, "POST", UP)["state"] == "nothing new"
    assert past(proposed)["state"] == "done"
    assert len(proposed.host.requests) == 1


def test_what_is_closed_there_is_over_and_can_be_proposed_anew(proposed):
    proposed.host.dismiss(1)
    assert look(proposed) == 0
    assert past(proposed)["state"] == "abandoned"
    assert ask(proposed, "POST", UP)["state"] == "proposed"
    assert len(proposed.host.requests) == 2


def test_a_parent_that_moves_on_shuts_the_gate_there(proposed):
    push(proposed, "demo_dev", {"b.txt": "b"})
    assert look(proposed) == 1
    said = proposed.host.status_of(proposed.theirs)[1]
    assert "first merge them down" in said
    calls = len(proposed.host.calls)
    assert look(proposed) == 1
    # Nothing is new, and nothing is said.
    assert [method for method, _ in proposed.host.calls[calls:]] == ["GET"]


@pytest.mark.parametrize("proposing", sorted(DOUBLES), indirect=True)
def test_a_signed_call_of_the_host_has_the_merge_recognised_at_once(proposed, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__WEBHOOK_SECRET", SECRET)
    proposed.host.merge(1)
    told = (
        {"action": "closed", "pull_request": {"base": {"ref": "demo_dev"}}}
        if proposed.host.kind == "github"
        else {"object_kind": "merge_request", "object_attributes": {"target_branch": "demo_dev"}}
    )
    content = json.dumps(told).encode()
    digest = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}"}
    answer = proposed.client.post(f"{API}/push/retail", content=content, headers=headers)
    assert answer.json() == {"kitchens": 1}
    assert past(proposed)["state"] == "done"


def test_it_is_shown_as_proposed_and_completed_by_the_host_alone(proposed):
    shown = ask(proposed, "GET", UP)
    assert shown["pull_request"].endswith("1")
    refused = ask(proposed, "POST", f"{UP}/complete", status=409)
    assert "it is proposed; merge it at http" in refused["missing"][0]
    ask(proposed, "POST", f"{UP}/abandon", by="chris", status=204)
    assert proposed.host.only.state == "closed"
    assert past(proposed)["state"] == "abandoned"


def test_a_host_that_refuses_is_quoted_and_nothing_is_begun(proposing):
    proposing.host.mode = "frozen"
    refused = ask(proposing, "POST", UP, status=409)
    assert "frozen until Monday" in refused["detail"]
    assert TOKEN not in json.dumps(refused)
    proposing.host.mode = "up"
    assert past(proposing)["state"] == "abandoned"
    assert ask(proposing, "POST", UP)["state"] == "proposed"


def test_a_host_that_goes_away_in_the_middle_is_asked_again(proposing):
    def away(method, _path):
        if method == "POST":
            proposing.host.mode = "down"

    proposing.host.after = away
    ask(proposing, "POST", UP, status=503)
    assert look(proposing) == 1
    proposing.host.after, proposing.host.mode = None, "up"
    assert ask(proposing, "POST", UP)["state"] == "proposed"
    assert len(proposing.host.requests) == 1
    assert proposing.host.status_of(proposing.theirs)


def test_one_that_was_opened_by_somebody_who_died_is_found_by_its_branches(proposed):
    with proposed.engine.begin() as connection:
        connection.execute(text("update dataops_merge set details = null"))
    shown = ask(proposed, "GET", UP)
    assert shown["pull_request"].endswith("1")
    proposed.host.merge(1)
    look(proposed)
    assert past(proposed)["state"] == "done"


def test_down_is_merged_here_whatever_the_parents_way(proposed):
    push(proposed, "demo_dev", {"b.txt": "b"})
    assert ask(proposed, "POST", DOWN)["state"] == "done"
    assert GATE_CONTEXT == "dataops/gate"

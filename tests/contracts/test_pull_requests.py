"""What a merge may rely on, whichever host its repository has."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.pull_request import GateStatus, Proposal, PullRequestState
from airflow_dataops.errors import GitHostUnavailable, PullRequestRefused
from tests.git_hosts import DOUBLES, REPOSITORY, TOKEN

PROPOSAL = Proposal(head="dev", base="main", title="Merge dev into main", text="1 file changes")
SHUT = GateStatus(is_open=False, summary="profit is not green")
OPEN = GateStatus(is_open=True, summary="1 changed pipeline green on exactly this")


@pytest.fixture(params=sorted(DOUBLES))
def host(request, origin):
    origin.commit({"a.txt": "a\n"}, branch="dev", source="main")
    with DOUBLES[request.param](origin=origin) as double:
        yield double


def client(host, *, token=TOKEN, repository=REPOSITORY, url=None):
    from airflow_dataops.adapters.github_pulls import GithubPulls
    from airflow_dataops.adapters.gitlab_requests import GitlabRequests

    kind = {"github": GithubPulls, "gitlab": GitlabRequests}[host.kind]
    return kind(repository, token=token, url=url or host.url)


@pytest.fixture
def pulls(host):
    return client(host)


def test_a_proposal_is_opened_with_its_text_on_the_branches_tip(host, pulls):
    opened = pulls.propose(PROPOSAL)
    assert (opened.number, opened.state, opened.head) == (1, PullRequestState.OPEN, host.tip("dev"))
    assert (opened.commit, opened.merged_by) == (None, None)
    assert opened.url.startswith(host.url)
    assert (host.only.head, host.only.base) == ("dev", "main")
    assert (host.only.title, host.only.text) == ("Merge dev into main", "1 file changes")


def test_proposed_again_the_open_one_says_what_is_new(host, pulls):
    first = pulls.propose(PROPOSAL)
    again = Proposal(head="dev", base="main", title="Merge dev", text="2 files change")
    assert pulls.propose(again).number == first.number
    assert (host.only.title, host.only.text) == ("Merge dev", "2 files change")


def test_one_that_somebody_opens_at_the_same_moment_is_taken(host, pulls):
    def meanwhile(method, _path):
        if method == "GET" and not host.requests:
            host.opened(head="dev", base="main", title="mine", text="")

    host.after = meanwhile
    assert pulls.propose(PROPOSAL).number == 1
    assert host.only.title == "mine"


def test_an_open_one_is_found_by_its_branches(host, pulls):
    assert pulls.open_one(head="dev", base="main") is None
    opened = pulls.propose(PROPOSAL)
    assert pulls.open_one(head="dev", base="main") == opened
    host.merge(1)
    assert pulls.open_one(head="dev", base="main") is None


@pytest.mark.parametrize("how", ["merge", "squash", "forward"])
def test_what_was_merged_there_says_by_whom_and_what_came_of_it(host, pulls, how):
    pulls.propose(PROPOSAL)
    commit = host.merge(1, by="eric", how=how)
    found = pulls.show(1)
    assert (found.state, found.commit, found.merged_by) == (PullRequestState.MERGED, commit, "eric")
    assert found.head == host.tip("dev")


def test_a_closed_one_is_not_merged_and_closing_it_again_is_no_error(host, pulls):
    pulls.propose(PROPOSAL)
    pulls.close(1)
    pulls.close(1)
    assert host.only.state == "closed"
    found = pulls.show(1)
    assert (found.state, found.commit, found.merged_by) == (PullRequestState.CLOSED, None, None)


def test_the_gate_stands_beside_the_commit_said_twice_or_not(host, pulls):
    commit = host.tip("dev")
    pulls.put_status(commit, SHUT)
    pulls.put_status(commit, SHUT)
    assert host.status_of(commit)[0] in {"failure", "failed"}
    assert host.status_of(commit)[1] == "profit is not green"
    pulls.put_status(commit, OPEN)
    assert host.status_of(commit) == ("success", "1 changed pipeline green on exactly this")
    for _ in range(2):
        pulls.put_status(commit, GateStatus(is_open=None, summary="nobody has looked"))
    assert host.status_of(commit) == ("pending", "nobody has looked")


@pytest.mark.parametrize("head", ["gone", "a b", "-x", "ümlaut"])
def test_a_branch_that_is_not_there_is_refused_in_the_hosts_words(pulls, head):
    proposal = Proposal(head=head, base="main", title="t", text="")
    with pytest.raises(
        PullRequestRefused, match=r"refuses a .* of .* into main with 4.*branch|head"
    ):
        pulls.propose(proposal)


def test_a_refusal_names_the_reason_and_never_the_token(host, pulls):
    host.mode = "frozen"
    with pytest.raises(PullRequestRefused, match="frozen until Monday") as refused:
        pulls.propose(PROPOSAL)
    assert TOKEN not in str(refused.value)
    host.mode = "up"
    wrong = "another-token-that-is-secret"
    with pytest.raises(PullRequestRefused, match=f"provision/{host.kind}") as refused:
        client(host, token=wrong).propose(PROPOSAL)
    assert wrong not in str(refused.value)


def test_a_repository_that_the_token_does_not_see_is_refused(host):
    with pytest.raises(PullRequestRefused, match="acme/unknown"):
        client(host, repository="acme/unknown").show(1)


@pytest.mark.parametrize("mode", ["down", "limited"])
def test_a_host_that_cannot_now_is_unavailable_at_once(host, pulls, mode):
    host.mode = mode
    with pytest.raises(GitHostUnavailable):
        pulls.propose(PROPOSAL)
    assert len(host.calls) == 1


def test_a_host_that_is_not_there_is_unavailable(host):
    with pytest.raises(GitHostUnavailable, match="does not answer"):
        client(host, url="http://127.0.0.1:9").show(1)

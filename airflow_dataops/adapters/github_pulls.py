"""Pull requests at GitHub, through PyGithub.

Each call is tried once and for seconds: whoever calls keeps what is to be done, and comes again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
from github import Auth, Github, GithubException, RateLimitExceededException

from airflow_dataops.domain.pull_request import (
    GATE_CONTEXT,
    PullRequest,
    PullRequestState,
)
from airflow_dataops.errors import GitHostUnavailable, PullRequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.PullRequest import PullRequest as Found
    from github.Repository import Repository

    from airflow_dataops.domain.pull_request import GateStatus, Proposal

TIMEOUT_SECONDS = 10
_PUBLIC = "https://api.github.com"
_STATES = {True: "success", False: "failure", None: "pending"}
_LONGEST_SAID = 500
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _DUPLICATE, _TOO_MANY = 401, 403, 404, 422, 429
_RIGHTS_HINT = (
    "; the token in the environment's vault, at provision/github, has to be valid and to have the"
    " rights: pull requests and commit statuses, to read and write"
)


class GithubPulls:
    """Implements the port ``PullRequests``.

    Args:
        repository: as GitHub calls it, ``owner/name``.
        token: of who proposes.
        url: of the API of a GitHub of one's own.
    """

    name = "github"

    def __init__(self, repository: str, *, token: str, url: str | None = None) -> None:
        self._name = repository
        self._host = Github(
            auth=Auth.Token(token),
            base_url=(url or _PUBLIC).rstrip("/"),
            timeout=TIMEOUT_SECONDS,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )

    def propose(self, proposal: Proposal) -> PullRequest:
        """Open a pull request, or bring the open one of the same branches up to date."""
        with self._told(f"a pull request of {proposal.head} into {proposal.base}") as repository:
            found = self._open(repository, proposal.head, proposal.base)
            if found is None:
                found = self._opened(repository, proposal)
            else:
                found.edit(title=proposal.title, body=proposal.text)
            return _pull_request(found)

    def open_one(self, *, head: str, base: str) -> PullRequest | None:
        """The open pull request of one branch into another."""
        with self._told(f"the pull requests of {head} into {base}") as repository:
            found = self._open(repository, head, base)
            return _pull_request(found) if found is not None else None

    def show(self, number: int) -> PullRequest:
        """A pull request, whatever became of it."""
        with self._told(f"pull request {number}") as repository:
            return _pull_request(repository.get_pull(number))

    def put_status(self, commit: str, status: GateStatus) -> None:
        """Say beside a commit whether the gate is open."""
        with self._told(f"the status of commit {commit[:12]}") as repository:
            repository.get_commit(commit).create_status(
                _STATES[status.is_open], description=status.summary, context=GATE_CONTEXT
            )

    def close(self, number: int) -> None:
        """Close a pull request without merging it."""
        with self._told(f"pull request {number}") as repository:
            repository.get_pull(number).edit(state="closed")

    def _opened(self, repository: Repository, proposal: Proposal) -> Found:
        try:
            return repository.create_pull(
                base=proposal.base, head=proposal.head, title=proposal.title, body=proposal.text
            )
        except GithubException as error:
            # Somebody may have opened it at the same moment.
            if error.status == _DUPLICATE:
                found = self._open(repository, proposal.head, proposal.base)
                if found is not None:
                    return found
            raise

    def _open(self, repository: Repository, head: str, base: str) -> Found | None:
        owner = self._name.partition("/")[0]
        listed = repository.get_pulls(state="open", base=base, head=f"{owner}:{head}")
        return next(iter(listed), None)

    @contextmanager
    def _told(self, what: str) -> Iterator[Repository]:
        """The repository; what the SDK says is turned into our words, without what was sent."""
        try:
            yield self._host.get_repo(self._name)
        except RateLimitExceededException as error:
            message = f"GitHub has had too many requests of this token; {what} waits"
            raise GitHostUnavailable(message) from error
        except GithubException as error:
            raise self._refusal(error, what) from None
        except (requests.RequestException, OSError) as error:
            message = f"GitHub does not answer about {what}: {type(error).__name__}"
            raise GitHostUnavailable(message) from None

    def _refusal(self, error: GithubException, what: str) -> Exception:
        if error.status == _TOO_MANY or error.status >= 500:  # noqa: PLR2004 - HTTP's
            return GitHostUnavailable(f"GitHub answers {error.status} about {what}; try again")
        hint = _RIGHTS_HINT if error.status in {_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND} else ""
        said = _said(error.data)
        return PullRequestRefused(
            f"GitHub ({self._name}) refuses {what} with {error.status}: {said}{hint}"
        )


def _said(data: Any) -> str:
    """What GitHub writes of a refusal: a sentence, and mostly a list of others."""
    if not isinstance(data, dict):
        return "nothing that could be read"
    more = [
        str(one.get("message") or f"{one.get('field')}: {one.get('code')}")
        for one in data.get("errors") or []
        if isinstance(one, dict)
    ]
    return "; ".join([str(data.get("message") or "nothing"), *more])[:_LONGEST_SAID]


def _login_of(found: Found) -> str | None:
    # Who has left GitHub since is nobody.
    who: Any = found.merged_by
    return who.login if who is not None else None


def _pull_request(found: Found) -> PullRequest:
    state = PullRequestState.OPEN if found.state == "open" else PullRequestState.CLOSED
    # Of one that is open, the same field holds a commit that GitHub made to try the merge.
    merged = found.state != "open" and bool(found.merged)
    return PullRequest(
        number=found.number,
        url=found.html_url,
        state=PullRequestState.MERGED if merged else state,
        head=found.head.sha,
        commit=found.merge_commit_sha if merged else None,
        merged_by=_login_of(found) if merged else None,
    )

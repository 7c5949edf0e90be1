"""Merge requests at GitLab, through python-gitlab.

Each call is tried once and for seconds: whoever calls keeps what is to be done, and comes again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gitlab
import requests

from airflow_dataops.domain.pull_request import (
    GATE_CONTEXT,
    PullRequest,
    PullRequestState,
)
from airflow_dataops.errors import GitHostUnavailable, PullRequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitlab.v4.objects import Project

    from airflow_dataops.domain.pull_request import GateStatus, Proposal

TIMEOUT_SECONDS = 10
_PUBLIC = "https://gitlab.com"
_STATES = {True: "success", False: "failed", None: "pending"}
_REQUEST_STATES = {"merged": PullRequestState.MERGED, "closed": PullRequestState.CLOSED}
_LONGEST_SAID = 500
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _DUPLICATE, _TOO_MANY = 401, 403, 404, 409, 429
_ALREADY_SAID = "Cannot transition status"
_RIGHTS_HINT = (
    "; the token in the environment's vault, at provision/gitlab, has to be valid, with the scope"
    " api and the role Developer in the project"
)


class GitlabRequests:
    """Implements the port ``PullRequests``.

    Args:
        repository: path of the project as GitLab calls it, ``group/name``.
        token: of who proposes.
        url: of a GitLab of one's own.
    """

    name = "gitlab"

    def __init__(self, repository: str, *, token: str, url: str | None = None) -> None:
        self._name = repository
        self._host = _Impatient(
            (url or _PUBLIC).rstrip("/"),
            private_token=token,
            timeout=TIMEOUT_SECONDS,
            retry_transient_errors=False,
            keep_base_url=True,
        )

    def propose(self, proposal: Proposal) -> PullRequest:
        """Open a merge request, or bring the open one of the same branches up to date."""
        with self._told(f"a merge request of {proposal.head} into {proposal.base}") as project:
            found = self._open(project, proposal.head, proposal.base)
            if found is None:
                found = self._opened(project, proposal)
            else:
                found.title, found.description = proposal.title, proposal.text
                found.save()
            return _pull_request(found)

    def open_one(self, *, head: str, base: str) -> PullRequest | None:
        """The open merge request of one branch into another."""
        with self._told(f"the merge requests of {head} into {base}") as project:
            found = self._open(project, head, base)
            return _pull_request(found) if found is not None else None

    def show(self, number: int) -> PullRequest:
        """A merge request, whatever became of it."""
        with self._told(f"merge request {number}") as project:
            return _pull_request(project.mergerequests.get(number))

    def put_status(self, commit: str, status: GateStatus) -> None:
        """Say beside a commit whether the gate is open."""
        said = {
            "state": _STATES[status.is_open],
            "name": GATE_CONTEXT,
            "description": status.summary,
        }
        with self._told(f"the status of commit {commit[:12]}") as project:
            try:
                project.commits.get(commit, lazy=True).statuses.create(said)
            except gitlab.GitlabCreateError as error:
                # GitLab refuses to be told that what is pending is pending.
                if status.is_open is not None or _ALREADY_SAID not in str(error.error_message):
                    raise

    def close(self, number: int) -> None:
        """Close a merge request without merging it."""
        with self._told(f"merge request {number}") as project:
            found = project.mergerequests.get(number)
            if found.state == "opened":
                found.state_event = "close"
                found.save()

    def _opened(self, project: Project, proposal: Proposal) -> Any:
        asked = {
            "source_branch": proposal.head,
            "target_branch": proposal.base,
            "title": proposal.title,
            "description": proposal.text,
        }
        try:
            return project.mergerequests.create(asked)
        except gitlab.GitlabCreateError as error:
            # Somebody may have opened it at the same moment.
            if error.response_code == _DUPLICATE:
                found = self._open(project, proposal.head, proposal.base)
                if found is not None:
                    return found
            raise

    def _open(self, project: Project, head: str, base: str) -> Any:
        listed = project.mergerequests.list(
            state="opened", source_branch=head, target_branch=base, get_all=False
        )
        return next(iter(listed), None)

    @contextmanager
    def _told(self, what: str) -> Iterator[Project]:
        """The project; what the SDK says is turned into our words, without what was sent."""
        try:
            yield self._host.projects.get(self._name, lazy=True)
        except gitlab.GitlabError as error:
            raise self._refusal(error, what) from None
        except (requests.RequestException, OSError) as error:
            message = f"GitLab does not answer about {what}: {type(error).__name__}"
            raise GitHostUnavailable(message) from None

    def _refusal(self, error: gitlab.GitlabError, what: str) -> Exception:
        status = error.response_code or 0
        if status == _TOO_MANY or status >= 500 or not status:  # noqa: PLR2004 - HTTP's
            return GitHostUnavailable(f"GitLab answers {status or 'oddly'} about {what}; try again")
        hint = _RIGHTS_HINT if status in {_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND} else ""
        said = str(error.error_message or "nothing")[:_LONGEST_SAID]
        return PullRequestRefused(
            f"GitLab ({self._name}) refuses {what} with {status}: {said}{hint}"
        )


class _Impatient(gitlab.Gitlab):
    """The SDK's client, which by itself waits for minutes where GitLab has had too much."""

    def http_request(self, *arguments: Any, **named: Any) -> requests.Response:
        return super().http_request(*arguments, **{"obey_rate_limit": False, **named})


def _pull_request(found: Any) -> PullRequest:
    state = _REQUEST_STATES.get(found.state, PullRequestState.OPEN)
    merged = state is PullRequestState.MERGED
    facts = found.attributes
    # Without a merge commit of its own the branch was squashed, or just moved forward.
    commit = facts.get("merge_commit_sha") or facts.get("squash_commit_sha") or found.sha
    who = facts.get("merge_user") or facts.get("merged_by") or {}
    return PullRequest(
        number=found.iid,
        url=found.web_url,
        state=state,
        head=found.sha,
        commit=commit if merged else None,
        merged_by=who.get("username") if merged else None,
    )

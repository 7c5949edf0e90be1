"""Tickets in Jira, through atlassian-python-api.

Each call is tried once and for seconds: whoever calls keeps what is to be told, and comes again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
from atlassian import Jira
from atlassian.errors import ApiError

from airflow_dataops.domain.ticket import Ticket
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_dataops.domain.ticket import Comment

TIMEOUT_SECONDS = 10
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY, _BROKEN = 401, 403, 404, 429, 500
_HINTS = {
    _UNAUTHORISED: "the token in the environment's vault, at provision/jira, is not valid",
    _FORBIDDEN: "the token's user needs the rights to see, move and assign it",
    _NOT_FOUND: "there is no such ticket, or the token's user may not see it",
}


class JiraTickets:
    """Implements the port ``IssueTracker``.

    Args:
        url: of the Jira site.
        token: of who moves tickets; an API token of the cloud, or a personal access token.
        user: of that token in the cloud; None for a personal access token.
    """

    def __init__(self, url: str, *, token: str, user: str | None = None) -> None:
        self._is_cloud = user is not None
        self._host = Jira(
            url.rstrip("/"),
            username=user,
            password=token if user else None,
            token=None if user else token,
            cloud=self._is_cloud,
            api_version="2",
            timeout=TIMEOUT_SECONDS,
        )

    def show(self, key: str) -> Ticket:
        """A ticket as it is."""
        with _told(f"ticket {key}"):
            found: Any = self._host.issue(key, fields="status,assignee")
            fields = found["fields"]
            assignee = fields.get("assignee") or {}
            name = assignee.get("accountId" if self._is_cloud else "name")
            return Ticket(key=key, status=fields["status"]["name"], account=name)

    def move(self, key: str, status: str) -> None:
        """Have a ticket stand at a status that can be reached from its present one."""
        with _told(f"the move of ticket {key} to {status!r}"):
            known = self._host.get_issue_transitions(key)
            for one in known:
                if one["to"] == status:
                    self._host.set_issue_status_by_transition_id(key, one["id"])
                    return
        listed = ", ".join(sorted(str(one["to"]) for one in known)) or "nothing"
        message = (
            f"Jira lets ticket {key} move to {listed} from where it is, and not to {status!r}; "
            "name a status that its workflow has under tickets: transitions:, or move it by hand"
        )
        raise OutsideSystemError(message)

    def assign(self, key: str, account: str) -> None:
        """Make a ticket somebody's, and nobody else's."""
        with _told(f"the assignment of ticket {key} to {account!r}"):
            self._host.assign_issue(key, account)

    def comment(self, key: str, comment: Comment) -> None:
        """Have people read something in a ticket, once: where its mark is, it was said."""
        with _told(f"a comment on ticket {key}"):
            # The newest first: a ticket may have more of them than Jira tells at once.
            path = f"{self._host.resource_url('issue')}/{key}/comment"
            known: Any = self._host.get(path, params={"orderBy": "-created", "maxResults": 100})
            if not any(comment.mark in str(one["body"]) for one in known["comments"]):
                self._host.issue_add_comment(key, comment.text)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What the client raises is turned into our words, without what was sent."""
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        raise _refusal(status, what) from None
    except ApiError as error:
        reason = getattr(error, "reason", None)
        response = getattr(reason, "response", None)
        raise _refusal(response.status_code if response is not None else 0, what) from None
    except (requests.RequestException, OSError) as error:
        message = f"Jira does not answer about {what}: {type(error).__name__}; it is tried again"
        raise ToolUnreachable(message) from None
    except (KeyError, TypeError, ValueError) as error:
        message = f"Jira's answer about {what} is not what its API documents"
        raise OutsideSystemError(message) from error


def _refusal(status: int, what: str) -> OutsideSystemError:
    if status == _TOO_MANY or status >= _BROKEN or not status:
        return ToolUnreachable(
            f"Jira answers {status or 'nothing'} about {what}; it is tried again"
        )
    hint = _HINTS.get(status, "see its site for what the ticket takes")
    return OutsideSystemError(f"Jira refuses {what} with {status}: {hint}")

"""Messages in Slack, through Airflow's own hook.

One try per call, and a short one: whoever calls keeps what could not be posted and comes again.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from airflow.providers.slack.hooks.slack import SlackHook
from slack_sdk.errors import SlackApiError, SlackClientError

from airflow_dataops.domain.events import Posted
from airflow_dataops.errors import ChannelRefused, MessengerUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.models.connection import Connection

    from airflow_dataops.domain.events import Message, Picture

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5
LONGEST_DESCRIPTION = 1000
_SCOPE_HINT = "; charts need the scope files:write"
# What Slack says that has nothing to do with this channel or this message.
_UNAVAILABLE = frozenset(
    {
        "access_denied", "accesslimited", "account_inactive", "ekm_access_denied", "fatal_error",
        "internal_error", "invalid_auth", "missing_scope", "no_permission",
        "not_allowed_token_type", "not_authed", "org_login_required", "rate_limited",
        "ratelimited", "request_timeout",
        "service_unavailable", "team_access_not_granted", "team_added_to_org", "token_expired",
        "token_revoked", "unknown_method",
    }
)  # fmt: skip
_HINTS = {
    "channel_not_found": "there is no such channel, or it is private and our app is not in it",
    "not_in_channel": "our app is not in it; invite it there, or give it the scope "
    "chat:write.public",
    "is_archived": "it is archived",
}
_WORD = re.compile(r"[a-z_]+")
_TOKEN_HINT = "; put a valid bot token into the environment's vault, at tools/slack"  # noqa: S105


class SlackMessenger:
    """Implements the port ``Messenger``.

    Args:
        connection: with the bot's token as its password.
    """

    def __init__(self, connection: Connection) -> None:
        self._hook = _HookOfConnection(connection)

    def post(
        self, message: Message, *, channel: str, thread: str | None = None, aloud: bool = False
    ) -> Posted:
        """Post a message.

        Raises:
            ChannelRefused: not to this channel; others may do.
            MessengerUnavailable: not now, whatever the channel.
        """
        try:
            answer = self._hook.client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=list(message.blocks),
                thread_ts=thread,
                reply_broadcast=aloud if thread else None,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            raise _refusal(error, channel) from None
        except (OSError, SlackClientError, ValueError) as error:
            text = f"Slack does not answer: {type(error).__name__}"
            raise MessengerUnavailable(text) from None
        posted = Posted(channel=str(answer["channel"]), id=str(answer["ts"]))
        if message.pictures:
            self._show(message.pictures, channel=posted.channel, thread=thread or posted.id)
        return posted

    def _show(self, pictures: Sequence[Picture], *, channel: str, thread: str) -> None:
        """Put pictures into a message's thread; the message stands whether or not that works."""
        uploads = [
            {
                "content": each.content,
                "filename": each.name,
                "title": each.title,
                "alt_txt": each.told[:LONGEST_DESCRIPTION],
            }
            for each in pictures
        ]
        try:
            self._hook.client.files_upload_v2(
                channel=channel, thread_ts=thread, file_uploads=uploads
            )
        except SlackApiError as error:
            refused = _refusal(error, channel)
            log.warning("a message stands without its charts: %s%s", refused, _SCOPE_HINT)
        except (OSError, SlackClientError, ValueError) as error:
            log.warning("a message stands without its charts: %s", type(error).__name__)

    def check(self) -> str:
        """Whose token it is.

        Raises:
            MessengerUnavailable: nobody's, or Slack does not answer.
        """
        try:
            answer = self._hook.client.auth_test()
        except SlackApiError as error:
            raise _refusal(error, "this workspace") from None
        except (OSError, SlackClientError, ValueError) as error:
            text = f"Slack does not answer: {type(error).__name__}"
            raise MessengerUnavailable(text) from None
        return f"{answer['user']} of {answer['team']}"


class _HookOfConnection(SlackHook):
    """Airflow's hook with a connection at hand: the server has no task to look it up for."""

    def __init__(self, connection: Connection) -> None:
        # Without the SDK's own second tries, which could post twice.
        super().__init__(
            slack_conn_id=connection.conn_id, timeout=TIMEOUT_SECONDS, retry_handlers=[]
        )
        self._connection = connection

    def get_connection(self, _conn_id: str) -> Any:  # type: ignore[override]
        """The connection."""
        return self._connection


def _refusal(error: SlackApiError, channel: str) -> ChannelRefused | MessengerUnavailable:
    # Of the answer only its word for what is wrong: the rest repeats what was sent.
    response: Any = error.response
    status = getattr(response, "status_code", 200)
    said = str(response.get("error") or "") if hasattr(response, "get") else ""
    reason = said if _WORD.fullmatch(said) else "something that is no answer of Slack's API"
    if reason != said or said in _UNAVAILABLE or status >= 500:  # noqa: PLR2004 - HTTP's
        waits = str(getattr(response, "headers", {}).get("Retry-After", ""))
        hint = _TOKEN_HINT if "auth" in said or "token" in said else ""
        seconds = float(waits) if waits.isdecimal() else None
        return MessengerUnavailable(f"Slack answers {reason}{hint}", wait_seconds=seconds)
    known = _HINTS.get(reason)
    return ChannelRefused(channel, f"{reason}: {known}" if known else reason)

"""Slack in all its moods, through Airflow's own hook and the real SDK."""

from __future__ import annotations

import json
import socket
import time

import pytest

from airflow_dataops.demo.slack_server import Mode, SlackDouble
from airflow_dataops.domain.events import Message, Picture
from airflow_dataops.errors import ChannelRefused, MessengerUnavailable
from tests.slack_fixtures import TOKEN, connection

pytestmark = pytest.mark.airflow
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}


def post(conn, *blocks, text="it failed", channel="#production"):
    from airflow_dataops.adapters.slack import SlackMessenger

    message = Message(text=text, blocks=blocks or (SECTION,))
    return SlackMessenger(conn).post(message, channel=channel)


def test_blocks_arrive_as_they_were_sent(slack, slack_connection):
    posted = post(slack_connection)
    [message] = slack.workspace.messages["production"]
    assert (posted.channel, posted.id) == ("C_PRODUCTION", message["ts"])
    assert message["blocks"] == [SECTION]
    assert message["user"] == "U_kitchens"


PICTURE = Picture(name="chart-1.png", title="row_count of orders", told="5 < 9", content=b"PNG")


def show(conn):
    from airflow_dataops.adapters.slack import SlackMessenger

    message = Message(text="it failed", blocks=(SECTION,), pictures=(PICTURE, PICTURE))
    return SlackMessenger(conn).post(message, channel="#production")


def test_pictures_stand_in_the_messages_thread(slack, slack_connection):
    posted = show(slack_connection)
    shown = slack.workspace.files["F1"]
    assert (shown["channel"], shown["thread_ts"]) == ("production", posted.id)
    assert (shown["title"], shown["alt"]) == ("row_count of orders", "5 < 9")
    assert [each["content"] for each in slack.workspace.files.values()] == [b"PNG", b"PNG"]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_a_message_stands_where_its_pictures_are_refused(slack, slack_connection, caplog, method):
    slack.workspace.refused[method] = "missing_scope"
    posted = show(slack_connection)
    assert [m["ts"] for m in slack.workspace.messages["production"]] == [posted.id]
    assert "charts need the scope files:write" in caplog.text
    assert TOKEN not in caplog.text


def test_the_bot_is_known_by_its_token(slack_connection):
    from airflow_dataops.adapters.slack import SlackMessenger

    assert SlackMessenger(slack_connection).check() == "kitchens of acme"


@pytest.mark.parametrize("token", ["xoxb-revoked", "xoxb-of-another-workspace"])
def test_a_token_that_is_no_more_is_never_shown(slack, token):
    with pytest.raises(MessengerUnavailable) as refusal:
        post(connection(slack.base_url, token))
    assert str(refusal.value) == (
        "Slack answers invalid_auth; put a valid bot token into the environment's vault, at "
        "tools/slack"
    )
    assert (refusal.value.__cause__, refusal.value.__suppress_context__) == (None, True)


def test_a_slack_that_answers_with_a_proxys_page_is_down_and_is_asked_once(slack, slack_connection):
    slack.workspace.mode = Mode(name="down")
    with pytest.raises(MessengerUnavailable, match=r"^Slack answers something"):
        post(slack_connection)
    assert slack.workspace.calls == 1


def test_a_slack_that_is_not_there_is_down():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/api/"
        with pytest.raises(MessengerUnavailable, match=r"^Slack does not answer: URLError$"):
            post(connection(address))


def test_a_slack_that_hangs_is_given_up_soon(slack, slack_connection, monkeypatch):
    monkeypatch.setattr("airflow_dataops.adapters.slack.TIMEOUT_SECONDS", 1)
    slack.workspace.mode = Mode(name="slow", seconds=3)
    began = time.monotonic()
    with pytest.raises(MessengerUnavailable, match="does not answer: Timeout"):
        post(slack_connection)
    assert time.monotonic() - began < 2.5


def test_what_slack_does_not_take_is_refused_for_its_channel_alone(slack, slack_connection):
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    for blocks in ([long], [SECTION] * 51):
        with pytest.raises(ChannelRefused, match="#production takes no message: invalid_blocks"):
            post(slack_connection, *blocks)
    assert slack.workspace.messages["production"] == []


def test_the_double_tells_its_own_pages_nothing_of_tokens(slack, slack_connection):
    import httpx

    post(slack_connection, text="<b>bold</b>")
    page = httpx.get(slack.url).text
    listed = httpx.get(f"{slack.url}/double/messages")
    assert "#production" in page
    assert TOKEN not in page + listed.text
    assert [m["text"] for m in json.loads(listed.text)["production"]] == ["<b>bold</b>"]


def test_two_doubles_stand_beside_each_other():
    with SlackDouble({}, ["a"]) as one, SlackDouble({}, ["b"]) as other:
        assert one.url != other.url

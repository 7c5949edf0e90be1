"""What a service may rely on, whoever carries the messages."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.events import Message
from airflow_dataops.errors import ChannelRefused, MessengerUnavailable
from tests.fakes_messenger import FakeMessenger

pytestmark = pytest.mark.airflow
BLOCK = {"type": "section", "text": {"type": "mrkdwn", "text": "*load* failed"}}


def said(text):
    return Message(text=text, blocks=(BLOCK,))


class OfFake:
    def __init__(self):
        self.messenger = FakeMessenger("#production", "#development")

    def posts(self):
        return self.messenger.posts

    def go_down(self):
        self.messenger.is_down = True
        self.messenger.wait_seconds = 7.0


class OfSlack:
    def __init__(self, slack, connection):
        from airflow_dataops.adapters.slack import SlackMessenger

        self._slack, self.messenger = slack, SlackMessenger(connection)

    def posts(self):
        return [
            (f"#{name}", m.get("thread_ts"), m.get("reply_broadcast", False), m["text"])
            for name, messages in self._slack.workspace.messages.items()
            for m in messages
        ]

    def go_down(self):
        from airflow_dataops.demo.slack_server import Mode

        self._slack.workspace.mode = Mode(name="limited", seconds=7)


@pytest.fixture(params=["fake", "slack"])
def site(request):
    if request.param == "fake":
        return OfFake()
    return OfSlack(request.getfixturevalue("slack"), request.getfixturevalue("slack_connection"))


def test_a_message_is_in_its_channel_and_in_no_other(site):
    site.messenger.post(said("it failed"), channel="#production")
    assert site.posts() == [("#production", None, False, "it failed")]


def test_an_answer_is_in_the_thread_of_what_it_answers(site):
    first = site.messenger.post(said("it failed"), channel="#production")
    site.messenger.post(said("again"), channel="#production", thread=first.id)
    site.messenger.post(said("well"), channel="#production", thread=first.id, aloud=True)
    assert site.posts() == [
        ("#production", None, False, "it failed"),
        ("#production", first.id, False, "again"),
        ("#production", first.id, True, "well"),
    ]


def test_a_message_that_answers_nothing_is_never_an_answer(site):
    site.messenger.post(said("it failed"), channel="#production", aloud=True)
    assert site.posts() == [("#production", None, False, "it failed")]


def test_a_channel_that_is_not_there_is_refused_by_name(site):
    with pytest.raises(ChannelRefused, match=r"^#nowhere takes no message: channel_not_found: "):
        site.messenger.post(said("lost"), channel="#nowhere")
    assert site.posts() == []


def test_a_thread_that_is_not_there_is_refused(site):
    with pytest.raises(ChannelRefused, match="thread_not_found"):
        site.messenger.post(said("lost"), channel="#production", thread="17.000001")
    assert site.posts() == []


def test_who_has_had_too_much_says_how_long_to_wait(site):
    site.go_down()
    with pytest.raises(MessengerUnavailable) as refusal:
        site.messenger.post(said("lost"), channel="#production")
    assert refusal.value.wait_seconds == 7.0
    assert site.posts() == []

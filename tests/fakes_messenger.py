"""A messenger kept in memory; passes the contract of Slack's adapter."""

from __future__ import annotations

from airflow_dataops.domain.events import Posted
from airflow_dataops.errors import ChannelRefused, MessengerUnavailable


class FakeMessenger:
    """Messenger without Slack.

    Attributes:
        posts: (channel, thread, aloud, text) of each message, in their order.
        messages: the messages themselves.
        channels: those there are.
        is_down: nothing can be posted.
        wait_seconds: how long it asks to be left alone while it is down.
    """

    def __init__(self, *channels):
        self.channels = set(channels)
        self.posts, self.messages = [], []
        self.is_down, self.wait_seconds = False, None

    def post(self, message, *, channel, thread=None, aloud=False):
        if self.is_down:
            text = "Slack does not answer: URLError"
            raise MessengerUnavailable(text, wait_seconds=self.wait_seconds)
        if channel not in self.channels:
            reason = "channel_not_found: there is no such channel"
            raise ChannelRefused(channel, reason)
        if thread is not None and (channel, thread) not in self._places():
            raise ChannelRefused(channel, "thread_not_found")
        self.posts.append((channel, thread, aloud and thread is not None, message.text))
        self.messages.append(message)
        return Posted(channel=channel, id=str(len(self.posts)))

    def _places(self):
        return {(post[0], str(position)) for position, post in enumerate(self.posts, start=1)}

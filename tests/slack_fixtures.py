"""Slack's double, and connections to it as a vault has them."""

from __future__ import annotations

import json

import pytest

from airflow_dataops.demo.slack_server import SlackDouble

TOKEN = "xoxb-of-these-tests"  # noqa: S105


@pytest.fixture
def slack():
    """A workspace with two channels."""
    with SlackDouble({TOKEN: "kitchens"}, ["production", "development"]) as double:
        yield double


@pytest.fixture
def slack_connection(slack):
    """The connection of a bot that may post there."""
    return connection(slack.base_url)


def connection(base_url, token=TOKEN):
    from airflow.models.connection import Connection

    extra = json.dumps({"base_url": base_url})
    return Connection(conn_id="slack", conn_type="slack", password=token, extra=extra)

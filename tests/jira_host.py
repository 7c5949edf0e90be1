"""The demo's double of Jira, with a token of these tests."""

from __future__ import annotations

from airflow_dataops.demo import jira_server
from airflow_dataops.demo.jira_server import CLOUD_USER, WORKFLOW, reachable

__all__ = ["CLOUD_USER", "TOKEN", "WORKFLOW", "JiraDouble", "reachable"]

TOKEN = "token-of-these-tests"  # noqa: S105


def JiraDouble(**wishes):  # noqa: N802 - used like the class that it makes
    """A double that opens with the token."""
    return jira_server.JiraDouble(token=TOKEN, **wishes)

"""The demo's double of Jira, with a token of these tests."""

from __future__ import annotations

from typing import Any

from airflow_dataops.demo.jira_server import JiraDouble

TOKEN = "token-of-these-tests"  # noqa: S105 - opens nothing but the double


def jira_double(**wishes: Any) -> JiraDouble:
    """A double that opens with the token."""
    return JiraDouble(token=TOKEN, **wishes)

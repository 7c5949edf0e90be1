"""Kitchens through the REST API, on real tables and repositories."""

from __future__ import annotations

import pytest

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


def test_a_kitchen_is_created_with_its_branch_and_shown(retail):
    assert "dev_kitchen" in retail.origins["retail"].branches()
    shown = retail.ask("GET", "/kitchens/dev_kitchen", by="padma").json()
    assert shown["your_role"] == "head"
    assert (shown["state"], shown["parent"], shown["environment"]) == (
        "ready",
        "demo_dev",
        "development",
    )
    assert (shown["schema"], shown["prefix"]) == ("dev_kitchen", "dev_kitchen/")

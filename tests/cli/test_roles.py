"""``airflow dataops setup-roles``, under FAB and under an auth manager without rights on DAGs."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.service]

MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
FAB = {"AIRFLOW__CORE__AUTH_MANAGER": MANAGER}
MADE = {
    "role Kitchens": "made",
    "role dataops development owner": "made",
    "role dataops production owner": "made",
}


def set_up(installation, *words, environ=None):
    return installation.airflow("dataops", "setup-roles", "-o", "json", *words, environ=environ)


def found(outcome):
    assert outcome.code == 0, outcome.stderr
    return {row["what"]: row["found"] for row in outcome.rows}


def test_roles_are_made_once(installation):
    assert found(set_up(installation, environ=FAB)) == MADE
    assert found(set_up(installation, environ=FAB)) == dict.fromkeys(MADE, "in order")


def test_a_dry_run_makes_none(installation):
    for _ in range(2):
        planned = set_up(installation, "--dry-run", environ=FAB)
        assert found(planned) == MADE
        assert planned.stderr.endswith("nothing was changed\n")


def test_another_auth_manager_is_refused_with_what_that_means(installation):
    refused = set_up(installation)
    assert refused.code == 1
    assert refused.stdout == ""
    assert "SimpleAuthManager) knows no rights on single DAGs" in refused.stderr
    assert "set [core] auth_manager = " in refused.stderr

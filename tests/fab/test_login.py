"""``airflow dataops login`` where FAB knows the passwords, and users by a number in tokens."""

from __future__ import annotations

import pytest

from tests.fab.conftest import PASSWORD

pytestmark = pytest.mark.airflow


def log_in(laptop, cluster, who, password=PASSWORD):
    words = ("login", "--url", cluster.url, "--username", who, "--password-stdin")
    return laptop.dataops(*words, stdin=f"{password}\n")


def test_a_password_of_fabs_opens_the_kitchens_of_its_owner(laptop, cluster):
    logged_in = log_in(laptop, cluster, "noor")
    assert logged_in.code == 1, logged_in.stdout  # on a staff, and no user of Airflow
    for who, role in {"una": "head", "padma": None}.items():
        logged_in = log_in(laptop, cluster, who)
        assert logged_in.code == 0, logged_in.stderr
        assert f"logged in to {cluster.url} as {who} until" in logged_in.stdout
        listed = laptop.dataops("kitchen", "list", "-o", "json")
        assert listed.code == 0, listed.stderr
        roles = {row["kitchen"]: row["your_role"] for row in listed.rows}
        assert roles.get("soup") == role


def test_a_wrong_password_is_named(laptop, cluster):
    wrong = log_in(laptop, cluster, "una", "nonsense")
    assert wrong.code == 1
    assert wrong.said == f"error: {cluster.url} does not know 'una' with this password"
    assert not laptop.login_file.exists()

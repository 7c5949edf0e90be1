"""What ``setup-roles`` does to the tables of a real FAB."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.fab_tables import COOK, GUEST, environment, kitchen, staff

pytestmark = [
    pytest.mark.airflow,
    # FAB's security manager brings along what warns about its own dependencies.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def stock(fab):
    """A cluster whose users have stock roles."""
    fab.add_users("eric", "padma", "vic", "ann")
    everything = ("can_read", "DAGs")
    fab.add_role("Admin", everything, users=["eric"])
    fab.add_role("Viewer", everything, users=["vic"])
    fab.add_role("User", everything, ("can_edit", "DAGs"), users=["padma", "vic"])
    fab.add_role("Analysts", ("can_read", "DAG Runs"), users=["ann"])
    return SimpleNamespace(
        fab=fab,
        prepare=lambda **how: fab.roles.prepare(
            [environment()], [(kitchen(), staff(padma="head"))], **{"dry_run": False, **how}
        ),
    )


def test_preparing_makes_what_is_missing_and_then_finds_it_in_order(stock):
    made = {found.what: found.found for found in stock.prepare() if found.what.startswith("role")}
    assert made == dict.fromkeys(
        ["role Kitchens", "role dataops development owner", f"role {COOK}", f"role {GUEST}"], "made"
    )
    assert stock.fab.members()[COOK] == {"eric", "padma"}
    before = stock.fab.everything()
    again = {found.found for found in stock.prepare() if found.what.startswith("role")}
    assert again == {"in order"}
    assert stock.fab.everything() == before


def test_preparing_names_who_sees_every_dag_and_what_to_do(stock):
    named = [(f.what, f.found) for f in stock.prepare() if f.what.startswith("user")]
    assert named == [
        ("user padma", "has role User, which shows every DAG"),
        ("user vic", "has role User, which shows every DAG"),
        ("user vic", "has role Viewer, which shows every DAG"),
    ]
    (advice,) = (f.to_do for f in stock.prepare() if f.what == "user padma")
    assert advice == (
        "airflow users add-role -u padma -r Kitchens; airflow users remove-role -u padma -r User"
    )


def test_a_dry_run_says_the_same_and_changes_nothing(stock):
    before = stock.fab.everything()
    planned = stock.prepare(dry_run=True)
    assert stock.fab.everything() == before
    assert planned == stock.prepare()


def test_preparing_takes_the_sight_of_every_dag_from_the_role_of_everybody(stock):
    stock.fab.add_role("Kitchens", ("can_read", "DAGs"), ("menu_access", "DAGs"))
    (found,) = (f.found for f in stock.prepare() if f.what == "role Kitchens")
    assert found.endswith("1 rights taken")
    assert ("can_read", "DAGs") not in stock.fab.rights("Kitchens")
    assert ("menu_access", "DAGs") in stock.fab.rights("Kitchens")

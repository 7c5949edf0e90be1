"""Kitchens' roles, in the tables of a real FAB on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.staff import Member
from airflow_dataops.domain.staff import Role as StaffRole
from tests.fab_tables import COOK, GUEST, environment, kitchen, staff

pytestmark = [
    pytest.mark.airflow,
    # FAB's security manager brings along what warns about its own dependencies.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def test_staff_is_in_the_kitchens_roles_and_the_owner_cooks_everywhere(fab):
    fab.add_users("eric", "padma", "chris", "vic", "una")
    said = fab.roles.put(kitchen(), staff(padma="head", chris="cook", vic="guest"))
    assert fab.members() == {COOK: {"eric", "padma", "chris"}, GUEST: {"vic"}}
    assert said == f"3 in {COOK!r}, 1 in {GUEST!r}"


def test_an_owner_who_is_a_guest_on_the_list_cooks_still(fab):
    fab.add_users("eric")
    fab.roles.put(kitchen(), staff(eric="guest"))
    assert fab.members() == {COOK: {"eric"}}


def test_putting_again_leaves_exactly_the_present_staff(fab):
    fab.add_users("eric", "padma", "chris", "vic")
    fab.roles.put(kitchen(), staff(padma="head", chris="cook"))
    fab.roles.put(kitchen(), staff(chris="guest", vic="guest"))
    assert fab.members() == {COOK: {"eric"}, GUEST: {"chris", "vic"}}


def test_a_second_put_changes_nothing(fab):
    fab.add_users("eric", "padma")
    fab.roles.put(kitchen(), staff(padma="head"))
    before = fab.everything()
    fab.roles.put(kitchen(), staff(padma="head"))
    assert fab.everything() == before


def test_capitals_make_another_user(fab):
    fab.add_users("eric", "Padma")
    said = fab.roles.put(kitchen(), staff(padma="cook"))
    assert fab.members() == {COOK: {"eric"}}
    assert said.endswith("; not yet users of Airflow: padma")


def test_who_comes_to_airflow_after_being_staffed_gets_the_role(fab):
    fab.add_users("eric")
    fab.roles.put(kitchen(), staff(padma="cook"))
    fab.add_users("padma")
    staffed = [(kitchen(), staff(padma="cook"))]
    assert fab.roles.reconcile(staffed) == [COOK]
    assert fab.members() == {COOK: {"eric", "padma"}}
    assert fab.roles.reconcile(staffed) == []


def test_roles_that_a_login_set_anew_come_back_and_none_too_many(fab):
    fab.add_users("eric", "padma", "vic")
    fab.add_role("analysts")
    fab.roles.put(kitchen(), staff(padma="cook"))
    fab.set_roles("padma", "analysts")
    fab.set_roles("vic", COOK, GUEST)
    assert fab.roles.reconcile([(kitchen(), staff(padma="cook"))]) == [COOK, GUEST]
    assert fab.members() == {COOK: {"eric", "padma"}, "analysts": {"padma"}}


def test_reconciling_makes_no_role_of_a_kitchen_that_goes(fab):
    fab.add_users("eric", "padma")
    assert fab.roles.reconcile([(kitchen(), staff(padma="cook"))]) == []
    assert not fab.roles.exist(kitchen())


def test_a_deleted_kitchen_leaves_nothing_and_takes_nothing_of_others(fab):
    fab.add_users("eric", "padma")
    other = kitchen("soup_2")
    fab.roles.put(other, staff(padma="cook"))
    fab.parse("soup_2.daily", fab.roles.access_control(other, []))
    fab.parse("soupX.daily", None)  # an underscore is no wildcard, a capital no small letter
    fab.parse("Soup.daily", None)
    before = fab.everything()

    fab.roles.put(kitchen(), staff(padma="cook"))
    fab.parse("soup.daily", fab.roles.access_control(kitchen(), []))
    assert fab.everything() != before
    assert fab.roles.exist(kitchen())
    fab.roles.remove(kitchen())

    assert fab.everything() == before
    assert not fab.roles.exist(kitchen())
    fab.roles.remove(kitchen())


def test_rights_that_were_left_behind_are_seen(fab):
    fab.parse("soup.daily", None)
    assert fab.roles.exist(kitchen())


def test_cooks_may_change_a_dag_and_guests_may_look_at_it(fab):
    fab.add_role("Kitchens")
    fab.roles.put(kitchen(), [])
    fab.parse("soup.daily", fab.roles.access_control(kitchen(), []))
    on_dag = {role: {r for r in fab.rights(role) if "soup.daily" in r[1]} for role in (COOK, GUEST)}
    assert on_dag == {
        COOK: {
            ("can_read", "DAG:soup.daily"),
            ("can_edit", "DAG:soup.daily"),
        },
        GUEST: {("can_read", "DAG:soup.daily")},
    }
    assert ("can_read", "DAG:soup.daily") in fab.rights("Kitchens")
    for role in (COOK, GUEST, "Kitchens"):
        assert not {(do, "DAGs") for do in ("can_read", "can_edit", "can_delete")} & fab.rights(
            role
        )


@pytest.mark.parametrize(
    ("settings", "of"),
    [
        ({"shared": False}, environment()),
        ({"shared": True}, environment(protected=True)),
        ({"shared": False}, environment(protected=True)),
    ],
    ids=["private", "protected", "both"],
)
def test_a_kitchen_that_is_not_for_everybody_is_not_shown_to_everybody(fab, settings, of):
    fab.environments[of.name] = of
    fab.add_role("Kitchens")
    fab.roles.put(kitchen(), [])
    assert set(fab.roles.access_control(kitchen(**settings), [])) == {COOK, GUEST}


def test_a_kitchen_that_becomes_private_is_hidden_at_the_next_parse(fab):
    fab.add_role("Kitchens")
    fab.roles.put(kitchen(), [])
    fab.parse("soup.daily", fab.roles.access_control(kitchen(), []))
    fab.parse("soup.daily", fab.roles.access_control(kitchen(shared=False), []))
    assert fab.rights("Kitchens") == set()


def test_roles_on_the_staff_list_get_the_rights_themselves(fab):
    for role in ("analysts", "engineers", "owners"):
        fab.add_role(role)
    fab.environments["development"] = environment(owner="role:owners")
    fab.roles.put(kitchen(), [])
    control = fab.roles.access_control(
        kitchen(shared=False), staff(role_analysts="guest", role_engineers="head")
    )
    assert control["analysts"] == control[GUEST]
    assert control["engineers"] == control["owners"]
    # Our cooks may start runs of whatever they may change; another role might not.
    assert control["engineers"]["DAGs"] == control[COOK]["DAGs"]
    assert control["engineers"]["DAG Runs"] == {"can_read", "can_create", "can_delete"}


def test_a_role_that_airflow_does_not_have_is_left_out_and_named(fab, caplog):
    fab.roles.put(kitchen(), [])
    control = fab.roles.access_control(kitchen(shared=False), staff(role_analysts="cook"))
    fab.parse("soup.daily", control)
    assert set(control) == {COOK, GUEST}
    assert "the DAGs of soup are not shown to roles that Airflow does not have: analysts" in (
        caplog.text
    )


@pytest.mark.parametrize("role", ["Admin", "Public"])
def test_staff_lists_give_nothing_to_who_is_not_logged_in(fab, role):
    fab.add_role(role)
    fab.roles.put(kitchen(), [])
    member = Member(who=f"role:{role}", role=StaffRole.HEAD)
    assert set(fab.roles.access_control(kitchen(shared=False), [member])) == {COOK, GUEST}


def test_the_platforms_dags_are_shown_to_the_owner_alone(fab):
    fab.add_users("eric", "padma")
    fab.roles.prepare([environment()], [(kitchen(), staff(padma="head"))], dry_run=False)
    control = fab.roles.platform_access_control("development")
    assert control == {"dataops development owner": {"DAGs": {"can_read"}}}
    assert fab.members()["dataops development owner"] == {"eric"}


def test_a_role_on_the_staff_list_counts_at_once_on_dags_that_are_there(fab):
    fab.add_role("analysts")
    soup, other = kitchen(shared=False), kitchen("soup_2", shared=False)
    for each in (soup, other):
        fab.roles.put(each, [])
        fab.parse(f"{each.name}.daily", fab.roles.access_control(each, []))

    fab.roles.put(soup, staff(role_analysts="cook"))
    assert fab.rights("analysts") == {
        ("can_read", "DAG:soup.daily"),
        ("can_edit", "DAG:soup.daily"),
        ("can_read", "DAG Run:soup.daily"),
        ("can_create", "DAG Run:soup.daily"),
        ("can_delete", "DAG Run:soup.daily"),
    }
    fab.roles.put(soup, staff(role_analysts="guest"))
    assert fab.rights("analysts") == {("can_read", "DAG:soup.daily")}
    before = fab.everything()
    fab.parse("soup.daily", fab.roles.access_control(soup, staff(role_analysts="guest")))
    assert fab.everything() == before  # the dag-processor finds nothing to do
    fab.roles.put(soup, [])
    assert fab.rights("analysts") == set()

"""Kitchens' roles, in the tables of a real FAB on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.providers.fab.auth_manager.models import (
    Permission,
    Resource,
    Role,
    User,
    assoc_group_role,
    assoc_permission_role,
    assoc_user_role,
)
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from airflow_dataops.adapters.airflow_access.roles import FabAccessRoles
from airflow_dataops.domain.kitchen import Kitchen, KitchenSettings
from airflow_dataops.domain.release_environment import BaseKitchen, ReleaseEnvironment, VaultPlace
from airflow_dataops.domain.staff import Member
from airflow_dataops.domain.staff import Role as StaffRole

pytestmark = [
    pytest.mark.airflow,
    # FAB's security manager brings along what warns about its own dependencies.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

COOK, GUEST = "kitchen soup cook", "kitchen soup guest"


def environment(name="development", *, owner="eric", protected=False):
    return ReleaseEnvironment(
        name=name,
        project="retail",
        vault=VaultPlace(kind="hashicorp", url="http://127.0.0.1:1", mount=name),
        base_kitchen=BaseKitchen(name=f"{name}_base", branch=name),
        tools={},
        owner=owner,
        protected=protected,
    )


def kitchen(name="soup", *, environment="development", shared=True):
    return Kitchen(
        id=name,
        name=name,
        project="retail",
        environment=environment,
        branch=name,
        parent=None,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        created_by="padma",
        settings=KitchenSettings(shared=shared),
    )


def staff(**roles):
    return [
        Member(who=who.replace("role_", "role:"), role=StaffRole(role))
        for who, role in roles.items()
    ]


def security_manager(session):
    from airflow.providers.fab.www.security_appless import ApplessAirflowSecurityManager

    return ApplessAirflowSecurityManager(session=session)


class Fab:
    """FAB's tables, as FAB's own security manager writes and reads them."""

    def __init__(self, engine):
        self._engine = engine
        self.environments = {e.name: e for e in (environment(),)}
        self.roles = FabAccessRoles(engine, environment_of=self.environments.__getitem__)

    def add_users(self, *names):
        with Session(self._engine) as session:
            for name in names:
                session.add(
                    User(
                        username=name,
                        email=f"{name}@example.com",
                        first_name=name,
                        last_name=name,
                        active=True,
                    )
                )
            session.commit()

    def add_role(self, name, *rights, users=()):
        with Session(self._engine) as session:
            manager = security_manager(session)
            role = manager.add_role(name)
            for action, what in rights:
                manager.add_permission_to_role(role, manager.create_permission(action, what))
            for user in session.scalars(select(User).where(User.username.in_(users))):
                user.roles.append(role)
            session.commit()

    def parse(self, dag_id, access_control):
        """What Airflow does with a DAG that it has read."""
        with Session(self._engine) as session:
            security_manager(session).sync_perm_for_dag(dag_id, access_control)

    def set_roles(self, user, *roles):
        """What a login does where the identity provider says which roles somebody has."""
        with Session(self._engine) as session:
            found = session.scalars(select(User).where(User.username == user)).one()
            found.roles = list(session.scalars(select(Role).where(Role.name.in_(roles))).unique())
            session.commit()

    def members(self):
        with Session(self._engine) as session:
            rows = session.execute(
                select(Role.name, User.username)
                .join(assoc_user_role, assoc_user_role.c.role_id == Role.id)
                .join(User, User.id == assoc_user_role.c.user_id)
            )
            found = {}
            for role, user in rows:
                found.setdefault(role, set()).add(user)
            return found

    def rights(self, role):
        with Session(self._engine) as session:
            found = security_manager(session).find_role(role)
            return {(right.action.name, right.resource.name) for right in found.permissions}

    def everything(self):
        """Every role with its rights and users, and every right there is."""
        with Session(self._engine) as session:
            roles = sorted(session.scalars(select(Role.name)))
            resources = set(session.scalars(select(Resource.name)))
        return {role: self.rights(role) for role in roles}, self.members(), resources


@pytest.fixture
def fab(engine):
    yield Fab(engine)
    with Session(engine) as session:
        for table in (assoc_user_role, assoc_group_role, assoc_permission_role):
            session.execute(delete(table))
        for model in (Permission, Resource, User, Role):
            session.execute(delete(model))
        session.commit()


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

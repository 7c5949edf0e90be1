"""Who may do what to a kitchen: every person, every action, every kind of environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_dataops.domain import permissions
from airflow_dataops.domain.kitchen import KitchenSettings
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.staff import Member, Person, Role
from airflow_dataops.errors import KitchenNotFound, NotAllowed
from tests.installation import environment
from tests.kitchen_values import kitchen

STAFF = [
    Member(who="padma", role=Role.HEAD),
    Member(who="role:analysts", role=Role.COOK),
    Member(who="auditor", role=Role.GUEST),
    Member(who="role:everybody", role=Role.GUEST),
]
PEOPLE = {
    "stranger": Person(name="mallory"),
    "guest": Person(name="auditor"),
    "guest by role": Person(name="vp", roles=frozenset({"everybody", "Viewer"})),
    "cook by role": Person(name="ana", roles=frozenset({"analysts"})),
    "cook and guest": Person(name="auditor", roles=frozenset({"analysts", "everybody"})),
    "head": Person(name="padma"),
    "owner": Person(name="chris"),
    "owner by role": Person(name="dora", roles=frozenset({"platform"})),
    # Names of roles and of people are different things.
    "named like a role": Person(name="analysts"),
    "with a role named like a head": Person(name="mallory", roles=frozenset({"padma"})),
}
ENVIRONMENTS = {
    "open": {"owner": "chris"},
    "of a role": {"owner": "role:platform"},
    "ownerless": {},
    "protected": {"owner": "chris", "protected": True},
}
ALL = set(Action)
SEE = {Action.SEE}
NOT_IN_PROTECTED = {Action.GET_CREDENTIALS, Action.SET_SCHEDULE}
COOK = {*(Action.SEE, Action.REFRESH, Action.CUT, Action.CHANGE_CHARTS), *NOT_IN_PROTECTED}
COOK |= {Action.MERGE_DOWN, Action.MERGE_UP, Action.PROPOSE, Action.REVERT, Action.HAND_OFF}
IN_PROTECTED = {Action.SEE, Action.REFRESH, Action.CUT}
ALLOWED = {
    "stranger": dict.fromkeys(ENVIRONMENTS, SEE),
    "guest": dict.fromkeys(ENVIRONMENTS, SEE),
    "guest by role": dict.fromkeys(ENVIRONMENTS, SEE),
    "cook by role": {**dict.fromkeys(ENVIRONMENTS, COOK), "protected": IN_PROTECTED},
    "cook and guest": {**dict.fromkeys(ENVIRONMENTS, COOK), "protected": IN_PROTECTED},
    "head": {**dict.fromkeys(ENVIRONMENTS, ALL), "protected": IN_PROTECTED},
    "owner": {
        "open": ALL,
        "of a role": SEE,
        "ownerless": SEE,
        "protected": ALL - NOT_IN_PROTECTED,
    },
    "owner by role": {**dict.fromkeys(ENVIRONMENTS, SEE), "of a role": ALL},
    "named like a role": dict.fromkeys(ENVIRONMENTS, SEE),
    "with a role named like a head": dict.fromkeys(ENVIRONMENTS, SEE),
}
STRANGERS = {"stranger", "named like a role", "with a role named like a head"}


def base_of(kind):
    return environment("development", base="demo_dev", branch="demo_dev", **ENVIRONMENTS[kind])


def check(action, person, kind, *, shared=True):
    made = replace(kitchen("dev_kitchen"), settings=KitchenSettings(shared=shared))
    permissions.check(action, PEOPLE[person], kitchen=made, staff=STAFF, environment=base_of(kind))


def test_the_table_speaks_of_everybody_everywhere():
    assert set(ALLOWED) == set(PEOPLE)
    assert all(set(kinds) == set(ENVIRONMENTS) for kinds in ALLOWED.values())


@pytest.mark.parametrize("kind", ENVIRONMENTS)
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("person", PEOPLE)
def test_a_person_may_do_what_the_table_says_and_nothing_else(person, action, kind):
    if action in ALLOWED[person][kind]:
        check(action, person, kind)
        return
    with pytest.raises(NotAllowed) as refused:
        check(action, person, kind)
    assert str(refused.value).startswith(
        f"{PEOPLE[person].name} may not {action} kitchen 'dev_kitchen': "
    )


@pytest.mark.parametrize("kind", ENVIRONMENTS)
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("person", PEOPLE)
def test_a_private_kitchen_is_unknown_to_whoever_is_not_on_its_staff(person, action, kind):
    owns = person.startswith("owner") and Action.DELETE in ALLOWED[person][kind]
    is_outside = person in STRANGERS or (person.startswith("owner") and not owns)
    if is_outside:
        with pytest.raises(KitchenNotFound, match=r"^no kitchen named 'dev_kitchen'$"):
            check(action, person, kind, shared=False)
    elif action in ALLOWED[person][kind]:
        check(action, person, kind, shared=False)
    else:
        with pytest.raises(NotAllowed):
            check(action, person, kind, shared=False)


@pytest.mark.parametrize(
    ("person", "action", "kind", "why"),
    [
        ("stranger", Action.CUT, "open", "not on its staff, and this takes a cook; its owner is c"),
        ("guest", Action.REFRESH, "open", "auditor is guest there, and this takes a cook"),
        ("cook by role", Action.DELETE, "ownerless", "takes a head; .*'development' has no owner"),
        ("head", Action.STAFF, "protected", "'development' is protected; its owner is chris"),
        ("owner", Action.GET_CREDENTIALS, "protected", "protected and gives no login to people"),
        ("owner", Action.SET_SCHEDULE, "protected", "its code changes by merging alone"),
    ],
)
def test_a_refusal_says_who_could_do_it(person, action, kind, why):
    with pytest.raises(NotAllowed, match=why):
        check(action, person, kind)


def test_an_environment_that_is_not_the_kitchens_decides_nothing():
    other = environment("production", base="demo_production", branch="main", owner="padma")
    with pytest.raises(ValueError, match="is not of environment production"):
        permissions.check(
            Action.SEE,
            PEOPLE["head"],
            kitchen=kitchen("dev_kitchen"),
            staff=STAFF,
            environment=other,
        )

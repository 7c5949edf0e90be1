"""Who is meant by a name, and which role counts."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.staff import (
    LONGEST_WHO,
    Member,
    Person,
    Role,
    check_staff,
    check_who,
    role_of,
)
from airflow_dataops.errors import InvalidName, InvalidRequest

ANA = Person(name="ana", roles=frozenset({"analysts", "Viewer"}))


@pytest.mark.parametrize("who", ["ana", "role:analysts", "role:Viewer"])
def test_a_person_is_meant_by_their_name_and_by_their_roles(who):
    assert ANA.is_meant_by(who)
    assert ANA.is_one_of(["chris", who])


@pytest.mark.parametrize("who", ["Ana", "analysts", "role:ana", "role:Analysts", "role:", ""])
def test_a_person_is_meant_by_nothing_else(who):
    assert not ANA.is_meant_by(who)
    assert not ANA.is_one_of([who])


def test_the_highest_role_counts_whatever_the_order():
    staff = [
        Member(who="role:analysts", role=Role.COOK),
        Member(who="ana", role=Role.GUEST),
        Member(who="chris", role=Role.HEAD),
    ]
    assert role_of(ANA, staff) is role_of(ANA, reversed(staff)) is Role.COOK


def test_who_is_not_on_the_staff_has_no_role():
    assert role_of(ANA, [Member(who="chris", role=Role.HEAD)]) is None
    assert role_of(ANA, []) is None


def test_roles_rise_from_guest_to_head():
    assert sorted(Role, key=lambda role: role.rank) == [Role.GUEST, Role.COOK, Role.HEAD]


def test_a_member_that_is_a_role_says_which_of_airflows():
    assert Member(who="role:analysts", role=Role.COOK).airflow_role == "analysts"
    assert Member(who="ana", role=Role.COOK).airflow_role is None


@pytest.mark.parametrize(
    "who",
    [
        "padma",
        "padma@example.com",
        "o'neil",
        "Padma Rao",
        "jürgen",
        "role:Data Engineers",
        "svc+etl-1",
        "x" * LONGEST_WHO,
    ],
)
def test_what_user_directories_call_people_is_taken(who):
    assert check_who(who) == who


@pytest.mark.parametrize(
    "who",
    [
        "",
        " ",
        " padma",
        "padma ",
        "padma\n",
        "pad\tma",
        "role:",
        "role: ",
        "role: analysts",
        "role:role:analysts",
        "a;b",
        "a,b",
        "a/b",
        "a\\b",
        "a\0b",
        "<b>",
        "*",
        "%",
        "pad\u200bma",
        "pad\u202ema",
        "\ud800",
        "x" * (LONGEST_WHO + 1),
        "role:" + "x" * (LONGEST_WHO - 4),
    ],
)
def test_what_can_stand_for_nobody_is_refused_with_the_rule(who):
    with pytest.raises(InvalidName, match="write a user's name or role:<name of an Airflow role>"):
        check_who(who)


def test_nobody_is_on_a_staff_twice():
    padma = [Member(who="padma", role=role) for role in (Role.HEAD, Role.COOK)]
    with pytest.raises(InvalidRequest, match="padma is on the staff twice") as refused:
        check_staff(padma)
    assert refused.value.field == "staff"
    check_staff([padma[0], Member(who="role:padma", role=Role.COOK)])

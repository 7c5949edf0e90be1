"""What a pipeline declares, what was enabled, and who may enable it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from airflow_dataops.domain.release_environment import BaseKitchen, ReleaseEnvironment, VaultPlace
from airflow_dataops.domain.schedule import (
    EnabledSchedule,
    PipelineSchedule,
    Schedule,
    ScheduleState,
    check_may_disable,
    check_may_enable,
    check_pipeline,
    declared_by,
    tag,
    without_claims,
)
from airflow_dataops.domain.staff import Person
from airflow_dataops.errors import InvalidName, NotAllowed

MONDAYS = Schedule(cron="0 6 * * 1", timezone="America/Chicago")
TUESDAYS = replace(MONDAYS, cron="0 6 * * 2")
ENABLED = EnabledSchedule(
    pipeline="profit",
    schedule=MONDAYS,
    enabled_by="eric",
    enabled_at=datetime(2026, 3, 2, 12, 0, 0, 400, tzinfo=UTC),
)
PRODUCTION = ReleaseEnvironment(
    name="production",
    project="retail",
    vault=VaultPlace(kind="hashicorp", url="https://vault.example.com", mount="production"),
    base_kitchen=BaseKitchen(name="demo_production", branch="main"),
    tools={},
    owner="olga",
    protected=True,
    schedules_enabled_by=("eric", "role:production-engineers"),
)
WHAT = "the schedule of demo_production.profit"


@pytest.mark.parametrize(
    ("declared", "enabled", "state"),
    [
        (None, None, "none"),
        (MONDAYS, None, "inert"),
        (MONDAYS, ENABLED, "enabled"),
        (TUESDAYS, ENABLED, "changed"),
        (replace(MONDAYS, timezone="UTC"), ENABLED, "changed"),
        (None, ENABLED, "changed"),
    ],
)
def test_a_schedule_is_enabled_as_long_as_the_code_says_the_same(declared, enabled, state):
    standing = PipelineSchedule(pipeline="profit", declared=declared, enabled=enabled)
    assert standing.state == state


def test_a_schedule_counts_from_the_second_after_it_was_enabled():
    assert ENABLED.starts_at == datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("state", sorted(set(ScheduleState) - {ScheduleState.NONE}))
@pytest.mark.parametrize(
    "schedule",
    [
        MONDAYS,
        Schedule(cron="@daily", timezone="UTC"),
        Schedule(cron="*/5 1-3 1,15 * mon-fri", timezone="Etc/GMT+5"),
        Schedule(cron="0 0 6 * * 1", timezone="America/Argentina/ComodRivadavia"),
    ],
    ids=str,
)
def test_a_tag_says_what_is_declared(state, schedule):
    assert declared_by(["kitchen:dev", tag(state, schedule), "weekly"]) == schedule


def test_spaces_between_fields_make_no_other_schedule():
    assert Schedule.written(" 0  6 *\t* 1\n", "America/Chicago") == MONDAYS


@pytest.mark.parametrize(
    "tags",
    [
        [],
        ["kitchen:dev"],
        ["inert schedule: assets"],
        ["inert schedule: 1 day, 0:00:00"],
        ["inert schedule: CronTriggerTimetable"],
        ["inert schedule: 0 6 * * 1"],
        ["inert schedule: 0 6 * * 1  UTC"],
        ["inert schedule: 0 6 * * 1 UTC\n"],
        ["an inert schedule: 0 6 * * 1 UTC"],
        [f"inert schedule: {'0,' * 40}0 6 * * 1 UTC"],
        ["inert schedule: 0 6 * * 1 UTC", "inert schedule: 0 7 * * 1 UTC"],
        ["inert schedule: 0 6 * * 1 UTC", "schedule: 0 6 * * 1 UTC"],
    ],
    ids=str,
)
def test_tags_that_say_none_or_several_declare_none(tags):
    assert declared_by(tags) is None


def test_what_an_author_says_of_schedules_in_tags_is_no_claim_that_one_is_enabled():
    own = ["weekly", "inert schedule: assets", "kitchen:dev"]
    claims = ["schedule: weekly", "changed schedule: x", tag(ScheduleState.INERT, MONDAYS)]
    assert without_claims([*own, *claims]) == own


@pytest.mark.parametrize(
    "person",
    [Person(name="eric"), Person(name="nora", roles=frozenset({"production-engineers"}))],
)
def test_those_whom_the_environment_lists_may_enable(person):
    check_may_enable(person, WHAT, PRODUCTION)
    check_may_disable(person, WHAT, PRODUCTION)


def test_an_owner_who_is_not_listed_may_disable_and_not_enable():
    owner = Person(name="olga")
    check_may_disable(owner, WHAT, PRODUCTION)
    with pytest.raises(NotAllowed) as refused:
        check_may_enable(owner, WHAT, PRODUCTION)
    assert str(refused.value) == (
        "olga may not enable the schedule of demo_production.profit: schedules_enabled_by of "
        "environment 'production' lists eric, role:production-engineers"
    )


@pytest.mark.parametrize("check", [check_may_enable, check_may_disable])
def test_nobody_else_may_do_either(check):
    with pytest.raises(NotAllowed, match="lists eric"):
        check(Person(name="chris", roles=frozenset({"eric"})), WHAT, PRODUCTION)


def test_an_environment_that_lists_nobody_says_so():
    unlisted = replace(PRODUCTION, schedules_enabled_by=())
    with pytest.raises(NotAllowed, match="lists nobody"):
        check_may_enable(Person(name="eric"), WHAT, unlisted)


@pytest.mark.parametrize("name", ["profit", "reports.daily-load", "Übersicht", "a" * 250])
def test_ordinary_dags_names_are_pipelines_names(name):
    assert check_pipeline(name) == name


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "a\n", "a" * 251])
def test_what_no_dag_can_be_called_is_no_pipelines_name(name):
    with pytest.raises(InvalidName, match="cannot be the name of a pipeline"):
        check_pipeline(name)

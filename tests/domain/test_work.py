"""Where a piece of work stands, with whom, and how long each step took: from the trail alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.work import Course, Step, lasting, works

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
COURSE = Course(
    bases=frozenset({"dev", "production"}),
    released_in=frozenset({"production"}),
    assignees={"development": {Step.MERGED: "chris", Step.RELEASED: "eric"}},
)
ENVIRONMENTS = {"production": "production"}


def entry(number, action, kitchen, *, hours=None, by="padma", reason=None, **details):
    return AuditEntry(
        at=MONDAY + (number if hours is None else hours) * HOUR,
        by=by,
        source="api",
        action=action,
        project="retail",
        environment=ENVIRONMENTS.get(kitchen, "development"),
        kitchen_id=f"id of {kitchen}",
        kitchen=kitchen,
        reason=reason,
        details=details,
        id=number,
    )


WEEK = [
    entry(0, "begin to create", "profit", ticket="DATA-117"),
    entry(1, "created", "profit"),
    entry(5, "hand off", "profit", by="padma", to="chris", reason="please look at the joins"),
    entry(6, "set schedule", "profit", by="chris", pipeline="profit"),
    entry(8, "merge up", "dev", by="chris", merged="profit"),
    entry(29, "merge up", "production", by="eric", merged="dev"),
    entry(31, "enable schedule", "production", by="eric", pipeline="profit"),
]


def one(entries, course=COURSE):
    [found] = works(entries, course)
    return found


def steps(found):
    return [stay.step for stay in found.stays]


def test_a_week_is_told_with_the_hours_that_each_step_took():
    found = one(WEEK)
    assert (found.kitchen, found.ticket, found.present.step) == ("profit", "DATA-117", "scheduled")
    assert [(s.step, s.kitchen, s.assignee, s.lasted(MONDAY) / HOUR) for s in found.stays[:-1]] == [
        ("creation", "profit", "padma", 1),
        ("work", "profit", "padma", 4),
        ("work", "profit", "chris", 3),
        ("merged", "dev", "chris", 21),
        ("released", "production", "eric", 2),
    ]
    # 1 h + 7 h + 21 h + 2 h; what comes after the enabling is no time of the work.
    later = MONDAY + 500 * HOUR
    assert {step: time / HOUR for step, time in found.time_in(later).items()} == {
        "creation": 1, "work": 7, "merged": 21, "released": 2,
    }  # fmt: skip
    assert found.cycle_time() == 31 * HOUR
    assert found.stays[2].note == "please look at the joins"


def test_what_is_not_over_stands_until_now():
    found = one(WEEK[:3])
    assert found.step_since() == MONDAY + HOUR  # whoever had it since
    assert found.time_in(MONDAY + 10 * HOUR) == {"creation": HOUR, "work": 9 * HOUR}
    assert found.cycle_time() is None


def test_work_merged_straight_into_production_was_merged_for_no_time():
    straight = [*WEEK[:4], entry(9, "merge up", "production", merged="profit", by="eric")]
    found = one(straight)
    assert steps(found)[-2:] == ["merged", "released"]
    assert found.time_in(MONDAY + 9 * HOUR)[Step.MERGED] == timedelta(0)


def test_a_merge_that_is_taken_back_takes_the_work_back_and_its_revert_brings_it_again():
    back = [*WEEK[:5], entry(10, "revert merge", "dev", merged="profit")]
    assert one(back).present.step is Step.WORK
    again = [*back, entry(12, "revert merge", "dev", merged="profit")]
    assert one(again).present.step is Step.MERGED


def test_another_kitchens_merge_and_enabling_move_nothing():
    others = [
        *WEEK[:6],
        entry(30, "merge up", "dev", merged="loss"),
        entry(31, "enable schedule", "production", pipeline="loss"),
        entry(32, "revert merge", "dev", merged="loss"),
    ]
    assert one(others).present.step is Step.RELEASED


def test_what_is_disabled_waits_again():
    found = one([*WEEK, entry(40, "disable schedule", "production", pipeline="profit")])
    assert steps(found)[-2:] == ["scheduled", "released"]
    assert found.cycle_time() == 31 * HOUR  # it was there once


def test_more_of_it_goes_the_same_way_again():
    more = [*WEEK, entry(40, "merge up", "dev", merged="profit")]
    assert one(more).present.step is Step.MERGED
    released = [*more, entry(44, "merge up", "production", merged="dev")]
    assert steps(one(released))[-3:] == ["merged", "released", "scheduled"]


def test_work_outlives_its_kitchen_once_it_is_merged_and_is_dropped_before():
    assert one([*WEEK[:3], entry(7, "deleted", "profit")]).present.step is Step.DROPPED
    gone = [*WEEK[:5], entry(9, "deleted", "profit"), *WEEK[5:]]
    assert one(gone).cycle_time() == 31 * HOUR


def test_a_kitchen_of_a_name_that_was_there_before_is_another_piece_of_work():
    second = [
        AuditEntry(**{**as_fields(e), "kitchen_id": "another", "at": e.at + 100 * HOUR})
        for e in WEEK[:2]
    ]
    merge = entry(110, "merge up", "dev", merged="profit")
    first, again = works([*WEEK[:3], entry(7, "deleted", "profit"), *second, merge], COURSE)
    assert (first.present.step, again.present.step) == (Step.DROPPED, Step.MERGED)


def test_a_ticket_can_come_later_and_go():
    named = [*WEEK[:2], entry(3, "change", "profit", ticket="DATA-9")]
    assert one(named).ticket == "DATA-9"
    assert one([*named, entry(4, "change", "profit", ticket="none")]).ticket is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0s"), (59, "59s"), (3_600, "1h"), (100_000, "1d 3h"), (62, "1m 2s")]
)
def test_times_are_said_shortly(seconds, said):
    assert lasting(timedelta(seconds=seconds)) == said


def as_fields(one):
    return {name: getattr(one, name) for name in AuditEntry.__dataclass_fields__}


DEEDS = st.sampled_from(
    [
        ("created", "profit", {}),
        ("hand off", "profit", {"to": "chris"}),
        ("hand off", "profit", {"to": "eric"}),
        ("set schedule", "profit", {"pipeline": "profit"}),
        ("merge up", "dev", {"merged": "profit"}),
        ("merge up", "production", {"merged": "dev"}),
        ("merge up", "production", {"merged": "profit"}),
        ("revert merge", "dev", {"merged": "profit"}),
        ("revert merge", "production", {"merged": "dev"}),
        ("enable schedule", "production", {"pipeline": "profit"}),
        ("disable schedule", "production", {"pipeline": "profit"}),
        ("deleted", "profit", {}),
        ("staff", "profit", {"who": "carl", "role": "cook"}),
    ]
)
ORDER = [Step.CREATION, Step.WORK, Step.MERGED, Step.RELEASED, Step.SCHEDULED]


@settings(max_examples=300, deadline=None)
@given(
    deeds=st.lists(st.tuples(DEEDS, st.integers(0, 5)), max_size=30),
    shuffled=st.randoms(use_true_random=False),
)
def test_whatever_is_done_no_step_is_skipped_and_the_times_add_up(deeds, shuffled):
    hours, trail = 0, [entry(0, "begin to create", "profit", ticket="DATA-117")]
    for number, ((action, kitchen, details), pause) in enumerate(deeds, start=1):
        hours += pause
        trail.append(entry(number, action, kitchen, hours=hours, **details))
    found = one(trail)
    for before, after in zip(found.stays, found.stays[1:], strict=False):
        assert before.ended_at == after.began_at  # one place and one person at any time
        if after.step is not Step.DROPPED and before.step is not after.step:
            assert ORDER.index(after.step) <= ORDER.index(before.step) + 1
        assert (before.step, before.kitchen, before.assignee) != (
            after.step, after.kitchen, after.assignee,
        )  # fmt: skip
    assert [stay.ended_at is None for stay in found.stays] == (
        [False] * (len(found.stays) - 1) + [True]
    )
    now = MONDAY + (hours + 3) * HOUR
    ends = sum((s.lasted(now) for s in found.stays if s.step.is_end), timedelta(0))
    assert sum(found.time_in(now).values(), ends) == now - MONDAY
    # Read in any order, it is the same.
    again = list(trail)
    shuffled.shuffle(again)
    assert one(again) == found

"""What a kitchen derives from its name, and which settings it may have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from airflow_dataops.domain.audit import LONGEST_REASON, check_reason
from airflow_dataops.domain.kitchen import KitchenSettings, check_settings
from airflow_dataops.errors import InvalidName, InvalidRequest
from tests.kitchen_values import NOON, kitchen

IN_CHICAGO = timezone(timedelta(hours=-6))


def refused(**settings):
    with pytest.raises(InvalidRequest) as error:
        check_settings(KitchenSettings(**settings), now=NOON)
    return error.value


def test_a_kitchens_schema_and_prefix_come_from_its_name():
    made = kitchen("dev_kitchen", settings=KitchenSettings(shared=False))
    assert (made.schema, made.prefix, made.shared) == ("dev_kitchen", "dev_kitchen/", False)


@pytest.mark.parametrize(
    "settings",
    [
        KitchenSettings(),
        KitchenSettings(ends_at=NOON + timedelta(seconds=1), pinned=True),
        KitchenSettings(ticket="DATA-117"),
        KitchenSettings(ticket="https://tickets.example.com/browse/DATA-117"[8:]),
        KitchenSettings(ticket="acme/pipelines#12"),
        KitchenSettings(ticket="x" * 200),
        KitchenSettings(slack_channel="#kitchen-alerts"),
        KitchenSettings(slack_channel="#" + "a" * 80),
        KitchenSettings(pipelines=()),
        KitchenSettings(pipelines=tuple(f"p{number}" for number in range(500))),
    ],
)
def test_what_a_kitchen_may_have_is_given_back(settings):
    assert check_settings(settings, now=NOON) == settings


def test_an_end_in_another_timezone_becomes_utc():
    ends_at = datetime(2026, 3, 2, 18, tzinfo=IN_CHICAGO)
    checked = check_settings(KitchenSettings(ends_at=ends_at), now=NOON).ends_at
    assert checked == ends_at
    assert checked.tzinfo is UTC


@pytest.mark.parametrize("ends_at", [NOON, NOON - timedelta(days=1), NOON.astimezone(IN_CHICAGO)])
def test_an_end_that_is_past_is_answered_with_the_moment_it_is(ends_at):
    error = refused(ends_at=ends_at)
    assert error.field == "ends_at"
    assert f"it is {NOON.isoformat(timespec='seconds')} now" in str(error)


def test_an_end_without_a_timezone_is_answered_with_an_example():
    naive = datetime(2026, 4, 1)  # noqa: DTZ001 - that is what is refused
    assert "has no timezone; add one, for example Z" in str(refused(ends_at=naive))


def test_an_end_that_no_clock_reaches_is_refused():
    latest = datetime.max.replace(tzinfo=IN_CHICAGO)
    assert "is beyond all calendars" in str(refused(ends_at=latest))


def test_too_many_pipelines_are_counted():
    error = refused(pipelines=tuple(f"p{number}" for number in range(501)))
    assert error.field == "pipelines"
    assert str(error) == "501 pipelines were chosen, at most 500 can be; choose none to have all"


def test_a_pipeline_that_cannot_be_is_named():
    with pytest.raises(InvalidName, match="'Profit' cannot be the name of a pipeline"):
        check_settings(KitchenSettings(pipelines=("churn", "Profit")), now=NOON)


@pytest.mark.parametrize("reason", [None, "", "DATA-117: done", "one\ntwo\t„drei“", "x" * 2000])
def test_a_reason_is_any_text(reason):
    assert check_reason(reason) == reason


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("x" * (LONGEST_REASON + 1), "has 2001 characters, at most 2000 are kept"),
        ("a\0b", "write it as plain text"),
        ("\x1b[31m", "write it as plain text"),
        ("\ud800", "write it as plain text"),
    ],
)
def test_a_reason_that_cannot_be_kept_is_refused(reason, words):
    with pytest.raises(InvalidRequest, match=words) as error:
        check_reason(reason)
    assert error.value.field == "reason"

"""What people read: exact blocks, and nothing that people wrote does anything."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.events import EventKind
from airflow_dataops.services.announcing import message
from tests.alert_values import TOO_FEW, TRY, deed, failure, mapped

URL = "https://airflow.example.com"
LOG = f"{URL}/dags/dev_kitchen.profitability/runs/manual__2026-03-02/tasks/load.copy?try_number=2"
WHEN = "<!date^1772452800^{date_short} {time_secs}|2026-03-02 12:00:00 UTC>"


def lines(events, **how):
    """All texts of a message's blocks, line by line."""
    found = message(events if isinstance(events, list) else [events], base_url=URL, **how)
    return "\n".join(texts(found)).split("\n")


def texts(found):
    for block in found.blocks:
        yield from (
            text["text"] for text in (block.get("text"), *block.get("elements", ())) if text
        )


def test_a_failure_says_what_failed_where_and_links_to_its_log():
    found = message([failure()], base_url=URL)
    assert found.text == ":red_circle: dev_kitchen.profitability / load.copy failed"
    assert list(found.blocks) == [
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": f":red_circle: *<{LOG}|dev_kitchen.profitability / load.copy failed>*",
            },
        },
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": f"environment development · run manual__2026-03-02 · try 2 · {WHEN}",
                }
            ],
        },
    ]


def test_a_stage_that_was_stopped_shows_test_value_and_bound():
    could_not = Verdict(
        test="sum", outcome=Outcome.ERROR, measured=None, detail="redshift does not answer"
    )
    assert lines(failure(verdicts=(TOO_FEW, could_not)))[:3] == [
        f":red_circle: *<{LOG}|dev_kitchen.profitability / load.copy: 2 data tests stop the line>*",
        ":x: *row_count of transactions between 1000 and 2000*: measured 12, allowed 1000 to 2000",
        ":grey_exclamation: *sum*: measured nothing, redshift does not answer",
    ]


def test_one_test_that_warns_is_one():
    warns = replace(TOO_FEW, outcome=Outcome.WARN)
    event = replace(failure(verdicts=(warns,)), kind=EventKind.WARNED)
    found = lines(event)
    assert found[0].startswith(":large_yellow_circle: ")
    assert "load.copy: 1 data test warns>*" in found[0]
    assert found[1].startswith(":warning: *row_count")


def test_a_mapped_tasks_tries_share_a_message():
    found = lines(mapped(23))
    assert "load.copy [0]: 23 of its mapped tries failed" in found[0]
    assert found[1].count("/mapped/") == 20
    assert found[1].endswith(" and 3 more")


def test_without_the_address_of_airflows_pages_there_is_no_link():
    found = message([failure()], base_url=None)
    assert next(texts(found)) == ":red_circle: *dev_kitchen.profitability / load.copy failed*"


@pytest.mark.parametrize(
    ("kind", "details", "said"),
    [
        ("created", {}, ":seedling: *kitchen dev_kitchen was created by padma*"),
        ("deleted", {}, ":wastebasket: *kitchen dev_kitchen was deleted by padma*"),
        (
            "staff",
            {"who": "carl", "role": "cook"},
            ":busts_in_silhouette: *padma made carl cook of kitchen dev_kitchen*",
        ),
        (
            "staff",
            {"who": "carl", "role": "none"},
            ":busts_in_silhouette: *padma took carl off the staff of kitchen dev_kitchen*",
        ),
        ("note", {}, ":speech_balloon: *kitchen dev_kitchen says*"),
    ],
)
def test_a_deed_says_who_did_what(kind, details, said):
    assert lines(deed(EventKind(kind), details=details, text="as DATA-117 asks")) == [
        said,
        "as DATA-117 asks",
        f"environment development · {WHEN}",
    ]


def test_a_kitchen_that_ends_soon_says_how_to_keep_it():
    found = lines(deed(EventKind.ENDS_SOON, details={"ends_at": "2026-03-05 12:00:00+00:00"}))
    assert found[1].startswith("It is deleted at 2026-03-05 12:00:00+00:00 with all it holds, ")
    assert found[2] == "`airflow dataops kitchen change dev_kitchen --for 14d`"


def test_a_recovery_and_the_way_a_message_took_are_told():
    event = replace(failure(), kind=EventKind.RECOVERED)
    found = lines(event, remark="meant for #gone: is_archived")
    assert "load.copy succeeds again>*" in found[0]
    assert found[-1].endswith(" · meant for #gone: is_archived")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<!channel> <@U1> <https://evil.example|click>", "&lt;!channel&gt; &lt;@U1&gt;"),
        ("a & b", "a &amp; b"),
        ("`code` *bold* ~gone~", "ˋcodeˋ ∗bold∗ ∼gone∼"),  # noqa: RUF001 - lookalikes
    ],
)
def test_what_people_wrote_does_nothing(written, shown):
    found = message([deed(EventKind.NOTE, text=written)], base_url=URL)
    assert any(shown in text for text in texts(found))


def test_a_tests_name_wakes_nobody_and_leaves_its_link():
    task = replace(TRY, task_id="a|b><!here>")
    found = message([failure(task, verdicts=(replace(TOO_FEW, test="<!everyone>"),))], base_url=URL)
    said = json.dumps([found.text, *texts(found)])
    assert not [call for call in ("<!here", "<!everyone", "<!channel") if call in said]
    assert "a%7Cb%3E%3C%21here%3E?try_number" in said


_letters = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=4000)
_short = st.text(alphabet="ab<>&|*`é🎉_", min_size=1, max_size=250)


@given(name=_short, text=_letters, test=_letters, count=st.integers(1, 200), several=st.booleans())
def test_a_message_is_never_too_much_for_slack(name, text, test, count, several):
    verdicts = (replace(TOO_FEW, test=test, detail=text),) * count
    task = replace(TRY, dag_id=name, run_id=name, task_id=name)
    events = [failure(task, verdicts=verdicts, text=text)] * (2 if several else 1)
    found = message(events, base_url=URL, remark=text)
    assert 1 < len(found.blocks) <= 50
    assert all(0 < len(each) <= 3000 for each in texts(found))
    assert 0 < len(found.text) <= 3000
    # No sign of ours is cut in half, and none of theirs is left.
    for each in (found.text, *texts(found)):
        known = each.replace("<!date^", "").replace("<https://", "").replace("|", "")
        assert "<" not in known
        assert all(known[at:].startswith(("&lt;", "&gt;", "&amp;")) for at in _places(known, "&"))


def _places(text, letter):
    return [at for at, found in enumerate(text) if found == letter]


def test_the_moment_is_when_it_happened_not_when_it_is_told():
    event = failure(at=datetime(2026, 3, 1, 3, 12, 5, tzinfo=UTC))
    assert lines(event)[-1].endswith("|2026-03-01 03:12:05 UTC>")

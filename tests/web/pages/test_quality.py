"""A kitchen's score over some weeks becomes a line of steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.quality import Said
from airflow_dataops.web.pages.quality import quality_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KITCHEN = SimpleNamespace(name="demo_dev", environment="development")


def shown(*outcomes_by_days_ago):
    said = [
        Said(
            pipeline="profit", task="load.data_tests", run_id=f"run-{days}", test=f"test-{place}",
            at=NOW - timedelta(days=days), outcome=outcome,
        )
        for days, outcomes in outcomes_by_days_ago
        for place, outcome in enumerate(outcomes)
    ]  # fmt: skip
    book = SimpleNamespace(said=lambda _, since: [one for one in said if one.at >= since])
    visit = SimpleNamespace(now=NOW, installation=SimpleNamespace(result_book=book))
    return quality_of(KITCHEN, visit)


def test_a_score_stands_until_tests_run_again():
    found = shown((60, [Outcome.PASS]), (30, [Outcome.PASS, Outcome.FAIL]), (15, [Outcome.PASS]))
    assert (found.now, found.lowest) == (100.0, 50.0)
    # 160 wide and 32 high: full marks at the top, half of them in the middle.
    assert found.path == "M0.0 1.0H80.0V16.0H120.0V1.0H160"


def test_without_a_verdict_there_is_no_line():
    assert shown() is None
    assert shown((3, [Outcome.LEARNING])) is None

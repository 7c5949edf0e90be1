"""Rounds of several servers, and of servers that end in the middle."""

from __future__ import annotations

import pytest

from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.services import alerting
from tests.alert_site import ENVIRONMENT, MINUTE
from tests.fakes_messenger import FakeMessenger

pytestmark = pytest.mark.airflow


def test_who_has_nothing_urgent_is_content_with_a_recent_look(alerts):
    def look(*, is_urgent):
        places = alerts.places()
        return alerting.make_round(ENVIRONMENT, places, holder="two", is_urgent=is_urgent)

    alerts.task("failed")
    assert look(is_urgent=False) == alerting.Round(is_done=True, open_incidents=0)
    assert look(is_urgent=True) == alerting.Round(is_done=True, open_incidents=1)
    alerts.now += alerting.RECENT
    alerts.task("success")
    assert look(is_urgent=False) == alerting.Round(is_done=True, open_incidents=0)
    assert len(alerts.told()) == 2


class TestTwoServers:
    def test_while_one_tells_the_other_leaves_it_alone(self, alerts):
        alerts.task("failed")
        alerts.book.begin(
            "development", holder="other", now=alerts.now, until=alerts.now + 9 * MINUTE
        )
        assert not alerts.round()
        assert alerts.told() == []
        assert alerts.round(after=10 * MINUTE)
        assert len(alerts.told()) == 1

    def test_one_that_was_taken_over_posts_no_more(self, alerts):
        class Slow(FakeMessenger):
            def post(self, message, **how):
                posted = super().post(message, **how)
                alerts.now += 5 * MINUTE
                alerts.book.begin(
                    "development", holder="two", now=alerts.now, until=alerts.now + MINUTE
                )
                return posted

        alerts.slack = Slow("#development")
        alerts.task("failed", dag="dev_kitchen.one")
        alerts.task("failed", dag="dev_kitchen.two")
        alerts.round()
        assert len(alerts.told()) == 1

    def test_a_round_that_dies_is_gone_on_with(self, alerts):
        class Dying(FakeMessenger):
            def post(self, *_, **__):
                message = "the process ends here"
                raise KeyboardInterrupt(message)

        slack, alerts.slack = alerts.slack, Dying()
        alerts.task("failed")
        with pytest.raises(KeyboardInterrupt):
            alerts.round()
        alerts.slack = slack
        alerts.round(holder="two")
        assert len(alerts.told()) == 1

    def test_tables_that_fail_stop_a_round_and_not_the_next(self, alerts):
        class Failing:
            def failures(self, *_, **__):
                message = "the database is restarted"
                raise OutsideSystemError(message)

        alerts.task("failed")
        happenings, alerts.site.happenings = alerts.site.happenings, Failing()
        with pytest.raises(OutsideSystemError):
            alerts.round()
        alerts.site.happenings = happenings
        alerts.round()
        assert len(alerts.told()) == 1

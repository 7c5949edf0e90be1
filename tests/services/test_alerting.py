"""Rounds over real tables with a messenger that can be down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.events import Event, EventKind, channels
from tests.alert_site import ENVIRONMENT, MINUTE, Alerts
from tests.alert_values import TOO_FEW
from tests.fakes_messenger import FakeMessenger
from tests.kitchen_values import deed, kitchen
from tests.registry import kitchen_rows

pytestmark = pytest.mark.airflow
PROFIT = "dev_kitchen.profit / load [3]"


def set_channel(alerts, channel):
    kitchen_rows.change_kitchen(alerts.site.engine, alerts.site.kitchen_id, slack_channel=channel)


def test_a_failure_is_told_once_in_the_environments_channel(alerts):
    alerts.task("failed")
    for _ in range(3):
        assert alerts.round()
    assert alerts.told() == [("#development", None, f"{PROFIT} failed")]


def test_a_kitchens_own_channel_comes_first(alerts):
    set_channel(alerts, "#dev")
    alerts.task("failed")
    alerts.round()
    assert alerts.told() == [("#dev", None, f"{PROFIT} failed")]


def test_what_failed_before_anybody_watched_is_not_told(airflow_engine):
    kitchen_rows.record(
        airflow_engine, "version-1", bundle="kitchens-development", environment="development"
    )
    alerts = Alerts(airflow_engine, FakeMessenger("#development"))
    alerts.task("failed")
    alerts.round()
    assert alerts.told() == []


def test_an_incident_is_one_thread_and_its_end_closes_it(alerts):
    alerts.task("failed")
    alerts.round()
    alerts.task("failed")
    alerts.round()
    alerts.task("success")
    alerts.round()
    alerts.task("failed")
    alerts.round()
    assert alerts.told() == [
        ("#development", None, f"{PROFIT} failed"),
        ("#development", "1", f"{PROFIT} failed"),
        ("#development", "1", f"{PROFIT} succeeds again"),
        ("#development", None, f"{PROFIT} failed"),
    ]
    assert [post[2] for post in alerts.slack.posts] == [False, False, True, False]


def test_after_a_quiet_time_an_answer_is_shown_in_the_channel_too(alerts):
    alerts.task("failed")
    alerts.round()
    alerts.now += timedelta(hours=7)
    alerts.task("failed")
    alerts.round()
    assert [post[1:3] for post in alerts.slack.posts] == [(None, False), ("1", True)]


def test_verdicts_speak_for_the_failure_of_their_try(alerts):
    task = alerts.task("failed")
    [failure] = alerts.site.failures()
    alerts.book.record([replace(failure, verdicts=(TOO_FEW,))])
    alerts.round()
    assert alerts.told() == [("#development", None, f"{PROFIT}: 1 data test stops the line")]
    assert task == failure.task.task_instance


def test_a_try_that_warned_does_not_end_its_own_incident(alerts):
    task = alerts.task("running")
    about, _ = alerts.site.happenings.task_try(task)
    warns = replace(TOO_FEW, outcome=Outcome.WARN)
    alerts.book.record([trouble(alerts, about, EventKind.WARNED, (warns,))])
    alerts.site.change(task, state="success", end_date=alerts.now + timedelta(seconds=5))
    alerts.round()
    alerts.round()
    assert [text for *_, text in alerts.told()] == [f"{PROFIT}: 1 data test warns"]
    alerts.task("success")
    alerts.round()
    assert [text for *_, text in alerts.told()][1:] == [f"{PROFIT} succeeds again"]


def trouble(alerts, about, kind, verdicts):
    return Event(
        key=f"{about.task_instance}:{kind}",
        kind=kind,
        at=alerts.now,
        environment="development",
        kitchen_id=alerts.site.kitchen_id,
        kitchen="dev_kitchen",
        task=about,
        verdicts=verdicts,
    )


def test_tries_of_a_mapped_task_share_a_message(alerts):
    tries = [alerts.task("failed") for _ in range(4)]
    run = alerts.site.happenings.task_try(tries[0])[0].run_id
    for index, task in enumerate(tries[:3]):
        alerts.site.change(task, run_id=run, map_index=10 + index)
    alerts.round()
    assert sorted(text for *_, text in alerts.told()) == [
        f"{PROFIT.replace('3', '10')}: 3 of its mapped tries failed",
        f"{PROFIT} failed",
    ]
    assert {thread for _, thread, _ in alerts.told()} == {None, "1"}


def test_deeds_are_told(alerts):
    from airflow_dataops.registry.audit import AuditTable

    living = replace(kitchen("dev_kitchen"), id=alerts.site.kitchen_id)
    AuditTable(alerts.site.engine).add(deed("created", living, at=alerts.now))
    alerts.round()
    assert alerts.told() == [("#development", None, "kitchen dev_kitchen was created by padma")]


class TestSlackDown:
    def test_nothing_is_lost_and_all_is_told_in_its_order(self, alerts):
        alerts.slack.is_down = True
        for _ in range(3):
            alerts.task("failed")
            assert alerts.round()
        alerts.task("success")
        alerts.round()
        assert alerts.told() == []
        assert {(a.state, a.error) for a in alerts.listed()} >= {
            ("waiting", "Slack does not answer: URLError")
        }
        alerts.slack.is_down = False
        alerts.round(after=2 * MINUTE)
        assert [(thread, text) for _, thread, text in alerts.told()] == [
            (None, f"{PROFIT} failed"),
            ("1", f"{PROFIT} failed"),
            ("1", f"{PROFIT} failed"),
            ("1", f"{PROFIT} succeeds again"),
        ]
        assert {alert.state for alert in alerts.listed()} == {"sent"}

    def test_it_is_left_alone_for_as_long_as_it_asks(self, alerts):
        alerts.slack.is_down, alerts.slack.wait_seconds = True, 600
        alerts.task("failed")
        alerts.round()
        alerts.slack.is_down = False
        alerts.round(after=9 * MINUTE)
        assert alerts.told() == []
        alerts.round(after=2 * MINUTE)
        assert len(alerts.told()) == 1

    def test_it_is_asked_less_and_less_often(self, alerts):
        alerts.slack.is_down = True
        alerts.task("failed")
        asked = []
        for _ in range(40):
            alerts.round(after=timedelta(seconds=5))
            asked.append(alerts.listed()[0].attempts)
        assert asked[:2] == [1, 2]
        assert 5 <= asked[-1] <= 7  # after some minutes, once a minute

    def test_what_is_a_week_old_is_shown_and_not_told(self, alerts):
        alerts.slack.is_down = True
        alerts.task("failed")
        alerts.round()
        alerts.slack.is_down = False
        alerts.round(after=timedelta(days=8))
        assert alerts.told() == []
        [alert] = alerts.listed()
        assert (alert.state, alert.error) == ("expired", "Slack does not answer: URLError")

    def test_a_vault_that_is_sealed_is_a_slack_that_is_down(self, alerts):
        alerts.vault_is_down = True
        alerts.task("failed")
        alerts.round()
        assert alerts.listed()[0].error == "the vault is sealed"
        alerts.vault_is_down = False
        alerts.round()
        assert len(alerts.told()) == 1


class TestChannels:
    def test_a_channel_that_is_gone_is_stood_in_for_and_named(self, alerts):
        set_channel(alerts, "#gone")
        alerts.task("failed")
        alerts.round()
        alerts.task("failed")
        alerts.round()
        assert [(c, thread) for c, thread, _ in alerts.told()] == [
            ("#development", None),
            ("#development", "1"),
        ]
        said = str(alerts.slack.messages[0].blocks[-1])
        assert "meant for #gone: channel_not_found" in said

    def test_no_channel_at_all_is_tried_again_and_holds_up_nothing(self, alerts):
        alerts.environment = replace(ENVIRONMENT, alerts={"slack_channel": "#gone"})
        alerts.task("failed", dag="dev_kitchen.other")
        alerts.round()
        assert alerts.listed()[0].error.startswith("#gone takes no message: channel_not_found")
        set_channel(alerts, "#dev")
        alerts.task("failed")
        alerts.round(after=timedelta(seconds=5))
        assert alerts.told() == [("#dev", None, f"{PROFIT} failed")]
        alerts.round(after=2 * MINUTE)
        assert len(alerts.told()) == 2

    def test_an_alert_without_an_address_is_shown_and_never_told(self, alerts):
        alerts.environment = replace(ENVIRONMENT, alerts={})
        alerts.task("failed")
        alerts.round()
        alerts.environment = ENVIRONMENT
        alerts.round()
        assert alerts.told() == []
        [alert] = alerts.listed()
        assert (alert.state, alert.error) == (
            "unaddressed",
            "neither the kitchen nor environment development names a channel",
        )

    def test_a_channel_that_changed_gets_a_thread_of_its_own(self, alerts):
        alerts.task("failed")
        alerts.round()
        set_channel(alerts, "#dev")
        for _ in range(2):
            alerts.task("failed")
            alerts.round()
        assert [(c, thread) for c, thread, _ in alerts.told()] == [
            ("#development", None),
            ("#dev", None),
            ("#dev", "2"),
        ]

    def test_a_thread_whose_message_was_deleted_begins_anew(self, alerts):
        alerts.task("failed")
        alerts.round()
        alerts.slack.posts[0] = ("#elsewhere", None, False, "")
        alerts.task("failed")
        alerts.round()
        assert alerts.told()[1:] == [("#development", None, f"{PROFIT} failed")]

    @pytest.mark.parametrize(
        ("own", "of_environment", "protected", "expected"),
        [
            ("dev", "#all", False, ["#dev", "#all"]),
            ("#dev", "#all", True, ["#all"]),
            (None, "C012AB", False, ["C012AB"]),
            ("#all", "all", False, ["#all"]),
            ("#dev", None, False, ["#dev"]),
            ("#dev", None, True, []),
        ],
    )
    def test_a_protected_environments_kitchen_has_no_say(
        self, own, of_environment, protected, expected
    ):
        named = {} if of_environment is None else {"slack_channel": of_environment}
        environment = replace(ENVIRONMENT, protected=protected, alerts=named)
        assert channels(own, environment) == expected

"""An environment whose people are told, on real tables."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from airflow_dataops.domain.release_environment import (
    BaseKitchen,
    ReleaseEnvironment,
    VaultPlace,
)
from airflow_dataops.errors import VaultUnavailable
from airflow_dataops.services import alerting, announcing
from tests.registry.test_happenings import NOON, Site

MINUTE = timedelta(minutes=1)
ENVIRONMENT = ReleaseEnvironment(
    name="development",
    project="retail",
    vault=VaultPlace(kind="hashicorp", url="http://127.0.0.1:9", mount="development"),
    base_kitchen=BaseKitchen(name="demo_dev", branch="demo_dev"),
    tools={},
    alerts={"slack_channel": "#development"},
)


class Alerts:
    """An environment whose people are told."""

    def __init__(self, engine, messenger, environment=ENVIRONMENT):
        from airflow_dataops.registry.alerts import AlertTable

        self.site, self.slack, self.now = Site(engine), messenger, NOON
        self.book, self.environment = AlertTable(engine), environment
        self.vault_is_down = False

    def round(self, *, after=MINUTE, holder="one"):
        self.now += after
        return alerting.make_round(self.environment, self.places(), holder=holder).is_done

    def places(self):
        return alerting.Places(
            book=self.book,
            happenings=self.site.happenings,
            messenger=self._messenger,
            render=partial(announcing.message, base_url=None),
            clock=lambda: self.now,
        )

    def task(self, state, **how):
        return self.site.task(state, at=self.now, **how)

    def told(self):
        """Channel, thread and text of each message, without its sign."""
        return [(c, thread, text.partition(" ")[2]) for c, thread, _, text in self.slack.posts]

    def listed(self):
        return self.book.alerts(environments=["development"], kitchen_ids=[], at_most=99)

    def _messenger(self):
        if self.vault_is_down:
            message = "the vault is sealed"
            raise VaultUnavailable(message)
        return self.slack

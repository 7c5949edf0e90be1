"""Bodies of ``airflow dataops merge queue``, through the REST API.

Exit codes: 0 done; 1 somebody waits still or was sent back, or it failed; 2 a command line that
cannot be meant so.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, printable, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.evidence_models import TestPlanAnswer
from airflow_dataops.cli.kitchen_testing import Testing, display_on
from airflow_dataops.cli.merge_models import QueuedAnswer, QueuePassAnswer
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from airflow_dataops.cli.merge_models import CandidateAnswer

_UNSEEN = "acknowledged"


@command
def list(arguments: Any) -> None:  # noqa: A001 - the command's name
    """Show who waits."""
    with ApiClient.of_present_login() as api:
        found = api.several(QueuedAnswer, "GET", *_parent(arguments), "merge-queue")
    show_table([_row(one) for one in found], output=arguments.output)


@command
def join(arguments: Any) -> None:
    """Have a kitchen wait that is ready."""
    body = {"reason": arguments.reason} if arguments.reason else {}
    with ApiClient.of_present_login() as api:
        one = api.one(QueuedAnswer, "POST", *_child(arguments), body=body)
    print(f"{one.kitchen} waits with commit {one.commit[:12]}")


@command
def leave(arguments: Any) -> None:
    """Have a kitchen wait no longer."""
    with ApiClient.of_present_login() as api:
        api.json("DELETE", *_child(arguments))
    print(f"{arguments.kitchen} waits no longer")


@command
def land(arguments: Any) -> None:
    """Merge as many as can be; test together what was not tested so, where it is said where."""
    with ApiClient.of_present_login() as api:
        landing = _Landing(api, arguments)
        while landing.goes_on():
            pass
    done = landing.done
    rows = [_row(one) for one in (*landing.landed, *landing.sent_back, *done.waiting)]
    show_table(rows, output=arguments.output)
    if done.candidate is not None:
        for item in done.candidate.gate.items:
            if not item.is_met:
                what = f"{item.about}: {item.there}; {item.to_do}"
                say_aside(f"missing for {', '.join(done.candidate.kitchens)}: {printable(what)}")
    if landing.sent_back or done.waiting:
        sys.exit(1)


class _Landing:
    """Passes over a queue until nothing more can be done here."""

    def __init__(self, api: ApiClient, arguments: Any) -> None:
        self._api = api
        self._arguments = arguments
        self._acknowledged: set[str] = set()
        self._tested: set[tuple[tuple[str, ...], ...]] = set()
        self.landed: tuple[QueuedAnswer, ...] = ()
        self.sent_back: tuple[QueuedAnswer, ...] = ()
        self.done = QueuePassAnswer(commit="")

    def goes_on(self) -> bool:
        """Make a pass, and what the next one needs; whether there is a next one."""
        self.done = self._pass()
        self.landed += self.done.landed
        self.sent_back += self.done.sent_back
        candidate = self.done.candidate
        return candidate is not None and (self._sees(candidate) | self._tests(candidate))

    def _pass(self) -> QueuePassAnswer:
        asked = self._arguments
        body: dict[str, object] = {"acknowledged": sorted(self._acknowledged)}
        if asked.test_in:
            body["test_in"] = names.check_kitchen_name(asked.test_in)
        if asked.reason:
            body["reason"] = asked.reason
        place = (*_parent(asked), "merge-queue", "land")
        return self._api.one(QueuePassAnswer, "POST", *place, body=body)

    def _sees(self, candidate: CandidateAnswer) -> bool:
        """Acknowledge what it takes away; whether there is anything new."""
        if not self._arguments.acknowledges:
            return False
        unseen = _unseen(candidate) - self._acknowledged
        for text in sorted(unseen):
            say_aside(f"acknowledged: {printable(text)}")
        self._acknowledged |= unseen
        return bool(unseen)

    def _tests(self, candidate: CandidateAnswer) -> bool:
        """Run what is untested in the kitchen that it was brought to, the same once."""
        what = (candidate.kitchens, candidate.untested)
        if candidate.tested_in is None or what in self._tested:
            return False
        self._tested.add(what)
        kitchen, output = candidate.tested_in, self._arguments.output
        stream = sys.stdout if output in {"table", "plain"} else sys.stderr
        with display_on(stream, follows=self._arguments.follow) as display:
            display.note(f"testing {', '.join(candidate.kitchens)} together in {kitchen}")
            full = self._api.one(TestPlanAnswer, "GET", "kitchens", kitchen, "test-plan")
            plan = full.only(candidate.untested)
            Testing(kitchen=kitchen, plan=plan, api=self._api, display=display).to_the_end()
        return True


def _unseen(candidate: CandidateAnswer) -> set[str]:
    return {
        f"{item.about}: {item.there}"
        for item in candidate.gate.items
        if item.asked == _UNSEEN and not item.is_met
    }


def _row(one: QueuedAnswer) -> dict[str, object]:
    return {
        "kitchen": one.kitchen,
        "is": one.state,
        "commit": one.commit[:12],
        "joined_by": one.joined_by,
        "detail": one.detail,
    }


def _parent(arguments: Any) -> tuple[str, ...]:
    return ("kitchens", names.check_kitchen_name(arguments.kitchen))


def _child(arguments: Any) -> tuple[str, ...]:
    return (*_parent(arguments), "merge", "up", "queue")

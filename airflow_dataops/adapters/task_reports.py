"""What a kitchen's task tells the server and asks of it.

One try of an alert, and a short one: a task has better things to do than to wait for this. Its
tests' history and their results are worth a wait.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

import httpx

from airflow_dataops.domain.events import LONGEST_NOTE, LONGEST_TEST_NAME, MOST_VERDICTS
from airflow_dataops.domain.judging import Point
from airflow_dataops.domain.results import numbers_from
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.data_tests import Verdict

PREFIX = "/dataops/api/v1/kitchen-task"
_TIMEOUT = httpx.Timeout(1.0, connect=0.5)
# Verdicts that are kept are worth a wait, where an alert is not.
_PATIENT = httpx.Timeout(20.0, connect=5.0)


class Login(Protocol):
    """What of a connection is needed."""

    host: str | None
    password: str | None


class TaskReports:
    """The server, for one report of a task; a context manager.

    Args:
        login: the connection to our API, just looked up.
        certificate: file of the authority that signed the server's, where it is none of those
            that this host knows.
        is_patient: wait for seconds: what is asked or kept decides on the task.
    """

    def __init__(
        self, login: Login, *, certificate: str | None = None, is_patient: bool = False
    ) -> None:
        trusted = ssl.create_default_context()
        if certificate:
            trusted.load_verify_locations(certificate)
        self._client = httpx.Client(
            base_url=f"{(login.host or '').rstrip('/')}{PREFIX}",
            headers={"Authorization": f"Bearer {login.password}"},
            timeout=_PATIENT if is_patient else _TIMEOUT,
            verify=trusted,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def verdicts(self, verdicts: Sequence[Verdict]) -> None:
        """Tell of verdicts that did not pass.

        Raises:
            OutsideSystemError: the server refuses, or does not answer.
        """
        listed = [
            {
                "test": verdict.test[:LONGEST_TEST_NAME] or "a test",
                "outcome": str(verdict.outcome),
                "measured": _finite(verdict.measured),
                "detail": verdict.detail[:LONGEST_TEST_NAME],
            }
            for verdict in verdicts[:MOST_VERDICTS]
        ]
        self._post("verdicts", {"verdicts": listed})

    def results(self, verdicts: Sequence[Verdict]) -> None:
        """Have what a stage's tests said kept.

        Raises:
            OutsideSystemError: the server refuses, or does not answer.
        """
        listed = [_result(verdict) for verdict in verdicts]
        self._post("results", {"results": listed})

    def history(self) -> dict[str, list[Point]]:
        """Earlier points of each test of the asking task's stage, oldest first.

        Raises:
            OutsideSystemError: the server refuses, or does not answer.
        """
        try:
            answer = self._client.get("/history")
        except httpx.TransportError as error:
            raise _silent(error) from None
        if not answer.is_success:
            message = f"the API server answers {answer.status_code} to history"
            raise OutsideSystemError(message)
        return {test: [_point(one) for one in points] for test, points in answer.json().items()}

    def note(self, text: str) -> None:
        """Tell what an author wants to be read.

        Raises:
            OutsideSystemError: the server refuses, or does not answer.
        """
        self._post("notes", {"text": text[:LONGEST_NOTE]})

    def _post(self, what: str, body: Mapping[str, object]) -> None:
        try:
            answer = self._client.post(f"/{what}", json=body)
        except httpx.TransportError as error:
            raise _silent(error) from None
        if not answer.is_success:
            message = f"the API server answers {answer.status_code} to {what}"
            raise OutsideSystemError(message)


def _silent(error: httpx.TransportError) -> OutsideSystemError:
    return OutsideSystemError(f"the API server does not answer: {type(error).__name__}")


def _result(verdict: Verdict) -> dict[str, object]:
    return {
        "test": verdict.test[:LONGEST_TEST_NAME] or "a test",
        "outcome": str(verdict.outcome),
        "measured": _finite(verdict.measured),
        "detail": verdict.with_sample[:LONGEST_NOTE],
        "holds": verdict.holds,
        "low": _finite(verdict.low),
        "high": _finite(verdict.high),
        "rule": verdict.rule,
        "model": verdict.model[:LONGEST_TEST_NAME],
        "baseline": verdict.baseline[:LONGEST_TEST_NAME],
        "numbers": [
            {group: _finite(value) for group, value in each.items()}
            if isinstance(each, Mapping)
            else _finite(each)
            for each in verdict.numbers
        ],
        "seconds": _finite(verdict.seconds),
        "sampled": verdict.sampled,
    }


def _point(told: Mapping[str, Any]) -> Point:
    return Point(
        at=datetime.fromisoformat(told["at"]),
        numbers=numbers_from(told["numbers"]),
        kitchen=told["kitchen"],
        is_in_control=told["is_in_control"],
        sampled=told.get("sampled", 1.0),
    )


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)

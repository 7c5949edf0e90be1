"""What a kitchen's task tells the server, so that people hear of it.

One try, and a short one: a task has better things to do than to wait for this.
"""

from __future__ import annotations

import math
import ssl
from typing import TYPE_CHECKING, Protocol, Self

import httpx

from airflow_dataops.domain.events import LONGEST_NOTE, LONGEST_TEST_NAME, MOST_VERDICTS
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.domain.data_tests import Verdict

PREFIX = "/dataops/api/v1/kitchen-task"
_TIMEOUT = httpx.Timeout(1.0, connect=0.5)


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
    """

    def __init__(self, login: Login, *, certificate: str | None = None) -> None:
        trusted = ssl.create_default_context()
        if certificate:
            trusted.load_verify_locations(certificate)
        self._client = httpx.Client(
            base_url=f"{(login.host or '').rstrip('/')}{PREFIX}",
            headers={"Authorization": f"Bearer {login.password}"},
            timeout=_TIMEOUT,
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
            message = f"the API server does not answer: {type(error).__name__}"
            raise OutsideSystemError(message) from None
        if not answer.is_success:
            message = f"the API server answers {answer.status_code} to {what}"
            raise OutsideSystemError(message)


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)

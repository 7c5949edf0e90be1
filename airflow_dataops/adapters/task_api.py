"""Our own REST API as the platform's tasks call it.

The connection ``dataops`` brings the address and a token that lasts minutes; where a token is
refused, the connection is looked up once more, and that mints a fresh one.
"""

from __future__ import annotations

import logging
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from airflow_dataops.domain.kitchen import Kitchen, KitchenState
from airflow_dataops.domain.provisioning import OperationKind, Part, PartKind, Progress
from airflow_dataops.domain.release_environment import (
    BaseKitchen,
    ReleaseEnvironment,
    Tool,
    VaultPlace,
)
from airflow_dataops.errors import CredentialRefused, OutsideSystemError, Superseded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)

PREFIX = "/dataops/api/v1/task"
# A hook of the installation may take its time before the server answers.
_LONGEST_ANSWER_SECONDS = 60.0
# An API server that is restarted is back within this; beyond it, Airflow tries the task again.
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


class Login(Protocol):
    """What of a connection is needed."""

    host: str | None
    password: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the server has a worker do.

    Attributes:
        environment: as far as making parts takes it; who owns it or which queue it has stays open.
    """

    kind: OperationKind
    kitchen: Kitchen
    environment: ReleaseEnvironment
    left: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JanitorRound:
    """What came of a round, by kitchens' names.

    Attributes:
        warned: their staff was told that their end is near.
        deleted: their deletion has begun.
        resumed: their creation or deletion had been left half-done, and goes on.
        waiting: past their end, but these children of theirs live.
        failed: nothing could be done for them, and why.
    """

    warned: tuple[str, ...]
    deleted: tuple[str, ...]
    resumed: tuple[str, ...]
    waiting: Mapping[str, Sequence[str]]
    failed: Mapping[str, str]


class TaskApi:
    """The server, for one task.

    Args:
        login: looks up the connection to our API; each look mints a token.
        pauses_seconds: between two tries where the server does not answer.
        certificate: file of the authority that signed the server's, where it is none of those
            that this host knows.
    """

    def __init__(
        self,
        login: Callable[[], Login],
        *,
        pauses_seconds: Sequence[float] = _PAUSES_SECONDS,
        certificate: str | None = None,
    ) -> None:
        self._login = login
        self._pauses = tuple(pauses_seconds)
        trusted = ssl.create_default_context()
        if certificate:
            trusted.load_verify_locations(certificate)
        self._client = httpx.Client(timeout=_LONGEST_ANSWER_SECONDS, verify=trusted)
        self._present: Login | None = None

    def work(self, operation_id: str, *, attempt: int) -> Work:
        """What is left of an operation.

        Raises:
            Superseded: another attempt has taken over.
            OutsideSystemError: the server refuses, or does not answer.
        """
        path = f"/operations/{operation_id}"
        answer = self._ask("GET", path, parameters={"attempt": attempt}).json()
        return Work(
            kind=OperationKind(answer["kind"]),
            kitchen=_kitchen(answer["kitchen"]),
            environment=_environment(answer["environment"], answer["kitchen"]),
            left=tuple(
                Part(kind=PartKind(part["kind"]), tool=part["tool"], what=part["what"])
                for part in answer["left"]
            ),
        )

    def report(self, operation_id: str, *, attempt: int) -> StepReport:
        """Where a worker tells of its parts."""

        def tell(part: Part, progress: Progress, detail: str) -> None:
            body = {
                "attempt": attempt,
                "part": part.name,
                "progress": str(progress),
                "detail": detail,
            }
            self._ask("POST", f"/operations/{operation_id}/steps", body=body)

        return StepReport(tell)

    def end(self, operation_id: str, *, attempt: int) -> None:
        """Nothing is left: have the operation ended.

        Raises:
            Superseded: another attempt has taken over.
            OutsideSystemError: the server refuses, or does not answer.
        """
        self._ask("POST", f"/operations/{operation_id}/end", body={"attempt": attempt})

    def failed(self, operation_id: str, *, attempt: int, error: str) -> None:
        """Say why this try ends early; nobody listening makes it no worse."""
        body = {"attempt": attempt, "error": error[:_MOST_SAID]}
        try:
            self._ask("POST", f"/operations/{operation_id}/failed", body=body)
        except (OutsideSystemError, CredentialRefused, Superseded) as refusal:
            log.warning("the server was not told of the failure: %s", refusal)

    def janitor(self) -> JanitorRound:
        """Have the server look for kitchens that reach their end.

        Raises:
            OutsideSystemError: the server refuses, or does not answer.
        """
        answer = self._ask("POST", "/janitor").json()
        return JanitorRound(
            warned=tuple(answer["warned"]),
            deleted=tuple(answer["deleted"]),
            resumed=tuple(answer["resumed"]),
            waiting=answer["waiting"],
            failed=answer["failed"],
        )

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, int] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        is_fresh, pauses = self._present is None, list(self._pauses)
        while True:
            login = self._present = self._present or self._login()
            request = self._client.build_request(
                method,
                f"{(login.host or '').rstrip('/')}{PREFIX}{path}",
                params=parameters,
                json=body,
                headers={"Authorization": f"Bearer {login.password}"},
            )
            try:
                response = self._client.send(request)
            except httpx.TransportError as error:
                problem = f"does not answer: {type(error).__name__}"
            else:
                if response.status_code in _REFUSED and not is_fresh:
                    self._present, is_fresh = None, True
                    continue
                if response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return _accepted(response, f"{method} {path}")
                problem = f"answers {response.status_code}: {_detail(response)}"
            if not pauses:
                message = f"the API server {problem}"
                raise OutsideSystemError(message)
            log.warning("the API server %s; asked again in %g s", problem, pauses[0])
            time.sleep(pauses.pop(0))


class StepReport:
    """Tells the server of each part; implements the port ``ProvisioningReport``."""

    def __init__(self, tell: Callable[[Part, Progress, str], None]) -> None:
        self._tell = tell

    def begins(self, part: Part) -> None:
        """A part's turn has come.

        Raises:
            Superseded: another attempt has taken over.
        """
        self._tell(part, Progress.RUNNING, "")

    def is_done(self, part: Part, detail: str) -> None:
        """A part is made, or unmade and seen to be gone.

        Raises:
            Superseded: another attempt has taken over.
        """
        self._tell(part, Progress.DONE, detail)


_REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_MOST_SAID = 10_000


def _accepted(response: httpx.Response, asked: str) -> httpx.Response:
    if response.is_success:
        return response
    detail = _detail(response)
    if response.status_code == httpx.codes.CONFLICT:
        raise Superseded(detail)
    if response.status_code in _REFUSED:
        message = f"the API server refuses this task: {detail}"
        raise CredentialRefused(message)
    message = f"the API server answers {asked} with {response.status_code}: {detail}"
    raise OutsideSystemError(message)


def _detail(response: httpx.Response) -> str:
    with suppress(ValueError, TypeError, KeyError):
        return str(response.json()["detail"])
    return response.reason_phrase


def _environment(about: Mapping[str, Any], kitchen: Mapping[str, Any]) -> ReleaseEnvironment:
    return ReleaseEnvironment(
        name=kitchen["environment"],
        project=kitchen["project"],
        vault=VaultPlace(**about["vault"]),
        base_kitchen=BaseKitchen(**about["base_kitchen"]),
        tools={tool["name"]: Tool(**tool) for tool in about["tools"]},
    )


def _kitchen(about: Mapping[str, Any]) -> Kitchen:
    return Kitchen(
        id=about["id"],
        name=about["name"],
        project=about["project"],
        environment=about["environment"],
        branch=about["branch"],
        parent=about["parent"],
        created_at=datetime.fromisoformat(about["created_at"]),
        created_by=about["created_by"],
        state=KitchenState(about["state"]),
    )

"""Two ASGI layers around the app: nothing large comes in, nothing internal goes out."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from airflow_dataops.web import problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

LARGEST_BODY_BYTES = 64 * 1024
# Hundreds of tests, some with a number for each of a thousand groups.
LARGEST_RESULTS_BYTES = 2 * 1024 * 1024
# Texts that people write into files in conflict.
LARGEST_DECISIONS_BYTES = 4 * 1024 * 1024
# A git host lists up to two thousand commits of one push.
LARGEST_PUSH_BYTES = 4 * 1024 * 1024


class LimitBody:
    """Refuses a body that is too large before any of it is parsed, whatever its headers say.

    Args:
        pushes: beginning of the paths that git hosts call.
    """

    def __init__(self, app: ASGIApp, *, pushes: str) -> None:
        self._app = app
        self._pushes = pushes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, with its body at hand."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        largest = self._largest(scope)
        body = None if _says_too_large(scope, largest) else await _body(receive, largest)
        if body is None:
            detail = f"the body has more than {largest} bytes, which no request needs"
            refusal = problems.answer(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers={"connection": "close"}
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, _once_more(body, receive), send)

    def _largest(self, scope: Scope) -> int:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.endswith("/kitchen-task/results"):
            return LARGEST_RESULTS_BYTES
        if path.endswith(("/decisions", "/resolutions")):
            return LARGEST_DECISIONS_BYTES
        return LARGEST_PUSH_BYTES if path.startswith(self._pushes) else LARGEST_BODY_BYTES


class HideFaults:
    """Answers an error that nobody expected without saying what it was, and logs it.

    Starlette's own layer would raise it again, through all of Airflow's layers.

    Args:
        unexpected: the answer, by the request's scope.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        unexpected: Callable[[Scope], Response] = lambda _scope: problems.unexpected(),
    ) -> None:
        self._app = app
        self._unexpected = unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if scope["type"] != "http" or has_begun:
                raise
            log.exception("%s %s failed", scope["method"], scope["path"])
            await self._unexpected(scope)(scope, receive, send)


def _says_too_large(scope: Scope, largest: int) -> bool:
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return not said.isdigit() or int(said[:20]) > largest


async def _body(receive: Receive, largest: int) -> bytes | None:
    """The whole body; None as soon as it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)  # the client went away; whoever reads on hears of it
        body += message.get("body", b"")
        if len(body) > largest:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _once_more(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again

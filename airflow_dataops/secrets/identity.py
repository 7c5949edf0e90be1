"""The middleware that lets the secrets backend know whose request it answers.

A pure ASGI class around all of Airflow's API server. It keeps each request's scope in a context
variable; Airflow's own authentication puts the *validated* task token into that scope, and the
secrets backend, called in the same context, reads it there. Requests of kitchens' tasks that
would cross into other kitchens are refused before they reach Airflow (see ``crossing``); what they
name without a kitchen is their own kitchen's (see ``own_names``).
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from airflow_dataops.secrets.crossing import Request

log = logging.getLogger(__name__)

_scope: ContextVar[MutableMapping[str, Any] | None] = ContextVar("dataops_scope", default=None)

EXECUTION_API = "/execution"


def asking_task_instance() -> str | None:
    """Id of the task instance whose validated token came with the present request."""
    scope = _scope.get()
    token = scope.get("ti_token") if scope else None
    return str(token.id) if token else None


class IdentityMiddleware:
    """Keeps the scope at hand and refuses what crosses kitchens."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reset = _scope.set(scope)
        try:
            await self._serve(scope, receive, send)
        finally:
            _scope.reset(reset)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if not path.startswith(f"{EXECUTION_API}/"):
            await self._app(scope, receive, send)
            return
        from airflow_dataops.secrets import crossing

        request = crossing.Request.from_scope(scope, path.removeprefix(EXECUTION_API))
        if crossing.reads_body(request):
            request.body, receive = await _buffered(receive)
        came = replace(request)
        refusal = await crossing.refusal(request)
        if request != came:
            _rewrite(scope, came, request)
        if request.body != came.body:
            receive = _given_again(request.body, receive)
        if refusal is not None:
            from airflow_dataops.domain.log_line import one_line

            log.warning("%s", one_line(refusal))
            await _answer_403(send, refusal)
        elif (ending := crossing.ended_try(request)) is None:
            await self._app(scope, receive, send)
        else:
            answer = _Answer(send)
            await self._app(scope, receive, answer)
            if answer.is_success:
                await _end_try(ending)


class _Answer:
    """Passes an answer on and notes what it was."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_success = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_success = 200 <= message["status"] < 300  # noqa: PLR2004 - HTTP's successes
        await self._send(message)


async def _end_try(task_instance: str) -> None:
    # The task has its whole answer by now, so this delays nobody.
    from starlette.concurrency import run_in_threadpool

    from airflow_dataops.secrets import task_logins

    await run_in_threadpool(task_logins.try_ended, task_instance)


def _rewrite(scope: Scope, came: Request, request: Request) -> None:
    """Have Airflow see a request with its names put into its kitchen.

    In place: Airflow puts the validated token into this scope, and the secrets backend reads it
    there.
    """
    scope["path"] = scope["path"].removesuffix(came.path) + request.path
    scope["raw_path"] = quote(scope["path"]).encode()
    scope["query_string"] = urlencode(request.query, doseq=True).encode()
    if request.body != came.body:
        length = (b"content-length", b"%d" % len(request.body))
        others = [header for header in scope["headers"] if header[0].lower() != length[0]]
        scope["headers"] = [*others, length]


async def _buffered(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, and a ``receive`` that gives it once more."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    body = b"".join(chunks)
    return body, _given_again(body, receive)


def _given_again(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives a body once, and then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _answer_403(send: Send, reason: str) -> None:
    import json

    body = json.dumps({"detail": {"reason": "access_denied", "message": reason}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""Kitchens' roles for who logs in, before their first page is shown.

Somebody can be on a kitchen's staff before Airflow has ever seen them: their user is made by
their first login. Where an identity provider says who has which role, each login even takes the
kitchens' roles away. Both happen under ``/auth``, so after each answer from there everybody's
roles are compared with the staff lists; two reads, if nothing is amiss.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

_LOGINS, _STATIC = "/auth/", "/auth/static/"


class RolesAtLogin:
    """Lets the answer to a login wait until the roles are right."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not _may_be_login(scope):
            await self._app(scope, receive, send)
            return

        async def send_then(message: Message) -> None:
            if message["type"] == "http.response.start":
                from anyio.to_thread import run_sync

                await run_sync(_reconcile)
            await send(message)

        await self._app(scope, receive, send_then)


def _may_be_login(scope: Scope) -> bool:
    if scope["type"] != "http":
        return False
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.startswith(_LOGINS) and not path.startswith(_STATIC)


def _reconcile() -> None:
    from airflow_dataops import access

    try:
        access.reconcile()
    except Exception:
        # Whatever is wrong with our roles, people must be able to log in.
        log.exception("kitchens' roles could not be compared with their staff")

"""What browsers are told of every page: what it may load, and who may show it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from airflow_dataops.control_charts import svg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CHART_STYLE = b64encode(sha256(svg.STYLE.encode()).digest()).decode()
_STYLE = f"style-src 'self' 'sha256-{_CHART_STYLE}'"
# Nothing inline runs, and nothing comes from or goes to anywhere else. Airflow frames the pages.
POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    _STYLE,
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'self'",
    "base-uri 'none'",
))  # fmt: skip
_POLICY = b"content-security-policy"
_NONCE = "style_nonce"
_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
}
# The address of a file changes with its content.
_FOREVER = b"public, max-age=31536000, immutable"


def new_nonce(request: Request) -> str:
    """A word by which a script of ours may add style to this one answer, as CodeMirror does."""
    nonce = token_urlsafe(16)
    setattr(request.state, _NONCE, nonce)
    return nonce


class SafetyHeaders:
    """Adds them to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # Whoever serves it changes the scope.
        state = scope["state"] = {**scope.get("state", {})}
        is_file = scope.get("path", "").startswith(f"{scope.get('root_path', '')}/static/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {*_ALWAYS, _POLICY}
                kept = [pair for pair in message["headers"] if pair[0].lower() not in ours]
                caching = _caching(scope, message["status"], is_file=is_file)
                added = {**_ALWAYS, _POLICY: _policy(state), b"cache-control": caching}
                message["headers"] = [*kept, *added.items()]
            await send(message)

        await self._app(scope, receive, with_headers)


def _policy(state: Mapping[str, object]) -> bytes:
    nonce = state.get(_NONCE)
    policy = POLICY if nonce is None else POLICY.replace(_STYLE, f"{_STYLE} 'nonce-{nonce}'")
    return policy.encode()


def _caching(scope: Scope, status: int, *, is_file: bool) -> bytes:
    is_versioned = scope.get("query_string", b"").startswith(b"v=")
    if is_file and status < 400:  # noqa: PLR2004 - HTTP's refusals begin there
        return _FOREVER if is_versioned else b"no-cache"
    return b"no-store"

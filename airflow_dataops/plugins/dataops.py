"""The Airflow plugin. Imported by every Airflow process: it names things and does nothing."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin

from airflow_dataops.plugins.roles_at_login import RolesAtLogin
from airflow_dataops.secrets.identity import IdentityMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class LazyApp:
    """Our web app, built by the first request that reaches it.

    Only an API server sends requests, whatever started it and in however many workers; every
    other process that imports the plugin carries this empty shell.
    """

    def __init__(self) -> None:
        self._building = Lock()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        from anyio.to_thread import run_sync

        # Building takes about a second, in which others are to be served.
        app = await run_sync(self._built) if self._app is None else self._app
        await app(scope, receive, send)

    def _built(self) -> ASGIApp:
        from airflow_dataops.web.app import create_app

        with self._building:
            app = self._app = self._app or create_app()
        return app


class DataOpsPlugin(AirflowPlugin):
    """Puts the identity middleware around the API server, and the REST API into it."""

    name = "dataops"
    fastapi_root_middlewares = [  # noqa: RUF012 - Airflow reads it from the class
        {"name": "dataops identity", "middleware": IdentityMiddleware, "args": [], "kwargs": {}},
        {"name": "dataops roles", "middleware": RolesAtLogin, "args": [], "kwargs": {}},
    ]
    fastapi_apps = [  # noqa: RUF012 - likewise
        {"name": "dataops", "app": LazyApp(), "url_prefix": "/dataops"}
    ]

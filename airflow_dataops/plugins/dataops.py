"""The Airflow plugin. Imported by every Airflow process: it names things and does nothing."""

from __future__ import annotations

import logging
from threading import Lock, Thread
from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin

from airflow_dataops.plugins.announcer import AnnounceWhatHappens, announcer
from airflow_dataops.plugins.pull_requests import follower
from airflow_dataops.plugins.roles_at_login import RolesAtLogin
from airflow_dataops.plugins.tickets import teller
from airflow_dataops.secrets.identity import IdentityMiddleware

if TYPE_CHECKING:
    from airflow.timetables.base import Timetable
    from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)
# More than most pages make and let go of.
_OBJECTS_OF_A_PAGE = 10_000


class LazyApp:
    """Our web app, built when an API server starts, or by the first request that reaches it.

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
        app = await run_sync(self.built) if self._app is None else self._app
        await app(scope, receive, send)

    def built(self) -> ASGIApp:
        """The app itself."""
        from airflow_dataops.web.app import create_app

        with self._building:
            app = self._app = self._app or create_app()
        return app


_app = LazyApp()


class BuildAtStart:
    """Builds our app beside the start of the server, so that nobody's request waits for it."""

    def __init__(self, app: ASGIApp, *, ours: LazyApp) -> None:
        self._app = app
        self._ours = ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's start."""
        if scope["type"] == "lifespan":
            Thread(target=self._build, name="dataops-app", daemon=True).start()
        await self._app(scope, receive, send)

    def _build(self) -> None:
        try:
            self._ours.built()
            _load_templates()
        except Exception:
            # Airflow starts without us; the first request tries again and says what is wrong.
            log.exception("the web app of kitchens could not be built")
        _spare_pages_the_collector()


def _load_templates() -> None:
    from airflow_dataops.web.pages import rendering

    rendering.load_all()


def _spare_pages_the_collector() -> None:
    """Have Python's garbage collector look at what pages leave behind, and at nothing else.

    Airflow and its libraries are 700,000 objects that stay. To look through them takes a third of
    a second, in which nobody is answered, and the thousands of objects of each page make Python
    do it every hundred pages.
    """
    import gc

    gc.collect()
    gc.freeze()
    first, *others = gc.get_threshold()
    if first:  # 0 where an operator turned it off
        gc.set_threshold(max(first, _OBJECTS_OF_A_PAGE), *others)


class TimetablesWhenAsked:
    """Our timetables, loaded by whoever schedules; every process imports the plugin."""

    def __get__(self, _plugin: object, _owner: type) -> list[type[Timetable]]:
        from airflow_dataops.timetables import EnabledTimetable

        return [EnabledTimetable]


class DataOpsPlugin(AirflowPlugin):
    """Puts the identity middleware around the API server, and our API and pages into it."""

    name = "dataops"
    fastapi_root_middlewares = [  # noqa: RUF012 - Airflow reads it from the class
        {"name": "dataops identity", "middleware": IdentityMiddleware, "args": [], "kwargs": {}},
        {
            "name": "dataops start",
            "middleware": BuildAtStart,
            "args": [],
            "kwargs": {"ours": _app},
        },
        {"name": "dataops roles", "middleware": RolesAtLogin, "args": [], "kwargs": {}},
        {
            "name": "dataops alerts",
            "middleware": AnnounceWhatHappens,
            "args": [],
            "kwargs": {"by": announcer, "beside": (follower, teller)},
        },
    ]
    fastapi_apps = [  # noqa: RUF012 - likewise
        {"name": "dataops", "app": _app, "url_prefix": "/dataops"}
    ]
    # Relative: Airflow's own pages may lie below a path.
    external_views = [  # noqa: RUF012 - likewise
        {
            "name": "Kitchens",
            "href": "dataops/pages/",
            "url_route": "kitchens",
            "destination": "nav",
            "nav_top_level": True,
            "icon": "dataops/pages/static/kitchens.svg",
            "icon_dark_mode": "dataops/pages/static/kitchens-dark.svg",
        },
        {
            "name": "Kitchen",
            "href": "dataops/pages/dags/{DAG_ID}",
            "url_route": "kitchen",
            "destination": "dag",
            "icon": "dataops/pages/static/kitchens.svg",
            "icon_dark_mode": "dataops/pages/static/kitchens-dark.svg",
        },
        *(
            {
                "name": "Data tests",
                "href": "dataops/pages/dags/{DAG_ID}/runs/{RUN_ID}",
                "url_route": f"data-tests-of-{place}",
                "destination": place,
                "icon": "dataops/pages/static/kitchens.svg",
                "icon_dark_mode": "dataops/pages/static/kitchens-dark.svg",
            }
            for place in ("dag_run", "task_instance")
        ),
    ]
    timetables = TimetablesWhenAsked()

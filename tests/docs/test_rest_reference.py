"""The REST API's reference page names every route, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

# Airflow's own API imports Starlette's test client, which warns.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rest-api.md"


def routes(app: Starlette, above: str = "") -> Iterator[str]:
    for route in app.routes:
        if isinstance(route, Mount):
            # Pages answer browsers, and are no part of the API.
            if (above + route.path) != "/pages":
                yield from routes(route.app, above + route.path)
        elif isinstance(route, Route):
            path = re.sub(r":\w+}", "}", above + route.path).removeprefix("/api/v1")
            yield from (f"{method} {path}" for method in (route.methods or ()) if method != "HEAD")


def test_the_page_lists_the_routes_that_there_are() -> None:
    from airflow_dataops.web.app import create_app

    listed = re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", PAGE.read_text(), re.MULTILINE)

    assert sorted(listed) == sorted(routes(create_app()))

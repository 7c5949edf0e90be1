"""Templates become pages. Every value is escaped; a name that is not given is an error."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from airflow_dataops.domain.work import lasting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import HTTPConnection, Request

_HERE = Path(__file__).parents[1]
_PLACE = "/dataops/pages"


def page(
    request: HTTPConnection,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """A template as an answer."""
    root = root_of(request)
    text = (
        _templates()
        .get_template(template)
        .render(root=root, airflow=airflow_of(request), now=datetime.now(tz=UTC), **values)
    )
    return HTMLResponse(text, status_code=status, headers=dict(headers or {}))


def document(template: str, **values: object) -> str:
    """A template that stands by itself, to be kept as a file."""
    return _templates().get_template(template).render(**values)


def see(request: HTTPConnection, path: str, **query: object) -> RedirectResponse:
    """Have the browser show another of our pages, after something was done."""
    asked = {name: value for name, value in query.items() if value}
    address = f"{root_of(request)}{path}" + (f"?{urlencode(asked)}" if asked else "")
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)


def go(request: Request, path: str, **query: object) -> Response:
    """Have the browser leave for another of our pages, also where a script sent the form.

    A refusal is then shown on the page that it was sent from, with what was written there.
    """
    answer = see(request, path, **query)
    if "hx-request" not in request.headers:
        return answer
    return Response(status_code=HTTPStatus.OK, headers={"HX-Redirect": answer.headers["location"]})


def root_of(request: HTTPConnection) -> str:
    """Path of the pages, as the browser knows it."""
    return str(request.scope.get("root_path", ""))


def airflow_of(request: HTTPConnection) -> str:
    """Path of Airflow's own pages, without a slash at its end."""
    return root_of(request).removesuffix(_PLACE)


def load_all() -> None:
    """Compile every template now, so that the first who looks at a page does not wait for it."""
    for name in _templates().list_templates():
        _templates().get_template(name)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "moment": _moment,
        "day": _day,
        "machine": _machine,
        "segment": _segment,
        "query": _query,
        "lasting": lasting,
    }
    made.globals["asset"] = _asset
    return made


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d")


def _machine(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _segment(text: str) -> str:
    """Text as one step of a path, whatever is in it."""
    return quote(text, safe="")


def _query(values: Mapping[str, Any], **changed: object) -> str:
    """The values, some of them changed, as the query of an address; empty ones are left out."""
    return urlencode({k: v for k, v in {**values, **changed}.items() if v})


@cache
def _asset(name: str) -> str:
    content = (_HERE / "static" / name).read_bytes()
    return f"static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"

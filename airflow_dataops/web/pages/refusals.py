"""Refusals and faults as pages that say what to do next."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from airflow_dataops import errors
from airflow_dataops.web.pages.rendering import page
from airflow_dataops.web.problems import Problem, complaints, refusal_of

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException
    from starlette.responses import Response
    from starlette.types import Scope

# The script of a page puts a refusal where its notices are, instead of what it asked for.
_AMONG_NOTICES = {"HX-Retarget": "#notices", "HX-Reselect": "#refusal", "HX-Reswap": "innerHTML"}
_TITLES = {
    HTTPStatus.FORBIDDEN: "You may not do this",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.METHOD_NOT_ALLOWED: "There is nothing here",
    HTTPStatus.CONFLICT: "This cannot be done now",
    HTTPStatus.UNPROCESSABLE_ENTITY: "This cannot be",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "This cannot be",
    HTTPStatus.SERVICE_UNAVAILABLE: "This is out of order",
    HTTPStatus.BAD_GATEWAY: "A tool does not answer",
}
_ADVICE = {
    HTTPStatus.FORBIDDEN: (
        "Ask whoever the message names; the kitchen's page lists its staff. Nothing was changed."
    ),
    HTTPStatus.NOT_FOUND: (
        "It may have been deleted, or it is private and you are not on its staff. The list of "
        "kitchens shows all that you may see."
    ),
    HTTPStatus.CONFLICT: "Look at the kitchen's page for what is under way, and ask again then.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Go back, change what the message names, and ask again.",
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "Whoever runs this Airflow can put it right; kitchens and their runs go on meanwhile."
    ),
    HTTPStatus.BAD_GATEWAY: (
        "Ask again in a while: what was done stays done, and goes on from there."
    ),
}


def answer_with_pages(app: FastAPI) -> None:
    """Have an app answer every refusal with a page."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    app.add_exception_handler(errors.DataOpsError, _of_ours)
    app.add_exception_handler(Problem, _of_http)
    app.add_exception_handler(HTTPException, _of_framework)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _of_validation)  # type: ignore[arg-type]


def fault(scope: Scope) -> Response:
    """The page for a fault of ours: what it is stands in the log, and nowhere else."""
    return page(
        HTTPConnection(scope),
        "refusal.html",
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        headers=_AMONG_NOTICES,
        title="Something went wrong",
        detail="something went wrong in the server; its log says what",
        advice="Try again; if it stays, tell whoever runs this Airflow when it happened.",
    )


def _of_ours(request: Request, error: Exception) -> Response:
    return _refusal(request, *refusal_of(error))


def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return _refusal(request, error.status, error.detail)


def _of_framework(request: Request, error: HTTPException) -> Response:
    # Airflow's own refusals: nobody is signed in, or their session is over.
    if error.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        headers = {**_AMONG_NOTICES, **(error.headers or {})}
        return page(request, "signed_out.html", status=HTTPStatus.UNAUTHORIZED, headers=headers)
    detail = f"there is no page at {request.url.path[:200]}"
    if error.status_code != HTTPStatus.NOT_FOUND:
        detail = str(error.detail)
    return _refusal(request, error.status_code, detail, headers=error.headers)


def _of_validation(request: Request, error: RequestValidationError) -> Response:
    detail = "the address does not fit: " + "; ".join(complaints(error.errors()))
    return _refusal(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def _refusal(request: Request, status: int, detail: str, *, headers: object = None) -> Response:
    known = HTTPStatus(status)
    return page(
        request,
        "refusal.html",
        status=status,
        headers=_AMONG_NOTICES | (dict(headers) if isinstance(headers, dict) else {}),
        title=_TITLES.get(known, known.phrase),
        detail=detail,
        advice=_ADVICE.get(known, "Go back to the page that you came from."),
    )

"""Every refusal and failure as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

from airflow_dataops import errors
from airflow_dataops.domain.log_line import one_line

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:airflow-dataops:problem"

# The first that fits counts.
_STATUS: Sequence[tuple[type[errors.DataOpsError], HTTPStatus]] = (
    (errors.NotAllowed, HTTPStatus.FORBIDDEN),
    (errors.Vetoed, HTTPStatus.FORBIDDEN),
    (errors.KitchenNotFound, HTTPStatus.NOT_FOUND),
    (errors.OperationNotFound, HTTPStatus.NOT_FOUND),
    (errors.PipelineNotFound, HTTPStatus.NOT_FOUND),
    (errors.EnvironmentNotFound, HTTPStatus.NOT_FOUND),
    (errors.UnknownTool, HTTPStatus.NOT_FOUND),
    (errors.KitchenExists, HTTPStatus.CONFLICT),
    (errors.KitchenBusy, HTTPStatus.CONFLICT),
    (errors.KitchenHasChildren, HTTPStatus.CONFLICT),
    (errors.ScheduleConflict, HTTPStatus.CONFLICT),
    (errors.BranchMoved, HTTPStatus.CONFLICT),
    (errors.MergeNotFound, HTTPStatus.NOT_FOUND),
    (errors.MergeNotReady, HTTPStatus.CONFLICT),
    (errors.PushRefused, HTTPStatus.CONFLICT),
    (errors.PullRequestRefused, HTTPStatus.CONFLICT),
    (errors.Superseded, HTTPStatus.CONFLICT),
    (errors.KitchenError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.InvalidRequest, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.CredentialRefused, HTTPStatus.FORBIDDEN),
    (errors.ConfigurationError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.SpecError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.VaultUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.ToolUnreachable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.GitHostUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.OutsideSystemError, HTTPStatus.BAD_GATEWAY),
)
# Attributes of errors that say something beside the text.
_FACTS = (
    *("name", "children", "kind", "rule", "state", "field", "hook", "tool", "declared"),
    "missing",
)
_LONGEST, _LONGEST_FACT = 2_000, 300


class Problem(Exception):
    """A refusal that is HTTP's alone: too large, of the wrong type, of the wrong form."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, facts: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.facts = dict(facts or {})


def answer(
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    facts: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response; its ``kind`` is None where the status alone says it."""
    body = {
        "type": f"{_TYPE}:{kind}" if kind else "about:blank",
        "title": (kind or HTTPStatus(status).phrase).replace("-", " ").capitalize(),
        "status": status,
        "detail": detail if len(detail) <= _LONGEST else f"{detail[:_LONGEST]}…",
    }
    content = json.dumps({**_bounded(facts or {}), **body}, default=str)
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _bounded(facts: Mapping[str, object]) -> dict[str, object]:
    # An answer is no copy of what was sent.
    return {
        name: fact[:_LONGEST_FACT] if isinstance(fact, str) else fact
        for name, fact in facts.items()
    }


def unexpected() -> Response:
    """The answer to a fault of ours: what it is stands in the log, and nowhere else."""
    return answer(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "something went wrong in the server; its log says what, and asking again may help",
    )


def answer_with_problems(app: FastAPI) -> None:
    """Have an app answer every refusal with a problem."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    app.add_exception_handler(errors.DataOpsError, _of_ours)
    app.add_exception_handler(Problem, _of_http)
    app.add_exception_handler(HTTPException, _of_framework)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _of_validation)  # type: ignore[arg-type]


def refusal_of(error: Exception) -> tuple[HTTPStatus, str]:
    """The status of a refusal, and what may be told of it to whoever asked."""
    status = next((found for kind, found in _STATUS if isinstance(error, kind)), None)
    if status is None:
        raise error  # no request can lead here: a fault of ours
    if isinstance(error, errors.SpecError):
        log.error("%s", error)
        return status, (
            "the environments file of this installation is wrong; the server's log says where"
        )
    if type(error) is errors.KitchenNotFound:
        # Whoever raised it may have listed all kitchens, and some are private.
        return status, str(errors.KitchenNotFound(error.name))
    return status, str(error)


def _of_ours(request: Request, error: Exception) -> Response:
    status, detail = refusal_of(error)
    if status is HTTPStatus.FORBIDDEN:
        asker = getattr(request.state, "asker", "somebody")
        tried = f"{asker} is refused {request.method} {request.url.path}: {error}"
        log.warning("%s", one_line(tried))
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
    facts = {name: getattr(error, name) for name in _FACTS if hasattr(error, name)}
    if isinstance(error, errors.SpecError):
        facts = {}
    return answer(status, detail, kind=words, facts=facts)


def _of_http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return answer(error.status, error.detail, facts=error.facts)


def _of_framework(request: Request, error: HTTPException) -> Response:
    path, detail = request.url.path[:200], str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at {path}"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "none")
        detail = f"{request.method} is no method of {path}; it has: {allowed}"
    return answer(error.status_code, detail, headers=error.headers)


def _of_validation(_request: Request, error: RequestValidationError) -> Response:
    return answer(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "the request does not fit: " + "; ".join(complaints(error.errors())),
        facts={"complaints": complaints(error.errors())},
    )


def complaints(found: Sequence[Mapping[str, object]]) -> list[str]:
    """What is wrong where, without the values: one could be a secret, or ten thousand signs."""
    said = []
    for one in found[:20]:
        location = one.get("loc")
        place = ".".join(str(step)[:80] for step in location) if isinstance(location, tuple) else ""
        said.append(f"{place}: {one.get('msg')}" if place else str(one.get("msg")))
    return said

"""JSON bodies, read strictly into the models of ``schemas``.

They are read by dependencies, because FastAPI parses a body that it knows of before it asks who
sends it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from airflow_dataops.web.problems import Problem, complaints

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Body = TypeVar("Body", bound=BaseModel)


def body_of(model: type[Body]) -> Callable[[Request], Awaitable[Body]]:
    """A dependency that gives the request's body."""

    async def read(request: Request) -> Body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            message = "send the body as JSON, with the header Content-Type: application/json"
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
        try:
            return model.model_validate_json(await request.body(), strict=True)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            said = complaints([dict(one) for one in found])
            message = "the body does not fit: " + "; ".join(said)
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            # Without its cause, which quotes the values.
            raise Problem(status, message, facts={"complaints": said}) from None

    return read


def described(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a route with such a body."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

"""What people send from a page's form, as text by field; the last value of a field counts."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from airflow_dataops.web.problems import Problem, complaints

Body = TypeVar("Body", bound=BaseModel)
_MOST_FIELDS = 100
_MEDIA_TYPE = "application/x-www-form-urlencoded"


async def _fields(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _MEDIA_TYPE:
        message = "send this as the page's form does"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        message = f"send at most {_MOST_FIELDS} fields of text"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, message) from error
    # Browsers send two signs for the end of a line.
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


Fields = Annotated[Mapping[str, str], Depends(_fields)]


def text_of(fields: Mapping[str, str], name: str) -> str | None:
    """What was written into a field; None where nothing was."""
    return fields.get(name, "").strip() or None


def body_of(model: type[Body], **values: object) -> Body:
    """The values as the REST API takes them.

    Raises:
        Problem: they do not fit; says which.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        said = "; ".join(complaints([dict(one) for one in found]))
        # Without its cause, which quotes the values.
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, said) from None

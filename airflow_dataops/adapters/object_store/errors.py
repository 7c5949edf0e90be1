"""What boto says, in our errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    HTTPClientError,
    IncompleteReadError,
)

from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_THERE = {"NoSuchKey", "NoSuchBucket", "404"}


@contextmanager
def told(bucket: str, key: str) -> Iterator[None]:
    """Turn boto's errors into ours."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        what = "there is no such object" if code in _NOT_THERE else f"refused: {code}"
        message = f"s3://{bucket}/{key}: {what}"
        raise OutsideSystemError(message) from error
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        message = f"s3://{bucket}/{key}: the object store does not answer or broke off: {error}"
        raise ToolUnreachable(message) from error
    except BotoCoreError as error:
        message = f"s3://{bucket}/{key}: {error}"
        raise OutsideSystemError(message) from error

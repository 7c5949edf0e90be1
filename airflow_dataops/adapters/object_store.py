"""Object store on S3, and on what speaks its protocol, through a boto3 client."""

from __future__ import annotations

from contextlib import closing, contextmanager
from queue import Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    HTTPClientError,
    IncompleteReadError,
)

from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_CHUNK_BYTES = 1 << 20
# Chunks that wait for the reader: enough to even out a slow moment of either side.
_CHUNKS_AHEAD = 4
_STOP_CHECK_SECONDS = 0.2
_NOT_THERE = {"NoSuchKey", "NoSuchBucket", "404"}


class S3ObjectStore:
    """Objects of S3.

    Args:
        client: a boto3 client for ``s3``.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @contextmanager
    def chunks(self, *, bucket: str, key: str) -> Iterator[Iterator[bytes]]:
        """An object's bytes in order, a few megabytes read ahead."""
        with _told(bucket, key):
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
        with closing(body), closing(_ReadAhead(lambda: body.read(_CHUNK_BYTES))) as ahead:
            yield _translated(ahead, bucket, key)

    def size_bytes(self, *, bucket: str, key: str) -> int:
        """Size of an object."""
        with _told(bucket, key):
            return int(self._client.head_object(Bucket=bucket, Key=key)["ContentLength"])


class _ReadAhead:
    """What ``read`` gives until it gives nothing, read by a thread while the caller works."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._waiting: Queue[bytes | Exception] = Queue(_CHUNKS_AHEAD)
        self._is_left = Event()
        self._reader = Thread(target=self._fill, name="object-store-read-ahead", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._waiting.get():
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        """Stop reading; returns when the thread is gone."""
        self._is_left.set()
        self._reader.join()

    def _fill(self) -> None:
        try:
            while chunk := self._read():
                if not self._put(chunk):
                    return
            self._put(b"")
        except Exception as error:  # noqa: BLE001 - raised again where the chunk was wanted
            self._put(error)

    def _put(self, item: bytes | Exception) -> bool:
        while not self._is_left.is_set():
            try:
                self._waiting.put(item, timeout=_STOP_CHECK_SECONDS)
            except Full:
                continue
            return True
        return False


def _translated(chunks: Iterable[bytes], bucket: str, key: str) -> Iterator[bytes]:
    with _told(bucket, key):
        yield from chunks


@contextmanager
def _told(bucket: str, key: str) -> Iterator[None]:
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

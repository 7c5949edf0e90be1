"""Objects that tasks read and write: read ahead, at any place, and written as a whole or not."""

from __future__ import annotations

import io
from contextlib import closing, contextmanager
from queue import Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from airflow_dataops.adapters.object_store.errors import told
from airflow_dataops.adapters.object_store.uploads import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_CHUNK_BYTES = 1 << 20
# Chunks that wait for the reader: enough to even out a slow moment of either side.
_CHUNKS_AHEAD = 4
_STOP_CHECK_SECONDS = 0.2


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
        with told(bucket, key):
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
        with closing(body), closing(_ReadAhead(lambda: body.read(_CHUNK_BYTES))) as ahead:
            yield _translated(ahead, bucket, key)

    @contextmanager
    def opened(self, *, bucket: str, key: str) -> Iterator[BinaryIO]:
        """An object to be read at any place; one state of it, however long that takes."""
        with told(bucket, key):
            head = self._client.head_object(Bucket=bucket, Key=key)
        raw = _RangedObject(self._client, bucket, key, head)
        with io.BufferedReader(raw, buffer_size=_CHUNK_BYTES) as reader:
            yield reader

    @contextmanager
    def written(self, *, bucket: str, key: str, writer: str) -> Iterator[BinaryIO]:  # noqa: ARG002
        """Write an object that is there as a whole once the block ends, or not at all."""
        upload = Upload(self._client, bucket, key)
        try:
            yield cast("BinaryIO", upload)
            upload.complete()
        except BaseException:
            upload.abort()
            raise

    def size_bytes(self, *, bucket: str, key: str) -> int:
        """Size of an object."""
        with told(bucket, key):
            return int(self._client.head_object(Bucket=bucket, Key=key)["ContentLength"])


class _RangedObject(io.RawIOBase):
    """An object read in ranges; whoever replaces it meanwhile is noticed by its tag."""

    def __init__(self, client: Any, bucket: str, key: str, head: Mapping[str, Any]) -> None:
        super().__init__()
        self._client = client
        self._of = {"Bucket": bucket, "Key": key, "IfMatch": head["ETag"]}
        self._size = int(head["ContentLength"])
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        last = self._position + wanted - 1
        with told(self._of["Bucket"], self._of["Key"]):
            answer = self._client.get_object(**self._of, Range=f"bytes={self._position}-{last}")
            with closing(answer["Body"]) as body:
                data = body.read()
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


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
    with told(bucket, key):
        yield from chunks

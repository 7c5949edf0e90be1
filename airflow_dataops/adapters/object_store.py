"""Object store on S3, and on what speaks its protocol, through a boto3 client.

What tasks read there, and the prefix that a kitchen has for itself.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
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

from airflow_dataops.errors import KitchenExists, OutsideSystemError, ToolUnreachable

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixPlace:
    """Where a kitchen's objects are, and what says that they are its own.

    Attributes:
        kitchen: its name.
        prefix: ends with a slash.
        mark_key: key of the object that says whose the prefix is.
        mark: what it says if this kitchen's.
    """

    kitchen: str
    bucket: str
    prefix: str
    mark_key: str
    mark: str


class KitchenPrefix:
    """A kitchen's own key prefix in a bucket; implements ``KitchenPart``.

    Args:
        client: a boto3 client for ``s3``.
        place: where it is.
    """

    def __init__(self, client: Any, place: PrefixPlace) -> None:
        self._client = client
        self._place = place
        self._was_ours = False

    def make(self) -> str:
        """Mark the prefix as this kitchen's.

        Raises:
            KitchenExists: objects are there, or it is marked as somebody else's.
            OutsideSystemError: the store refuses.
        """
        place = self._place
        with _told(place.bucket, place.prefix):
            mark = self._mark()
            if mark == place.mark:
                return "is there already"
            if mark is not None or self._holds_objects():
                whose = f"marked by {mark}" if mark else "which are no kitchen's"
                why = (
                    f"there are objects below s3://{place.bucket}/{place.prefix} already, {whose}; "
                    "choose another name, or remove them"
                )
                raise KitchenExists(place.kitchen, why)
            self._client.put_object(
                Bucket=place.bucket, Key=place.mark_key, Body=place.mark.encode()
            )
        return "is free and marked"

    def unmake(self) -> str:
        """Delete all objects, old versions and unfinished uploads below the prefix."""
        place = self._place
        with _told(place.bucket, place.prefix):
            if not self._is_ours():
                is_taken = self._mark() is not None or self._holds_objects()
                return "is not this kitchen's, and stays" if is_taken else "was gone already"
            count = self._delete_all(place.prefix)
            # The mark is the last to go: without it nobody would dare to delete the rest.
            self._delete_all(place.mark_key)
        return f"gone, with {count} objects"

    def exists(self) -> bool:
        """Whether it is marked as this kitchen's, or anything is left of it."""
        with _told(self._place.bucket, self._place.prefix):
            return self._is_ours() and (self._mark() is not None or self._holds_objects())

    def _is_ours(self) -> bool:
        # What is written after the mark went is found by who removed it.
        self._was_ours = self._was_ours or self._mark() == self._place.mark
        return self._was_ours

    def _mark(self) -> str | None:
        try:
            found = self._client.get_object(Bucket=self._place.bucket, Key=self._place.mark_key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None
        with closing(found["Body"]) as body:
            return str(body.read().decode())

    def _holds_objects(self) -> bool:
        place = {"Bucket": self._place.bucket, "Prefix": self._place.prefix}
        versions = self._client.list_object_versions(**place, MaxKeys=1)
        uploads = self._client.list_multipart_uploads(**place, MaxUploads=1)
        return any(
            found.get(kind)
            for found in (versions, uploads)
            for kind in ("Versions", "DeleteMarkers", "Uploads")
        )

    def _delete_all(self, prefix: str) -> int:
        bucket = self._place.bucket
        uploads = self._client.get_paginator("list_multipart_uploads")
        for page in uploads.paginate(Bucket=bucket, Prefix=prefix):
            for upload in page.get("Uploads", ()):
                self._client.abort_multipart_upload(
                    Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        count, before = 0, None
        # The first page again and again: what a last task writes meanwhile goes too.
        while found := self._versions(prefix):
            if found == before:
                message = f"s3://{bucket}/{prefix}: {len(found)} objects stay although deleted"
                raise OutsideSystemError(message)
            self._delete(found)
            count, before = count + len(found), found
        return count

    def _versions(self, prefix: str) -> list[dict[str, str]]:
        """At most a thousand; a marker of deletion is a version, too."""
        page = self._client.list_object_versions(Bucket=self._place.bucket, Prefix=prefix)
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]

    def _delete(self, objects: list[dict[str, str]]) -> None:
        answer = self._client.delete_objects(
            Bucket=self._place.bucket, Delete={"Objects": objects, "Quiet": True}
        )
        if refused := answer.get("Errors"):
            first = refused[0]
            message = (
                f"s3://{self._place.bucket}/{first['Key']} cannot be deleted: {first['Code']} "
                f"({len(refused)} objects)"
            )
            raise OutsideSystemError(message)


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

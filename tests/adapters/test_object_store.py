from __future__ import annotations

import threading

import boto3
import pytest
from botocore.config import Config

from airflow_dataops.adapters.object_store import S3ObjectStore
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

pytestmark = pytest.mark.service

TEN_MEGABYTES = bytes(range(256)) * 40_000


@pytest.fixture
def key(s3, bucket):
    s3.put_object(Bucket=bucket, Key="tests/ten.bin", Body=TEN_MEGABYTES)
    return "tests/ten.bin"


def read_ahead_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "object-store-read-ahead"]


def test_an_object_comes_whole_and_in_order(object_store, bucket, key):
    with object_store.chunks(bucket=bucket, key=key) as chunks:
        assert b"".join(chunks) == TEN_MEGABYTES


def test_its_size_is_known_without_reading_it(object_store, bucket, key):
    assert object_store.size_bytes(bucket=bucket, key=key) == 10_240_000


def test_an_empty_object_has_no_chunks(object_store, s3, bucket):
    s3.put_object(Bucket=bucket, Key="tests/empty", Body=b"")
    with object_store.chunks(bucket=bucket, key="tests/empty") as chunks:
        assert list(chunks) == []


def test_a_reader_who_leaves_early_leaves_no_thread_behind(object_store, bucket, key):
    with object_store.chunks(bucket=bucket, key=key) as chunks:
        next(chunks)
        assert len(read_ahead_threads()) == 1
    assert read_ahead_threads() == []


def test_a_missing_object_is_named(object_store, bucket):
    with (
        pytest.raises(
            OutsideSystemError, match=f"s3://{bucket}/tests/nope: there is no such object"
        ),
        object_store.chunks(bucket=bucket, key="tests/nope"),
    ):
        pass
    with pytest.raises(OutsideSystemError, match="there is no such object"):
        object_store.size_bytes(bucket=bucket, key="tests/nope")


def test_another_environments_bucket_is_refused(object_store, embedded_stack):
    production = embedded_stack.addresses.environments["production"].bucket
    with pytest.raises(OutsideSystemError, match=f"s3://{production}/x: refused: "):
        object_store.size_bytes(bucket=production, key="x")


def test_a_store_that_does_not_answer_is_unreachable():
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",  # noqa: S106 - nobody listens there
        config=Config(retries={"max_attempts": 0}),
    )
    with pytest.raises(ToolUnreachable, match="s3://b/k: the object store does not answer"):
        S3ObjectStore(client).size_bytes(bucket="b", key="k")
    client.close()


class BrokenBody:
    """A body that breaks off after its first megabyte."""

    def __init__(self) -> None:
        self.is_read = False
        self.is_closed = False

    def read(self, size: int) -> bytes:
        from botocore.exceptions import ResponseStreamingError

        if self.is_read:
            raise ResponseStreamingError(error="connection reset")
        self.is_read = True
        return b"x" * size

    def close(self) -> None:
        self.is_closed = True


def test_a_body_that_breaks_off_is_unreachable_and_closed():
    body = BrokenBody()

    class Client:
        def get_object(self, **_: str) -> dict[str, BrokenBody]:
            return {"Body": body}

    with (
        pytest.raises(ToolUnreachable, match="broke off"),
        S3ObjectStore(Client()).chunks(bucket="b", key="k") as chunks,
    ):
        list(chunks)
    assert body.is_closed

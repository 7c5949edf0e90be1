from __future__ import annotations

from uuid import uuid4

import pytest
from botocore.stub import Stubber

from airflow_dataops.adapters.object_store import KitchenPrefix, PrefixPlace
from airflow_dataops.errors import KitchenExists, OutsideSystemError, ToolUnreachable

pytestmark = pytest.mark.service


@pytest.fixture
def place(bucket):
    name = f"k{uuid4().hex[:10]}"
    return PrefixPlace(
        kitchen=name,
        bucket=bucket,
        prefix=f"{name}/",
        mark_key=f".dataops/{name}/kitchen",
        mark="dataops kitchen 1",
    )


@pytest.fixture
def prefix(s3, place):
    prefix = KitchenPrefix(s3, place)
    yield prefix
    prefix.unmake()


def put(s3, place, *keys):
    for key in keys:
        s3.put_object(Bucket=place.bucket, Key=key, Body=b"1\n")


def keys_of(s3, place):
    found = s3.list_object_versions(Bucket=place.bucket)
    listed = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
    return {each["Key"] for each in listed if place.kitchen in each["Key"]}


def test_a_new_prefix_holds_nothing_but_its_mark_outside_of_it(prefix, s3, place):
    assert prefix.make() == "is free and marked"
    assert keys_of(s3, place) == {place.mark_key}


def test_objects_that_were_there_are_neither_taken_nor_deleted(prefix, s3, place):
    theirs = f"{place.prefix}theirs.csv"
    put(s3, place, theirs)
    with pytest.raises(KitchenExists, match=r"there are objects below .* which are no kitchen's"):
        prefix.make()
    assert not prefix.exists()
    assert prefix.unmake() == "is not this kitchen's, and stays"
    assert keys_of(s3, place) == {theirs}
    s3.delete_object(Bucket=place.bucket, Key=theirs)


def test_an_unfinished_upload_of_somebody_else_is_no_free_place(prefix, s3, place):
    key = f"{place.prefix}half.csv"
    upload = s3.create_multipart_upload(Bucket=place.bucket, Key=key)
    with pytest.raises(KitchenExists):
        prefix.make()
    s3.abort_multipart_upload(Bucket=place.bucket, Key=key, UploadId=upload["UploadId"])


def test_all_objects_go_however_many_and_nothing_beside_them(prefix, s3, place):
    prefix.make()
    beside = f"{place.kitchen}a/1.csv", f"{place.kitchen}.csv", f"x/{place.prefix}1.csv"
    put(s3, place, *(f"{place.prefix}{number}.csv" for number in range(1_010)), *beside)
    assert prefix.unmake() == "gone, with 1010 objects"  # a thousand are listed at a time
    assert keys_of(s3, place) == set(beside)
    for key in beside:
        s3.delete_object(Bucket=place.bucket, Key=key)


def test_old_versions_and_delete_markers_go_too(prefix, s3, place):
    s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    try:
        prefix.make()
        put(s3, place, *[f"{place.prefix}1.csv"] * 3)
        s3.delete_object(Bucket=place.bucket, Key=f"{place.prefix}1.csv")
        assert prefix.unmake() == "gone, with 4 objects"  # the marker of its deletion is one
        assert keys_of(s3, place) == set()
    finally:
        s3.put_bucket_versioning(
            Bucket=place.bucket, VersioningConfiguration={"Status": "Suspended"}
        )


def test_what_a_last_task_writes_after_the_end_is_found(prefix, s3, place):
    prefix.make()
    prefix.unmake()
    put(s3, place, f"{place.prefix}late.csv")
    assert prefix.exists()
    s3.delete_object(Bucket=place.bucket, Key=f"{place.prefix}late.csv")
    assert not prefix.exists()


def test_an_object_that_cannot_be_deleted_is_named_and_the_mark_stays(prefix, s3, place):
    prefix.make()
    locked = f"{place.prefix}locked.csv"
    refused = {"Errors": [{"Key": locked, "Code": "AccessDenied"}]}
    put(s3, place, locked)
    with Stubber(s3) as stub:
        stub.add_response("get_object", {"Body": _Body(place.mark.encode())})
        stub.add_response("list_multipart_uploads", {})
        versions = [{"Key": locked, "VersionId": "v"}]
        stub.add_response("list_object_versions", {"Versions": versions})
        stub.add_response("delete_objects", refused)
        with pytest.raises(OutsideSystemError, match=r"locked.csv cannot be deleted: AccessDenied"):
            prefix.unmake()
    assert keys_of(s3, place) == {place.mark_key, locked}


def test_a_bucket_that_may_not_be_listed_is_named(s3, place):
    foreign = PrefixPlace(
        kitchen=place.kitchen,
        bucket="acme-production",
        prefix=place.prefix,
        mark_key=place.mark_key,
        mark=place.mark,
    )
    with pytest.raises(OutsideSystemError, match=f"s3://acme-production/{place.prefix}: refused"):
        KitchenPrefix(s3, foreign).make()


def test_a_store_that_is_down_may_be_asked_again(place):
    import boto3

    down = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106
    )
    with pytest.raises(ToolUnreachable):
        KitchenPrefix(down, place).make()
    down.close()


class _Body:
    """An answer's body, as botocore hands it out."""

    def __init__(self, content):
        self._content = content

    def read(self):
        return self._content

    def close(self):
        pass

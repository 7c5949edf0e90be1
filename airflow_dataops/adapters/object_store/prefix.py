"""The key prefix that a kitchen has for itself in a bucket."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from airflow_dataops.adapters.object_store.errors import told
from airflow_dataops.errors import KitchenExists, OutsideSystemError


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
        with told(place.bucket, place.prefix):
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
        with told(place.bucket, place.prefix):
            if not self._is_ours():
                is_taken = self._mark() is not None or self._holds_objects()
                return "is not this kitchen's, and stays" if is_taken else "was gone already"
            count = self._delete_all(place.prefix)
            # The mark is the last to go: without it nobody would dare to delete the rest.
            self._delete_all(place.mark_key)
        return f"gone, with {count} objects"

    def exists(self) -> bool:
        """Whether it is marked as this kitchen's, or anything is left of it."""
        with told(self._place.bucket, self._place.prefix):
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

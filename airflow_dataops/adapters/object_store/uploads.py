"""One object written as a stream: nobody sees it before its last part is in place."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

from airflow_dataops.adapters.object_store.errors import told
from airflow_dataops.errors import OutsideSystemError

# S3 takes ten thousand parts: objects of up to 160 GB.
_PART_BYTES = 16 << 20


class Upload(io.RawIOBase):
    """Bytes for one object, sent in parts; the object appears with ``complete``.

    A process that dies before leaves parts that nobody can read; they go with the kitchen, or by
    the bucket's own rule for unfinished uploads.
    """

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        super().__init__()
        self._client = client
        self._place = {"Bucket": bucket, "Key": key}
        self._waiting = bytearray()
        self._parts: list[dict[str, Any]] = []
        self._id: str | None = None
        self._written = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Bytes written so far."""
        return self._written

    def write(self, data: Any) -> int:
        """Take bytes; sends them where they make a part."""
        self._waiting += data
        while len(self._waiting) >= _PART_BYTES:
            self._send(bytes(self._waiting[:_PART_BYTES]))
            del self._waiting[:_PART_BYTES]
        self._written += len(data)
        return len(data)

    def complete(self) -> None:
        """Make the object appear, in the place of the one that was there."""
        with self._told():
            if self._id is None:
                self._client.put_object(**self._place, Body=bytes(self._waiting))
                return
        if self._waiting:
            self._send(bytes(self._waiting))
        with self._told():
            self._client.complete_multipart_upload(
                **self._place, UploadId=self._id, MultipartUpload={"Parts": self._parts}
            )

    def abort(self) -> None:
        """Take back the parts that were sent; what was there stays."""
        if self._id is not None:
            # Whoever aborts has met an error already, which says more.
            with suppress(OutsideSystemError), self._told():
                self._client.abort_multipart_upload(**self._place, UploadId=self._id)

    def _send(self, part: bytes) -> None:
        with self._told():
            if self._id is None:
                self._id = self._client.create_multipart_upload(**self._place)["UploadId"]
            number = len(self._parts) + 1
            answer = self._client.upload_part(
                **self._place, UploadId=self._id, PartNumber=number, Body=part
            )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    def _told(self) -> Any:
        return told(self._place["Bucket"], self._place["Key"])

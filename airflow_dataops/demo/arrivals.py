"""What arrived outside of the warehouses: extracts, opened again as their readers do, and messages.

Each is fetched with its own environment's login, over the protocol that its reader uses.
"""

from __future__ import annotations

import asyncio
import io
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx

from airflow_dataops.demo.environments import KITCHENS_FOLDER
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.demo.stack import EnvironmentAddresses, StackAddresses

_TOLD_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """A file that somebody opened.

    Attributes:
        place: where it was found, as its reader writes it.
        rows: without the line of column names.
    """

    place: str
    rows: int
    columns: tuple[str, ...]


def workbook(kitchen: str, environment: str, addresses: StackAddresses) -> Extract:
    """A kitchen's workbook, fetched over SFTP and opened as Excel would."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    known = addresses.environments[environment]
    path = names.folder(KITCHENS_FOLDER, kitchen) + "segment_profit.xlsx"
    book = load_workbook(io.BytesIO(asyncio.run(_fetched(path, known, addresses))), read_only=True)
    try:
        columns, *rows = book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()
    return Extract(
        place=f"sftp://{known.sftp_login}@{path}", rows=len(rows), columns=tuple(map(str, columns))
    )


def parquet(kitchen: str, environment: str, addresses: StackAddresses) -> Extract:
    """A kitchen's Parquet file, fetched from the object store and opened as a BI tool would."""
    import pyarrow.parquet as pq

    known = addresses.environments[environment]
    key = names.bucket_prefix(kitchen) + "extracts/segment_profit.parquet"
    store = _object_store(known, addresses)
    try:
        body = store.get_object(Bucket=known.bucket, Key=key)["Body"].read()
    finally:
        store.close()
    table = pq.ParquetFile(io.BytesIO(body)).read()
    return Extract(
        place=f"s3://{known.bucket}/{key}", rows=table.num_rows, columns=tuple(table.column_names)
    )


def told(dag_id: str, channel: str, addresses: StackAddresses) -> str | None:
    """What a channel was told of a DAG's data tests; None where it was not within a minute.

    Args:
        dag_id: with its kitchen.
        channel: without its ``#``.
        addresses: of Slack's double.
    """
    given_up_at = time.monotonic() + _TOLD_WITHIN_SECONDS
    while time.monotonic() < given_up_at:
        for message in _messages(addresses).get(channel, ()):
            if dag_id in json.dumps(message):
                return str(message["text"])
        time.sleep(1)
    return None


def kitchens_named(channel: str, kitchens: Sequence[str], addresses: StackAddresses) -> list[str]:
    """Which of these kitchens' DAGs a channel was told of."""
    said = json.dumps(_messages(addresses).get(channel, ()))
    return [kitchen for kitchen in kitchens if f"{kitchen}." in said]


def _messages(addresses: StackAddresses) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = (
        httpx.get(f"{addresses.slack_url}/double/messages", timeout=10).raise_for_status().json()
    )
    return found


async def _fetched(path: str, known: EnvironmentAddresses, addresses: StackAddresses) -> bytes:
    import asyncssh

    # Airflow shows every line that is logged, and this one logs each of its steps.
    asyncssh.set_log_level("WARNING")
    server = asyncssh.import_public_key(addresses.sftp_host_key)
    async with (
        asyncssh.connect(
            addresses.sftp_host,
            addresses.sftp_port,
            username=known.sftp_login,
            password=known.sftp_password,
            known_hosts=([server], [], []),
            config=None,
        ) as connection,
        connection.start_sftp_client() as client,
        client.open(path, "rb") as file,
    ):
        return cast("bytes", await file.read())


def _object_store(known: EnvironmentAddresses, addresses: StackAddresses) -> Any:
    from botocore.session import get_session  # type: ignore[import-untyped]

    return get_session().create_client(
        "s3",
        endpoint_url=addresses.s3_url,
        region_name=addresses.s3_region,
        aws_access_key_id=known.s3_key.access_key,
        aws_secret_access_key=known.s3_key.secret_key,
    )

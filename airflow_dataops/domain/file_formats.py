"""What a data file's name says about its format."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath

from airflow_dataops.errors import BadDataFile


class FileFormat(StrEnum):
    """Formats by the end of a file's name."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"


def format_of(key: str) -> FileFormat:
    """Format of the file of this name; one that says nothing is CSV."""
    suffix = PurePosixPath(key).suffix.lower().removeprefix(".")
    return FileFormat(suffix) if suffix in set(FileFormat) else FileFormat.CSV


def written_format(key: str) -> FileFormat:
    """Format in which a file of this name is to be written.

    Raises:
        BadDataFile: the name does not say.
    """
    suffix = PurePosixPath(key).suffix.lower().removeprefix(".")
    if suffix not in set(FileFormat):
        message = f"{key}: what shall be written? End the name in .csv, .parquet or .xlsx"
        raise BadDataFile(message)
    return FileFormat(suffix)

"""Files that tests look into, on this host for as long as that takes."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.domain.data_assets import File
from airflow_dataops.domain.measured import Measured
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_dataops.data_ports import FileStore
    from airflow_dataops.domain.data_tests import Measure


@contextmanager
def fetched(
    measures: Sequence[Measure], file_store_for: Callable[[str], FileStore]
) -> Iterator[tuple[dict[File, Path], dict[Measure, Measured]]]:
    """Where the files of some measures lie, and the errors of measures whose files do not.

    A store that does not answer is asked once. The files are gone when the block ends.
    """
    with tempfile.TemporaryDirectory(prefix="dataops-files-") as folder:
        places: dict[File, Path] = {}
        failed: dict[File, OutsideSystemError] = {}
        silent: dict[str, OutsideSystemError] = {}
        for file in dict.fromkeys(file for measure in measures for file in _files(measure)):
            place = Path(folder, f"{len(places)}.{file.title.rpartition('.')[2]}")
            try:
                if file.tool in silent:
                    raise silent[file.tool]
                _fetch(file, file_store_for(file.tool), place)
                places[file] = place
            except ToolUnreachable as error:
                failed[file] = silent[file.tool] = error
            except OutsideSystemError as error:
                failed[file] = error
        errors = {
            measure: Measured(error=failed[file])
            for measure in measures
            for file in _files(measure)
            if file in failed
        }
        yield places, errors


def _files(measure: Measure) -> list[File]:
    return [each for each in (measure.asset, *measure.arguments) if isinstance(each, File)]


def _fetch(file: File, store: FileStore, place: Path) -> None:
    with (
        store.chunks(bucket=file.bucket, key=file.key) as chunks,
        place.open("wb") as written,
    ):
        for chunk in chunks:
            written.write(chunk)

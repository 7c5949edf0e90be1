"""Folders for as long as a merge is looked at; what a killed process left of them is removed.

Each living folder is locked by the process that made it. A lock ends with its process, however
that ends, so a folder that can be locked is nobody's any more.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_PREFIX = "dataops-merge-"
_ENOUGH_BYTES = 1 << 30
# Between its making and its locking a folder is nobody's, too.
_NEW_SECONDS = 60.0
_PAUSE_SECONDS = 60.0
_sweeping = Lock()
_swept: dict[str | None, float] = {}


@contextmanager
def scratch_folder(*, in_memory: bool = True) -> Iterator[Path]:
    """An empty folder, gone at the end.

    Args:
        in_memory: where this host has room for it there.
    """
    place = _memory() if in_memory else None
    _sweep_now_and_then(place)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place) as name:
        folder = Path(name).resolve()
        with _locked(folder):
            yield folder


def sweep(place: str | None = None) -> int:
    """Remove what killed processes left in a place; gives the number of folders."""
    swept = 0
    for folder in Path(place or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < _NEW_SECONDS:
                continue
            with _locked(folder):
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
    if swept:
        log.info("removed %d folders that killed processes left of merges", swept)
    return swept


def _sweep_now_and_then(place: str | None) -> None:
    with _sweeping:
        if time.monotonic() - _swept.get(place, -_PAUSE_SECONDS) < _PAUSE_SECONDS:
            return
        _swept[place] = time.monotonic()
    sweep(place)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder; an ``OSError`` where somebody else does, or it is not ours."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _memory() -> str | None:
    """A place whose files lie in memory, if this host has room there; None for its usual place.

    git makes a folder for nearly each object; to remove fifty from a disk takes longer than all
    the rest of a preview.
    """
    memory = Path("/dev/shm")  # noqa: S108 - each merge has a folder of its own in it
    if not os.access(memory, os.W_OK):
        return None
    room = os.statvfs(memory)
    return str(memory) if room.f_bavail * room.f_frsize >= _ENOUGH_BYTES else None

"""A kitchen's own folder on a file server."""

from __future__ import annotations

import posixpath
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.adapters.file_server.sessions import session
from airflow_dataops.errors import KitchenExists

if TYPE_CHECKING:
    from airflow.providers.sftp.hooks.sftp import SFTPHook
    from paramiko import SFTPClient  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPlace:
    """Where a kitchen's folder is, and what says that it is its own.

    Attributes:
        kitchen: its name.
        folder: absolute path.
        mark_file: path of the file that says whose the folder is.
        mark: what it says if this kitchen's.
    """

    kitchen: str
    folder: str
    mark_file: str
    mark: str


class KitchenFolder:
    """A kitchen's own folder; implements ``KitchenPart``.

    Args:
        hook: knows the server and the login.
        place: where it is.
    """

    def __init__(self, hook: SFTPHook, place: FolderPlace) -> None:
        self._hook = hook
        self._place = place

    def make(self) -> str:
        """An empty folder, marked as this kitchen's.

        Raises:
            KitchenExists: there is one with files in it, or marked as somebody else's.
            OutsideSystemError: the folder above it is missing, or the server refuses.
        """
        place = self._place
        with session(self._hook, self._place.folder) as server:
            mark = _read(server, place.mark_file)
            if not mark and not _is_taken(server, place.folder):
                with server.open(place.mark_file, "w") as file:
                    file.write(place.mark)
            elif mark != place.mark:
                why = (
                    f"there is a folder {place.folder} already that is not this kitchen's; choose "
                    "another name, or remove it"
                )
                raise KitchenExists(place.kitchen, why)
            if _kind(server, place.folder) is not None:
                return "is there already"
            _make(server, place.folder)
        return "made"

    def unmake(self) -> str:
        """Remove the folder with all it holds; a link goes, what it leads to stays."""
        place = self._place
        with session(self._hook, self._place.folder) as server:
            mark = _read(server, place.mark_file)
            if mark == "":  # whoever made it died before a word was in it, or made a folder
                _remove(server, place.mark_file)
            if mark != place.mark:
                is_taken = bool(mark) or _kind(server, place.folder) is not None
                return "is not this kitchen's, and stays" if is_taken else "was gone already"
            count = _remove(server, place.folder)
            # The mark is the last to go: without it nobody would dare to remove the rest.
            _remove(server, place.mark_file)
        return f"gone, with {count} files"

    def exists(self) -> bool:
        """Whether it is marked as this kitchen's; the mark is the last that goes."""
        with session(self._hook, self._place.folder) as server:
            return _read(server, self._place.mark_file) in {self._place.mark, ""}


def _read(server: SFTPClient, path: str) -> str | None:
    try:
        with server.open(path) as file:
            return str(file.read().decode())
    except FileNotFoundError:
        return None


def _kind(server: SFTPClient, path: str) -> int | None:
    """File type of what is there, a link being a link; None for nothing."""
    try:
        return stat.S_IFMT(server.lstat(path.rstrip("/")).st_mode or 0)
    except FileNotFoundError:
        return None


def _is_taken(server: SFTPClient, folder: str) -> bool:
    kind = _kind(server, folder)
    if kind is None:
        return False
    return kind != stat.S_IFDIR or bool(server.listdir(folder))


def _make(server: SFTPClient, folder: str) -> None:
    try:
        server.mkdir(folder.rstrip("/"))
    except OSError:
        if _kind(server, folder) != stat.S_IFDIR:  # another attempt was faster
            raise


def _remove(server: SFTPClient, path: str) -> int:
    """Remove a file, a link or a whole folder; gives the number of files.

    Another attempt may do the same at this moment.
    """
    kind, count = _kind(server, path), 0
    if kind is None:
        return 0
    with suppress(FileNotFoundError):
        if kind != stat.S_IFDIR:
            server.remove(path.rstrip("/"))
            return 1
        for name in server.listdir(path):
            count += _remove(server, posixpath.join(path, name))
        server.rmdir(path.rstrip("/"))
    return count

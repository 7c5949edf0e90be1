"""Files that tasks read from an SFTP server and write there, as a whole or not at all."""

from __future__ import annotations

import posixpath
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from airflow_dataops.adapters.file_server.sessions import session
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.sftp.hooks.sftp import SFTPHook
    from paramiko import SFTPClient  # type: ignore[import-untyped]

_CHUNK_BYTES = 1 << 20


class SftpFiles:
    """Files of an SFTP server; implements ``FileStore``. There are no buckets: ``""``.

    Args:
        hook: knows the server and the login.
    """

    def __init__(self, hook: SFTPHook) -> None:
        self._hook = hook

    @contextmanager
    def chunks(self, *, bucket: str, key: str) -> Iterator[Iterator[bytes]]:
        """A file's bytes in order."""
        with self.opened(bucket=bucket, key=key) as file:
            yield iter(lambda: file.read(_CHUNK_BYTES), b"")

    @contextmanager
    def opened(self, *, bucket: str, key: str) -> Iterator[BinaryIO]:  # noqa: ARG002
        """A file to be read at any place."""
        with session(self._hook, key) as server:
            size = _size(server, key, self._hook.remote_host)
            with server.open(key, "rb") as file:
                file.prefetch(size)
                yield cast("BinaryIO", file)

    def size_bytes(self, *, bucket: str, key: str) -> int:  # noqa: ARG002
        """Size of a file."""
        with session(self._hook, key) as server:
            return _size(server, key, self._hook.remote_host)

    @contextmanager
    def written(self, *, bucket: str, key: str, writer: str) -> Iterator[BinaryIO]:  # noqa: ARG002
        """Write a file that is there as a whole once the block ends, or not at all.

        It is written beside its place under a name that begins with a dot, and then renamed.
        """
        folder, name = posixpath.split(key)
        who, _, attempt = writer.rpartition("-")
        begun = f".{name}.{who}-"
        beside = posixpath.join(folder, f"{begun}{attempt}.part")
        with session(self._hook, key) as server:
            _provide(server, folder)
            _remove_earlier(server, folder, begun)
            try:
                with server.open(beside, "wb") as file:
                    file.set_pipelined(True)
                    yield cast("BinaryIO", file)
                _replace(server, beside, key)
            except BaseException:
                with suppress(OSError):
                    server.remove(beside)
                raise


def _size(server: SFTPClient, path: str, host: str) -> int:
    try:
        return int(server.stat(path).st_size or 0)
    except FileNotFoundError as error:
        message = f"{path} on {host}: there is no such file"
        raise OutsideSystemError(message) from error


def _provide(server: SFTPClient, folder: str) -> None:
    """Make the folders that are missing on the way."""
    if not folder or folder == "/":
        return
    with suppress(FileNotFoundError):
        server.stat(folder)
        return
    _provide(server, posixpath.dirname(folder))
    with suppress(OSError):  # somebody else was faster; if not, writing there says what is wrong
        server.mkdir(folder)


def _remove_earlier(server: SFTPClient, folder: str, begun: str) -> None:
    """Remove what earlier tries of the same task left when they were killed."""
    for name in server.listdir(folder or "."):
        if name.startswith(begun) and name.endswith(".part"):
            with suppress(FileNotFoundError):
                server.remove(posixpath.join(folder, name))


def _replace(server: SFTPClient, beside: str, path: str) -> None:
    try:
        server.posix_rename(beside, path)
    except FileNotFoundError:
        raise
    except OSError as error:
        with suppress(FileNotFoundError):
            server.stat(path)
            message = (
                f"{path}: the server cannot replace a file in one step ({error}); remove it in a"
                " task before, or write another name"
            )
            raise OutsideSystemError(message) from error
        server.rename(beside, path)

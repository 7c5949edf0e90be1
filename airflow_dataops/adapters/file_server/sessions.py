"""One session on an SFTP server, whose errors are ours."""

from __future__ import annotations

import posixpath
from contextlib import contextmanager
from socket import gaierror
from typing import TYPE_CHECKING

from paramiko.ssh_exception import (  # type: ignore[import-untyped]
    AuthenticationException,
    BadHostKeyException,
    NoValidConnectionsError,
    SSHException,
)

from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.sftp.hooks.sftp import SFTPHook
    from paramiko import SFTPClient  # type: ignore[import-untyped]

_UNREACHABLE = (
    SSHException, NoValidConnectionsError, gaierror, ConnectionError, TimeoutError, EOFError
)  # fmt: skip


@contextmanager
def session(hook: SFTPHook, path: str) -> Iterator[SFTPClient]:
    """A session about one path.

    Args:
        hook: knows the server and the login.
        path: what messages say it was about.

    Raises:
        OutsideSystemError: the server refuses, or (ToolUnreachable) does not answer.
    """
    place = f"{path} on {hook.remote_host}"
    try:
        with hook.get_managed_conn() as server:
            yield server
    except FileNotFoundError as error:
        base = posixpath.dirname(path.rstrip("/"))
        message = f"{place}: {error.strerror or error}; is there a folder {base}?"
        raise OutsideSystemError(message) from error
    except (AuthenticationException, BadHostKeyException) as error:
        message = f"{place}: the login or the server's key is wrong: {error}"
        raise OutsideSystemError(message) from error
    except _UNREACHABLE as error:
        message = f"{place}: the server does not answer or broke off: {error}"
        raise ToolUnreachable(message) from error
    except OSError as error:
        message = f"{place}: refused: {error}"
        raise OutsideSystemError(message) from error

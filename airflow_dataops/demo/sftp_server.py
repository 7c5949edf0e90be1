"""The partner's SFTP server as a process of its own.

Started as a script, on its own (it imports nothing of this package): the setup is read as JSON
from standard input, the host's public key is written as one line of JSON to standard output.
Each user sees one directory as ``/``; there is no shell, no forwarding, and no link that could
lead out of the directory.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOST = "127.0.0.1"


class PartnerServer(asyncssh.SSHServer):
    """Lets a user in by password."""

    def __init__(self, users: Mapping[str, Mapping[str, str]]) -> None:
        self._users = users

    def begin_auth(self, username: str) -> bool:
        """Everybody has to log in."""
        del username
        return True

    def password_auth_supported(self) -> bool:
        """There are passwords."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Whether the password is this user's."""
        expected = self._users.get(username, {}).get("password", "")
        is_same = hmac.compare_digest(expected.encode(), password.encode())
        return bool(expected) and is_same


class PartnerFiles(asyncssh.SFTPServer):
    """One user's directory."""

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        """Refused: a link could lead out of the directory."""
        raise _no_link(oldpath, newpath)

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        """Refused, as `symlink` is."""
        raise _no_link(oldpath, newpath)


def _no_link(source: bytes, target: bytes) -> asyncssh.SFTPError:
    return asyncssh.SFTPPermissionDenied(f"no links here: {target!r} to {source!r}")


def host_key(path: Path) -> asyncssh.SSHKey:
    """The server's key pair, made at the first call."""
    if not path.exists():
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
        partial.replace(path)
    return asyncssh.read_private_key(str(path))


async def serve(setup: Mapping[str, Any]) -> None:
    """Serve until a signal ends the process."""
    users = setup["users"]
    key = host_key(Path(setup["host_key_file"]))

    def files_of(channel: asyncssh.SSHServerChannel[bytes]) -> PartnerFiles:
        root = users[channel.get_extra_info("username")]["root"]
        return PartnerFiles(channel, chroot=root.encode())

    server = await asyncssh.create_server(
        lambda: PartnerServer(users),
        _HOST,
        setup["port"],
        server_host_keys=[key],
        sftp_factory=files_of,
        allow_scp=False,
    )
    public = key.export_public_key().decode().split()
    sys.stdout.write(json.dumps({"host_key": " ".join(public[:2])}) + "\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # from here on nobody reads what is written there
    async with server:
        await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(serve(json.load(sys.stdin)))

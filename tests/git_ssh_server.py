"""A git host behind ssh, as a process of its own: lets the holder of one key run git's programs.

Started as a script with the file of that key; prints its port and its own public key.
"""

from __future__ import annotations

import asyncio
import shlex
import sys

import asyncssh


async def _serve(process):
    program, repository = shlex.split(process.command)
    git = await asyncio.create_subprocess_exec(
        *(program, repository),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await process.redirect(stdin=git.stdin, stdout=git.stdout, stderr=git.stderr)
    status = await git.wait()
    await process.stdout.drain()
    process.exit(status)


async def _listen(authorized):
    key = asyncssh.generate_private_key("ssh-ed25519")
    listening = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[key],
        authorized_client_keys=authorized,
        process_factory=_serve,
        encoding=None,
    )
    sys.stdout.write(f"{listening.get_port()} {key.export_public_key().decode().strip()}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_listen(sys.argv[1]))

"""How this host runs git: without a person to answer it, and with its complaints in our words."""

from __future__ import annotations

import os
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import git

from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SILENCE_SECONDS = 30
PATIENCE_SECONDS = 600
# No prompt for a password or an unknown host key, and no server that says nothing: either would
# be waited for, and a dag-processor that waits parses nobody's DAGs.
UNATTENDED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_HTTP_LOW_SPEED_LIMIT": "1",
    "GIT_HTTP_LOW_SPEED_TIME": str(_SILENCE_SECONDS),
}
_SSH_OPTIONS = (
    f"-o BatchMode=yes -o ConnectTimeout={_SILENCE_SECONDS}"
    f" -o ServerAliveInterval={_SILENCE_SECONDS // 2} -o ServerAliveCountMax=2"
)
# Who commits what no person wrote.
OURSELVES = {
    "GIT_COMMITTER_NAME": "airflow_dataops",
    "GIT_COMMITTER_EMAIL": "airflow_dataops@localhost",
}


def ssh_command() -> str:
    """How git reaches a repository by ssh: as this process was told to, and unattended."""
    return f"{os.environ.get('GIT_SSH_COMMAND') or 'ssh'} {_SSH_OPTIONS}"


def without_airflows_settings() -> dict[str, str]:
    """Blanks for Airflow's variables, which hold secrets and are nothing to git.

    A copy's own configuration can name programs that git runs, and code that is parsed on this
    host can write to the copy.
    """
    return {name: "" for name in os.environ if name.startswith("AIRFLOW_")}


def lines_of(said: str) -> list[str]:
    """What git said, line by line.

    A branch's name can hold letters that Python takes for the end of a line, and git does not.
    """
    return said.removesuffix("\n").split("\n") if said else []


@contextmanager
def piped(content: bytes) -> Iterator[IO[bytes]]:
    """A file for git's standard input, for as long as git reads it."""
    import tempfile

    with tempfile.TemporaryFile() as pipe:
        pipe.write(content)
        pipe.seek(0)
        yield pipe


@contextmanager
def scratch_repository(url: str) -> Iterator[git.Git]:
    """An empty bare repository for as long as one command sequence takes."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="dataops-git-") as folder:
        command = git.Git(folder)
        command.update_environment(**UNATTENDED)
        command.init("--quiet", "--bare")
        # A newer git tidies up in the background, in a folder that is gone by then.
        with Path(folder, "config").open("a") as settings:
            settings.write("[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n")
        local = Path(url)
        if local.is_dir():
            # Borrow a local repository's objects instead of copying them.
            objects = next(p for p in (local / ".git/objects", local / "objects") if p.is_dir())
            Path(folder, "objects/info/alternates").write_text(f"{objects.resolve()}\n")
        yield command


@contextmanager
def told(what: str, name: str, url: str) -> Iterator[None]:
    """Turn git's complaint into ours; a URL's password stays out of it."""
    try:
        yield
    except (git.GitCommandError, git.GitCommandNotFound, tarfile.TarError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip()
        raise _failure(what, name, url, reason) from None
    except OSError as error:
        # A full disk, no more processes or files: the host's trouble, and no fault of ours.
        raise _failure(what, name, url, error.strerror or str(error)) from error


def _failure(what: str, name: str, url: str, reason: str) -> OutsideSystemError:
    shown = without_password(url)
    message = f"git could not {what} {name!r} of {shown}: {reason}"
    return OutsideSystemError(message.replace(url, shown))


def without_password(url: str) -> str:
    """A repository's address as it may be shown."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    if "@" not in parts.netloc or not parts.scheme:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

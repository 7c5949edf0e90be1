"""The repository that people push to: every word that this host has with it.

git is given the login by a helper that prints two variables of its environment, for this one
address alone: so the token is on no command line, in no file, and goes to no host that the
repository leads us to. Helpers of this host are left out: one of them might write it down.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import git

from airflow_dataops.adapters.git_repository.commands import (
    PATIENCE_SECONDS,
    UNATTENDED,
    ssh_command,
    without_password,
)
from airflow_dataops.adapters.git_repository.object_commands import attempt

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME, _TOKEN = "DATAOPS_GIT_NAME", "DATAOPS_GIT_TOKEN"
# git calls it with one more word: get, store or erase.
_HELPER = (
    '!f() { test "$1" = get || return 0;'
    f' printf "username=%s\\npassword=%s\\n" "${_NAME}" "${_TOKEN}"; }}; f'
)
_HIDDEN = "***"
_REFUSED = ("Authentication failed", "error: 401", "error: 403")
_NOBODY = "could not read Username"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryLogin:
    """Who this host is at a repository's host.

    Attributes:
        place: where the token was found, for complaints.
    """

    name: str
    token: str = field(repr=False)
    place: str

    def __post_init__(self) -> None:
        """Refuse what would be more than a line of git's own question and answer."""
        if not self.token or any(not sign.isprintable() for sign in self.name + self.token):
            message = f"what is at {self.place} is no name and token: each has to be one line"
            raise ValueError(message)


class Remote:
    """A repository at a path or URL.

    Args:
        url: as git takes it, without a password.
        login: who we are there, asked before each exchange: tokens are changed now and then.
        patience_seconds: how long one exchange may take.
    """

    def __init__(
        self,
        url: str,
        *,
        login: Callable[[], RepositoryLogin] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.url = url
        self._login = login
        self._patience = patience_seconds

    @property
    def shown(self) -> str:
        """Its address as it may be shown."""
        return without_password(self.url)

    def attempt(self, command: git.Git, *words: str) -> tuple[int, bytes, str]:
        """Exit status, output and complaint of a git command that speaks to the repository."""
        login = self._login() if self._login is not None else None
        env = {**UNATTENDED, "GIT_SSH_COMMAND": ssh_command()}
        if login is not None:
            env |= _let_in(self.url, login)
        status, out, err = attempt(command, *words, env=env, patience_seconds=self._patience)
        if login is not None:
            for secret in _shapes(login):
                out = out.replace(secret.encode(), _HIDDEN.encode())
                err = err.replace(secret, _HIDDEN)
        return status, out, err + (_advice(err, login) if status else "")

    def ask(self, command: git.Git, *words: str) -> str:
        """What a git command that speaks to the repository printed.

        Raises:
            git.GitCommandError: it failed.
        """
        status, out, err = self.attempt(command, *words)
        if status:
            raise git.GitCommandError(["git", *words], status, err)
        return out.decode("utf-8", "replace").rstrip("\n")


def _let_in(url: str, login: RepositoryLogin) -> dict[str, str]:
    parts = urlsplit(url)
    # The address of a host of many repositories; a name in it is no part of that.
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    settings = [("credential.helper", ""), (f"credential.{host}.helper", _HELPER)]
    # What the process has already been given by these variables stays.
    before = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    env = {
        _NAME: login.name,
        _TOKEN: login.token,
        "GIT_CONFIG_COUNT": str(before + len(settings)),
    }
    for number, (key, value) in enumerate(settings, start=before):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    return env


def _shapes(login: RepositoryLogin) -> list[str]:
    """The token in each way in which it goes over the wire; what holds another comes first."""
    basic = base64.b64encode(f"{login.name}:{login.token}".encode()).decode()
    return [basic, login.token, quote(login.token, safe="")]


def _advice(complaint: str, login: RepositoryLogin | None) -> str:
    if login is not None and any(words in complaint for words in _REFUSED):
        return (
            f"\nthe token is that of {login.place}; it has to be valid, with the right to read"
            " and to push"
        )
    if login is None and _NOBODY in complaint:
        return (
            "\nit lets nobody in without a login; name the environment whose vault has one, with"
            " repository_login, and on workers a file, with repository_login_file"
        )
    return ""

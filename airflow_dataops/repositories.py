"""A project's repository, and who this host is there: from a vault, or a file of its own.

The API server and the command line ask the vault of the environment that the project names. What
runs kitchens' code, workers and dag-processors, has no login at any vault: there a file says it.
Either is read before each exchange, so a token that was changed is used from the next one on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops import bootstrap
from airflow_dataops.domain import names
from airflow_dataops.errors import ConfigurationError, CredentialRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.adapters.git_repository import GitRepository, RepositoryLogin
    from airflow_dataops.domain.release_environment import Project

# GitHub, GitLab and others take any name beside a token; GitHub's apps have to be called so.
_ANY_NAME = "x-access-token"


def repository(project: Project) -> GitRepository:
    """The repository that holds a project's branches."""
    from airflow_dataops.adapters.git_repository import GitRepository

    return GitRepository(project.repository, login=login_from_vault(project))


def login_from_vault(project: Project) -> Callable[[], RepositoryLogin] | None:
    """What asks the vault for a project's login; None where git needs none.

    Raises:
        CredentialRefused: when called, the vault has no login there.
        VaultUnavailable: when called, the vault does not answer.
    """
    if project.repository_login is None:
        return None
    environment = project.environment(project.repository_login)

    def login() -> RepositoryLogin:
        at = names.repository_secret()
        place = f"the vault of {environment.name}, at {at}"
        fields = bootstrap.secret_store(environment).read(at) or {}
        if not fields.get("password"):
            message = (
                f"there is no password in {place}: the token with which {project.repository} is"
                " read and pushed to"
            )
            raise CredentialRefused(message)
        return _login(fields.get("login") or _ANY_NAME, fields["password"], place)

    return login


def login_from_file(path: str) -> Callable[[], RepositoryLogin]:
    """What reads a login from a file: the token, or ``name:token``.

    Raises:
        ConfigurationError: when called, there is no such file, or it holds something else.
    """

    def login() -> RepositoryLogin:
        try:
            content = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            message = (
                f"repository_login_file {path} cannot be read: {reason}; put the token of the"
                " repository there"
            )
            raise ConfigurationError(message) from None
        name, colon, token = content.partition(":")
        if not colon:
            name, token = "", content
        return _login(name or _ANY_NAME, token, f"file {path}")

    return login


def _login(name: str, token: str, place: str) -> RepositoryLogin:
    from airflow_dataops.adapters.git_repository import RepositoryLogin

    try:
        return RepositoryLogin(name=name, token=token, place=place)
    except ValueError as error:
        raise CredentialRefused(str(error)) from None

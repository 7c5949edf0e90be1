"""What one environments file may say, key by key.

Rules that look at several places at once are in ``environment_rules``.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen_at_parse import DAGS_FOLDER
from airflow_dataops.domain.release_environment import DEFAULT_POOL
from airflow_dataops.errors import InvalidName

if TYPE_CHECKING:
    from collections.abc import Callable

# A login and a read may both hang until the timeout; a refusal is due within ten seconds.
LONGEST_TIMEOUT_SECONDS = 5

_REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)+\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def _named(check: Callable[[str], str]) -> AfterValidator:
    def validate(name: str) -> str:
        try:
            return check(name)
        except InvalidName as error:
            raise ValueError(str(error)) from error

    return AfterValidator(validate)


def _variable_name(name: str) -> str:
    # The text is not shown: it could be the secret itself, put in the wrong place.
    if not _VARIABLE.match(name):
        message = "this is no name of an environment variable; name the one that holds the value"
        raise ValueError(message)
    return name


def _absolute_path(path: str) -> str:
    if not PurePosixPath(path).is_absolute():
        message = "write the file's path from the root on, so that it is the same for each process"
        raise ValueError(message)
    return path


def _folder_of_branch(folder: str) -> str:
    path = PurePosixPath(folder)
    if not folder or path.is_absolute() or ".." in path.parts:
        message = "write a folder of the repository, for example airflow/dags; . for all of it"
        raise ValueError(message)
    return str(path)


def _repository_of_host(name: str) -> str:
    if not _REPOSITORY.match(name):
        message = "write it as its host calls it: owner/name, without the host's address"
        raise ValueError(message)
    return name


def _pool_of_dags(name: str) -> str:
    if name == DEFAULT_POOL:
        message = "it is the pool of tasks that name none; write pool: beside pools:"
        raise ValueError(message)
    return name


def _web_address(url: str) -> str:
    parts = _split(_without_password(url))
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "write an address that starts with https:// (or http://), then the host"
        raise ValueError(message)
    return url


def _without_password(url: str) -> str:
    parts = _split(url)
    if parts is None or url.startswith("-"):  # git would take it for an option
        message = "this is no address"
        raise ValueError(message)
    if parts.password is not None:
        message = "the address holds a password, and secrets do not belong in this file"
        raise ValueError(message)
    return url


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _AllOptional(_Strict):
    """Keys that may all be left out, so that nothing at all may stand there too."""

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_an_empty_mapping(cls, value: object) -> object:
        return {} if value is None else value


Text = Annotated[str, Field(min_length=1)]
VariableName = Annotated[str, AfterValidator(_variable_name)]
FilePath = Annotated[str, AfterValidator(_absolute_path)]
EnvironmentName = Annotated[str, _named(names.check_environment_name)]


class ToolModel(_AllOptional):
    """One tool of a release environment."""

    schema_per_kitchen: bool = False
    dynamic: bool = False
    bucket: Text | None = None
    folder: FilePath | None = None


class VaultModel(_Strict):
    """Where credentials are and what this installation logs in with."""

    kind: Literal["hashicorp"] = Field(description="write kind: hashicorp (OpenBao too)")
    url: Annotated[str, AfterValidator(_web_address)] = Field(
        description="write the vault's address, for example https://vault.example.com"
    )
    mount: Text = Field(description="write the mount of its KV version 2 engine")
    database_mount: Text | None = None
    role_id_env: VariableName | None = None
    role_id_file: FilePath | None = None
    secret_id_env: VariableName | None = None
    secret_id_file: FilePath | None = None
    timeout_seconds: float = Field(
        default=3.0, gt=0, le=LONGEST_TIMEOUT_SECONDS, allow_inf_nan=False
    )


class BaseKitchenModel(_Strict):
    """The kitchen that an environment starts with."""

    name: Annotated[str, _named(names.check_kitchen_name)] = Field(
        description="write the kitchen's name, for example demo_production"
    )
    branch: Annotated[str, _named(names.check_branch_name)] = Field(
        description="write the branch that it stands on, for example main"
    )


class AlertsModel(_AllOptional):
    """Where an environment's alerts go."""

    slack_channel: Text | None = None


class PullRequestsModel(_Strict):
    """Where merges are proposed to the host of the repository."""

    host: Literal["github", "gitlab"] = Field(description="write host: github or host: gitlab")
    repository: Annotated[Text, AfterValidator(_repository_of_host)] = Field(
        description="write the repository as its host calls it, for example acme/pipelines"
    )
    url: Annotated[str, AfterValidator(_web_address)] | None = None


class ApprovalsModel(_Strict):
    """What has to be approved, and by whom."""

    by: Annotated[list[Text], Field(min_length=1)] = Field(
        description='write who approves: by: [eric, "role:change-board"]'
    )
    of: Annotated[list[Literal["merge", "schedule"]], Field(min_length=1)] = Field(
        default=["merge", "schedule"], description="write of: [merge], [schedule] or both"
    )


TicketStep = Literal["creation", "work", "merged", "released", "scheduled", "dropped"]


class TicketsModel(_Strict):
    """Where the tickets of an environment's work are."""

    url: Annotated[str, AfterValidator(_web_address)] = Field(
        description="write the address of your Jira, for example https://acme.atlassian.net"
    )
    transitions: dict[TicketStep, Text] = {}
    assignees: dict[TicketStep, Text] = {}
    accounts: dict[Text, Text] = {}


class EnvironmentModel(_Strict):
    """One release environment."""

    vault: VaultModel = Field(
        description="write where its credentials are: kind, url, mount and the login"
    )
    base_kitchen: BaseKitchenModel = Field(
        description="write the kitchen that it starts with: {name: …, branch: …}"
    )
    tools: dict[Annotated[str, _named(names.check_tool_name)], ToolModel] = Field(
        description="write the tools that its kitchens use; {} for none"
    )
    owner: Text | None = None
    protected: bool = False
    queue: Text | None = None
    provision_queue: Text | None = None
    pool: Text = DEFAULT_POOL
    pools: dict[Annotated[Text, AfterValidator(_pool_of_dags)], Text] = {}
    max_active_runs: Annotated[int, Field(ge=1)] | None = None
    max_tasks_per_run: Annotated[int, Field(ge=1)] | None = None
    readable_kitchens: list[Annotated[str, _named(names.check_kitchen_name)]] = []
    schedules_enabled_by: list[Text] = []
    alerts: AlertsModel = AlertsModel()
    merge_by: Literal["push", "pull_request"] = Field(
        default="push", description="write merge_by: push or merge_by: pull_request"
    )
    pull_requests: PullRequestsModel | None = None
    tickets: TicketsModel | None = None
    approvals: ApprovalsModel | None = None


class ProjectModel(_Strict):
    """One repository and the environments that its kitchens run in."""

    repository: Annotated[Text, AfterValidator(_without_password)] = Field(
        description="write the address of its git repository"
    )
    environments: Annotated[dict[EnvironmentName, EnvironmentModel], Field(min_length=1)] = Field(
        description="write at least one release environment"
    )
    dags_folder: Annotated[str, AfterValidator(_folder_of_branch)] = DAGS_FOLDER
    repository_login: EnvironmentName | None = None


class EnvironmentsModel(_Strict):
    """A whole environments file."""

    projects: Annotated[dict[EnvironmentName, ProjectModel], Field(min_length=1)] = Field(
        description="write at least one project, its repository and its environments"
    )


REFUSED_KEYS = {
    "role_id": (
        "secrets do not belong in this file; put it in an environment variable or a file and "
        "name that with role_id_env or role_id_file"
    ),
    "secret_id": (
        "secrets do not belong in this file; put it in an environment variable or a file and "
        "name that with secret_id_env or secret_id_file"
    ),
    **dict.fromkeys(
        ("credential", "credentials", "password", "secret", "secret_key", "token", "access_key"),
        "secrets do not belong in this file; a tool's credential is kept in the vault",
    ),
}

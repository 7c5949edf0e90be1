"""Release environments: where a kitchen's work runs, with which tools and whose credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_dataops.domain.kitchen_at_parse import DAGS_FOLDER
from airflow_dataops.errors import EnvironmentNotFound, UnknownTool

if TYPE_CHECKING:
    from collections.abc import Mapping

# The pool that Airflow gives a task whose author names none.
DEFAULT_POOL = "default_pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """An outside system of a release environment, used under its name as connection id.

    Attributes:
        schema_per_kitchen: sessions start in the kitchen's own schema.
        dynamic: the vault issues a login of its own to each kitchen.
        bucket: the object store's bucket, for tools that have one.
        folder: where each kitchen gets a folder of its own, for file servers.
    """

    name: str
    schema_per_kitchen: bool = False
    dynamic: bool = False
    bucket: str | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultPlace:
    """Where an environment's secrets are and how this installation logs in.

    The login itself stays outside: in an environment variable or a file that only the
    processes which serve credentials can read.

    Attributes:
        mount: the KV version 2 engine with the environment's secrets.
        database_mount: the database engine that issues the logins of ``dynamic`` tools.
    """

    kind: str
    url: str
    mount: str
    database_mount: str | None = None
    role_id_env: str | None = None
    role_id_file: str | None = None
    secret_id_env: str | None = None
    secret_id_file: str | None = None
    timeout_seconds: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseKitchen:
    """The kitchen that an environment starts with, and the branch it stands on."""

    name: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestPlace:
    """Where merges into an environment's kitchens are proposed, instead of being pushed.

    Attributes:
        host: ``github`` or ``gitlab``; also the name of its token in the environment's vault.
        repository: as the host calls it, for example ``acme/pipelines``.
        url: of the host's API where it is not the public one.
    """

    host: str
    repository: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """What has to be approved in an environment, and by whom.

    Attributes:
        by: people and roles; nobody approves what they asked for.
        of: ``merge``, ``schedule``, or both.
    """

    by: tuple[str, ...]
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPlace:
    """Where the tickets of an environment's pieces of work are, and what they are told.

    Attributes:
        url: of the Jira site.
        transitions: the status that a ticket has at a step; at others it stays where it is.
        assignees: who has work from a step on; at others, who had it.
        accounts: names of users in Jira, by their names here, where these are others.
    """

    url: str
    transitions: Mapping[str, str] = field(default_factory=dict)
    assignees: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseEnvironment:
    """A set of tools, a vault and a queue that kitchens point to.

    Attributes:
        owner: a user's name or ``role:…``; head of all its kitchens.
        protected: one kitchen, its base, changed by its owner alone; no other may point here.
        provision_queue: of the workers that make and unmake kitchens.
        pool: Airflow's pool for its tasks that name none.
        pools: Airflow's pools for those that do, by the name that DAGs use.
        max_active_runs: how many runs of one DAG of a kitchen may be under way at a time; None:
            as many as the DAG says.
        max_tasks_per_run: how many tasks a run of one may come to, mapped ones each; None: any
            number.
        readable_kitchens: those of its kitchens whose runs the others may look at.
        pull_requests: None where merges into its kitchens are pushed.
        tickets: None where work there has none that is told of it.
        approvals: None where nothing has to be approved.
    """

    name: str
    project: str
    vault: VaultPlace
    base_kitchen: BaseKitchen
    tools: Mapping[str, Tool]
    owner: str | None = None
    protected: bool = False
    queue: str | None = None
    provision_queue: str | None = None
    pool: str = DEFAULT_POOL
    pools: Mapping[str, str] = field(default_factory=dict)
    max_active_runs: int | None = None
    max_tasks_per_run: int | None = None
    readable_kitchens: tuple[str, ...] = ()
    schedules_enabled_by: tuple[str, ...] = ()
    alerts: Mapping[str, str] = field(default_factory=dict)
    pull_requests: PullRequestPlace | None = None
    tickets: TicketPlace | None = None
    approvals: ApprovalRule | None = None

    def tool(self, name: str) -> Tool:
        """The declared tool of this name.

        Raises:
            UnknownTool: the environment declares no such tool; names those it does.
        """
        if name not in self.tools:
            raise UnknownTool(name, sorted(self.tools))
        return self.tools[name]

    def has_pool(self, name: str) -> bool:
        """Whether its tasks may name this pool, as DAGs do or as Airflow does."""
        return name in {DEFAULT_POOL, self.pool, *self.pools, *self.pools.values()}

    def airflow_pool(self, name: str) -> str:
        """Airflow's pool for a task that names one, never another environment's.

        What was found once is found again: Airflow asks for stored tasks, too.
        """
        if name in self.pools:
            return self.pools[name]
        return name if name in self.pools.values() else self.pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One repository with one tree of kitchens, and the environments they run in.

    Attributes:
        dags_folder: of the repository, with ordinary DAG files; ``.`` for all of it.
        repository_login: the environment whose vault has the login; None where git needs none.
    """

    name: str
    repository: str
    environments: Mapping[str, ReleaseEnvironment]
    dags_folder: str = DAGS_FOLDER
    repository_login: str | None = None

    def environment(self, name: str) -> ReleaseEnvironment:
        """The environment of this name.

        Raises:
            EnvironmentNotFound: the project declares no such environment.
        """
        if name not in self.environments:
            raise EnvironmentNotFound(name, sorted(self.environments))
        return self.environments[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projects:
    """Everything an environments file declares. Environment names are unique across projects."""

    projects: Mapping[str, Project]

    def environments(self) -> list[ReleaseEnvironment]:
        """All release environments, by name."""
        found = [e for project in self.projects.values() for e in project.environments.values()]
        return sorted(found, key=lambda environment: environment.name)

    def environment(self, name: str) -> ReleaseEnvironment:
        """The environment of this name, whatever its project.

        Raises:
            EnvironmentNotFound: no project declares it.
        """
        for project in self.projects.values():
            if (environment := project.environments.get(name)) is not None:
                return environment
        raise EnvironmentNotFound(name, [e.name for e in self.environments()])

    def project_of(self, environment: str) -> Project:
        """The project that declares an environment.

        Raises:
            EnvironmentNotFound: no project declares it.
        """
        return self.projects[self.environment(environment).project]

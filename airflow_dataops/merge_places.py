"""Where a project's kitchens are merged: its repository, our tables, and who builds pipelines."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_dataops import bootstrap, config, repositories
from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse
from airflow_dataops.errors import ConfigurationError, CredentialRefused, VaultUnavailable
from airflow_dataops.services.evidence import EvidencePlaces
from airflow_dataops.services.merging import MergePlaces

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_dataops.adapters.git_repository.kept_merges import KeptMerges
    from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import (
        Project,
        PullRequestPlace,
        ReleaseEnvironment,
    )
    from airflow_dataops.evidence_ports import ApprovalBook
    from airflow_dataops.merge_ports import OutlineReader, PullRequests
    from airflow_dataops.schedule_ports import Switches

log = logging.getLogger(__name__)


def merge_places(project: str) -> MergePlaces:
    """The places of a project, by its name.

    Raises:
        ConfigurationError: a setting of this installation is wrong or missing.
    """
    from airflow_dataops.adapters.airflow_runs import AirflowRuns
    from airflow_dataops.registry.evidence import EvidenceTable
    from airflow_dataops.registry.merge_queue import QueueTable
    from airflow_dataops.registry.merges import MergeTable
    from airflow_dataops.registry.promotions import PromotionTable
    from airflow_dataops.registry.reverts import RevertTable

    projects = config.environments()
    of_project = projects.projects[project]

    def at_parse(kitchen: Kitchen) -> KitchenAtParse:
        return _at_parse(kitchen, projects.environment(kitchen.environment), of_project)

    return MergePlaces(
        repository=_repository(of_project),
        book=MergeTable(bootstrap.metadata_database()),
        registry=bootstrap.kitchen_registry(),
        outlines=_outlines(),
        at_parse=at_parse,
        tools=lambda kitchen: projects.environment(kitchen.environment).tools,
        evidence=EvidenceTable(bootstrap.metadata_database()),
        runs=AirflowRuns(),
        queue=QueueTable(bootstrap.metadata_database()),
        dags_folder=of_project.dags_folder,
        hooks=bootstrap.merge_hooks(),
        environment=lambda kitchen: projects.environment(kitchen.environment),
        approvals=approvals(),
        reverts=RevertTable(bootstrap.metadata_database()),
        promotions=PromotionTable(bootstrap.metadata_database()),
        schedules=bootstrap.schedules(),
        audit_trail=bootstrap.audit_trail(),
        pull_requests=lambda kitchen: _pull_requests(projects.environment(kitchen.environment)),
        has_secrets=lambda kitchen, tools: _has_secrets(
            kitchen, projects.environment(kitchen.environment), tools
        ),
    )


def approvals() -> ApprovalBook:
    """What waits for somebody's approval."""
    from airflow_dataops.registry.approvals import ApprovalTable

    return ApprovalTable(bootstrap.metadata_database())


def switches() -> Switches:
    """Who used Airflow's own pause switch."""
    from airflow_dataops.registry.switches import AirflowSwitches

    return AirflowSwitches(bootstrap.metadata_database())


def evidence_places(project: str) -> EvidencePlaces:
    """Where runs of a project's kitchens become evidence.

    Raises:
        ConfigurationError: a setting of this installation is wrong or missing.
    """
    from airflow_dataops.registry.evidence import EvidenceTable
    from airflow_dataops.registry.finished_runs import FinishedRuns
    from airflow_dataops.registry.results import ResultTable
    from airflow_dataops.registry.run_needs import RunNeedsTable

    of_project = config.environments().projects[project]
    database = bootstrap.metadata_database()
    return EvidencePlaces(
        runs=FinishedRuns(database),
        results=ResultTable(database),
        book=EvidenceTable(database),
        code=_repository(of_project),
        needs=RunNeedsTable(database),
        dags_folder=of_project.dags_folder,
    )


def _repository(project: Project) -> MergeRepository:
    from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository

    # Another address is another repository, whatever the copy of the first one holds.
    copy = config.merge_folder() / names.merge_copy(project.name, project.repository)
    login = repositories.login_from_vault(project)
    return MergeRepository(copy, url=project.repository, login=login, kept=_kept())


@lru_cache(maxsize=1)
def _kept() -> KeptMerges:
    """What merges came to, of all projects of this process."""
    from airflow_dataops.adapters.git_repository.kept_merges import KeptMerges

    return KeptMerges()


def _pull_requests(environment: ReleaseEnvironment) -> PullRequests | None:
    """The host where merges into an environment's kitchens are proposed.

    Raises:
        CredentialRefused: the environment's vault has no token for it.
        ConfigurationError: the library that speaks to it is not installed.
    """
    place = environment.pull_requests
    if place is None:
        return None
    at = names.pull_request_secret(place.host)
    fields = bootstrap.secret_store(environment).read(at) or {}
    token = fields.get("password")
    if not token:
        message = (
            f"the vault of {environment.name} has no password at {at}: the token with which merges"
            f" are proposed at {place.repository}"
        )
        raise CredentialRefused(message)
    try:
        return _client_of(place, token)
    except ModuleNotFoundError as error:
        message = (
            f"{environment.name} merges by pull_request, and {error.name} is not installed here;"
            " pip install 'airflow-provider-dataops[pull-requests]'"
        )
        raise ConfigurationError(message) from error


def _client_of(place: PullRequestPlace, token: str) -> PullRequests:
    if place.host == "github":
        from airflow_dataops.adapters.github_pulls import GithubPulls

        return GithubPulls(place.repository, token=token, url=place.url)
    from airflow_dataops.adapters.gitlab_requests import GitlabRequests

    return GitlabRequests(place.repository, token=token, url=place.url)


def _has_secrets(
    kitchen: Kitchen, environment: ReleaseEnvironment, tools: Collection[str]
) -> dict[str, bool | None]:
    """Whether an environment's vault has something for a kitchen's tools; no value is read."""
    vault = bootstrap.vault(environment)
    found: dict[str, bool | None] = dict.fromkeys(sorted(tools))
    try:
        for tool in found:
            at = (names.kitchen_secret(kitchen.name, tool), names.tool_secret(tool))
            found[tool] = any(vault.has_secret(path) for path in at)
    except (VaultUnavailable, ConfigurationError) as error:
        # Down, or a policy that lets nobody list: what is not known yet stays so.
        log.info("the vault of %s says nothing of its secrets: %s", environment.name, error)
    return found


def _outlines() -> OutlineReader | None:
    from airflow_dataops.adapters.tree_outlines import BuiltOutlines

    limit = config.merge_build_seconds()
    return BuiltOutlines(limit_seconds=limit) if limit else None


def _at_parse(
    kitchen: Kitchen, environment: ReleaseEnvironment, project: Project
) -> KitchenAtParse:
    """What pipelines of a kitchen may know of it, as its bundle would say it."""
    tools = {
        tool.name: {
            name: place
            for name, place in (("bucket", tool.bucket), ("folder", tool.folder))
            if place
        }
        for tool in environment.tools.values()
    }
    return KitchenAtParse(
        id=kitchen.id,
        name=kitchen.name,
        project=kitchen.project,
        environment=kitchen.environment,
        owner=environment.owner or kitchen.created_by,
        schema=kitchen.schema,
        prefix=kitchen.prefix,
        dags_folder=project.dags_folder,
        readable_kitchens=list(environment.readable_kitchens),
        tools=tools,
    )

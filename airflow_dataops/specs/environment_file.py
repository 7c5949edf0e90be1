"""``environments.yaml``: the projects of an installation and their release environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.release_environment import (
    ApprovalRule,
    BaseKitchen,
    Project,
    Projects,
    PullRequestPlace,
    ReleaseEnvironment,
    TicketPlace,
    Tool,
    VaultPlace,
)
from airflow_dataops.errors import SpecError
from airflow_dataops.specs.complaints import complaints_about
from airflow_dataops.specs.environment_models import (
    REFUSED_KEYS,
    EnvironmentModel,
    EnvironmentsModel,
    VaultModel,
)
from airflow_dataops.specs.environment_rules import complaints_across
from airflow_dataops.specs.marked_yaml import read_marked

if TYPE_CHECKING:
    from pathlib import Path


def load_environments(path: Path) -> Projects:
    """Read an environments file.

    Raises:
        SpecError: the file is wrong; lists everything that is, each with its line.
    """
    marked = read_marked(path)
    if marked.content is None and not marked.complaints:
        raise SpecError(_EMPTY, file=marked.file)
    complaints = [
        *marked.complaints,
        *complaints_about(marked, EnvironmentsModel, refused_keys=REFUSED_KEYS),
        *complaints_across(marked),
    ]
    if complaints:
        raise SpecError.together(sorted(complaints, key=lambda complaint: complaint.line or 0))
    return _projects(EnvironmentsModel.model_validate(marked.content))


_EMPTY = (
    "this file is empty; declare a project with its repository and its release environments "
    "under the key 'projects'"
)


def _projects(model: EnvironmentsModel) -> Projects:
    return Projects(
        projects={
            project: Project(
                name=project,
                repository=content.repository,
                dags_folder=content.dags_folder,
                repository_login=content.repository_login,
                environments={
                    name: _environment(project, name, environment)
                    for name, environment in content.environments.items()
                },
            )
            for project, content in model.projects.items()
        }
    )


def _environment(project: str, name: str, model: EnvironmentModel) -> ReleaseEnvironment:
    vault = model.vault.model_dump()
    return ReleaseEnvironment(
        name=name,
        project=project,
        vault=VaultPlace(**{**vault, **_mounts(model.vault)}),
        base_kitchen=BaseKitchen(name=model.base_kitchen.name, branch=model.base_kitchen.branch),
        tools={
            tool: Tool(
                name=tool,
                schema_per_kitchen=content.schema_per_kitchen,
                dynamic=content.dynamic,
                bucket=content.bucket,
                folder=content.folder,
            )
            for tool, content in model.tools.items()
        },
        owner=model.owner,
        protected=model.protected,
        queue=model.queue,
        provision_queue=model.provision_queue,
        pool=model.pool,
        pools=model.pools,
        max_active_runs=model.max_active_runs,
        max_tasks_per_run=model.max_tasks_per_run,
        readable_kitchens=tuple(model.readable_kitchens),
        schedules_enabled_by=tuple(model.schedules_enabled_by),
        alerts=model.alerts.model_dump(exclude_none=True),
        pull_requests=(
            PullRequestPlace(**model.pull_requests.model_dump()) if model.pull_requests else None
        ),
        tickets=TicketPlace(**model.tickets.model_dump()) if model.tickets else None,
        approvals=(
            ApprovalRule(by=tuple(model.approvals.by), of=tuple(model.approvals.of))
            if model.approvals
            else None
        ),
    )


def _mounts(vault: VaultModel) -> dict[str, str | None]:
    database = vault.database_mount
    return {"mount": vault.mount.strip("/"), "database_mount": database and database.strip("/")}

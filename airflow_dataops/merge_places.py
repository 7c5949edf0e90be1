"""Where a project's kitchens are merged: its repository, our tables, and who builds pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops import bootstrap, config
from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse
from airflow_dataops.services.evidence import EvidencePlaces
from airflow_dataops.services.merging import MergePlaces

if TYPE_CHECKING:
    from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import Project, ReleaseEnvironment
    from airflow_dataops.merge_ports import OutlineReader


def merge_places(project: str) -> MergePlaces:
    """The places of a project, by its name.

    Raises:
        ConfigurationError: a setting of this installation is wrong or missing.
    """
    from airflow_dataops.adapters.airflow_runs import AirflowRuns
    from airflow_dataops.registry.evidence import EvidenceTable
    from airflow_dataops.registry.merge_queue import QueueTable
    from airflow_dataops.registry.merges import MergeTable

    projects = config.environments()
    of_project = projects.projects[project]

    def at_parse(kitchen: Kitchen) -> KitchenAtParse:
        return _at_parse(kitchen, projects.environment(kitchen.environment), of_project)

    return MergePlaces(
        repository=_repository(project, of_project.repository),
        book=MergeTable(bootstrap.metadata_database()),
        registry=bootstrap.kitchen_registry(),
        outlines=_outlines(),
        at_parse=at_parse,
        tools=lambda kitchen: projects.environment(kitchen.environment).tools,
        evidence=EvidenceTable(bootstrap.metadata_database()),
        runs=AirflowRuns(),
        queue=QueueTable(bootstrap.metadata_database()),
        dags_folder=of_project.dags_folder,
    )


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
        code=_repository(project, of_project.repository),
        needs=RunNeedsTable(database),
        dags_folder=of_project.dags_folder,
    )


def _repository(project: str, url: str) -> MergeRepository:
    from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository

    # Another address is another repository, whatever the copy of the first one holds.
    return MergeRepository(config.merge_folder() / names.merge_copy(project, url), url=url)


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

"""The pieces of work of a project, read from the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain import work
from airflow_dataops.domain.audit import AuditQuery

if TYPE_CHECKING:
    from airflow_dataops.domain.release_environment import Project
    from airflow_dataops.ports import AuditTrail

# A trail that is longer tells of its newer part alone.
MOST_ENTRIES = 100_000


def course_of(project: Project) -> work.Course:
    """What turns deeds in a project into steps.

    Work is released in protected environments; where a project has none, nowhere.
    """
    environments = project.environments.values()
    return work.Course(
        bases=frozenset(one.base_kitchen.name for one in environments),
        released_in=frozenset(one.base_kitchen.name for one in environments if one.protected),
        assignees={
            one.name: {work.Step(step): who for step, who in one.tickets.assignees.items()}
            for one in environments
            if one.tickets
        },
    )


def works_of(project: Project, audit_trail: AuditTrail) -> list[work.Work]:
    """All pieces of work of a project."""
    asked = AuditQuery(
        environments=tuple(project.environments), actions=work.ACTIONS, at_most=MOST_ENTRIES
    )
    return work.works(audit_trail.entries(asked), course_of(project))

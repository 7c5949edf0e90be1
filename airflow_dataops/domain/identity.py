"""Who is asking: from a task instance's rows to the kitchen it works for, or to a refusal.

Three things name an environment: the version the run is pinned to, the bundle that the DAG's row
points to now, and the registry's row of the kitchen. A DAG's row can be made to point elsewhere
by a file in another bundle, and an unpinned run follows it; so a task is a kitchen's only when
all three agree, and whatever looks like a kitchen's without being one is refused.

The platform's own DAGs make and unmake kitchens. They are an environment's, not a kitchen's, and
known by their exact names: for them the environment's name is what a kitchen's row is for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.errors import CredentialRefused

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What Airflow's tables and ours say about a task instance; None where they say nothing.

    Attributes:
        run_version: version of the bundle that the run is pinned to.
        dag_bundle: bundle that the DAG's row points to at this moment.
        is_kitchens_bundle: versions of that bundle were recorded as kitchens'.
        version_bundle, version_environment: what was recorded with the run's version.
        kitchen_id, kitchen_environment, kitchen_state: the living kitchen in whose namespace the
            DAG lies.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    state: str | None
    run_version: str | None
    dag_bundle: str | None
    is_kitchens_bundle: bool
    version_bundle: str | None
    version_environment: str | None
    kitchen_id: str | None
    kitchen_environment: str | None
    kitchen_state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenTask:
    """A task whose kitchen, or whose environment's platform, is beyond doubt.

    Attributes:
        kitchen_id, kitchen: both ``dataops`` for a task of the platform.
        state: of the task instance.
    """

    kitchen_id: str
    kitchen: str
    environment: str
    dag_id: str
    run_id: str
    task_id: str
    try_number: int
    state: str | None

    @property
    def is_platforms(self) -> bool:
        """Whether it makes kitchens instead of working in one."""
        return self.kitchen_id == names.PLATFORM

    def owns_dag(self, dag_id: str) -> bool:
        """Whether a DAG is of the same kitchen, or of the same environment's platform."""
        if self.is_platforms:
            return dag_id in _platform_dags(self.environment)
        return names.is_in_namespace(dag_id, self.kitchen)

    def owns_asset(self, name: str) -> bool:
        """Whether an asset's name or URI bears the kitchen's own name; the platform has none."""
        if self.is_platforms:
            return False
        return names.is_in_namespace(name, self.kitchen) or name.startswith(
            f"dataops://{self.kitchen}/"
        )

    def owns_alias(self, name: str) -> bool:
        """Whether an asset alias bears the kitchen's own name; the platform has none."""
        return not self.is_platforms and names.is_in_namespace(name, self.kitchen)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWork:
    """What a valid token stands for that is no task instance of now.

    Attributes:
        kind: what it is, in words.
        dag_id: None where it belongs to no DAG.
        is_kitchens: the DAG lies in a kitchen's namespace or in a kitchens' bundle.
    """

    kind: str
    dag_id: str | None
    is_kitchens: bool


def check_ordinary(found: Sequence[OtherWork]) -> None:
    """Let a token of no task instance pass only if it has nothing to do with kitchens.

    Raises:
        CredentialRefused: it is a kitchen's, or nobody knows what it is.
    """
    if not found:
        message = (
            "whoever asks is refused every credential: its task instance is not known any more, "
            "the run was cleared or deleted"
        )
        raise CredentialRefused(message)
    for work in found:
        if work.is_kitchens:
            message = f"{work.dag_id} is refused every credential: {work.kind} has no identity"
            raise CredentialRefused(message)


def kitchen_task(facts: TaskFacts) -> KitchenTask | None:
    """The kitchen's or the platform's task behind these facts; None for one of an ordinary DAG.

    Raises:
        CredentialRefused: something says kitchen and something else disagrees.
    """
    kitchen = names.kitchen_of_dag(facts.dag_id)
    kitchen_id = names.PLATFORM if kitchen == names.PLATFORM else facts.kitchen_id
    if not any((facts.is_kitchens_bundle, facts.version_environment, kitchen_id)):
        return None
    is_platforms = kitchen_id == names.PLATFORM
    reason = _disagreement_about_platform(facts) if is_platforms else _disagreement(facts)
    if reason is None and kitchen is None:
        reason = "it lies in no kitchen's namespace"
    if reason is not None or kitchen is None:
        message = f"{facts.dag_id} is refused every credential: {reason}"
        raise CredentialRefused(message)
    return KitchenTask(
        kitchen_id=str(kitchen_id),
        kitchen=kitchen,
        environment=str(facts.version_environment),
        dag_id=facts.dag_id,
        run_id=facts.run_id,
        task_id=facts.task_id,
        try_number=facts.try_number,
        state=facts.state,
    )


def _disagreement_about_platform(facts: TaskFacts) -> str | None:
    if not facts.is_kitchens_bundle:
        return (
            f"names that begin with {names.PLATFORM!r} are kept for the DAGs that make kitchens; "
            "give it another dag_id"
        )
    reason = _disagreement_about_version(facts)
    if reason is not None:
        return reason
    if facts.dag_id not in _platform_dags(str(facts.version_environment)):
        return f"it is none of the platform's DAGs of environment {facts.version_environment!r}"
    return None


def _disagreement(facts: TaskFacts) -> str | None:
    if facts.kitchen_id is None:
        return "no kitchen of this name exists"
    reason = _disagreement_about_version(facts)
    if reason is not None:
        return reason
    if facts.version_environment != facts.kitchen_environment:
        return (
            f"its run is pinned to a version of environment {facts.version_environment!r}, "
            f"its kitchen belongs to {facts.kitchen_environment!r}"
        )
    return _WHILE.get(str(facts.kitchen_state), f"its kitchen is {facts.kitchen_state}, not ready")


def _disagreement_about_version(facts: TaskFacts) -> str | None:
    if facts.run_version is None:
        return "its run is not pinned to a version; trigger a new run"
    if facts.version_environment is None:
        return f"version {facts.run_version} of its run was never recorded as a kitchens' version"
    if facts.dag_bundle != facts.version_bundle:
        return (
            f"its run is pinned to bundle {facts.version_bundle!r}, "
            f"its DAG is declared by bundle {facts.dag_bundle!r} now"
        )
    return None


_WHILE: dict[str, str | None] = {
    KitchenState.READY: None,
    KitchenState.CREATING: "its kitchen is being created; wait until it is ready, then run again",
    KitchenState.DELETING: "its kitchen is being deleted; nothing of it runs any more",
}


def _platform_dags(environment: str) -> tuple[str, ...]:
    return names.provision_dag(environment), names.janitor_dag(environment)

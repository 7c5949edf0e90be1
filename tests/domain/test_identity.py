"""Who is asking: three things name an environment, and all of them have to agree."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain import names
from airflow_dataops.domain.identity import KitchenTask, TaskFacts, kitchen_task
from airflow_dataops.errors import CredentialRefused

AGREED = TaskFacts(
    dag_id="dev_kitchen.profitability",
    run_id="manual__1",
    task_id="load",
    map_index=-1,
    try_number=1,
    state="running",
    run_version="v1",
    dag_bundle="kitchens-development",
    is_kitchens_bundle=True,
    version_bundle="kitchens-development",
    version_environment="development",
    kitchen_id="k1",
    kitchen_environment="development",
    kitchen_state="ready",
)
ORDINARY = replace(
    AGREED,
    dag_id="reports.daily",
    run_version=None,
    dag_bundle="dags-folder",
    is_kitchens_bundle=False,
    version_bundle=None,
    version_environment=None,
    kitchen_id=None,
    kitchen_environment=None,
    kitchen_state=None,
)


def reason_of(facts):
    with pytest.raises(CredentialRefused) as refused:
        kitchen_task(facts)
    return str(refused.value)


def test_a_task_is_its_kitchens_when_run_dag_and_kitchen_name_one_environment():
    assert kitchen_task(AGREED) == KitchenTask(
        kitchen_id="k1",
        kitchen="dev_kitchen",
        environment="development",
        dag_id="dev_kitchen.profitability",
        run_id="manual__1",
        task_id="load",
        try_number=1,
        state="running",
    )


def test_an_ordinary_dags_task_is_no_kitchens():
    assert kitchen_task(ORDINARY) is None


def test_an_ordinary_git_bundles_pinned_run_is_no_kitchens():
    assert kitchen_task(replace(ORDINARY, run_version="4f0c", dag_bundle="git")) is None


def test_a_run_pinned_to_another_environment_is_refused():
    reason = reason_of(
        replace(AGREED, version_environment="production", version_bundle="kitchens-development")
    )
    assert reason == (
        "dev_kitchen.profitability is refused every credential: its run is pinned to a version of "
        "environment 'production', its kitchen belongs to 'development'"
    )


def test_a_dag_that_another_bundle_took_over_is_refused():
    reason = reason_of(replace(AGREED, dag_bundle="kitchens-production"))
    assert reason == (
        "dev_kitchen.profitability is refused every credential: its run is pinned to bundle "
        "'kitchens-development', its DAG is declared by bundle 'kitchens-production' now"
    )


def test_a_kitchen_of_another_environment_is_refused():
    reason = reason_of(replace(AGREED, kitchen_environment="production"))
    assert reason.endswith("environment 'development', its kitchen belongs to 'production'")


def test_an_unpinned_run_of_a_kitchens_dag_is_refused():
    reason = reason_of(replace(AGREED, run_version=None, version_bundle=None))
    assert reason.endswith("its run is not pinned to a version; trigger a new run")


def test_a_version_that_was_never_recorded_is_refused():
    reason = reason_of(
        replace(AGREED, run_version="beef", version_bundle=None, version_environment=None)
    )
    assert reason.endswith("version beef of its run was never recorded as a kitchens' version")


def test_a_deleted_kitchens_task_is_refused():
    reason = reason_of(replace(AGREED, kitchen_id=None, kitchen_environment=None))
    assert reason.endswith("no kitchen of this name exists")


def test_a_dag_without_namespace_in_a_kitchens_bundle_is_refused():
    assert "lies in no kitchen's namespace" in reason_of(replace(AGREED, dag_id="profitability"))


def test_an_ordinary_bundles_dag_in_a_kitchens_namespace_is_refused():
    taken = replace(
        ORDINARY, dag_id="dev_kitchen.trap", kitchen_id="k1", kitchen_environment="development"
    )
    assert "not pinned" in reason_of(taken)


PLATFORM = replace(
    AGREED,
    dag_id="dataops.development.provision",
    kitchen_id=None,
    kitchen_environment=None,
    kitchen_state=None,
)


@pytest.mark.parametrize("what", ["provision", "janitor"])
def test_the_platforms_task_is_its_environments(what):
    task = kitchen_task(replace(PLATFORM, dag_id=f"dataops.development.{what}"))
    assert task.is_platforms
    assert (task.kitchen_id, task.kitchen) == ("dataops", "dataops")
    assert task.environment == "development"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"is_kitchens_bundle": False}, "are kept for the DAGs that make kitchens"),
        ({"run_version": None}, "not pinned to a version"),
        ({"version_environment": None}, "was never recorded as a kitchens' version"),
        ({"dag_bundle": "kitchens-production"}, "its DAG is declared by bundle"),
        ({"version_bundle": "kitchens-production"}, "its run is pinned to bundle"),
        ({"version_environment": "production"}, "DAGs of environment 'production'"),
        ({"dag_id": "dataops.production.janitor"}, "DAGs of environment 'development'"),
        ({"dag_id": "dataops.x"}, "none of the platform's DAGs"),
    ],
)
def test_whatever_else_bears_the_platforms_name_is_refused(changed, reason):
    assert reason in reason_of(replace(PLATFORM, **changed))


def test_an_ordinary_dag_of_the_platforms_namespace_is_refused():
    reason = reason_of(replace(ORDINARY, dag_id="dataops.daily"))
    assert reason.endswith(
        "names that begin with 'dataops' are kept for the DAGs that make kitchens; "
        "give it another dag_id"
    )


def test_a_row_of_a_kitchen_named_like_the_platform_makes_no_other_dag_its_own():
    taken = replace(AGREED, dag_id="dataops.profit")
    assert "none of the platform's DAGs" in reason_of(taken)


def test_the_platforms_tasks_own_two_dags_of_their_environment_and_no_asset():
    task = kitchen_task(PLATFORM)
    assert task.owns_dag("dataops.development.provision")
    assert task.owns_dag("dataops.development.janitor")
    assert not task.owns_dag("dataops.production.provision")
    assert not task.owns_dag("dataops.development.other")
    assert not task.owns_asset("dataops.production.orders")
    assert not task.owns_asset("dataops://dataops/orders")
    assert not task.owns_alias("dataops.orders")


def test_a_kitchens_task_owns_what_bears_the_kitchens_name():
    task = kitchen_task(AGREED)
    assert task.owns_dag("dev_kitchen.other")
    assert task.owns_asset("dev_kitchen.orders")
    assert task.owns_asset("dataops://dev_kitchen/orders")
    assert task.owns_alias("dev_kitchen.orders")
    for name in ("dev_kitchen", "dev_kitchen2.orders", "dataops://dev_kitchen2/orders"):
        assert not task.owns_dag(name)
        assert not task.owns_asset(name)
        assert not task.owns_alias(name)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("creating", "its kitchen is being created; wait until it is ready, then run again"),
        ("deleting", "its kitchen is being deleted; nothing of it runs any more"),
        ("melting", "its kitchen is melting, not ready"),
    ],
)
def test_a_kitchen_that_is_not_ready_is_refused_with_what_to_do(state, reason):
    assert reason_of(replace(AGREED, kitchen_state=state)).endswith(reason)


TEXTS = {
    "dag_id": st.sampled_from(
        ["a.x", "b.x", "x", ".x", "a.", "dataops.x"]
        + [f"dataops.{e}.{w}" for e in ("development", "production") for w in ("provision", "x")]
    ),
    "kitchen_state": st.sampled_from([None, "ready", "creating", "deleting"]),
    "run_version": st.sampled_from([None, "v1", "v2"]),
    "dag_bundle": st.sampled_from([None, "dev", "prod", "dags-folder"]),
    "version_bundle": st.sampled_from([None, "dev", "prod"]),
    "version_environment": st.sampled_from([None, "development", "production"]),
    "kitchen_id": st.sampled_from([None, "k1", "k2"]),
    "kitchen_environment": st.sampled_from([None, "development", "production"]),
    "is_kitchens_bundle": st.booleans(),
}


@given(**TEXTS)
def test_no_facts_make_a_kitchens_task_unless_all_agree(**found):
    facts = replace(AGREED, **found)
    try:
        task = kitchen_task(facts)
    except CredentialRefused:
        return
    if task is None:
        assert not facts.is_kitchens_bundle
        assert facts.version_environment is None
        assert facts.kitchen_id is None
        return
    assert facts.run_version is not None
    assert facts.dag_bundle == facts.version_bundle
    if task.is_platforms:
        assert facts.dag_id == f"dataops.{facts.version_environment}.provision"
        assert facts.is_kitchens_bundle
        assert task.environment == facts.version_environment
        return
    assert facts.kitchen_state == "ready"
    assert task.environment == facts.version_environment == facts.kitchen_environment
    assert task.kitchen_id == facts.kitchen_id
    assert task.kitchen == names.kitchen_of_dag(facts.dag_id)


@pytest.mark.parametrize(
    "silenced",
    sorted(
        {field.name for field in fields(TaskFacts)}
        & {
            "run_version",
            "dag_bundle",
            "version_bundle",
            "version_environment",
            "kitchen_id",
            "kitchen_environment",
            "kitchen_state",
        }
    ),
)
def test_a_missing_fact_is_a_refusal_and_never_an_ordinary_dag(silenced):
    with pytest.raises(CredentialRefused):
        kitchen_task(replace(AGREED, **{silenced: None}))

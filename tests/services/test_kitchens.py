"""What may be created and deleted, and what a command that died half-way leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from airflow_dataops.domain.release_environment import (
    BaseKitchen,
    Project,
    Projects,
    ReleaseEnvironment,
    Tool,
    VaultPlace,
)
from airflow_dataops.errors import (
    EnvironmentNotFound,
    InvalidName,
    KitchenError,
    KitchenExists,
    KitchenHasChildren,
    KitchenNotFound,
    OutsideSystemError,
)
from airflow_dataops.services import kitchens
from tests.fakes import FakeRepository, FakeWarehouse
from tests.fakes_registry import FakeKitchenRegistry

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_ids = (f"id-{number}" for number in count(1))


def environment(name, *, base, branch, project="retail"):
    return ReleaseEnvironment(
        name=name,
        project=project,
        vault=VaultPlace(kind="hashicorp", url="https://vault.example.com", mount=name),
        base_kitchen=BaseKitchen(name=base, branch=branch),
        tools={"redshift": Tool(name="redshift", schema_per_kitchen=True)},
    )


PROJECTS = Projects(
    projects={
        "retail": Project(
            name="retail",
            repository="retail.git",
            environments={
                "production": environment("production", base="demo_production", branch="main"),
                "development": environment("development", base="demo_dev", branch="demo_dev"),
            },
        ),
        "banking": Project(
            name="banking",
            repository="banking.git",
            environments={
                "bank": environment("bank", base="demo_bank", branch="main", project="banking")
            },
        ),
    }
)


class Installation:
    """The kitchens' places, in memory, and two commands on them."""

    def __init__(self):
        self.repository = FakeRepository("main")
        self.warehouse = FakeWarehouse()
        self.registry = FakeKitchenRegistry()
        self.told = []

    @property
    def places(self):
        return kitchens.Places(
            registry=self.registry, repository=self.repository, warehouses=[self.warehouse]
        )

    def plan(self, name, parent=None, environment=None):
        asked = kitchens.KitchenRequest(
            name=name,
            parent=parent,
            environment=environment,
            by="padma",
            id=next(_ids),
            now=NOON,
        )
        return kitchens.plan(asked, projects=PROJECTS, registry=self.registry)

    def create(self, *asked, **how):
        planned = self.plan(*asked, **how)
        kitchens.create(planned, self.places, projects=PROJECTS, say=self.told.append)
        return planned

    def delete(self, name):
        kitchens.delete(name, self.places, by="chris", projects=PROJECTS, say=self.told.append)

    @property
    def names(self):
        return [kitchen.name for kitchen in self.registry.kitchens()]


@pytest.fixture
def installation():
    """Production's and development's base kitchens."""
    installation = Installation()
    installation.create("demo_production")
    installation.create("demo_dev", "demo_production")
    installation.told.clear()
    installation.registry.parsing_requests.clear()
    return installation


def test_a_kitchen_gets_a_branch_a_schema_a_row_and_has_its_dags_read(installation):
    kitchen = installation.create("dev_kitchen", "demo_dev")
    tips = installation.repository.tips
    assert tips["dev_kitchen"] == tips["demo_dev"]
    assert "dev_kitchen" in installation.warehouse.schemas
    assert installation.registry.kitchen("dev_kitchen") == kitchen
    assert installation.registry.parsing_requests == ["dev_kitchen"]
    assert installation.told == [
        "branch dev_kitchen cut from demo_dev",
        "schema dev_kitchen",
        "kitchen dev_kitchen in development",
    ]


def test_a_kitchen_has_its_parents_environment_unless_it_is_given_another(installation):
    assert installation.plan("one", "demo_dev").environment == "development"
    assert installation.plan("two", "demo_dev", "production").environment == "production"


def test_a_base_kitchen_stands_on_the_branch_of_the_environments_file():
    installation = Installation()
    planned = installation.plan("demo_production")
    assert (planned.environment, planned.branch, planned.parent) == ("production", "main", None)


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        (("Dev",), InvalidName, "snake_case"),
        (("dataops", "demo_dev"), InvalidName, "reserved"),
        (("demo_dev",), KitchenExists, "a kitchen of this name exists"),
        (("dev_kitchen", "nobody"), KitchenNotFound, "known kitchens: demo_dev, demo_production"),
        (("dev_kitchen",), KitchenError, "needs a parent to be cut from"),
        (("dev_kitchen", "demo_dev", "staging"), EnvironmentNotFound, "declared: bank, dev"),
        (("dev_kitchen", "demo_dev", "bank"), KitchenError, "belongs to project 'retail'"),
        (("demo_bank", "demo_dev"), KitchenError, "belongs to project 'retail'"),
        (("demo_bank", None, "production"), KitchenError, "base kitchen of bank, not of"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(installation, asked, error, words):
    with pytest.raises(error, match=words):
        installation.create(*asked)
    assert installation.names == ["demo_dev", "demo_production"]
    assert set(installation.repository.tips) == {"main", "demo_dev"}
    assert set(installation.warehouse.schemas) == {"demo_dev", "demo_production"}
    assert installation.told == []


def test_a_name_in_whose_namespace_others_have_dags_leaves_no_branch_behind(installation):
    installation.registry.foreign_dags.append("finance.daily")
    with pytest.raises(KitchenExists, match=r"DAG 'finance\.daily' lies in its namespace"):
        installation.create("finance", "demo_dev")
    assert "finance" not in installation.repository.tips
    assert "finance" not in installation.warehouse.schemas


def test_a_kitchen_is_not_given_another_kitchens_branch(installation):
    with pytest.raises(KitchenExists, match="branch 'main' belongs to kitchen 'demo_production'"):
        installation.create("main", "demo_dev")
    assert installation.names == ["demo_dev", "demo_production"]


def test_a_base_kitchens_branch_is_kept_for_it_before_it_exists():
    installation = Installation()
    installation.repository.tips["demo_dev"] = "d" * 40
    installation.create("demo_production")
    with pytest.raises(KitchenExists, match="branch 'main' belongs to"):
        installation.create("main", "demo_production")
    # The same name in another project is another branch.
    installation.create("demo_bank")
    assert installation.plan("demo_dev", "demo_production").branch == "demo_dev"


def test_a_schema_with_somebodys_tables_is_not_taken_for_a_kitchens_own(installation):
    installation.warehouse.schemas["finance"] = {"ledger"}
    with pytest.raises(KitchenExists, match="schema 'finance' exists and holds tables"):
        installation.create("finance", "demo_dev")
    assert "finance" not in installation.names
    assert "finance" not in installation.repository.tips
    assert installation.warehouse.schemas["finance"] == {"ledger"}


def test_a_base_kitchen_takes_over_the_schema_it_always_had():
    installation = Installation()
    installation.warehouse.schemas["demo_production"] = {"ledger"}
    installation.create("demo_production")
    assert installation.names == ["demo_production"]


def test_a_base_kitchen_without_its_branch_is_refused_with_what_to_do():
    installation = Installation()
    del installation.repository.tips["main"]
    with pytest.raises(KitchenError, match="push it, or name a parent"):
        installation.create("demo_production")
    assert installation.names == []


def test_a_branch_that_is_there_already_is_kept_and_said_so(installation):
    installation.repository.tips["dev_kitchen"] = "a" * 40
    installation.create("dev_kitchen", "demo_dev")
    assert installation.repository.tip("dev_kitchen") == "a" * 40
    assert installation.told[0] == "branch dev_kitchen is there already and is kept as it is"


@pytest.mark.parametrize(
    ("place", "step"), [("repository", "cut"), ("warehouse", "create")], ids=["git", "warehouse"]
)
def test_a_creation_that_failed_is_given_again(installation, place, step):
    getattr(installation, place).refuses.add(step)
    with pytest.raises(OutsideSystemError):
        installation.create("dev_kitchen", "demo_dev")
    assert installation.names == ["demo_dev", "demo_production"]
    getattr(installation, place).refuses.clear()
    installation.create("dev_kitchen", "demo_dev")
    assert "dev_kitchen" in installation.names
    assert "dev_kitchen" in installation.warehouse.schemas


def test_of_two_who_planned_the_same_name_one_is_refused(installation):
    first, second = (installation.plan("dev_kitchen", "demo_dev") for _ in range(2))
    kitchens.create(first, installation.places, projects=PROJECTS, say=print)
    with pytest.raises(KitchenExists):
        kitchens.create(second, installation.places, projects=PROJECTS, say=print)
    assert installation.registry.kitchen("dev_kitchen") == first
    assert "dev_kitchen" in installation.repository.tips
    assert "dev_kitchen" in installation.warehouse.schemas


def test_a_deleted_kitchen_leaves_nothing_and_says_by_whom(installation):
    kitchen = installation.create("dev_kitchen", "demo_dev")
    installation.warehouse.schemas["dev_kitchen"].add("sales")
    installation.told.clear()
    installation.delete("dev_kitchen")
    assert "dev_kitchen" not in installation.repository.tips
    assert "dev_kitchen" not in installation.warehouse.schemas
    assert installation.registry.deleted == [(kitchen, "chris")]
    assert installation.told == [
        "deleted branch dev_kitchen",
        "dropped schema dev_kitchen",
        "deleted kitchen dev_kitchen",
    ]


def test_a_deleted_kitchens_name_is_used_again_under_another_id(installation):
    first = installation.create("dev_kitchen", "demo_dev")
    installation.delete("dev_kitchen")
    assert installation.create("dev_kitchen", "demo_dev").id != first.id


def test_a_git_host_that_refuses_to_delete_costs_no_data(installation):
    installation.create("dev_kitchen", "demo_dev")
    installation.repository.refuses.add("delete")
    with pytest.raises(OutsideSystemError):
        installation.delete("dev_kitchen")
    assert "dev_kitchen" in installation.warehouse.schemas
    assert "dev_kitchen" in installation.names


def test_a_deletion_that_failed_is_given_again(installation):
    installation.create("dev_kitchen", "demo_dev")
    installation.warehouse.refuses.add("drop")
    with pytest.raises(OutsideSystemError):
        installation.delete("dev_kitchen")
    assert "dev_kitchen" in installation.names
    installation.warehouse.refuses.clear()
    installation.delete("dev_kitchen")
    assert "dev_kitchen" not in installation.names
    assert "dev_kitchen" not in installation.warehouse.schemas


def test_a_kitchen_with_children_stays_as_it_is(installation):
    installation.create("dev_kitchen", "demo_dev")
    installation.create("padma", "dev_kitchen")
    with pytest.raises(KitchenHasChildren, match="padma"):
        installation.delete("dev_kitchen")
    assert "dev_kitchen" in installation.repository.tips
    assert "dev_kitchen" in installation.warehouse.schemas


def test_a_base_kitchen_is_not_deleted(installation):
    with pytest.raises(KitchenError, match="base kitchen of development"):
        installation.delete("demo_dev")
    assert "demo_dev" in installation.repository.tips
    assert "demo_dev" in installation.warehouse.schemas


def test_a_kitchen_that_never_was_is_answered_with_those_that_are(installation):
    with pytest.raises(KitchenNotFound, match="known kitchens: demo_dev, demo_production"):
        installation.delete("dev_kitchen")


def test_a_request_is_recorded_as_it_was_made(installation):
    planned = installation.plan("dev_kitchen", "demo_dev")
    assert planned == replace(planned, created_by="padma", created_at=NOON, project="retail")

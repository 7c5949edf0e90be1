"""What every KitchenRegistry does, and what the table does beyond."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import text

from airflow_dataops.domain.kitchen import Kitchen
from airflow_dataops.errors import InvalidName, KitchenExists, KitchenHasChildren, KitchenNotFound
from airflow_dataops.registry.kitchens import KitchenTable
from tests.fakes_registry import FakeKitchenRegistry
from tests.registry.airflow_rows import add_dag

pytestmark = pytest.mark.airflow
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def kitchen(name, *, parent=None, project="retail", environment="development"):
    return Kitchen(
        id=str(uuid4()),
        name=name,
        project=project,
        environment=environment,
        branch=name,
        parent=parent,
        created_at=NOON,
        created_by="padma",
    )


def bundle_name(environment):
    return f"kitchens_{environment}"


@pytest.fixture
def table(engine):
    return KitchenTable(engine, bundle_name=bundle_name, now=lambda: NOON)


class KitchenRegistryContract:
    """What a service may rely on, whoever keeps the kitchens."""

    def test_a_kitchen_is_found_as_it_was_added(self, registry):
        root = kitchen("demo_dev")
        child = kitchen("dev_kitchen", parent="demo_dev")
        registry.add(root)
        registry.add(child)
        assert registry.kitchen("dev_kitchen") == child
        assert registry.kitchens() == [root, child]

    def test_kitchens_of_one_environment_are_listed_by_name(self, registry):
        for name, environment in [("b", "production"), ("c", "development"), ("a", "development")]:
            registry.add(kitchen(name, environment=environment))
        assert [k.name for k in registry.kitchens(environment="development")] == ["a", "c"]
        assert registry.kitchens(environment="nowhere") == []

    def test_an_unknown_kitchen_is_answered_with_the_known_ones(self, registry):
        registry.add(kitchen("demo_dev"))
        with pytest.raises(KitchenNotFound, match=r"no kitchen named 'dev'; known.*: demo_dev"):
            registry.kitchen("dev")

    def test_a_living_kitchens_name_is_taken(self, registry):
        registry.add(kitchen("demo_dev"))
        with pytest.raises(KitchenExists) as refused:
            registry.add(kitchen("demo_dev", environment="production"))
        assert refused.value.why == "a kitchen of this name exists"
        assert len(registry.kitchens()) == 1

    def test_a_check_refuses_what_adding_would_and_records_nothing(self, registry):
        root = kitchen("demo_dev")
        registry.check(root)
        assert registry.kitchens() == []
        registry.add(root)
        with pytest.raises(KitchenExists):
            registry.check(kitchen("demo_dev"))
        with pytest.raises(KitchenNotFound):
            registry.check(kitchen("dev_kitchen", parent="nobody"))
        registry.check(kitchen("dev_kitchen", parent="demo_dev"))
        assert registry.kitchens() == [root]

    def test_a_name_that_breaks_the_rules_is_refused(self, registry):
        with pytest.raises(InvalidName):
            registry.add(kitchen("demo.dev"))

    def test_a_deleted_kitchens_name_is_free_for_a_kitchen_with_another_id(self, registry):
        first, second = kitchen("demo_dev"), kitchen("demo_dev")
        registry.add(first)
        registry.remove(first)
        registry.add(second)
        assert registry.kitchen("demo_dev").id == second.id != first.id

    def test_removing_a_kitchen_again_is_no_error_and_spares_its_successor(self, registry):
        first, second = kitchen("demo_dev"), kitchen("demo_dev")
        registry.add(first)
        registry.remove(first)
        registry.add(second)
        registry.remove(first)
        assert registry.kitchens() == [second]

    def test_a_kitchen_with_living_children_stays(self, registry):
        root = kitchen("demo_dev")
        children = [kitchen("b", parent="demo_dev"), kitchen("a", parent="demo_dev")]
        for each in [root, *children]:
            registry.add(each)
        with pytest.raises(KitchenHasChildren) as refused:
            registry.remove(root)
        assert refused.value.children == ("a", "b")
        assert registry.kitchen("demo_dev") == root
        for each in [*children, root]:
            registry.remove(each)
        assert registry.kitchens() == []

    @pytest.mark.parametrize("parent", ["nobody", "other_project", "dead", "itself"])
    def test_a_parent_lives_in_the_same_project(self, registry, parent):
        dead = kitchen("dead")
        registry.add(dead)
        registry.remove(dead)
        registry.add(kitchen("other_project", project="banking"))
        registry.add(kitchen("demo_dev"))
        name = "itself" if parent == "itself" else "dev_kitchen"
        with pytest.raises(KitchenNotFound) as refused:
            registry.add(kitchen(name, parent=parent))
        assert refused.value.known == ("demo_dev",)
        assert [k.name for k in registry.kitchens()] == ["demo_dev", "other_project"]


class TestFake(KitchenRegistryContract):
    @pytest.fixture
    def registry(self):
        return FakeKitchenRegistry()


class TestTable(KitchenRegistryContract):
    @pytest.fixture
    def registry(self, table):
        return table


def test_a_dag_outside_of_kitchens_keeps_its_namespace(engine, table):
    add_dag(engine, "finance.report", bundle="dags-folder")
    with pytest.raises(KitchenExists) as refused:
        table.add(kitchen("finance"))
    assert refused.value.why == (
        "DAG 'finance.report' of bundle 'dags-folder' lies in its namespace; choose another name"
    )
    assert table.kitchens() == []


@pytest.mark.parametrize("dag_id", ["finance", "financeXreport", "Finance.report", "a.finance.b"])
def test_a_dag_beside_the_namespace_is_no_obstacle(engine, table, dag_id):
    add_dag(engine, dag_id, bundle="dags-folder")
    table.add(kitchen("finance"))


def test_an_underscore_matches_itself_alone(engine, table):
    add_dag(engine, "devXkitchen.report", bundle="dags-folder")
    table.add(kitchen("dev_kitchen"))


def test_dags_that_a_kitchen_of_this_name_left_behind_are_no_obstacle(engine, table):
    add_dag(engine, "finance.report", bundle="kitchens_development")
    table.add(kitchen("finance"))


def test_a_deleted_row_says_when_and_by_whom(engine, table):
    gone = kitchen("finance")
    table.add(gone)
    table.remove(gone, by="chris")
    with engine.connect() as connection:
        row = connection.execute(text("select * from dataops_kitchen")).one()
    assert (row.id, row.deleted_by) == (gone.id, "chris")
    assert str(row.deleted_at).startswith("2026-03-02 12:00")


def test_asking_twice_for_parsing_leaves_one_request_as_airflow_would_write_it(engine, table):
    finance = kitchen("finance", environment="production")
    table.ask_for_parsing(finance)
    table.ask_for_parsing(finance)
    with engine.connect() as connection:
        rows = connection.execute(text("select * from dag_priority_parsing_request")).all()
    assert [(row.bundle_name, row.relative_fileloc) for row in rows] == [
        ("kitchens_production", "finance/dataops_kitchen.py")
    ]


def outcome(step):
    try:
        step()
    except (KitchenExists, KitchenHasChildren, KitchenNotFound) as error:
        return type(error)
    return None


def test_of_several_who_add_the_same_name_one_succeeds(table):
    table.kitchens()
    with ThreadPoolExecutor(4) as together:
        steps = [partial(table.add, kitchen("finance")) for _ in range(4)]
        outcomes = list(together.map(outcome, steps))
    assert outcomes.count(None) == 1
    assert outcomes.count(KitchenExists) == 3


def test_a_child_added_while_its_parent_is_deleted_never_outlives_it(table):
    for attempt in range(8):
        parent, child = kitchen(f"p{attempt}"), kitchen(f"c{attempt}", parent=f"p{attempt}")
        table.add(parent)
        with ThreadPoolExecutor(2) as together:
            steps = [partial(table.remove, parent), partial(table.add, child)]
            removed, added = together.map(outcome, steps)
        assert (removed, added) in [(None, KitchenNotFound), (KitchenHasChildren, None)]


def test_siblings_are_added_at_the_same_time(table):
    table.add(kitchen("demo_dev"))
    with ThreadPoolExecutor(4) as together:
        steps = [partial(table.add, kitchen(f"k{n}", parent="demo_dev")) for n in range(8)]
        assert set(together.map(outcome, steps)) == {None}

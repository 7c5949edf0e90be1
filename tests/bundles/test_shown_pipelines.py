"""Which of a kitchen's pipelines the bundle shows, on a real repository."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.airflow


def pipelines(*names):
    return {f"pipelines/{name}/pipeline.py": f"{name} = 1\n" for name in names}


@pytest.fixture
def shown(host):
    """What kitchen.json says that a kitchen shows, after a refresh."""
    bundle = host.bundle()

    def shown(kitchen):
        bundle.refresh()
        about = (bundle.path / kitchen / "kitchen.json").read_text()
        return json.loads(about)["pipelines"]

    return shown


@pytest.fixture
def padma(host):
    """A kitchen that chose ``a``, cut from the kitchen ``demo`` with a, b and c."""
    host.origin.commit(pipelines("a", "b", "c"), branch="demo", source="main")
    host.add_kitchen("demo")
    host.origin.commit({}, branch="padma", source="demo")
    host.add_kitchen("padma", parent="demo", pipelines=("a",))
    return host


@pytest.mark.usefixtures("padma")
def test_without_a_choice_all_are_shown(shown):
    assert shown("demo") is None


@pytest.mark.usefixtures("padma")
def test_a_choice_is_shown(shown):
    assert shown("padma") == ["a"]


def test_what_is_changed_against_the_parent_is_shown_as_well(padma, shown):
    padma.origin.commit({"pipelines/c/segments.sql": "select 1\n"}, branch="padma")
    assert shown("padma") == ["a", "c"]


def test_what_the_parent_changes_later_is_no_change_of_the_kitchens(padma, shown):
    padma.origin.commit({"pipelines/b/new.sql": "select 2\n"}, branch="demo", source="demo")
    assert shown("padma") == ["a"]


def test_files_beside_the_pipelines_are_none(padma, shown):
    padma.origin.commit({"pipelines/README.md": "x\n", "shared/b/x.py": "x\n"}, branch="padma")
    assert shown("padma") == ["a"]


def test_no_chosen_one_shows_the_changed_ones_alone(padma, shown):
    padma.change("padma", pipelines=())
    assert shown("padma") == []
    padma.origin.commit({"pipelines/b/x.sql": "x\n"}, branch="padma")
    assert shown("padma") == ["b"]


def test_another_choice_is_shown_after_a_refresh(padma, shown):
    assert shown("padma") == ["a"]
    padma.change("padma", pipelines=("a", "b"))
    assert shown("padma") == ["a", "b"]
    padma.change("padma")
    assert shown("padma") is None


def test_a_parent_in_another_environment_is_compared_with(host, shown):
    host.add_kitchen("demo_production", "production", branch="main")
    host.origin.commit({"pipelines/profit/x.sql": "x\n"}, branch="demo_dev", source="main")
    host.add_kitchen("demo_dev", parent="demo_production", pipelines=())
    assert shown("demo_dev") == ["profit"]


def test_branches_with_nothing_in_common_are_compared_with_each_other(padma, shown):
    padma.origin._git("-C", padma.origin.work, "checkout", "--quiet", "--orphan", "alone")
    padma.origin.commit({"pipelines/c/x.sql": "x\n"}, branch="alone")
    padma.add_kitchen("alone", parent="demo", pipelines=("a",))
    assert shown("alone") == ["a", "c"]


def test_the_slack_channel_is_told(padma, shown, host):
    padma.change("padma", slack_channel="#padma")
    shown("padma")
    about = json.loads((host.bundle().path / "padma" / "kitchen.json").read_text())
    assert about["slack_channel"] == "#padma"


def test_ordinary_dag_files_that_are_changed_are_shown_as_well(padma, shown):
    files = {"dags/team/sales.py": "x = 1\n", "dags/team/sales.sql": "select 1\n"}
    padma.origin.commit(files, branch="padma")
    assert shown("padma") == ["a", "dags/team/sales.py"]

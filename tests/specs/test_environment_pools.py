"""environments.yaml: pools, which kitchens are readable, and who is let in at the repository."""

from __future__ import annotations

import pytest

from airflow_dataops.errors import SpecError
from airflow_dataops.specs.environment_file import load_environments
from tests.specs.two_environments import TWO_ENVIRONMENTS


@pytest.fixture
def load(tmp_path):
    def load(*changes):
        text = TWO_ENVIRONMENTS
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        (tmp_path / "environments.yaml").write_text(text)
        return load_environments(tmp_path / "environments.yaml")

    return load


@pytest.fixture
def complaints(load):
    def complaints(*changes):
        with pytest.raises(SpecError) as refused:
            load(*changes)
        return [(c.line, c.problem) for c in refused.value.complaints]

    return complaints


POOLS = (
    "        queue: production\n",
    "        pool: own\n        pools: {warehouse: ours, b: ours}\n",
)


def test_dags_names_of_pools_stand_for_airflows(load):
    production = load(POOLS).environment("production")
    named = ["default_pool", "warehouse", "ours", "b", "theirs"]
    assert [production.airflow_pool(name) for name in named] == [
        "own", "ours", "ours", "ours", "own",
    ]  # fmt: skip
    assert [production.has_pool(name) for name in named] == [True, True, True, True, False]


@pytest.mark.parametrize("theirs", ["pool: ours", "pools: {x: ours}"])
def test_environments_share_no_pool(complaints, theirs):
    where = "        base_kitchen: {name: demo_dev, branch: dev}\n"
    ((line, problem),) = complaints(POOLS, (where, f"        {theirs}\n{where}"))
    assert line == 26
    assert "Airflow's pool 'ours' is already taken by environment 'production'" in problem


@pytest.mark.parametrize(
    ("pools", "problem"),
    [
        ("{warehouse: b, b: ours}", "is a pool of Airflow's here and a name that DAGs use"),
        ("{default_pool: ours}", "write pool: beside pools:"),
        ("{warehouse: 3}", "is 3; write a text"),
        ("[warehouse]", "write"),
    ],
)
def test_pools_that_cannot_be_told_apart_are_refused(complaints, pools, problem):
    ((line, said),) = complaints((POOLS[0], f"        pools: {pools}\n"))
    assert line == 11
    assert problem in said


def test_kitchens_are_readable_where_they_are_declared_so(load):
    change = (POOLS[0], "        readable_kitchens: [demo_production]\n")
    projects = load(change)
    assert projects.environment("production").readable_kitchens == ("demo_production",)
    assert projects.environment("development").readable_kitchens == ()


def test_a_readable_kitchen_has_a_kitchens_name(complaints):
    ((line, problem),) = complaints((POOLS[0], "        readable_kitchens: [demo.dev]\n"))
    assert line == 11
    assert "demo.dev" in problem


HTTPS = ("git@git.example.com:acme/pipelines.git", "https://git.example.com/acme/pipelines.git")


def test_a_project_names_the_environment_whose_vault_has_the_login_of_its_repository(load):
    key = ("\n    environments:", "\n    repository_login: production\n    environments:")
    found = load(HTTPS, key)
    assert found.projects["retail"].repository_login == "production"
    assert load().projects["retail"].repository_login is None


@pytest.mark.parametrize(
    ("address", "login", "problem"),
    [
        (HTTPS[1], "staging", "'staging' is none of this project's; name one of production, dev"),
        (HTTPS[0], "production", "would send a token to git@git.example.com:acme"),
        ("http://git.example.com/a.git", "production", "which is no https address"),
    ],
)
def test_a_token_is_sent_to_an_https_address_and_from_a_vault_of_the_project(
    complaints, address, login, problem
):
    key = ("\n    environments:", f"\n    repository_login: {login}\n    environments:")
    said = complaints((HTTPS[0], address), key)
    assert [line for line, text in said if problem in text] == [4], said


@pytest.mark.parametrize("key", ["max_active_runs", "max_tasks_per_run"])
def test_a_limit_is_a_number_of_one_or_more(load, complaints, key):
    limited = load((POOLS[0], f"{POOLS[0]}        {key}: 2\n"))
    found = [getattr(limited.environment(name), key) for name in ("production", "development")]
    assert found == [2, None]
    expected = {"0": "a number of at least 1", "-1": "a number of at least 1"}
    for wrong in ("0", "-1", "'many'", "1.5"):
        ((_, said),) = complaints((POOLS[0], f"{POOLS[0]}        {key}: {wrong}\n"))
        assert f"{key} is {wrong}; write {expected.get(wrong, 'a whole number')}" in said

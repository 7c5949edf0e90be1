"""``airflow dataops kitchen`` on a real repository, vault, warehouse and database."""

from __future__ import annotations

import json
import sqlite3

import pytest
from sqlalchemy import create_engine

from tests.registry.airflow_rows import add_dag

pytestmark = [pytest.mark.airflow, pytest.mark.service]


def create(installation, name, *options, **how):
    words = ("dataops", "kitchen", "create", name, *options, "--local")
    return installation.airflow(*words, **how)


def delete(installation, name, **how):
    return installation.airflow("dataops", "kitchen", "delete", name, "--local", **how)


def test_kitchens_are_created_listed_and_deleted(kitchens, schemas):
    made = create(kitchens, "cli_padma", "--from", "cli_dev")
    assert (made.code, made.stdout.splitlines()[-3:]) == (
        0,
        [
            "branch cli_padma cut from cli_dev",
            "schema cli_padma",
            "kitchen cli_padma in development",
        ],
    )
    listed = kitchens.airflow("dataops", "kitchen", "list", "--local", "-o", "json").rows
    assert [(row["kitchen"], row["environment"], row["cut_from"]) for row in listed] == [
        ("cli_dev", "development", "cli_main"),
        ("cli_main", "production", ""),
        ("cli_padma", "development", "cli_dev"),
    ]
    assert "cli_padma" in kitchens.airflow("dataops", "kitchen", "list", "--local").stdout
    assert "cli_padma" in schemas("development")
    assert "cli_padma" not in schemas("production")
    tips = kitchens.git("rev-parse", "cli_padma", "cli_dev")
    assert tips[0] == tips[1]

    gone = delete(kitchens, "cli_padma")
    assert (gone.code, gone.stdout.splitlines()[-1]) == (0, "deleted kitchen cli_padma")
    assert kitchens.kitchens() == ["cli_dev", "cli_main"]
    assert kitchens.branches() == {"main", "cli_dev"}
    assert "cli_padma" not in schemas("development")


def test_the_dag_processor_is_asked_to_look_and_who_deleted_is_kept(kitchens, schemas):
    create(kitchens, "cli_padma", "--from", "cli_dev")
    delete(kitchens, "cli_padma")
    with sqlite3.connect(kitchens.database) as database:
        asked = database.execute(
            "select bundle_name, relative_fileloc from dag_priority_parsing_request"
        ).fetchall()
        by = database.execute(
            "select deleted_by from dataops_kitchen where name = 'cli_padma'"
        ).fetchone()
    database.close()
    assert ("kitchens-development", "cli_padma/dataops_kitchen.py") in asked
    assert by[0]
    assert "cli_padma" not in schemas("development")


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("Padma", ["--from", "cli_dev"], "'Padma' cannot be the name of a kitchen: use small"),
        ("airflow", ["--from", "cli_dev"], "this name is reserved"),
        ("k" * 49, ["--from", "cli_dev"], "it has 49 characters, at most 48"),
        ("--help-me", ["--from", "cli_dev"], "kitchen"),
        ("cli_padma", ["--from", "nobody"], "no kitchen named 'nobody'; known kitchens: cli_dev,"),
        ("cli_padma", [], "needs a parent to be cut from (--from)"),
        ("cli_dev", ["--from", "cli_main"], "'cli_dev' cannot be created: a kitchen of this name"),
        ("main", ["--from", "cli_dev"], "branch 'main' belongs to kitchen 'cli_main'"),
        (
            "cli_padma",
            ["--from", "cli_dev", "--environment", "staging"],
            "no release environment named 'staging'; declared: development, production",
        ),
    ],
)
def test_what_cannot_be_created_is_refused_in_one_sentence(kitchens, name, options, words):
    before = kitchens.branches()
    refused = create(kitchens, name, *options)
    assert refused.code in {1, 2}
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert kitchens.kitchens() == ["cli_dev", "cli_main"]
    assert kitchens.branches() == before


def test_an_environment_of_another_project_is_refused(kitchens):
    content = kitchens.environments.read_text()
    bank = content.split("projects:\n", 1)[1].replace("  retail:", "  bank:", 1)
    for environment in ("production", "development"):
        bank = bank.replace(f"    {environment}:", f"    bank_{environment}:")
        bank = bank.replace(f"mount: {environment}", f"mount: bank_{environment}")
        bank = bank.replace(f"{environment}_role_id", f"bank_{environment}_role_id")
        bank = bank.replace(f"{environment}_secret_id", f"bank_{environment}_secret_id")
    bank = bank.replace("name: cli_", "name: cli_bank_").replace("retail.git", "bank.git")
    bank = bank.replace("acme-", "acme-bank-").replace("queue: ", "queue: bank_")
    both = kitchens.folder / "two_projects.yaml"
    both.write_text(content + bank)
    environ = {"AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(both)}
    asked = ("cli_padma", "--from", "cli_dev", "--environment", "bank_development")
    refused = create(kitchens, *asked, environ=environ)
    assert refused.code == 1
    assert "belongs to project 'retail', environment 'bank_development' to 'bank'" in refused.stderr


def test_a_name_in_whose_namespace_others_have_dags_is_refused(kitchens, schemas):
    engine = create_engine(f"sqlite:///{kitchens.database}")
    add_dag(engine, "cli_finance.daily", bundle="dags-folder")
    engine.dispose()
    refused = create(kitchens, "cli_finance", "--from", "cli_dev")
    assert refused.code == 1
    assert "DAG 'cli_finance.daily' of bundle 'dags-folder' lies in its namespace" in refused.stderr
    assert "cli_finance" not in kitchens.branches()
    assert "cli_finance" not in schemas("development")


def test_a_schema_with_somebodys_tables_is_refused_and_kept(kitchens, schemas):
    schemas("development", "create schema cli_ledger create table book (a int)")
    refused = create(kitchens, "cli_ledger", "--from", "cli_dev")
    assert refused.code == 1
    assert "schema 'cli_ledger' exists and holds tables" in refused.stderr
    assert "cli_ledger" not in kitchens.branches()
    assert "cli_ledger" in schemas("development")


def test_a_base_kitchens_branch_has_to_be_there(installation):
    kept = installation.airflow("dataops", "kitchen", "create", "cli_dev", "--local")
    assert kept.code == 1
    assert "stands on branch 'cli_dev', which the repository does not have" in kept.stderr
    assert installation.kitchens() == []


def test_what_cannot_be_deleted_is_refused_in_one_sentence(kitchens, schemas):
    create(kitchens, "cli_padma", "--from", "cli_dev")
    create(kitchens, "cli_child", "--from", "cli_padma")
    for name, words in [
        ("nobody", "no kitchen named 'nobody'; known kitchens: cli_child, cli_dev"),
        ("cli_padma", "kitchen 'cli_padma' still has children: cli_child; delete them first"),
        ("cli_child", None),
        ("cli_padma", None),
        ("cli_dev", "kitchen 'cli_dev' is the base kitchen of development"),
        ("cli_main", "kitchen 'cli_main' still has children: cli_dev"),
    ]:
        ended = delete(kitchens, name)
        assert ended.code == (1 if words else 0)
        assert (words or "") in ended.stderr
        assert "Traceback" not in ended.stderr
    assert kitchens.kitchens() == ["cli_dev", "cli_main"]
    assert {"cli_padma", "cli_child"} & schemas("development") == set()


def test_a_repository_that_is_not_there_is_named_and_nothing_is_made(kitchens, schemas):
    def lose(retail):
        retail["repository"] = str(kitchens.folder / "nothing.git")

    environ = kitchens.with_environments(lose)
    refused = create(kitchens, "cli_padma", "--from", "cli_dev", environ=environ)
    assert refused.code == 1
    assert "nothing.git" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "cli_padma" not in schemas("development")


def test_a_vault_that_is_down_stops_before_anything_is_made(kitchens):
    def down(retail):
        retail["environments"]["development"]["vault"]["url"] = "http://127.0.0.1:9"

    environ = kitchens.with_environments(down)
    refused = create(kitchens, "cli_padma", "--from", "cli_dev", environ=environ)
    assert refused.code == 1
    assert "connection refused or lost" in refused.stderr
    assert "cli_padma" not in kitchens.branches()


def test_a_database_that_was_not_migrated_is_answered_with_what_to_do(installation):
    with sqlite3.connect(installation.database) as database:
        database.execute("drop table dataops_kitchen")
    database.close()
    refused = installation.airflow("dataops", "kitchen", "list", "--local")
    assert refused.code == 1
    assert "airflow db migrate" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_without_a_bundle_for_its_environment_a_kitchen_is_refused_before_it_is_made(kitchens):
    bundles = json.dumps([])
    environ = {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": bundles}
    refused = create(kitchens, "cli_padma", "--from", "cli_dev", environ=environ)
    assert refused.code == 1
    assert "no DAG bundle serves the kitchens of 'development'" in refused.stderr
    assert "cli_padma" not in kitchens.branches()


CREATION = [
    ("program", "ls-remote"),
    ("program", "fetch"),
    ("program", "push"),
    ("print", "branch cli_padma cut"),
    ("print", "schema cli_padma"),
]
DELETION = [
    ("program", "push"),
    ("print", "deleted branch"),
    ("print", "dropped schema"),
]


@pytest.mark.parametrize("point", CREATION, ids=" ".join)
def test_a_creation_that_was_killed_is_given_again(kitchens, schemas, point):
    killed = create(kitchens, "cli_padma", "--from", "cli_dev", die_at=point)
    assert killed.code == -9
    assert "cli_padma" not in kitchens.kitchens()
    made = create(kitchens, "cli_padma", "--from", "cli_dev")
    assert made.code == 0, made.stderr
    tips = kitchens.git("rev-parse", "cli_padma", "cli_dev")
    assert tips[0] == tips[1]
    assert "cli_padma" in kitchens.kitchens()
    assert "cli_padma" in schemas("development")
    leave_nothing(kitchens, schemas)


@pytest.mark.parametrize("point", DELETION, ids=" ".join)
def test_a_deletion_that_was_killed_is_given_again(kitchens, schemas, point):
    create(kitchens, "cli_padma", "--from", "cli_dev")
    schemas("development", "create table cli_padma.sales (a int)")
    killed = delete(kitchens, "cli_padma", die_at=point)
    assert killed.code == -9
    assert "cli_padma" in kitchens.kitchens()
    leave_nothing(kitchens, schemas)


def test_a_creation_killed_after_its_last_step_was_done(kitchens, schemas):
    killed = create(kitchens, "cli_padma", "--from", "cli_dev", die_at=("print", "kitchen cli_p"))
    assert killed.code == -9
    again = create(kitchens, "cli_padma", "--from", "cli_dev")
    assert (again.code, "a kitchen of this name exists" in again.stderr) == (1, True)
    leave_nothing(kitchens, schemas)


def leave_nothing(kitchens, schemas):
    gone = delete(kitchens, "cli_padma")
    assert gone.code == 0, gone.stderr
    assert kitchens.kitchens() == ["cli_dev", "cli_main"]
    assert kitchens.branches() == {"main", "cli_dev"}
    assert "cli_padma" not in schemas("development")
    assert "cli_padma" not in schemas("production")


def test_of_two_creations_at_once_exactly_one_succeeds(kitchens, schemas):
    words = ("dataops", "kitchen", "create", "cli_padma", "--from", "cli_dev", "--local")
    both = [kitchens.start(*words) for _ in range(2)]
    ended = [kitchens.finish(number) for number in both]
    assert sorted(outcome.code for outcome in ended) == [0, 1], ended
    (refused,) = (outcome for outcome in ended if outcome.code == 1)
    assert "a kitchen of this name exists" in refused.stderr
    assert kitchens.kitchens() == ["cli_dev", "cli_main", "cli_padma"]
    leave_nothing(kitchens, schemas)

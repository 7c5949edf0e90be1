"""``airflow dataops kitchen … --local`` on a real repository, vault, warehouse and database."""

from __future__ import annotations

import json
import sqlite3

import pytest
from sqlalchemy import create_engine

from airflow_dataops.domain.provisioning import parts_of
from airflow_dataops.specs.environment_file import load_environments
from tests.kitchen_sites import KitchenSite, World
from tests.registry.airflow_rows import add_dag

pytestmark = [pytest.mark.airflow, pytest.mark.service]


def create(installation, name, *options, **how):
    words = ("dataops", "kitchen", "create", name, *options, "--local")
    return installation.airflow(*words, **how)


def delete(installation, name, *options, **how):
    words = ("dataops", "kitchen", "delete", name, *options, "--local")
    return installation.airflow(*words, **how)


def rows(installation, query):
    with sqlite3.connect(installation.database) as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


@pytest.fixture
def state(kitchens, embedded_stack):
    """Everything outside that a kitchen could leave something in; a test leaves it as it was."""
    world = World(embedded_stack)

    def state(*words):
        branches = (f"branch {branch}" for branch in kitchens.branches())
        listed = (f"kitchen {kitchen}" for kitchen in kitchens.kitchens())
        lines = [*world.state(*words), *branches, *listed]
        return [line for line in lines if not words or any(word in line for word in words)]

    before = state()
    yield state
    while left := [name for name in kitchens.kitchens() if name not in ("cli_dev", "cli_main")]:
        gone = [delete(kitchens, name).code for name in left]
        assert 0 in gone
    assert state() == before


def test_kitchens_are_created_listed_and_deleted(kitchens, state):
    before = state()
    made = create(kitchens, "cli_padma", "--from", "cli_dev")
    assert made.code == 0, made.stderr
    environment = load_environments(kitchens.environments).environment("development")
    padma = KitchenSite(kitchens.environments).kitchen("cli_padma")
    told = [line.split(": ")[0] for line in made.stdout.splitlines() if ": " in line]
    assert told == [f"{part.name} {part.what}" for part in parts_of(padma, environment)]
    assert made.stdout.splitlines()[-1] == "kitchen cli_padma in development"
    listed = kitchens.airflow("dataops", "kitchen", "list", "--local", "-o", "json").rows
    assert [(row["kitchen"], row["environment"], row["cut_from"]) for row in listed] == [
        ("cli_dev", "development", "cli_main"),
        ("cli_main", "production", ""),
        ("cli_padma", "development", "cli_dev"),
    ]
    tips = kitchens.git("rev-parse", "cli_padma", "cli_dev")
    assert tips[0] == tips[1]
    assert len({line.split()[0] for line in state("cli_padma")}) >= 6

    gone = delete(kitchens, "cli_padma")
    assert (gone.code, gone.stdout.splitlines()[-1]) == (0, "deleted kitchen cli_padma")
    assert state() == before


def test_the_dag_processor_is_asked_to_look_and_who_deleted_is_kept(kitchens, state):
    create(kitchens, "cli_padma", "--from", "cli_dev")
    delete(kitchens, "cli_padma", "--reason", "it is done")
    asked = rows(kitchens, "select bundle_name, relative_fileloc from dag_priority_parsing_request")
    ((by,),) = rows(kitchens, "select deleted_by from dataops_kitchen where deleted_at is not null")
    assert ("kitchens-development", "cli_padma/dataops_kitchen.py") in asked
    assert by
    deeds = rows(
        kitchens,
        "select action, reason, by from dataops_audit where kitchen = 'cli_padma' order by id",
    )
    assert deeds == [
        ("begin to create", None, by),
        ("created", None, by),
        ("begin to delete", "it is done", by),
        ("deleted", "it is done", by),
    ]
    assert state("cli_padma") == []


@pytest.mark.usefixtures("state")
def test_every_setting_can_be_given(kitchens):
    made = create(
        kitchens, "cli_padma", "--from", "cli_dev", "--ends", "2099-12-31T01:00+01:00", "--pinned",
        "--private", "--ticket", "DATA-117", "--slack-channel", "#padma",
        "--pipelines", "profitability, stock", "--staff", "padma:cook",
        "--staff", "role:analysts:guest",
    )  # fmt: skip
    assert made.code == 0, made.stderr
    (about,) = rows(
        kitchens,
        "select ends_at, pinned, shared, ticket, slack_channel, pipelines from dataops_kitchen "
        "where name = 'cli_padma'",
    )
    assert about == (
        "2099-12-31 00:00:00.000000", 1, 0, "DATA-117", "#padma", '["profitability", "stock"]',
    )  # fmt: skip
    staff = rows(
        kitchens,
        "select who, role from dataops_member m join dataops_kitchen k on k.id = m.kitchen_id "
        "where k.name = 'cli_padma' and role != 'head' order by who",
    )
    assert staff == [("padma", "cook"), ("role:analysts", "guest")]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("Padma", ["--from", "cli_dev"], "'Padma' cannot be the name of a kitchen: use small"),
        ("airflow", ["--from", "cli_dev"], "this name is reserved"),
        ("dataops", ["--from", "cli_dev"], "this name is reserved"),
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
        (
            "cli_padma",
            ["--from", "cli_dev", "--environment", "production"],
            "cannot point to 'production': that environment is protected",
        ),
        ("cli_padma", ["--from", "cli_dev", "--ends", "2020-01-01T00:00Z"], "is past, it is"),
        ("cli_padma", ["--from", "cli_dev", "--ends", "soon"], "write for example 2026-12-31T"),
        ("cli_padma", ["--from", "cli_dev", "--for", "ages"], "write for example 30m, 8h or 14d"),
        ("cli_padma", ["--from", "cli_dev", "--staff", "padma"], "write NAME:ROLE"),
        ("cli_padma", ["--from", "cli_dev", "--ticket", "a b"], "cannot be a ticket"),
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
    bank = bank.replace("database_mount: ", "database_mount: bank_")
    both = kitchens.folder / "two_projects.yaml"
    both.write_text(content + bank)
    environ = {"AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(both)}
    asked = ("cli_padma", "--from", "cli_dev", "--environment", "bank_development")
    refused = create(kitchens, *asked, environ=environ)
    assert refused.code == 1
    assert "belongs to project 'retail', environment 'bank_development' to 'bank'" in refused.stderr


def test_a_name_in_whose_namespace_others_have_dags_is_refused(kitchens, state):
    engine = create_engine(f"sqlite:///{kitchens.database}")
    add_dag(engine, "cli_finance.daily", bundle="dags-folder")
    engine.dispose()
    refused = create(kitchens, "cli_finance", "--from", "cli_dev")
    assert refused.code == 1
    assert "DAG 'cli_finance.daily' of bundle 'dags-folder' lies in its namespace" in refused.stderr
    assert state("cli_finance") == []


def test_a_branch_that_is_there_is_refused_and_kept(kitchens):
    kitchens.git("branch", "cli_feature", "cli_dev")
    refused = create(kitchens, "cli_feature", "--from", "cli_dev")
    assert refused.code == 1
    assert "the repository has a branch 'cli_feature' already" in refused.stderr
    assert "cli_feature" in kitchens.branches()
    assert kitchens.kitchens() == ["cli_dev", "cli_main"]


def test_somebodys_schema_is_refused_and_survives_the_deletion(kitchens, state, embedded_stack):
    with World(embedded_stack).superuser() as connection:
        connection.execute("create schema cli_ledger create table book (a int)")
        connection.execute("insert into cli_ledger.book values (1)")
    try:
        refused = create(kitchens, "cli_ledger", "--from", "cli_dev")
        assert refused.code == 1
        assert "there is a schema cli_ledger already, which belongs to postgres" in refused.stderr
        before = state("cli_ledger.book")
        assert delete(kitchens, "cli_ledger").code == 0
        assert state("cli_ledger.book") == before
        assert "cli_ledger" not in kitchens.branches()
    finally:
        with World(embedded_stack).superuser() as connection:
            connection.execute("drop schema cli_ledger cascade")


def test_a_base_kitchens_branch_has_to_be_there(installation):
    kept = installation.airflow("dataops", "kitchen", "create", "cli_dev", "--local")
    assert kept.code == 1
    assert "stands on branch 'cli_dev', which the repository does not have" in kept.stderr


def test_what_cannot_be_deleted_is_refused_in_one_sentence(kitchens, state):
    create(kitchens, "cli_padma", "--from", "cli_dev")
    create(kitchens, "cli_child", "--from", "cli_padma")
    for name, words in [
        ("nobody", "no kitchen named 'nobody'; known kitchens: cli_child, cli_dev"),
        ("cli_padma", "kitchen 'cli_padma' still has children: cli_child; delete them first"),
        ("cli_child", None),
        ("cli_padma", None),
        ("cli_dev", "kitchen 'cli_dev' is the base kitchen of development"),
        ("cli_main", "kitchen 'cli_main' is the base kitchen of production"),
    ]:
        ended = delete(kitchens, name)
        assert ended.code == (1 if words else 0), ended.stderr
        assert (words or "") in ended.stderr
        assert "Traceback" not in ended.stderr
    assert kitchens.kitchens() == ["cli_dev", "cli_main"]
    assert state("cli_padma", "cli_child") == []


def test_a_repository_that_is_not_there_is_named_and_nothing_is_made(kitchens, state):
    def lose(retail):
        retail["repository"] = str(kitchens.folder / "nothing.git")

    environ = kitchens.with_environments(lose)
    refused = create(kitchens, "cli_padma", "--from", "cli_dev", environ=environ)
    assert refused.code == 1
    assert "nothing.git" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert state("cli_padma") == []


def test_a_vault_that_was_down_is_no_reason_to_begin_anew(kitchens, state):
    def down(retail):
        retail["environments"]["development"]["vault"]["url"] = "http://127.0.0.1:9"

    environ = kitchens.with_environments(down)
    refused = create(kitchens, "cli_padma", "--from", "cli_dev", environ=environ)
    assert refused.code == 1
    assert "connection refused or lost" in refused.stderr
    ((progress, error),) = rows(
        kitchens,
        "select progress, error from dataops_operation where ended_at is null",
    )
    assert (progress, error in refused.stderr) == ("failed", True)
    assert create(kitchens, "cli_padma", "--from", "cli_dev").code == 0
    assert delete(kitchens, "cli_padma", environ=environ).code == 1
    assert delete(kitchens, "cli_padma").code == 0
    assert state("cli_padma") == []


def test_a_database_that_was_not_migrated_is_answered_with_what_to_do(installation):
    with sqlite3.connect(installation.database) as database:
        database.execute("pragma foreign_keys = off")
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


def test_a_kitchen_whose_creation_went_wrong_can_be_deleted(kitchens, state):
    killed = create(kitchens, "cli_padma", "--from", "cli_dev", die_at=("print", "schema:"))
    assert killed.code == -9
    assert "cli_padma" in kitchens.kitchens()
    assert delete(kitchens, "cli_padma").code == 0
    assert state("cli_padma") == []


def calls_of(kitchens, act, *words):
    """How many watched calls a command makes when nothing kills it."""
    counted = kitchens.folder / "calls"
    done = act(kitchens, "cli_padma", *words, die_at=("call", f"0:{counted}"))
    assert done.code == 0, done.stderr
    return int(counted.read_text())


def test_a_creation_and_a_deletion_that_are_killed_anywhere_are_given_again(kitchens, state):
    """Between every two calls that note something, and with all that lies between them."""
    before = state()
    of_creation = calls_of(kitchens, create, "--from", "cli_dev")
    made = state()
    of_deletion = calls_of(kitchens, delete)
    assert state() == before
    # Two notes for each part, and more besides.
    assert min(of_creation, of_deletion) > 14
    ignored = kitchens.folder / "ignored"
    # Each part is noted twice, before and after: each fourth call is one of every other part.
    # Deaths within each of the parts are the contract suite's.
    for number in range(2, max(of_creation, of_deletion) + 1, 4):
        die_at = ("call", f"{number}:{ignored}")
        killed = create(kitchens, "cli_padma", "--from", "cli_dev", die_at=die_at)
        assert killed.code == (-9 if number <= of_creation else 0), killed.stderr
        again = create(kitchens, "cli_padma", "--from", "cli_dev")
        is_ready = number >= of_creation
        assert (again.code, "a kitchen of this name exists" in again.stderr) in (
            [(1, True), (0, False)] if is_ready else [(0, False)]
        ), f"killed before call {number}: {again.stderr}"
        assert len(state()) == len(made), f"killed before call {number}"
        killed = delete(kitchens, "cli_padma", die_at=die_at)
        assert killed.code == (-9 if number <= of_deletion else 0), killed.stderr
        again = delete(kitchens, "cli_padma")
        is_gone = number >= of_deletion
        assert (again.code, "no kitchen named" in again.stderr) in (
            [(1, True), (0, False)] if is_gone else [(0, False)]
        ), f"killed before call {number}: {again.stderr}"
        assert state() == before, f"killed before call {number}"


@pytest.mark.parametrize("program", ["ls-remote", "fetch", "push"])
def test_a_creation_that_dies_with_git_at_work_is_given_again(kitchens, state, program):
    killed = create(kitchens, "cli_padma", "--from", "cli_dev", die_at=("program", program))
    assert killed.code == -9
    made = create(kitchens, "cli_padma", "--from", "cli_dev")
    assert made.code == 0, made.stderr
    tips = kitchens.git("rev-parse", "cli_padma", "cli_dev")
    assert tips[0] == tips[1]
    assert delete(kitchens, "cli_padma").code == 0
    assert state("cli_padma") == []


def test_of_two_creations_at_once_exactly_one_succeeds(kitchens, state):
    words = ("dataops", "kitchen", "create", "cli_padma", "--from", "cli_dev", "--local")
    both = [kitchens.start(*words) for _ in range(2)]
    ended = [kitchens.finish(number) for number in both]
    assert sorted(outcome.code for outcome in ended) == [0, 1], ended
    (refused,) = (outcome for outcome in ended if outcome.code == 1)
    assert "Traceback" not in refused.stderr
    assert kitchens.kitchens() == ["cli_dev", "cli_main", "cli_padma"]
    assert delete(kitchens, "cli_padma").code == 0
    assert state("cli_padma") == []

"""``airflow dataops environment``: what it lists, and what it does not call in order."""

from __future__ import annotations

import socket
from contextlib import contextmanager

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.service]

OTHER_BACKEND = "airflow.secrets.local_filesystem.LocalFilesystemBackend"
PARTS = ["identity middleware", "secrets backend", "bundles", "tables", "policy", "pools"]


def check(installation, *words, **how):
    return installation.airflow("dataops", "environment", "check", *words, "-o", "json", **how)


def in_vault(stack, environment, tool, **fields):
    """Write a tool's credential, as it is in the demo but for some fields."""
    where, place = stack.addresses, stack.addresses.environments[environment]
    known = {
        "redshift": {
            "conn_type": "postgres",
            "host": where.postgres_host,
            "port": str(where.postgres_port),
            "login": place.warehouse_login,
            "password": place.warehouse_password,
            "schema": place.warehouse_database,
        },
        "sftp": {
            "conn_type": "sftp",
            "host": where.sftp_host,
            "port": str(where.sftp_port),
            "login": place.sftp_login,
            "password": place.sftp_password,
            "extra": f'{{"no_host_key_check": false, "host_key": "{where.sftp_host_key}"}}',
        },
        "s3": {
            "conn_type": "aws",
            "login": place.s3_key.access_key,
            "password": place.s3_key.secret_key,
            "extra": f'{{"endpoint_url": "{where.s3_url}", "region_name": "{where.s3_region}"}}',
        },
    }
    stack.put_secret(environment, f"tools/{tool}", {**known[tool], **fields})


@contextmanager
def other_credential(stack, tool, **fields):
    in_vault(stack, "development", tool, **fields)
    try:
        yield
    finally:
        in_vault(stack, "development", tool)


def test_environments_are_listed_in_every_form(installation):
    listed = installation.airflow("dataops", "environment", "list", "-o", "json")
    assert listed.code == 0
    assert [(row["environment"], row["base_kitchen"], row["protected"]) for row in listed.rows] == [
        ("development", "cli_dev", "no"),
        ("production", "cli_main", "yes"),
    ]
    for form in ("table", "plain", "yaml"):
        shown = installation.airflow("dataops", "environment", "list", "-o", form)
        assert shown.code == 0
        assert "redshift, s3, sftp, slack" in shown.stdout


def test_an_environment_shows_where_its_logins_are_and_not_what(installation, embedded_stack):
    shown = installation.airflow("dataops", "environment", "show", "production", "-o", "json")
    facts = {row["what"]: row["value"] for row in shown.rows}
    assert facts["vault"] == f"hashicorp at {embedded_stack.addresses.vault_url}, mount production"
    assert facts["base kitchen"] == "cli_main on branch main"
    assert facts["tool redshift"] == "schema per kitchen"
    assert shown.code == 0


def test_an_unknown_environment_is_answered_with_the_declared_ones(installation):
    for command in ("show", "check"):
        refused = installation.airflow("dataops", "environment", command, "staging")
        assert refused.code == 1
        assert "no release environment named 'staging'; declared: development, prod" in (
            refused.stderr
        )
        assert "Traceback" not in refused.stderr


def test_a_check_opens_every_tool_of_every_environment(installation):
    found = check(installation)
    assert found.code == 0
    assert set(found.findings) == {
        f"{environment}: {subject}"
        for environment in ("development", "production")
        for subject in ("vault", "redshift", "s3", "sftp", "slack")
    }
    assert set(found.findings.values()) == {"yes"}


def test_a_check_prints_its_table_and_nothing_between(installation):
    found = installation.airflow("dataops", "environment", "check", "development")
    assert found.code == 0
    assert found.stderr == "", found.stderr
    # head, line, four findings
    assert len(found.stdout.strip().splitlines()) == 7


def test_a_vault_that_is_down_is_not_in_order_and_hides_its_tools(installation):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    def down(retail):
        retail["environments"]["development"]["vault"]["url"] = f"http://127.0.0.1:{port}"

    found = check(installation, environ=installation.with_environments(down))
    assert found.code == 1
    assert found.findings["development: vault"] == "NO"
    assert "development: redshift" not in found.findings
    assert found.findings["production: redshift"] == "yes"
    assert "connection refused or lost" in found.detail("development: vault")


def test_a_vault_that_hangs_is_not_waited_for(installation):
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def hang(retail):
            vault = retail["environments"]["development"]["vault"]
            vault["url"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
            vault["timeout_seconds"] = 1

        changed = installation.with_environments(hang)
        found = check(installation, "development", environ=changed)
    assert found.code == 1
    assert "no answer within the time limit" in found.detail("development: vault")


@pytest.mark.parametrize("tool", ["redshift", "sftp", "s3"])
def test_a_tools_wrong_password_is_not_in_order(installation, embedded_stack, tool):
    wrong = "not-the-password-of-this-tool"
    with other_credential(embedded_stack, tool, password=wrong):
        found = check(installation, "development")
    assert found.code == 1
    assert [subject for subject, state in found.findings.items() if state == "NO"] == [
        f"development: {tool}"
    ]
    assert wrong not in found.stdout + found.stderr
    assert "Traceback" not in found.stderr


def test_a_tool_that_nobody_serves_is_not_in_order(installation, embedded_stack):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    with other_credential(embedded_stack, "redshift", port=port):
        found = check(installation, "development")
    assert found.code == 1
    assert found.findings["development: redshift"] == "NO"


def test_a_bucket_that_is_not_there_is_not_in_order(installation):
    def lose(retail):
        retail["environments"]["development"]["tools"]["s3"]["bucket"] = "acme-nowhere"

    found = check(installation, "development", environ=installation.with_environments(lose))
    assert found.code == 1
    assert found.detail("development: s3").startswith("bucket acme-nowhere is not there")


def test_a_tool_without_a_credential_is_not_in_order(installation):
    def add(retail):
        retail["environments"]["development"]["tools"]["jira"] = {}

    found = check(installation, "development", environ=installation.with_environments(add))
    assert found.code == 1
    assert found.detail("development: jira") == (
        "the vault of development has no credential for jira at tools/jira"
    )


def test_a_dynamic_tool_is_opened_with_its_environments_own_credential(installation):
    found = check(installation, "development")
    assert found.findings["development: redshift"] == "yes"


def test_a_platform_that_is_configured_as_the_docs_say_is_in_order(installation):
    found = check(installation, "--platform")
    assert (found.code, found.findings) == (0, dict.fromkeys(PARTS, "yes"))
    assert found.detail("bundles") == (
        "kitchens-development serves development, kitchens-production serves production"
    )


@pytest.mark.parametrize(
    ("part", "environ", "words"),
    [
        (
            "secrets backend",
            {"AIRFLOW__SECRETS__BACKEND": OTHER_BACKEND},
            "set it to airflow_dataops.secrets.kitchen_vault",
        ),
        ("secrets backend", {"AIRFLOW__SECRETS__USE_CACHE": "True"}, "turn it off"),
        (
            "secrets backend",
            {"AIRFLOW__DATAOPS__NEXT_SECRETS_BACKEND": "airflow.secrets.NoSuchBackend"},
            "next_secrets_backend airflow.secrets.NoSuchBackend cannot be made",
        ),
        (
            "bundles",
            {"AIRFLOW__DAG_PROCESSOR__DISABLE_BUNDLE_VERSIONING": "True"},
            "turn it off",
        ),
        (
            "bundles",
            {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": "[]"},
            "no bundle serves development, production",
        ),
        (
            "bundles and pools",
            {"AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": ""},
            "environments_file is not set",
        ),
    ],
)
def test_a_part_that_is_not_in_force_is_named_with_what_to_do(installation, part, environ, words):
    found = check(installation, "--platform", environ=environ)
    assert found.code == 1
    assert [subject for subject, state in found.findings.items() if state == "NO"] == part.split(
        " and "
    )
    assert words in found.detail(part.split(" and ")[0])


def test_the_backend_behind_ours_is_named(installation):
    behind = {"AIRFLOW__DATAOPS__NEXT_SECRETS_BACKEND": OTHER_BACKEND}
    found = check(installation, "--platform", environ=behind)
    assert found.detail("secrets backend") == f"in force; behind it: {OTHER_BACKEND}"


def test_an_environments_file_that_is_not_there_is_named(installation, tmp_path):
    missing = {"AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(tmp_path / "none.yaml")}
    for command in (["environment", "list"], ["environment", "check"]):
        refused = installation.airflow("dataops", *command, environ=missing)
        assert refused.code == 1
        assert f"names {tmp_path / 'none.yaml'}, which cannot be read" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_broken_environments_file_is_answered_with_file_and_line(installation, tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text("projects:\n  retail:\n    repositry: x\n    environments: {}\n")
    broken = {"AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(file)}
    refused = installation.airflow("dataops", "environment", "list", environ=broken)
    assert refused.code == 1
    assert f"{file}:3: unknown key 'repositry'" in refused.stderr
    assert "Traceback" not in refused.stderr

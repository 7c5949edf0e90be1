"""The [dataops] section, read when it is asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import airflow
import pytest

from airflow_dataops import config
from airflow_dataops.errors import ConfigurationError, SpecError
from airflow_dataops.get_provider_info import get_provider_info

ENVIRONMENTS = """\
projects:
  retail:
    repository: /srv/retail.git
    environments:
      {name}:
        vault: {{kind: hashicorp, url: "http://localhost:8200", mount: kv, role_id_env: A, secret_id_env: B}}
        base_kitchen: {{name: root, branch: main}}
        tools: {{}}
"""  # noqa: E501


@pytest.fixture
def given(monkeypatch):
    """Set options of the section for this test."""

    def given(**options):
        for option, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__DATAOPS__{option.upper()}", str(value))

    return given


def test_nothing_is_configured_by_default():
    assert config.settings() == config.Settings(
        environments_file=None,
        next_secrets_backend=None,
        next_secrets_backend_kwargs={},
        serves_kitchens=False,
        vault_cache_seconds=60,
        dynamic_login_seconds=86400,
        api_url=None,
        token_key=None,
        warn_before_end_days=3,
        life_cycle_hooks=(),
        life_cycle_hook_seconds=10,
    )


def test_options_are_read_at_each_call(given):
    given(serves_kitchens="True", vault_cache_seconds="5", next_secrets_backend="a.B")
    given(next_secrets_backend_kwargs='{"url": "https://vault"}', environments_file="/etc/e.yaml")
    assert config.settings() == config.Settings(
        environments_file=Path("/etc/e.yaml"),
        next_secrets_backend="a.B",
        next_secrets_backend_kwargs={"url": "https://vault"},
        serves_kitchens=True,
        vault_cache_seconds=5,
    )
    given(vault_cache_seconds="6")
    assert config.settings().vault_cache_seconds == 6


@pytest.mark.parametrize("seconds", ["61", "-1", "1.5", "soon"])
def test_a_credential_is_kept_for_a_minute_at_most(given, seconds):
    given(vault_cache_seconds=seconds)
    with pytest.raises(ConfigurationError, match=r"vault_cache_seconds is .*0 to 60"):
        config.settings()


@pytest.mark.parametrize("days", ["91", "-1", "1.5", "soon"])
def test_staff_is_warned_within_ninety_days(given, days):
    given(warn_before_end_days=days)
    for read in (config.settings, config.warn_before_end_days):
        with pytest.raises(ConfigurationError, match=r"warn_before_end_days is .*0 to 90"):
            read()


def test_hooks_are_named_by_import_paths(given):
    given(life_cycle_hooks=" acme.kitchens.needs_ticket,\n acme.billing.tell, ")
    found = config.settings().life_cycle_hooks
    assert found == ("acme.kitchens.needs_ticket", "acme.billing.tell")


@pytest.mark.parametrize("path", ["needs_ticket", "acme.kitchens:tell", "acme..tell", "a.b; c"])
def test_what_is_no_import_path_is_named_with_the_form_to_write(given, path):
    given(life_cycle_hooks=f"acme.kitchens.tell, {path}")
    with pytest.raises(ConfigurationError, match=r"no import path; write package\.module\.func"):
        config.settings()


@pytest.mark.parametrize("seconds", ["0", "61", "-1", "1.5", "soon"])
def test_a_hook_has_a_minute_at_most(given, seconds):
    given(life_cycle_hook_seconds=seconds)
    with pytest.raises(ConfigurationError, match=r"life_cycle_hook_seconds is .*1 to 60"):
        config.settings()


@pytest.mark.parametrize("seconds", ["299", "86401", "-1", "1h", "soon"])
def test_an_issued_login_lasts_five_minutes_to_a_day(given, seconds):
    given(dynamic_login_seconds=seconds)
    for read in (config.settings, config.dynamic_login_seconds):
        with pytest.raises(ConfigurationError, match=r"dynamic_login_seconds is .*300 to 86400"):
            read()


@pytest.mark.parametrize(
    ("execution", "own", "expected"),
    [
        ("http://api:8080/execution/", "", "http://api:8080"),
        ("https://host/airflow/execution", "", "https://host/airflow"),
        ("http://api:8080/execution/", "https://other/", "https://other"),
        ("", "https://other/airflow", "https://other/airflow"),
    ],
)
def test_our_api_is_where_workers_find_airflows_unless_said_otherwise(
    given, monkeypatch, execution, own, expected
):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", execution)
    given(api_url=own)
    assert config.api_url() == expected


def test_an_address_of_our_api_that_nobody_said_is_asked_for(given, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "")
    given(api_url="")
    with pytest.raises(ConfigurationError, match="api_url is not set, and neither is"):
        config.api_url()
    given(api_url="airflow.example.com")
    with pytest.raises(ConfigurationError, match="begin it with http"):
        config.api_url()


@pytest.mark.parametrize(("key", "what"), [("", "is not set"), ("hunter2" * 9, "is too short")])
def test_a_token_key_that_protects_nothing_is_refused_and_never_shown(given, key, what):
    given(token_key=key)
    with pytest.raises(ConfigurationError, match=f"token_key {what}.*openssl rand") as refused:
        config.token_key()
    assert "hunter2" not in str(refused.value) + repr(config.settings())


def test_a_token_key_of_full_length_is_taken(given):
    given(token_key="k" * 64)
    assert config.token_key() == "k" * 64


def test_a_yes_or_no_is_asked_for_by_name(given):
    given(serves_kitchens="sometimes")
    with pytest.raises(ConfigurationError, match="serves_kitchens is no yes or no"):
        config.settings()


@pytest.mark.parametrize("kwargs", ['{"password": "hunter2"', '["hunter2"]', '"hunter2"'])
def test_the_other_backends_arguments_are_never_shown(given, kwargs):
    given(next_secrets_backend_kwargs=kwargs)
    with pytest.raises(ConfigurationError, match="is no JSON object") as refused:
        config.settings()
    assert "hunter2" not in str(refused.value) + str(refused.value.__cause__)
    given(next_secrets_backend_kwargs='{"password": "hunter2"}')
    assert "hunter2" not in repr(config.settings())


def test_a_relative_path_starts_at_the_installation(given):
    from airflow.configuration import AIRFLOW_HOME

    given(environments_file="environments.yaml")
    assert config.settings().environments_file == Path(AIRFLOW_HOME, "environments.yaml")


def test_without_the_option_the_error_names_it_with_an_example():
    with pytest.raises(ConfigurationError, match=r"environments_file = /opt/airflow/environments"):
        config.environments()


def test_a_file_that_is_not_there_is_named_with_the_option(given, tmp_path):
    given(environments_file=tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigurationError, match=r"environments_file names .*nowhere.yaml, which"):
        config.environments()


def test_an_edit_takes_effect_without_a_restart(given, tmp_path):
    path = tmp_path / "environments.yaml"
    given(environments_file=path)
    path.write_text(ENVIRONMENTS.format(name="one"))
    first = config.environments()
    assert config.environments() is first
    before = path.stat()
    path.write_text(ENVIRONMENTS.format(name="two"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert [e.name for e in config.environments().environments()] == ["two"]
    path.write_text(ENVIRONMENTS.format(name="Two"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 2))
    with pytest.raises(SpecError):
        config.environments()


class TestProviderInfo:
    def test_it_has_the_form_that_airflow_reads(self):
        jsonschema = pytest.importorskip("jsonschema")
        schema = Path(airflow.__file__).parent / "provider_info.schema.json"
        jsonschema.validate(get_provider_info(), json.loads(schema.read_text()))

    def test_it_declares_each_option_that_is_read_with_its_default(self):
        options = get_provider_info()["config"]["dataops"]["options"]
        assert set(options) == set(config.Settings.__dataclass_fields__)
        assert (
            int(options["vault_cache_seconds"]["default"]) == config.Settings().vault_cache_seconds
        )
        assert options["serves_kitchens"]["default"] == str(config.Settings().serves_kitchens)

    def test_the_wheel_has_what_migrations_need(self):
        from airflow_dataops.registry.db_manager import DataOpsDBManager

        folder = Path(DataOpsDBManager.migration_dir)
        assert (folder / "env.py").exists()
        assert (folder / "script.py.mako").exists()
        assert Path(DataOpsDBManager.alembic_file).exists()


@pytest.mark.parametrize("days", ["29", "-1", "many", "1e3", "40000"])
def test_results_are_kept_for_some_weeks_at_least(given, days):
    given(keep_results_days=days)
    with pytest.raises(ConfigurationError, match=r"keep_results_days is .*30 to 36500"):
        config.settings()


@pytest.mark.parametrize("days", ["89", "-1", "many", "40000"])
def test_evidence_is_kept_for_a_quarter_at_least(given, days):
    given(keep_evidence_days=days)
    with pytest.raises(ConfigurationError, match=r"keep_evidence_days is .*90 to 36500"):
        config.settings()

"""Who a server is at a project's repository: what the vault of the environment has for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_dataops import bootstrap, config, merge_places, places, repositories
from airflow_dataops.errors import ConfigurationError, CredentialRefused, OutsideSystemError
from tests.git_http import GitHost
from tests.secrets.logins import vault_administrator

pytestmark = pytest.mark.airflow
AT = "provision/git"


@pytest.fixture
def write(installation):
    """Write what the vault of development has for the repository, and remove it in the end."""
    vault = vault_administrator(installation).secrets.kv.v2

    def write(**fields):
        vault.create_or_update_secret(path=AT, secret=fields, mount_point="development")

    yield write
    vault.delete_metadata_and_all_versions(path=AT, mount_point="development")


@pytest.fixture
def project(installation):
    assert installation.home
    project = config.environments().projects["retail"]
    return replace(project, repository_login="development", repository="https://x/retail.git")


def test_a_servers_repository_is_asked_with_the_vaults_token_until_that_changes(
    installation, write, origin
):
    with GitHost(origin.path) as host:
        file = installation.declare(lambda _: None)
        text = file.read_text()
        before = config.environments().projects["retail"].repository
        keys = f"repository: {host.url}\n    repository_login: development"
        file.write_text(text.replace(f"repository: {before}", keys))
        write(login="padma", password="canary-1")  # noqa: S106
        host.logins = {("padma", "canary-1")}
        branches = [
            lambda: places.branches("retail").tip("main"),
            lambda: merge_places.merge_places("retail").repository.tips(["main"])["main"],
        ]
        assert {ask() for ask in branches} == {origin.bare("rev-parse", "main")}
        host.logins = {("padma", "canary-2")}
        for ask in branches:
            with pytest.raises(OutsideSystemError, match="vault of development, at provision/git"):
                ask()
        write(login="padma", password="canary-2")  # noqa: S106
        assert {ask() for ask in branches} == {origin.bare("rev-parse", "main")}


def test_a_token_without_a_name_has_the_name_that_hosts_take(project, write):
    write(password="canary")  # noqa: S106
    found = repositories.login_from_vault(project)()
    assert (found.name, found.token) == ("x-access-token", "canary")


@pytest.mark.parametrize("fields", [None, {"login": "padma"}, {"password": ""}])
def test_a_vault_without_a_token_says_where_it_has_to_be(project, write, fields):
    if fields is not None:
        write(**fields)
    with pytest.raises(CredentialRefused, match="no password in the vault of development, at prov"):
        repositories.login_from_vault(project)()


def test_a_token_of_two_lines_is_refused_without_a_word_of_it(project, write):
    write(password="canary\nprotocol=http")  # noqa: S106
    with pytest.raises(CredentialRefused, match="has to be one line") as refused:
        repositories.login_from_vault(project)()
    assert "canary" not in str(refused.value)


def test_a_project_that_names_no_environment_asks_no_vault(installation, monkeypatch):
    installation.set("dataops", "environments_file", str(installation.declare(lambda _: None)))
    monkeypatch.setattr(bootstrap, "secret_store", None)
    assert repositories.login_from_vault(config.environments().projects["retail"]) is None


@pytest.mark.parametrize(
    ("content", "name", "token"),
    [("canary\n", "x-access-token", "canary"), ("padma:can:ary", "padma", "can:ary")],
)
def test_a_file_has_a_token_or_a_name_and_a_token(tmp_path, content, name, token):
    file = tmp_path / "login"
    file.write_text(content)
    found = repositories.login_from_file(str(file))()
    assert (found.name, found.token) == (name, token)


def test_a_file_is_read_anew_each_time(tmp_path):
    file = tmp_path / "login"
    login = repositories.login_from_file(str(file))
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        login()
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="it is no text"):
        login()
    file.write_text("canary")
    assert login().token == "canary"  # noqa: S105

"""environments.yaml: what may stand there, and what is said about the rest."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.release_environment import (
    BaseKitchen,
    PullRequestPlace,
    Tool,
    VaultPlace,
)
from airflow_dataops.errors import SpecError
from airflow_dataops.specs.environment_file import load_environments
from tests.specs.two_environments import TWO_ENVIRONMENTS

BY_REQUEST = "merge_by: pull_request\n        pull_requests: "


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "environments.yaml"
        path.write_text(dedent(text), encoding="utf-8")
        return load_environments(path)

    return load


@pytest.fixture
def complaints(load):
    """Complaints about the two environments with one text put in another's place."""

    def complaints(*changes):
        text = TWO_ENVIRONMENTS
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        with pytest.raises(SpecError) as refused:
            load(text)
        assert all(c.file.endswith("environments.yaml") for c in refused.value.complaints)
        return [(c.line, c.problem) for c in refused.value.complaints]

    return complaints


def test_the_documented_example_becomes_projects_with_environments(load):
    projects = load(TWO_ENVIRONMENTS)
    assert [e.name for e in projects.environments()] == ["development", "production"]
    production = projects.environment("production")
    assert production.project == "retail"
    assert production.vault == VaultPlace(
        kind="hashicorp",
        url="https://vault.example.com",
        mount="production",
        database_mount="production-database",
        role_id_env="PRODUCTION_ROLE_ID",
        secret_id_file="/run/secrets/production",  # noqa: S106 - a path
        timeout_seconds=5,
    )
    assert production.base_kitchen == BaseKitchen(name="demo_production", branch="main")
    assert production.schedules_enabled_by == ("eric", "role:production-engineers")
    assert (production.owner, production.protected) == ("eric", True)
    assert (production.queue, production.provision_queue) == (
        "production",
        "production-provision",
    )
    assert production.tools == {
        "redshift": Tool(name="redshift", schema_per_kitchen=True, dynamic=True),
        "s3": Tool(name="s3", bucket="acme-production"),
        "sftp": Tool(name="sftp", folder="/kitchens"),
    }
    assert production.alerts == {"slack_channel": "#production"}
    assert projects.project_of("production").repository.endswith("acme/pipelines.git")


@pytest.mark.parametrize(
    ("folder", "read"), [("airflow/dags", "airflow/dags"), ("./etl/", "etl"), (".", ".")]
)
def test_a_projects_dag_files_are_in_a_folder_of_its_repository(load, folder, read):
    key = "    environments:\n"
    text = TWO_ENVIRONMENTS.replace(key, f"    dags_folder: {folder}\n{key}", 1)
    assert load(text).projects["retail"].dags_folder == read
    assert load(TWO_ENVIRONMENTS).projects["retail"].dags_folder == "dags"


@pytest.mark.parametrize("folder", ["/opt/airflow/dags", "../other", "''"])
def test_a_folder_outside_of_the_repository_is_none_of_its(load, folder):
    key = "    environments:\n"
    text = TWO_ENVIRONMENTS.replace(key, f"    dags_folder: {folder}\n{key}", 1)
    with pytest.raises(SpecError, match="write a folder of the repository"):
        load(text)


def test_what_is_left_out_has_the_careful_value(load):
    development = load(TWO_ENVIRONMENTS).environment("development")
    assert development.protected is False
    assert (development.owner, development.queue, development.alerts) == (None, None, {})
    assert development.schedules_enabled_by == ()
    assert development.provision_queue is None
    assert (development.pool, development.pools) == ("default_pool", {})
    assert (development.vault.timeout_seconds, development.vault.database_mount) == (3.0, None)


@pytest.mark.parametrize(
    ("before", "after", "line", "problem"),
    [
        ("owner: eric", "ownr: eric", 7, "did you mean 'owner'?"),
        ("protected: true", "protected: 'yes'", 6, "protected is 'yes'; write true or false"),
        ("protected: true", "protected: 1", 6, "protected is 1; write true or false"),
        ("[eric, ", "eric #", 10, "is 'eric'; write a list, for example [one, two]"),
        (" queue: production", " queue:", 11, None),
        ("queue: production", "queue: ''", 11, "queue is ''; write at least one"),
        ("dynamic: true", "dynamc: true", 14, "did you mean 'dynamic'? known keys: bucket, "),
        ("bucket: acme-production", "bucket: 5", 15, "is 5; write a text; quotes make"),
        ("sftp:", "Sftp:", 16, "'Sftp' cannot be the name of a tool: use small letters"),
        ("sftp:", "dataops:", 16, "'dataops' cannot be the name of a tool: this name is reserved"),
        ("sftp:", "s3:", 16, "key 's3' stands twice, first on line 15; keep one of them"),
        ("sftp:", "7:", 16, "key '7' is read as a number, date or yes/no; put it in quotes"),
        ("kind: hashicorp\n", "kind: aws\n", 20, "is 'aws'; write one that exists: 'hashicorp'"),
        ("_seconds: 5", "_seconds: 5.1", 8, "is 5.1; write a number of at most 5"),
        ("_seconds: 5", "_seconds: 0", 8, "is 0; write a number greater than 0"),
        ("_seconds: 5", "_seconds: .nan", 8, "write a number"),
        ("url: https:", "url: ftp:", 21, "write an address that starts with https://"),
        ("url: https://", "url: https://u:pw@", 21, "the address holds a password"),
        ("git@git", "https://u:pw@git", 3, "the address holds a password"),
        ("git@git", "--upload-pack=x", 3, "repository: this is no address"),
        ("name: demo_dev", "name: Demo", 25, "'Demo' cannot be the name of a kitchen"),
        ("name: demo_dev", "name: pg_dev", 25, "this name is reserved"),
        ("branch: dev", "branch: -f", 25, "'-f' cannot be the name of a branch"),
        ("branch: dev", "branch: a/.b", 25, "'a/.b' cannot be the name of a branch"),
        ("      development:", "      Dev:", 18, "'Dev' cannot be the name of a release env"),
        ("secret_id_file: /run", "secret_id_file: run", 8, "write the file's path from the root"),
        (", mount: production", "", 8, "vault lacks 'mount': write the mount of its KV"),
        ("base_kitchen: {name: demo_dev, branch: dev}", "", 18, "development lacks 'base_kitchen'"),
        ("slack_channel:", "slack_chanel:", 17, "did you mean 'slack_channel'?"),
        ("projects:", "project:", 1, "did you mean 'projects'?"),
    ],
)
def test_a_mistake_is_answered_with_its_line(load, complaints, before, after, line, problem):
    if problem is None:  # a key without a value is the same as no key
        load(TWO_ENVIRONMENTS.replace(before, after))
        return
    found = complaints((before, after))
    assert any(at == line and problem in said for at, said in found), found


@pytest.mark.parametrize(
    ("before", "after", "line", "problem"),
    [
        ("role_id_env: PRO", "role_id_file: /r, role_id_env: PRO", 8, "has both 'role_id_env' and"),
        ("role_id_env: PRODUCTION_ROLE_ID, ", "", 8, "does not say where the role_id is; name an"),
        ("secret_id_env: D", "# D", 19, "does not say where the secret_id is"),
        ("secret_id_env: D", "secret_id: D", 24, "secrets do not belong in this file; put it in"),
        ("role_id_env: D", "role_id: D", 23, "name that with role_id_env or role_id_file"),
        (
            "{bucket: acme-dev",
            "{password: acme-dev",
            27,
            "a tool's credential is kept in the vault",
        ),
    ],
)
def test_a_vaults_login_is_named_once_and_never_written_here(
    complaints, before, after, line, problem
):
    [(at, said)] = complaints((before, after))
    assert at == line
    assert problem in said


@pytest.mark.parametrize(
    ("before", "after", "line", "problem"),
    [
        ("mount: development", "mount: /production/", 22, "already taken by environment 'produc"),
        ("acme-development", "acme-production", 27, "the bucket 'acme-production' is already"),
        ("demo_dev", "demo_production", 25, "kitchen names are unique: choose another"),
        ("branch: dev", "branch: main", 25, "the branch 'main' is already taken by environment"),
        ("DEVELOPMENT_ROLE_ID", "PRODUCTION_ROLE_ID", 23, "the login that role_id_env names is"),
    ],
)
def test_what_separates_environments_is_not_shared(complaints, before, after, line, problem):
    [(at, said)] = complaints((before, after))
    assert at == line
    assert problem in said


def test_one_vault_under_two_spellings_is_one_vault(complaints):
    [(line, said)] = complaints(
        ("url: https://vault.example.com", "url: https://VAULT.example.com:443/"),
        ("mount: development", "mount: production"),
    )
    assert line == 22
    assert "on line 8; environments that share a mount are not separated" in said


def test_two_tools_of_one_environment_may_share_a_bucket(load):
    tools = load(TWO_ENVIRONMENTS.replace("sftp: {", "s3_reports: {bucket: acme-production, "))
    assert len(tools.environment("production").tools) == 3


def test_environment_names_are_unique_across_projects(complaints):
    other = """
  banking:
    repository: git@git.example.com:acme/banking.git
    environments:
      production:
        vault: {kind: hashicorp, url: "https://vault.example.com", mount: banking, role_id_env: A, secret_id_env: B}
        base_kitchen: {name: bank, branch: main}
        tools: {}
"""  # noqa: E501
    [(line, said)] = complaints(("acme-development}\n", "acme-development}\n" + other))
    assert line == 32
    assert said == (
        "the environment name 'production' is already taken by environment 'production' on line 5; "
        "names are unique across projects: choose another"
    )


def test_all_complaints_of_a_file_come_together_in_the_order_of_lines(complaints):
    found = complaints(
        ("schedules_", "schedule_"),
        ("sftp:", "s3:"),
        ("acme-development", "acme-production"),
        ("role_id_env: DEV", "role_id: DEV"),
    )
    assert [line for line, _ in found] == [10, 16, 23, 27]


def test_the_message_lists_each_complaint_with_file_and_line(load):
    with pytest.raises(SpecError) as refused:
        load(TWO_ENVIRONMENTS.replace("schedules_", "schedule_").replace("sftp:", "Sftp:"))
    first, second, third = str(refused.value).splitlines()
    assert first.endswith("environments.yaml: 2 complaints:")
    assert "environments.yaml:10: unknown key 'schedule_enabled_by'" in second
    assert "environments.yaml:16: " in third


@pytest.mark.parametrize(
    ("before", "after", "line", "problem"),
    [
        ("owner: eric", "# eric", 5, "is protected and has no owner, so nobody could change it"),
        ("owner: eric", "owner:", 5, "add an owner"),
        ("provision_queue: production-provision", "provision_queue: production", 12, "of its own"),
        ("queue: production\n", "queue: production-provision\n", 12, "of its own, whose workers"),
        ("database_mount: production-database, ", "", 14, "the vault has no 'database_mount'"),
        ("schema_per_kitchen: true, ", "", 14, "add schema_per_kitchen: true"),
        ("schema_per_kitchen: true", "schema_per_kitchen: false", 14, "add schema_per_kitchen: "),
    ],
)
def test_what_needs_something_else_says_what(complaints, before, after, line, problem):
    [(at, said)] = complaints((before, after))
    assert at == line
    assert problem in said


@pytest.mark.parametrize("mount", ["production-database", "/production-database/", "production"])
def test_a_database_engine_issues_logins_of_one_environment(complaints, mount):
    [(line, said)] = complaints(
        ("mount: development\n", f"mount: development\n          database_mount: {mount}\n")
    )
    assert line == 23
    assert "of this vault is already taken by environment 'production' on line 8" in said


def test_a_database_engines_mount_is_written_with_or_without_slashes(load):
    text = TWO_ENVIRONMENTS.replace("production-database", "/production-database/")
    assert load(text).environment("production").vault.database_mount == "production-database"


def test_a_dynamic_tool_that_is_switched_off_needs_nothing(load):
    text = TWO_ENVIRONMENTS.replace("dynamic: true", "dynamic: false")
    text = text.replace("database_mount: production-database, ", "")
    assert not load(text).environment("production").tool("redshift").dynamic


@pytest.mark.parametrize("secret", ["hvs.CAESIJ-secret", "5f2c-secret-9d"])
@pytest.mark.parametrize(
    "key",
    ["role_id", "secret_id", "role_id_env", "secret_id_env", "secret_id_file", "token", "url"],
)
def test_what_could_be_a_secret_is_never_shown(complaints, key, secret):
    text = "\n".join(said for _, said in complaints(("kind: hashicorp\n", f"{key}: {secret}\n")))
    text += "\n".join(said for _, said in complaints(("kind: hashicorp\n", f"{key}: [{secret}]\n")))
    assert text
    assert secret not in text


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", None, "this file is empty; declare a project"),
        ("projects: {}\n", 1, "projects is an empty mapping; write at least one"),
        ("- a\n", 1, "this file is a list; write keys with values"),
        ("a: [\n", 2, "this is no YAML"),
        ("a: &x [*x]\n", 1, "this alias contains itself"),
        ("a: !vault b\n", 1, "a value with the tag !vault is not understood here"),
        ("? [a]\n: b\n", 1, "a key must be a word"),
        ("a: 1\nb:\n  <<: 3\n", 3, "'<<' takes a mapping"),
        ("a: \x00", None, "this is no YAML"),
    ],
)
def test_a_file_that_is_something_else_is_answered_too(load, text, line, problem):
    with pytest.raises(SpecError) as refused:
        load(text)
    assert any(c.line == line and problem in c.problem for c in refused.value.complaints), (
        refused.value.complaints
    )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"nowhere.yaml: this file cannot be read \(No such file"):
        load_environments(tmp_path / "nowhere.yaml")


def test_a_file_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "environments.yaml"
    path.write_bytes("owner: Jürgen".encode("latin-1"))
    with pytest.raises(SpecError, match="save it as UTF-8"):
        load_environments(path)


def test_shared_parts_may_be_written_once(load):
    merged = TWO_ENVIRONMENTS.replace(
        "        vault:\n          kind: hashicorp\n",
        "        vault:\n          <<: {kind: hashicorp, mount: overridden}\n",
    )
    assert load(merged) == load(TWO_ENVIRONMENTS)


@given(
    line=st.integers(min_value=0, max_value=TWO_ENVIRONMENTS.count("\n") - 1),
    junk=st.text(alphabet=" :-{}[]&*!#|>'\"%@`,?<~ab1\t\n", max_size=6),
    start=st.integers(min_value=0, max_value=20),
)
def test_whatever_is_typed_is_read_or_answered_with_lines_of_the_file(
    tmp_path_factory, line, junk, start
):
    lines = TWO_ENVIRONMENTS.splitlines()
    lines[line] = lines[line][:start] + junk + lines[line][start:]
    path = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    complaints = ()
    try:
        load_environments(path)
    except SpecError as error:
        complaints = error.complaints
    last = len(path.read_text(encoding="utf-8").splitlines()) + 1
    assert all(c.line is None or 1 <= c.line <= last for c in complaints)


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("merge_by: pull_request", "does not say where; add pull_requests: "),
        ("pull_requests: {host: github, repository: a/b}", "add merge_by: pull_request"),
        ("merge_by: mail", "merge_by is 'mail'"),
        (f"{BY_REQUEST}{{host: sourceforge, repository: a/b}}", "host is 'sourceforge'"),
        (f"{BY_REQUEST}{{host: github, repository: 'https://x/a/b'}}", "as its host calls it"),
        (f"{BY_REQUEST}{{host: github, repository: a/b, token: x}}", "secrets do not belong"),
    ],
)
def test_where_merges_are_proposed_is_said_without_the_token(complaints, added, problem):
    said = complaints(("owner: eric", f"owner: eric\n        {added}"))
    assert any(problem in text for _, text in said), said


def test_an_environment_that_merges_by_pull_request_says_where(load):
    place = "{host: gitlab, repository: acme/data/pipelines, url: 'https://git.example.com'}"
    text = f"owner: eric\n        {BY_REQUEST}{place}"
    found = load(TWO_ENVIRONMENTS.replace("owner: eric", text, 1)).environment("production")
    assert found.pull_requests == PullRequestPlace(
        host="gitlab", repository="acme/data/pipelines", url="https://git.example.com"
    )

"""A kitchen's task gets what its own kitchen's vault has, on the real vault."""

from __future__ import annotations

import pytest

from airflow_dataops.secrets.refusals import NotThere, Refused
from tests.registry.kitchen_rows import change_kitchen, remove_kitchen

pytestmark = [pytest.mark.airflow, pytest.mark.service]


def redshift(password):
    return {"conn_type": "postgres", "host": "127.0.0.1", "login": "etl", "password": password}


@pytest.fixture
def kitchen(installation, fresh_name):
    name = fresh_name()
    installation.add_kitchen(name)
    return name


@pytest.fixture
def task(installation, kitchen):
    return installation.running_task(kitchen)


def test_a_tool_of_the_environment_is_every_kitchens(installation, task):
    declared = installation.stack.addresses.environments["development"]
    found = installation.connection(task)
    assert (found.login, found.password) == ("etl_development", declared.warehouse_password)


def test_the_same_name_means_productions_tool_in_production(installation):
    declared = installation.stack.addresses.environments["production"]
    found = installation.connection(installation.new_task("production"))
    assert (found.login, found.password) == ("etl_production", declared.warehouse_password)


def test_a_kitchens_own_credential_goes_before_the_environments(installation, kitchen, task):
    installation.stack.put_secret("development", f"kitchens/{kitchen}/redshift", redshift("own"))
    assert installation.key(task) == "own"


def test_a_kitchens_own_credential_of_another_environment_is_not_looked_at(
    installation, kitchen, task
):
    installation.stack.put_secret("production", f"kitchens/{kitchen}/redshift", redshift("foreign"))
    assert installation.connection(task).login == "etl_development"


def test_another_kitchens_credential_is_not_given(installation, task, fresh_name):
    other = fresh_name()
    installation.add_kitchen(other)
    installation.stack.put_secret("development", f"kitchens/{other}/redshift", redshift("other's"))
    assert installation.connection(task).login == "etl_development"


def test_two_kitchens_never_share_a_cache_entry(installation, fresh_name):
    passwords = {}
    for name in (fresh_name(), fresh_name()):
        installation.add_kitchen(name)
        installation.stack.put_secret("development", f"kitchens/{name}/redshift", redshift(name))
        passwords[name] = installation.running_task(name)
    for _ in range(2):  # the second time from the cache
        for name, asking_task in passwords.items():
            assert installation.key(asking_task) == name


def test_an_undeclared_tool_is_refused_by_name(installation, kitchen, task):
    with pytest.raises(Refused) as refused:
        installation.connection(task, "ssh_default")
    assert str(refused.value) == (
        f"connection 'ssh_default' of {kitchen}.profit is refused: "
        "unknown tool ssh_default; declared: redshift, s3, sftp, slack"
    )


@pytest.mark.parametrize(
    "name",
    [
        "../production/redshift",
        "..",
        "%2e%2e/tools/redshift",
        "redshift#production",
        "redshift?version=1",
        "tools/redshift",
        "production.redshift",
        "redshift ",
        "Redshift",
        "",
        "redshift\x00",
        "\uff52edshift",
        "AIRFLOW_CONN_REDSHIFT",
    ],
)
def test_a_connection_name_walks_nowhere(installation, task, name):
    with pytest.raises(Refused, match="unknown tool"):
        installation.connection(task, name)


def test_a_tool_without_a_secret_says_where_it_was_looked_for(installation, kitchen, task):
    installation.declare(lambda development: development["tools"].update(ftp={}))
    with pytest.raises(Refused) as refused:
        installation.connection(task, "ftp")
    assert str(refused.value).endswith(
        "the vault of development has no credential for ftp; "
        f"looked at kitchens/{kitchen}/ftp and tools/ftp"
    )


def test_a_rotated_credential_is_in_force_after_60_seconds(installation, kitchen, task, clock):
    place = f"kitchens/{kitchen}/redshift"
    installation.stack.put_secret("development", place, redshift("old"))
    assert installation.key(task) == "old"
    installation.stack.put_secret("development", place, redshift("new"))
    clock.seconds += 59.9
    assert installation.key(task) == "old"
    clock.seconds += 0.1
    assert installation.key(task) == "new"


def test_without_a_cache_a_rotated_credential_is_in_force_at_once(installation, kitchen, task):
    installation.set("dataops", "vault_cache_seconds", "0")
    place = f"kitchens/{kitchen}/redshift"
    for password in ("old", "new"):
        installation.stack.put_secret("development", place, redshift(password))
        assert installation.key(task) == password


def test_a_kitchen_made_anew_is_not_served_what_the_old_one_had(installation, fresh_name):
    name = fresh_name()
    place = f"kitchens/{name}/redshift"
    old = installation.add_kitchen(name)
    installation.stack.put_secret("development", place, redshift("old"))
    assert installation.key(installation.running_task(name)) == "old"
    remove_kitchen(installation.engine, old)
    installation.stack.put_secret("development", place, redshift("new"))
    installation.add_kitchen(name)
    assert installation.key(installation.running_task(name)) == "new"


def test_a_deleted_kitchens_running_task_is_refused_though_the_cache_knows(
    installation, fresh_name
):
    name = fresh_name()
    kitchen = installation.add_kitchen(name)
    task = installation.running_task(name)
    assert installation.connection(task).login == "etl_development"
    remove_kitchen(installation.engine, kitchen)
    with pytest.raises(Refused, match="no kitchen of this name exists"):
        installation.connection(task)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("creating", "its kitchen is being created; wait until it is ready, then run again"),
        ("deleting", "its kitchen is being deleted; nothing of it runs any more"),
    ],
)
def test_a_kitchen_that_is_not_ready_gets_nothing_though_the_cache_knows(
    installation, fresh_name, state, reason
):
    name = fresh_name()
    kitchen = installation.add_kitchen(name)
    task = installation.running_task(name)
    assert installation.connection(task).login == "etl_development"
    change_kitchen(installation.engine, kitchen, state=state)
    for look_up in (installation.connection, installation.variable):
        with pytest.raises(Refused, match=reason):
            look_up(task, "redshift")


def test_sessions_of_a_tool_with_a_schema_per_kitchen_start_there(installation, kitchen, task):
    extra = installation.connection(task).extra_dejson
    assert extra["options"] == f"-c search_path={kitchen}"


def test_a_tool_without_a_schema_per_kitchen_starts_where_it_says(installation, task):
    assert "options" not in installation.connection(task, "sftp").extra_dejson


def test_a_variable_of_the_kitchen_goes_before_the_environments(installation, kitchen, task):
    key = f"{kitchen}_threshold"
    installation.stack.put_secret("development", f"variables/{key}", {"value": "1"})
    assert installation.variable(task, key) == "1"
    installation.clock.seconds += 60
    place = f"kitchens/{kitchen}/variables/{key}"
    installation.stack.put_secret("development", place, {"value": "2"})
    assert installation.variable(task, key) == "2"


def test_a_variable_and_a_tool_of_one_name_are_two_things(installation, task):
    installation.stack.put_secret("development", "variables/redshift", {"value": "7"})
    assert installation.connection(task).login == "etl_development"
    assert installation.variable(task, "redshift") == "7"


def test_a_missing_variable_is_not_found_so_that_a_default_takes_effect(installation, task):
    with pytest.raises(NotThere) as missing:
        installation.variable(task, "nowhere")
    assert missing.value.status_code == 404


@pytest.mark.parametrize(
    "key",
    [
        "..",
        "../tools/redshift",
        "a/../../tools/redshift",
        "%2e%2e/tools/redshift",
        "a#b",
        "a?x",
        "a?version=1",
        "a//b",
        "/a",
        "a b",
        "a\\b",
        "",
        "./a",
        "a\x00",
        "a\n",
    ],
)
def test_a_variables_name_walks_nowhere(installation, task, key):
    with pytest.raises(Refused, match="is no place in a vault"):
        installation.variable(task, key)


def test_tasks_whose_stage_publishes_start_in_the_pending_schema(installation, kitchen):
    task = installation.task_of(f"{kitchen}.profit", task_id="load.to_publish.copy")
    extra = installation.connection(task).extra_dejson
    assert extra["options"] == f"-c search_path={kitchen}__pending,{kitchen}"
    other = installation.task_of(f"{kitchen}.profit", task_id="load.publish")
    extra = installation.connection(other).extra_dejson
    assert extra["options"] == f"-c search_path={kitchen}"


def test_redshifts_driver_gets_a_path_it_understands(installation, kitchen):
    """Its own hook takes no options; that of a kitchen begins in the pending schema."""
    secret = {**redshift("own"), "conn_type": "redshift"}
    installation.stack.put_secret("development", f"kitchens/{kitchen}/redshift", secret)
    plain = installation.connection(installation.running_task(kitchen))
    assert (plain.conn_type, plain.extra_dejson) == ("redshift", {})
    task = installation.task_of(f"{kitchen}.profit", task_id="load.to_publish.copy")
    pending = installation.connection(task)
    assert pending.conn_type == "kitchen_redshift"
    assert pending.extra_dejson == {"search_path": f"{kitchen}__pending,{kitchen}"}

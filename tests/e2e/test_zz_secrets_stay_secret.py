"""After all that: no secret stands where somebody could read it. Runs last, by its name."""

from __future__ import annotations

import pytest

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.service,
    pytest.mark.usefixtures("asked", "waiting"),
]
# Airflow hides a secret that a task prints in the task's log, and not on the console of the
# scheduler, where the LocalExecutor repeats it: a task can always give its own secrets away.
PRINTED = "[task.stdout]"
TABLES = ("xcom", "rendered_task_instance_fields", "log", "import_error", "serialized_dag",
          "dag_run", "asset_event", "variable", "connection", "job", "dag_code",
          "dataops_message", "dataops_incident", "dataops_audit", "dataops_step",
          "dataops_operation", "dataops_lease")  # fmt: skip


@pytest.fixture
def canaries(attack):
    """Every secret of the installation, by what it is."""
    stack = attack.live.stack
    found = {"vault root": stack.addresses.vault_root_token_file.read_text()}
    for name, environment in stack.addresses.environments.items():
        found |= {
            f"{name} warehouse": environment.warehouse_password,
            f"{name} s3": environment.s3_key.secret_key,
            f"{name} sftp": environment.sftp_password,
            f"{name} slack": environment.slack_token,
            f"{name} secret_id": environment.secret_id_file.read_text().strip(),
        }
    for name in ("jwt_key", "fernet_key", "api_secret_key"):
        found[name] = stack.home.secret(name)
    return found


def test_no_secret_stands_in_a_log(attack, canaries):
    home = attack.live.stack.home
    logs = [*home.logs.glob("*.log"), *attack.live.airflow.airflow_home.glob("logs/**/*.log")]
    texts = {log: log.read_text(errors="replace") for log in logs if log.is_file()}
    asks = [text for log, text in texts.items() if "asks" in str(log)]
    assert any("the password is ***" in text for text in asks)
    assert len(texts) > 8
    leaks = [
        f"{log.name}: {line.replace(canary, f'<{name}>')[:600]}"
        for log, text in texts.items()
        for line in text.splitlines()
        for name, canary in canaries.items()
        if canary in line and not line.endswith(PRINTED)
    ]
    assert leaks == []


@pytest.mark.parametrize("table", TABLES)
def test_no_secret_stands_in_airflows_tables(attack, canaries, table):
    text = "\n".join(str(row) for row in attack.live.rows(f"select t.*::text from {table} t"))  # noqa: S608
    assert [name for name, canary in canaries.items() if canary in text] == []


def test_no_secret_is_rendered(attack):
    found = attack.live.task("dev_kitchen.asks", "asking", "ask")["rendered_fields"]
    assert found["op_kwargs"] == {"rendered": "***"}

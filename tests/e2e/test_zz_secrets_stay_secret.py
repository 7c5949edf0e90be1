"""After all that: no secret stands where somebody could read it. Runs last, by its name."""

from __future__ import annotations

import httpx
import pytest

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.service,
    pytest.mark.usefixtures("asked", "waiting"),
]
# Airflow hides a secret that a task prints in the task's log, and not on the console of the
# scheduler, where the LocalExecutor repeats it: a task can always give its own secrets away.
PRINTED = "[task.stdout]"
# What a person can look at: each page and each answer of our own that tells something.
SHOWN = (
    "api/v1/kitchens", "api/v1/kitchens/dev_kitchen", "api/v1/kitchens/dev_kitchen/pipelines",
    "api/v1/kitchens/dev_kitchen/history", "api/v1/kitchens/dev_kitchen/staff",
    "api/v1/kitchens/dev_kitchen/schedules", "api/v1/kitchens/dev_kitchen/merges",
    "api/v1/kitchens/dev_kitchen/tests/results?pipeline=alarms",
    "api/v1/kitchens/dev_kitchen/merge/up/preview", "api/v1/schedules", "api/v1/audit",
    "api/v1/alerts", "api/v1/environments", "api/v1/environments/development", "api/v1/me",
    "pages/", "pages/kitchens", "pages/kitchens/dev_kitchen", "pages/kitchens/dev_kitchen/staff",
    "pages/kitchens/dev_kitchen/tests", "pages/schedules", "pages/create",
)  # fmt: skip


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


def test_no_secret_stands_in_any_table(attack, canaries):
    tables = [
        table
        for (table,) in attack.live.rows(
            "select table_name from information_schema.tables where table_schema = 'public'"
        )
    ]
    assert {"xcom", "dag_code", "trigger", "dataops_message", "dataops_merge"} <= set(tables)
    leaks = []
    for table in tables:
        text = str(attack.live.rows(f'select t.*::text from "{table}" t'))  # noqa: S608
        leaks += [(table, name) for name, canary in canaries.items() if canary in text]
    assert leaks == []


def test_no_secret_is_shown_to_a_person(attack, canaries):
    person = attack.live.person("eric")
    leaks, unseen = [], []
    for path in SHOWN:
        answer = person.get(f"/dataops/{path}")
        if not answer.is_success:
            unseen.append((path, answer.status_code, answer.text[:200]))
        leaks += [(path, name) for name, canary in canaries.items() if canary in answer.text]
    assert leaks == []
    assert unseen == []


def test_no_secret_was_posted_to_slack(attack, canaries):
    posted = httpx.get(f"{attack.live.stack.addresses.slack_url}/double/messages")
    assert posted.is_success
    assert [name for name, canary in canaries.items() if canary in posted.text] == []


def test_no_secret_is_rendered(attack):
    found = attack.live.task("dev_kitchen.asks", "asking", "ask")["rendered_fields"]
    assert found["op_kwargs"] == {"rendered": "***"}

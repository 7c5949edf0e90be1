"""Looks around on its worker for what is not a kitchen's, and reports what it found."""

import ctypes
import json
import os
import subprocess
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline

SECRET_OPTIONS = (
    ("database", "sql_alchemy_conn"),
    ("core", "fernet_key"),
    ("api", "secret_key"),
    ("api_auth", "jwt_secret"),
    ("secrets", "backend"),
    ("secrets", "backend_kwargs"),
    ("dataops", "token_key"),
    ("dataops", "environments_file"),
)


def outcome(call, *arguments):
    try:
        return str(call(*arguments))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        return f"{type(error).__name__}: {error}"


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    return f"exit {done.returncode}: {done.stdout}{done.stderr}"


def every_process(file):
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        found[folder.name] = outcome(lambda path: path.read_bytes(), folder / file)
    return json.dumps(found)


def option(section, key):
    from airflow.configuration import conf

    return conf.get(section, key)


def memory_of_the_supervisor():
    with Path(f"/proc/{os.getppid()}/mem").open("rb") as memory:
        return f"read {memory.read(1)}"


def trace_the_supervisor():
    attach, detach, any_child = 16, 17, 0x40000000
    kernel, supervisor = ctypes.CDLL(None), os.getppid()
    answer = kernel.ptrace(attach, supervisor, 0, 0)
    if answer == 0:  # it stands still now, and this task with it
        os.waitpid(supervisor, any_child)
        kernel.ptrace(detach, supervisor, 0, 0)
    return f"ptrace gave {answer}"


def everywhere(folder):
    return sorted(str(path) for path in Path(folder).rglob("*"))


def orm():
    from airflow import settings
    from airflow.models import Connection

    return settings.Session().query(Connection).all()  # noqa: AIR311 - the table, not its form


def database(knows, **login):
    import psycopg

    at = {"host": "127.0.0.1", "port": knows["postgres_port"], "connect_timeout": 5}
    with psycopg.connect(**at, **login) as connection:
        return f"connected as {connection.execute('select current_user').fetchone()}"


def own_login(dbname, *statements):
    import psycopg
    from airflow.sdk import BaseHook

    found = BaseHook.get_connection("redshift")
    with psycopg.connect(
        host=found.host, port=found.port, user=found.login, password=found.password,
        dbname=dbname or found.schema,
    ) as connection:  # fmt: skip
        for statement in statements:
            connection.execute(statement)
    return f"did {dbname} {statements}"


def vault(knows, method, path, body=None):
    import httpx

    answer = httpx.request(method, f"{knows['vault_url']}/v1/{path}", json=body, timeout=10)
    return f"{answer.status_code}: {answer.text}"


def bucket(name):
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    return f"listed {S3Hook('s3').list_keys(name)}"


def folder_of_partner(path):
    from airflow.providers.sftp.hooks.sftp import SFTPHook

    with SFTPHook("sftp").get_managed_conn() as connection:
        return f"listed {connection.listdir(path)}"


def dag_test():
    from airflow.sdk import DAG, BaseHook

    with DAG("demo_production.ledger", schedule=None) as dag:
        PythonOperator(
            task_id="profit", python_callable=lambda: BaseHook.get_connection("redshift")
        )
    return dag.test()


def on_the_host(knows):
    repository = knows["repository"]
    return {
        "environment": lambda: json.dumps(dict(os.environ)),
        "environments of all processes": lambda: every_process("environ"),
        "command lines of all processes": lambda: every_process("cmdline"),
        "memory of the supervisor": memory_of_the_supervisor,
        "tracing the supervisor": trace_the_supervisor,
        "unmounting": lambda: run("umount", knows["home"]),
        "entering the host": lambda: run("nsenter", "-t", "1", "-a", "cat", knows["files"][0]),
        "a mount of its own": lambda: run("unshare", "-m", "true"),
        "killing the scheduler": lambda: os.kill(knows["scheduler"], 9),
        "everywhere in the servers' home": lambda: everywhere(knows["home"]),
        "everywhere on the other worker": lambda: everywhere(knows["other_worker"]),
        **{f"file {path}": lambda path=path: Path(path).read_text() for path in knows["files"]},
        "moving production's branch": lambda: run(
            "git", f"--git-dir={repository}", "update-ref", "refs/heads/main", knows["commit"]
        ),
        "writing production's branch": lambda: Path(repository, "refs", "heads", "main").write_text(
            knows["commit"]
        ),
        "a hook in the repository": lambda: Path(repository, "hooks", "post-receive").write_text(
            "#!/bin/sh"
        ),
        "credentials of git": lambda: run("git", "config", "--list", "--show-origin"),
    }


def on_outside_systems(knows):
    database_name = "warehouse_production"
    return {
        "the ORM": orm,
        "metadata database without a password": lambda: database(
            knows, user="airflow", dbname="airflow"
        ),
        "metadata database with its own login": lambda: own_login("airflow"),
        "production's warehouse with its own login": lambda: own_login(database_name),
        "being production's loader": lambda: own_login(None, "set role etl_production"),
        "being development's loader": lambda: own_login(None, "set role etl_development"),
        "a program on the database's host": lambda: own_login(
            None, "copy (select 1) to program 'id'"
        ),
        "a file of the database's host": lambda: own_login(
            None, "select pg_read_file('/etc/passwd')"
        ),
        "vault without a token": lambda: vault(knows, "GET", "production/data/tools/redshift"),
        "vault with a role and no secret": lambda: vault(
            knows, "POST", "auth/approle/login", {"role_id": knows["role_id"], "secret_id": ""}
        ),
        "vault's own policies": lambda: vault(knows, "GET", "sys/policies/acl"),
        "production's bucket": lambda: bucket("acme-production"),
        "production's folder of the partner": lambda: folder_of_partner("/../partner_production"),
        "everything of the partner's server": lambda: folder_of_partner("/../.."),
        "dag.test of production's pipeline": dag_test,
    }


def look(params):
    knows = params["knows"]
    attacks = {
        **on_the_host(knows),
        **on_outside_systems(knows),
        **{f"option [{s}] {k}": lambda s=s, k=k: option(s, k) for s, k in SECRET_OPTIONS},
    }
    found = {name: outcome(attack) for name, attack in attacks.items()}
    Path(params["report"]).write_text(json.dumps(found))


@pipeline(params={"report": "", "knows": {}})
def host():
    PythonOperator(task_id="look", python_callable=look)

"""Speaks with the broker: as its own worker may, and as everybody else."""

import json
import os
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline

FORGED = json.dumps({"type": "ExecuteTask", "token": "x", "ti": {}})
OTHERS = ("production", "production-provision", "development-provision")


def outcome(call):
    try:
        return f"answered {call()}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        return f"{type(error).__name__}: {error}"


def client(username=None, password=None):
    from redis import Redis

    if username is None:
        return Redis.from_url(os.environ["AIRFLOW__CELERY__BROKER_URL"])
    own = Redis.from_url(os.environ["AIRFLOW__CELERY__BROKER_URL"]).connection_pool
    at = own.connection_kwargs
    return Redis(
        host=at["host"], port=at["port"], username=username,
        password=at["password"] if password is None else password,
    )  # fmt: skip


def attacks():
    own = client()
    found = {
        "the queue of its own worker": lambda: own.llen("development"),
        "names of all keys": lambda: own.keys("*"),
        "a scan of all keys": lambda: list(own.scan_iter("*")),
        "some key": own.randomkey,
        "listening to all commands": lambda: own.execute_command("MONITOR"),
        "listening to all channels": lambda: own.execute_command("PSUBSCRIBE", "*"),
        "listening to results": lambda: own.execute_command("SUBSCRIBE", "celery-task-meta-1"),
        "the broker's configuration": lambda: own.config_get("*"),
        "writing its configuration": lambda: own.config_set("dir", "/tmp"),  # noqa: S108
        "users of the broker": own.acl_list,
        "a user of its own": lambda: own.acl_setuser("evil", enabled=True, keys=["*"]),
        "emptying the broker": own.flushall,
        "emptying the database": own.flushdb,
        "a script": lambda: own.eval("return redis.call('keys', '*')", 0),
        "a stored script": own.register_script("return redis.call('keys', '*')"),
        "a stored script about a queue": lambda: own.register_script(
            "return redis.call('rpop', KEYS[1])"
        )(keys=["production"]),
        "a stored script about an undeclared queue": own.register_script(
            "return redis.call('lpush', 'production', 'x')"
        ),
        "other clients": own.client_list,
        "ending other clients": lambda: own.client_kill_filter(_type="normal", skipme=True),
        "stopping the broker": lambda: own.execute_command("SHUTDOWN", "NOSAVE"),
        "a module": lambda: own.execute_command("MODULE", "LOAD", "/tmp/x.so"),  # noqa: S108
        "copying the broker": lambda: own.execute_command("REPLICAOF", "127.0.0.1", "1"),
        "another database": lambda: own.execute_command("SELECT", 1),
        "a shutdown of all workers": lambda: own.publish("/0.celery.pidbox", "shutdown"),
        "the workers' mailbox": lambda: own.sadd("_kombu.binding.celery.pidbox", "x"),
        "no login": client("default", "").ping,
        "the scheduler's login": client("scheduler").ping,
        "production's login": client("production").ping,
    }
    for queue in OTHERS:
        found |= {
            f"reading queue {queue}": lambda queue=queue: own.lpop(queue),
            f"waiting at queue {queue}": lambda queue=queue: own.brpop(queue, timeout=1),
            f"waiting at queue {queue} with priority": lambda queue=queue: own.brpop(
                f"{queue}\x06\x163", timeout=1
            ),
            f"a forged message to queue {queue}": lambda queue=queue: own.lpush(queue, FORGED),
            f"deleting queue {queue}": lambda queue=queue: own.delete(queue),
            f"messages in work of {queue}": lambda queue=queue: own.hget(f"{queue}.unacked", "x"),
            f"a binding of queue {queue}": lambda queue=queue: own.sadd(
                f"_kombu.binding.{queue}", "x"
            ),
        }
    return found


def speak(params):
    found = {name: outcome(attack) for name, attack in attacks().items()}
    Path(params["report"]).write_text(json.dumps(found))


@pipeline(params={"report": "", "knows": {}})
def broker():
    PythonOperator(task_id="speak", python_callable=speak)

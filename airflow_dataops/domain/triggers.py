"""What a kitchen may have called in the triggerer: waiting for a time, or for people's answer.

A trigger is named by a class path and arguments, and the triggerer, which has Airflow's database
and its keys, imports and calls what is named. Most triggers of providers go far there: one deletes
a file of the host, another calls any function by its path, another looks at any DAG's runs. And a
trigger has no identity, so those that need a credential get none. What is left are these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMES = "airflow.providers.standard.triggers.temporal"
FOR_TIMES = frozenset({f"{_TIMES}.DateTimeTrigger", f"{_TIMES}.TimeDeltaTrigger"})
FOR_PEOPLE = "airflow.providers.standard.triggers.hitl.HITLTrigger"
_WHOSE_QUESTION = "ti_id"


def objection(classpath: object, arguments: object, task_instance: str) -> str | None:
    """Why a task may not wait for this trigger; None where it may.

    Args:
        classpath: what the triggerer would import.
        arguments: the trigger's, as JSON.
        task_instance: id of the task that waits.
    """
    if isinstance(classpath, str) and classpath in FOR_TIMES:
        return None
    if classpath != FOR_PEOPLE:
        return (
            f"{classpath!r} is no trigger that kitchens may wait for; set deferrable=False, so "
            "that the task waits itself"
        )
    # With the id of another task it would answer that one's question when its time is over.
    if set(_whose(arguments)) != {UUID(task_instance)}:
        return "it waits for the answer to another task's question"
    return None


def _whose(arguments: object) -> Iterator[UUID | None]:
    """Every task whose question is meant, however deep; None for what is no id."""
    if isinstance(arguments, list):
        for one in arguments:
            yield from _whose(one)
    elif isinstance(arguments, dict):
        for key, value in arguments.items():
            if key == _WHOSE_QUESTION:
                yield _id(value)
            else:
                yield from _whose(value)


def _id(value: object) -> UUID | None:
    written = value.get("__data__") if isinstance(value, dict) else value
    try:
        return UUID(str(written))
    except ValueError:
        return None

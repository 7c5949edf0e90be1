"""DAGs that a task names (to wait for, to trigger, to mark) are those of its own kitchen.

Known by the name of the operator's argument, so that other people's sensors count too. A name that
is a template is only known at run time; the API server puts that one into the kitchen
(``secrets.crossing``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from airflow.sdk import DAG

ARGUMENTS = ("external_dag_id", "trigger_dag_id")


def keep_references_in_kitchen(dag: DAG, kitchen: str) -> None:
    """Put the kitchen in front of every DAG id that a DAG's tasks name."""
    for task in dag.tasks:
        if isinstance(task, MappedOperator):
            _rename(task.partial_kwargs, kitchen)
        else:
            _rename(vars(task), kitchen)


def _rename(arguments: MutableMapping[str, Any], kitchen: str) -> None:
    for argument in ARGUMENTS:
        named = arguments.get(argument)
        if isinstance(named, str) and named and not _is_template(named):
            arguments[argument] = names.in_kitchen(named, kitchen)


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text

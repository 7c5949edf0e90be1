"""DAGs that a task names (to wait for, to trigger, to mark) are those of its own kitchen.

Known by the name of the operator's argument, so that other people's sensors count too. A name that
is a template is only known at run time; the API server puts that one into the kitchen
(``secrets.crossing``). A name in the namespace of a kitchen that the environment lets others read
is left as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from airflow.sdk import DAG

    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse

ARGUMENTS = ("external_dag_id", "trigger_dag_id")


def keep_references_in_kitchen(dag: DAG, kitchen: KitchenAtParse) -> None:
    """Put the kitchen in front of every DAG id that a DAG's tasks name."""
    for task in dag.tasks:
        if isinstance(task, MappedOperator):
            _rename(task.partial_kwargs, kitchen)
        else:
            _rename(vars(task), kitchen)


def _rename(arguments: MutableMapping[str, Any], kitchen: KitchenAtParse) -> None:
    for argument in ARGUMENTS:
        named = arguments.get(argument)
        if not isinstance(named, str) or not named or _is_template(named):
            continue
        if names.kitchen_of_dag(named) not in kitchen.readable_kitchens:
            arguments[argument] = names.in_kitchen(named, kitchen.name)


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text

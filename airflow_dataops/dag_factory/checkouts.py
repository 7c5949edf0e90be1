"""Kitchens in a plain DAG folder, for clusters on which no DAG bundle can be configured.

Conventions only: names, schemas, inert schedules. No task has an identity, so credentials are
Airflow's own connections, and runs are not pinned to a commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import get_parsing_context

from airflow_dataops.dag_factory.build import branch_dags
from airflow_dataops.dag_factory.ordinary import Branch
from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from airflow.sdk import DAG


def checkout_dags(
    folder: Path,
    *,
    environment: str,
    owner: str = "airflow",
    tools: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, DAG]:
    """The DAGs of one kitchen, a checkout of its branch; the folder's name is the kitchen's.

    Args:
        folder: the checkout.
        environment: what ``{{ kitchen.environment }}`` says.
        owner: of tasks that name none.
        tools: what of each tool is no secret (``{"s3": {"bucket": "acme-dev"}}``).
    """
    name = names.check_kitchen_name(folder.name)
    asked = get_parsing_context().dag_id
    if asked is not None and not names.is_in_namespace(asked, name):
        return {}
    kitchen = KitchenAtParse(
        id=name,
        name=name,
        project="",
        environment=environment,
        owner=owner,
        schema=names.schema(name),
        prefix=names.bucket_prefix(name),
        tools=tools or {},
    )
    dags, ordinary = branch_dags(Branch(kitchen=kitchen, code=folder.resolve(), shown=folder))
    for dag_id, (dag, module) in ordinary.dags.items():
        # Airflow will look for the DAG in the file that calls this, so what lies beside the
        # DAG's own file has to be found by its path.
        beside = str(module.__file__).rpartition("/")[0]
        dag.template_searchpath = (beside, *(dag.template_searchpath or ()))
        dags[dag_id] = dag
    return dags

"""What a run's data tests said: where Airflow's own pages of runs and tasks lead."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain import names
from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import KitchenNotFound
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.pages.tests import most_urgent_first
from airflow_dataops.web.visit import PresentVisit, Visit

router = APIRouter()


@router.get("/dags/{dag_id}")
def show_kitchen_of_dag(request: Request, visit: PresentVisit, dag_id: str) -> Response:
    """From a page of Airflow's about a DAG to its kitchen's."""
    return see(request, f"/kitchens/{_kitchen_of(dag_id, visit)}")


# A run's id is what its author made it; a slash is one of the letters.
@router.get("/dags/{dag_id}/runs/{run_id:path}")
def show_run(request: Request, visit: PresentVisit, dag_id: str, run_id: str) -> Response:
    """The verdicts of one run, and the way to its kitchen."""
    kitchen = visit.kitchen(_kitchen_of(dag_id, visit), Action.SEE)
    pipeline = dag_id.removeprefix(names.dag_id(kitchen.name, ""))
    found = visit.installation.result_book.results(kitchen, run_id=run_id)
    verdicts = [one for one in found if one.run.place.pipeline == pipeline]
    versions = {one.run.version for one in verdicts if one.run.version}
    return page(
        request,
        "run.html",
        kitchen=kitchen,
        pipeline=pipeline,
        dag_id=dag_id,
        run_id=run_id,
        results=most_urgent_first(verdicts),
        commits=sorted(
            set(visit.installation.shown_code.commits(kitchen, versions).values())
            if versions
            else set()
        ),
    )


def _kitchen_of(dag_id: str, visit: Visit) -> str:
    kitchen = names.kitchen_of_dag(dag_id)
    if kitchen is None or kitchen not in visit.names_seen([kitchen]):
        raise KitchenNotFound((kitchen or dag_id)[:80])
    return kitchen

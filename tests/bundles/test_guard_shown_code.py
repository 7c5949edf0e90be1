"""Which file Airflow shows as the code of a DAG: one of its own kitchen's."""

from __future__ import annotations

import pytest

from tests.bundles.test_guard import LOADER, hold, parsed, serialized

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize(
    ("claimed", "is_own"),
    [
        ("dev_kitchen/code/dags/sales.py", True),
        ("dev_kitchen/code/dags/../../../demo_production/secret.py", False),
        ("demo_production/secret.py", False),
        ("dev_kitchen/code/dags/gone.py", False),
        ("\0", False),
    ],
)
def test_the_shown_code_of_an_ordinary_dag_is_a_file_of_its_kitchen(tmp_path, claimed, is_own):
    tracking = tmp_path / "tracking"
    for file in ("dev_kitchen/code/dags/sales.py", "demo_production/secret.py"):
        (tracking / file).parent.mkdir(parents=True)
        (tracking / file).write_text("one = 1\n")
    dag = serialized("dev_kitchen.sales_daily")
    dag.data["dag"]["fileloc"] = str(tracking / claimed)
    (kept,) = hold(parsed(dag), tracking).serialized_dags
    assert kept.fileloc == str(tracking / (claimed if is_own else LOADER))
    assert kept.relative_fileloc == LOADER


@pytest.mark.parametrize(
    "pipeline", ["../../../../../../etc", "x/../../../../y", "profit/../profit"]
)
def test_a_dag_id_that_walks_shows_nothing_outside_of_the_code(tmp_path, pipeline):
    tracking = tmp_path / "tracking"
    written = tracking / "dev_kitchen/code/pipelines/profit/pipeline.py"
    written.parent.mkdir(parents=True)
    written.write_text("one = 1\n")
    dag = serialized("dev_kitchen.profit")
    dag.data["dag"]["dag_id"] = f"dev_kitchen.{pipeline}"
    (kept,) = hold(parsed(dag), tracking).serialized_dags
    assert kept.fileloc.startswith(str(tracking / "dev_kitchen"))

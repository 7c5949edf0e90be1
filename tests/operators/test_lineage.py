"""What data tests tell OpenLineage, where its provider is installed.

It is installed beside, in a folder that one process of this test sees: it would bring its plugin
into every process of Airflow.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
NEEDED = (
    "apache-airflow-providers-openlineage", "openlineage-python", "openlineage-sql",
    "openlineage-integration-common", "httpx2", "httpcore2", "truststore",
)  # fmt: skip
LOOK = """
import json
import attr
from dataclasses import replace
from airflow_dataops.domain.data_assets import file, table
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.operators import DataTestsOperator

orders = table("redshift", "orders")
incoming = file("s3", key="dev_kitchen/orders.csv", bucket="acme")
tests = [
    orders.row_count().between(1, 9), orders.sum("sales").at_least(1), orders.not_null("day"),
    orders.mean("sales").within_control_limits(), orders.maximum("n").at_least(1),
    incoming.row_count().at_least(1),
]
passed = Verdict(test="t", outcome=Outcome.PASS, measured=5, detail="", holds=True, numbers=(5.0,))
said = [
    passed, replace(passed, outcome=Outcome.FAIL, holds=False, numbers=(0.5,)),
    replace(passed, numbers=(5.0, 2.0)), replace(passed, outcome=Outcome.LEARNING, holds=None),
    replace(passed, outcome=Outcome.ERROR, holds=None, numbers=()), passed,
]
operator = DataTestsOperator(task_id="data_tests", tests=tests)
operator._said = tuple(zip(tests, said, strict=True))
told = operator.get_openlineage_facets_on_complete(None)
again = operator.get_openlineage_facets_on_failure(None)
assert [each.name for each in told.inputs] == [each.name for each in again.inputs]
def plain(facet):
    assertions = [(a.assertion, a.success, a.column) for a in getattr(facet, "assertions", [])]
    columns = {
        name: {word: value for word, value in attr.asdict(each).items() if value}
        for name, each in getattr(facet, "columnMetrics", {}).items()
    }
    return [assertions, getattr(facet, "rowCount", None), columns]
print(json.dumps([
    [each.namespace, each.name, {k: plain(v) for k, v in each.inputFacets.items()}]
    for each in told.inputs
]))
"""


def test_tables_and_files_have_assertions_and_what_was_measured(tmp_path):
    pins = dict(re.findall(r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    wanted = [f"{name}=={pins[name]}" for name in NEEDED]
    into = tmp_path / "openlineage"
    words = [UV, "-q", "pip", "install", "--python", sys.executable, "--no-deps", "--target", into]
    subprocess.run([*words, *wanted], check=True)
    options = json.dumps({"options": "-c search_path=dev_kitchen"})
    environ = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW_CONN_REDSHIFT": json.dumps(
            {"conn_type": "postgres", "host": "wh", "port": 5439, "schema": "db", "extra": options}
        ),
        "AIRFLOW_CONN_S3": json.dumps({"conn_type": "aws"}),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(into)]),
        "PYTHONWARNINGS": "ignore",
    }
    ran = subprocess.run(
        [sys.executable, "-c", LOOK], env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    table, file = json.loads(ran.stdout.splitlines()[-1])
    assert table[:2] == ["postgres://wh:5439", "db.dev_kitchen.orders"]
    assert table[2]["dataQualityAssertions"][0] == [
        ["row_count of orders between 1 and 9", True, None],
        ["sum(sales) of orders at least 1", False, "sales"],
        ["not_null(day) of orders", True, "day"],
    ]
    _, rows, columns = table[2]["dataQualityMetrics"]
    assert rows == 5
    assert columns == {"sales": {"sum": 0.5}, "day": {"nullCount": 2}}
    assert file[:2] == ["s3://acme", "dev_kitchen/orders.csv"]

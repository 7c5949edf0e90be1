"""What a kitchen's task names without a kitchen is its own kitchen's, on every route."""

from __future__ import annotations

import json

import pytest

from airflow_dataops.secrets.crossing import Request
from airflow_dataops.secrets.own_names import put_into_kitchen
from tests.secrets.test_routes import OWN, TASK

LIVING = {"demo_production", "dev_kitchen", "dataops"}
SALES, IN_KITCHEN = "s3://acme/sales", "dataops://dev_kitchen/s3%3A%2F%2Facme%2Fsales"


def inside(method, path, *, query=None, body=None, asked=None):
    request = Request(
        method=method, path=path, query=query or {}, body=json.dumps(body).encode() if body else b""
    )

    def living(spaces):
        if asked is not None:
            asked.append(spaces)
        return spaces & LIVING

    put_into_kitchen(request, TASK, living)
    return request


@pytest.mark.parametrize(
    ("path", "put"),
    [
        ("/xcoms/sales/r/t/k", "/xcoms/dev_kitchen.sales/r/t/k"),
        ("/xcoms/sales/r/t/k/item/0", "/xcoms/dev_kitchen.sales/r/t/k/item/0"),
        ("/dag-runs/sales/r", "/dag-runs/dev_kitchen.sales/r"),
        ("/dag-runs/sales/r/state", "/dag-runs/dev_kitchen.sales/r/state"),
        ("/dag-runs/count/r/clear", "/dag-runs/dev_kitchen.count/r/clear"),
        ("/dags/sales", "/dags/dev_kitchen.sales"),
        ("/dags/team.sales", "/dags/dev_kitchen.team.sales"),
        ("/task-instances/previous/sales/t", "/task-instances/previous/dev_kitchen.sales/t"),
    ],
)
def test_a_dag_in_a_path_is_the_kitchens(path, put):
    assert inside("GET", path).path == put


@pytest.mark.parametrize(
    "path",
    [
        "/xcoms/dev_kitchen.sales/r/t/k",
        "/dags/demo_production.sales",
        "/dags/dataops.development.provision",
        "/connections/redshift",
        "/variables/sales",
        f"/task-instances/{OWN}/run",
        "/dag-runs/count",
        "/dag-runs/previous",
    ],
)
def test_what_is_the_kitchens_or_meant_for_another_or_names_no_dag_stays(path):
    assert inside("GET", path).path == path


@pytest.mark.parametrize("path", ["/dag-runs/count", "/dag-runs/previous", "/task-instances/count"])
def test_dags_in_a_query_are_the_kitchens(path):
    query = {"dag_id": ["sales", "demo_production.x"], "task_ids": ["sales"]}
    assert inside("GET", path, query=query).query == {
        "dag_id": ["dev_kitchen.sales", "demo_production.x"],
        "task_ids": ["sales"],
    }


@pytest.mark.parametrize(
    ("path", "query", "put"),
    [
        ("/assets/by-name", {"name": ["sales"]}, {"name": ["dev_kitchen.sales"]}),
        ("/assets/by-uri", {"uri": [SALES]}, {"uri": [IN_KITCHEN]}),
        (
            "/asset-events/by-asset",
            {"name": ["sales"], "uri": [IN_KITCHEN], "limit": ["1"]},
            {"name": ["dev_kitchen.sales"], "uri": [IN_KITCHEN], "limit": ["1"]},
        ),
        ("/assets/by-alias", {"alias_name": ["x"]}, {"alias_name": ["dev_kitchen.x"]}),
        (
            "/store/asset/by-name/value",
            {"name": ["demo_production.x"], "key": ["name"]},
            {"name": ["demo_production.x"], "key": ["name"]},
        ),
        (
            "/assets/by-uri",
            {"uri": ["dataops://demo_production/x"]},
            {"uri": ["dataops://demo_production/x"]},
        ),
    ],
)
def test_assets_in_a_query_are_the_kitchens(path, query, put):
    assert inside("GET", path, query=query).query == put


def test_the_assets_of_a_success_are_the_kitchens():
    body = {
        "state": "success",
        "task_outlets": [
            {"name": "sales", "uri": SALES, "type": "Asset"},
            {"name": "latest", "type": "AssetAlias"},
            {"name": None, "uri": SALES, "type": "AssetUriRef"},
        ],
        "outlet_events": [
            {"dest_asset_key": {"name": "sales", "uri": SALES}, "extra": {"name": "kept"}},
            {"source_alias_name": "latest", "dest_asset_key": {"name": SALES, "uri": SALES}},
        ],
    }
    put = json.loads(inside("PATCH", f"/task-instances/{OWN}/state", body=body).body)
    sales = {"name": "dev_kitchen.sales", "uri": IN_KITCHEN}
    assert put["task_outlets"] == [
        {**sales, "type": "Asset"},
        {"name": "dev_kitchen.latest", "type": "AssetAlias"},
        {"name": None, "uri": IN_KITCHEN, "type": "AssetUriRef"},
    ]
    assert put["outlet_events"] == [
        {"dest_asset_key": sales, "extra": {"name": "kept"}},
        {
            "source_alias_name": "dev_kitchen.latest",
            "dest_asset_key": {"name": f"dev_kitchen.{SALES}", "uri": IN_KITCHEN},
        },
    ]


def test_a_success_without_assets_goes_on_byte_for_byte():
    body = {"state": "success", "task_outlets": [], "rendered_map_index": None}
    assert inside("PATCH", f"/task-instances/{OWN}/state", body=body).body == (
        json.dumps(body).encode()
    )


def test_kitchens_are_looked_up_only_for_names_with_a_namespace():
    asked = []
    inside("GET", "/dags/sales", asked=asked)
    inside("GET", "/dags/dev_kitchen.sales", asked=asked)
    assert asked == []
    inside("GET", "/dags/team.sales", asked=asked)
    assert asked == [{"team"}]

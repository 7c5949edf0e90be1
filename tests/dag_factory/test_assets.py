"""Assets of the same code in two kitchens are two assets."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, AssetAlias

from airflow_dataops.dag_factory.assets import in_kitchen, keep_assets_in_kitchen


def test_an_asset_has_its_kitchen_in_name_and_uri() -> None:
    asset = in_kitchen(Asset("sales", uri="s3://acme/sales.csv", extra={"a": 1}), "dev_kitchen")

    assert asset.name == "dev_kitchen.sales"
    assert asset.uri == "dataops://dev_kitchen/s3%3A%2F%2Facme%2Fsales.csv"
    assert asset.extra == {"a": 1}


def test_the_same_asset_in_two_kitchens_shares_neither_name_nor_uri() -> None:
    one, other = (in_kitchen(Asset("sales"), kitchen) for kitchen in ("demo_dev", "dev_kitchen"))

    assert (one.name, one.uri) == ("demo_dev.sales", "dataops://demo_dev/sales")
    assert (other.name, other.uri) == ("dev_kitchen.sales", "dataops://dev_kitchen/sales")


def test_an_alias_has_its_kitchen_in_its_name() -> None:
    assert in_kitchen(AssetAlias("weekly"), "demo_dev").name == "demo_dev.weekly"


def test_a_reference_to_an_asset_means_the_kitchens() -> None:
    assert in_kitchen(Asset.ref(name="sales"), "demo_dev").name == "demo_dev.sales"
    assert in_kitchen(Asset.ref(uri="s3://x"), "demo_dev").uri == "dataops://demo_dev/s3%3A%2F%2Fx"


def test_an_asset_of_the_kitchen_and_what_is_no_asset_stay_as_they_are() -> None:
    once = in_kitchen(Asset("sales", uri="s3://x"), "demo_dev")

    assert in_kitchen(once, "demo_dev") == once
    assert in_kitchen("sales", "demo_dev") == "sales"


def test_the_authors_own_object_is_not_changed() -> None:
    asset = Asset("sales")
    in_kitchen(asset, "demo_dev")

    assert asset == Asset("sales")


def test_all_tasks_of_a_dag_are_held_to_their_kitchen() -> None:
    with DAG("demo_dev.profit", schedule=None) as dag:
        EmptyOperator(task_id="read", inlets=[Asset("raw")])
        EmptyOperator(task_id="write", outlets=[Asset("mart")])

    keep_assets_in_kitchen(dag, "demo_dev")

    assert [asset.name for asset in dag.get_task("read").inlets] == ["demo_dev.raw"]
    assert [asset.name for asset in dag.get_task("write").outlets] == ["demo_dev.mart"]

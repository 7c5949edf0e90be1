"""Has an asset that the triggerer watches, by deleting a file."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.triggers.file import FileDeleteTrigger
from airflow.sdk import Asset, AssetWatcher

from airflow_dataops import pipeline

ORDERS = Asset(
    "orders",
    watchers=[AssetWatcher(name="delete", trigger=FileDeleteTrigger(filepath="/etc/passwd"))],
)


@pipeline
def watched():
    EmptyOperator(task_id="nothing", outlets=[ORDERS])

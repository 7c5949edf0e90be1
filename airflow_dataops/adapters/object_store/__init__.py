"""Object store on S3, and on what speaks its protocol, through a boto3 client.

What tasks read and write there, and the prefix that a kitchen has for itself.
"""

from airflow_dataops.adapters.object_store.clients import client_of
from airflow_dataops.adapters.object_store.objects import S3ObjectStore
from airflow_dataops.adapters.object_store.prefix import KitchenPrefix, PrefixPlace

__all__ = ["KitchenPrefix", "PrefixPlace", "S3ObjectStore", "client_of"]

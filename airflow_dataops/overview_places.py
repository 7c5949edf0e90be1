"""Where pages read of many kitchens at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops import bootstrap

if TYPE_CHECKING:
    from airflow_dataops.overview_ports import Overview


def overview() -> Overview:
    """Many kitchens at once, in Airflow's metadata database."""
    from airflow_dataops.registry.overview import OverviewTable

    return OverviewTable(bootstrap.metadata_database(), bundle_name=bootstrap.bundle_name)

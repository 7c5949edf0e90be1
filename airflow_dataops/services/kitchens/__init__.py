"""The life of kitchens: plan, create, change, delete."""

from __future__ import annotations

from airflow_dataops.services.kitchens.life import change, create, delete, finish, resume
from airflow_dataops.services.kitchens.planning import plan
from airflow_dataops.services.kitchens.request import KitchenRequest, Occasion, Places, entry

__all__ = [
    "KitchenRequest",
    "Occasion",
    "Places",
    "change",
    "create",
    "delete",
    "entry",
    "finish",
    "plan",
    "resume",
]

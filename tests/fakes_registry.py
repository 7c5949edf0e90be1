"""The kitchens of an installation, kept in memory."""

from __future__ import annotations

from airflow_dataops.domain import names
from airflow_dataops.errors import KitchenExists, KitchenHasChildren, KitchenNotFound


class FakeKitchenRegistry:
    """KitchenRegistry without a database; passes the contract of ``KitchenTable``.

    Attributes:
        foreign_dags: DAG ids of bundles that serve no kitchens.
        deleted: kitchens that were removed, oldest first, and by whom.
        parsing_requests: names of the kitchens whose DAGs were to be read at once.
    """

    def __init__(self, *kitchens, foreign_dags=()):
        self._living = {kitchen.name: kitchen for kitchen in kitchens}
        self.foreign_dags = list(foreign_dags)
        self.deleted = []
        self.parsing_requests = []

    def kitchens(self, *, environment=None):
        found = (self._living[name] for name in sorted(self._living))
        return [k for k in found if environment in {None, k.environment}]

    def kitchen(self, name):
        if name not in self._living:
            raise KitchenNotFound(name, sorted(self._living))
        return self._living[name]

    def check(self, kitchen):
        names.check_kitchen_name(kitchen.name)
        if kitchen.name in self._living:
            raise KitchenExists(kitchen.name)
        siblings = [k.name for k in self.kitchens() if k.project == kitchen.project]
        if kitchen.parent is not None and kitchen.parent not in siblings:
            raise KitchenNotFound(kitchen.parent, siblings)
        for dag_id in self.foreign_dags:
            if names.is_in_namespace(dag_id, kitchen.name):
                raise KitchenExists(kitchen.name, f"DAG {dag_id!r} lies in its namespace")

    def add(self, kitchen):
        self.check(kitchen)
        self._living[kitchen.name] = kitchen

    def remove(self, kitchen, *, by=None):
        children = [k.name for k in self.kitchens() if k.parent == kitchen.name]
        if self._living.get(kitchen.name) != kitchen:
            return
        if children:
            raise KitchenHasChildren(kitchen.name, children)
        self.deleted.append((self._living.pop(kitchen.name), by))

    def ask_for_parsing(self, kitchen):
        if kitchen.name not in self.parsing_requests:
            self.parsing_requests.append(kitchen.name)

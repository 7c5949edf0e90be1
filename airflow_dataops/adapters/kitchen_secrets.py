"""A kitchen's own place in its environment's vault, with whatever people put there.

A kitchen's variables and the credentials of its own are written by hand or by other parts. They go
with the kitchen: a later one of the same name would read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.errors import KitchenExists

if TYPE_CHECKING:
    from airflow_dataops.adapters.vault import HashicorpVault
    from airflow_dataops.domain.kitchen import Kitchen

# No tool and no variable can be named so; the secret says whose place it is.
_MARK, _FIELD = "_kitchen", "id"


class KitchenSecrets:
    """Everything below one path; implements ``KitchenPart``.

    Args:
        vault: of the environment.
        path: the kitchen's place, ends with a slash.
        kitchen: whose it is.
    """

    def __init__(self, vault: HashicorpVault, path: str, *, kitchen: Kitchen) -> None:
        self._vault = vault
        self._path = path
        self._kitchen = kitchen

    def make(self) -> str:
        """Mark the place; what was put there before the kitchen came stays.

        Raises:
            KitchenExists: another kitchen's mark is there.
        """
        owner = self._owner()
        if owner is not None and owner != self._kitchen.id:
            why = (
                f"the vault has secrets of another kitchen below {self._path}; remove them, or "
                "choose another name"
            )
            raise KitchenExists(self._kitchen.name, why)
        self._vault.write(f"{self._path}{_MARK}", {_FIELD: self._kitchen.id})
        return "marked"

    def unmake(self) -> str:
        """Remove all secrets there; the mark is the last, so that a half-done removal goes on."""
        owner = self._owner()
        if owner is None:
            return "was gone already"
        if owner != self._kitchen.id:
            return "another kitchen's; stays as it is"
        paths = [path for path in self._vault.paths_below(self._path) if not path.endswith(_MARK)]
        for path in (*paths, f"{self._path}{_MARK}"):
            self._vault.destroy(path)
        return f"gone, with {len(paths)} secrets"

    def exists(self) -> bool:
        """Whether the place is marked as this kitchen's."""
        return self._owner() == self._kitchen.id

    def _owner(self) -> str | None:
        fields = self._vault.read(f"{self._path}{_MARK}")
        return None if fields is None else fields.get(_FIELD)

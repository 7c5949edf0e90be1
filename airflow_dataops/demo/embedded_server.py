"""A server of the demo that is a script of ours: given its setup, it speaks once it is ready."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.demo.processes import GuardedProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.demo.home import DemoHome


class EmbeddedServer:
    """One such server.

    Args:
        name: of its script, ``<name>_server.py``, and of its log.
    """

    def __init__(self, name: str, home: DemoHome, port: int) -> None:
        self.port = port
        self._name = name
        self._home = home
        self._process: GuardedProcess | None = None

    def ask_to_stop(self) -> None:
        """Begin to stop and return at once."""
        if self._process is not None:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """Stop the server; stopped already is no error."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def _start(self, setup: Mapping[str, Any]) -> None:
        program = str(Path(__file__).with_name(f"{self._name}_server.py"))
        self._process = GuardedProcess.start(
            self._home,
            self._name,
            [sys.executable, "-I", program],
            setup={"port": self.port, **setup},
        )

    def _answer(self) -> dict[str, Any]:
        """What it says once it is ready.

        Raises:
            OutsideSystemError: it did not get ready.
        """
        if self._process is None:
            message = f"launch the server {self._name} before waiting for it"
            raise ValueError(message)
        return self._process.answer()

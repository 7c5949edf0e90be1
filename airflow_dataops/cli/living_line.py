"""A line at the foot of a terminal that says what is being done, and for how long."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text


class LivingLine:
    """The line, and what is printed above it. Texts are printed as they are, without markup."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        spinner = "dots" if "utf" in self._console.encoding.lower() else "line"
        self._status = self._console.status("", spinner=spinner)
        self._began_at = time.monotonic()

    def start(self) -> None:
        """Show it from now on."""
        self._status.start()

    def stop(self) -> None:
        """Take it away."""
        self._status.stop()

    def say(self, text: str) -> None:
        """What is being done."""
        self._status.update(_WithSeconds(text, self._began_at))

    def print(self, line: str) -> None:
        """A line that stays, above it."""
        self._console.print(line, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class _WithSeconds:
    """A text with the seconds since a moment, which run on between two looks."""

    text: str
    since: float

    def __rich__(self) -> Text:
        from rich.text import Text

        return Text(f"{self.text}, {time.monotonic() - self.since:.0f} s")

"""Follow what is done to a kitchen until it is over: a line for each step, and a living one.

The work is the server's and its workers'. Whoever stops watching stops nothing, and asking for
the same again goes on where it ended.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Protocol, Self

from airflow_dataops.cli.answers import printable
from airflow_dataops.cli.living_line import LivingLine
from airflow_dataops.cli.patience import SERVERS_FAULT, ask_patiently
from airflow_dataops.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.cli.api_models import OperationAnswer, StepAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what, in seconds.

    Attributes:
        first_look, longest_look: between two looks at first, and at last.
        sign_of_life: until work that shows no progress counts as stalled.
        server: until a server that does not answer any more is given up.
    """

    first_look: float = 0.3
    longest_look: float = 3.0
    sign_of_life: float = 180.0
    server: float = 60.0


class Display(Protocol):
    """Where a person sees how far it is."""

    def step(self, step: StepAnswer) -> None:
        """Show a step that is done, once."""

    def now(self, operation: OperationAnswer) -> None:
        """Show what is being done."""

    def note(self, sentence: str) -> None:
        """Show something that is to be known."""


@dataclass(kw_only=True)
class Journey:
    """One operation, from the request on.

    Attributes:
        request: asks for it; asked again, the server goes on with what was begun.
        look: gives the operation of this id as it stands.
        operation: as it was last seen; None before the request was taken.
    """

    request: Callable[[], OperationAnswer]
    look: Callable[[str], OperationAnswer]
    display: Display
    patience: Patience = field(default_factory=Patience)
    operation: OperationAnswer | None = None
    _shown: set[str] = field(default_factory=set)
    _may_repeat: bool = True
    _sign_at: float = 0.0

    def begin(self) -> OperationAnswer:
        """Send the request, once more where a step of the server's failed.

        Raises:
            RequestRefused: it is refused, or fails again.
        """
        try:
            return self._seen(self.request())
        except RequestRefused as error:
            if error.status < SERVERS_FAULT:
                raise
            self._may_repeat = False
            self.display.note(f"{error}; trying again")
            time.sleep(self.patience.first_look)
            return self._seen(self.request())

    def end(self) -> OperationAnswer:
        """Watch until it is over, or failed, or stalled, each for the second time.

        Raises:
            ApiUnreachable: the server does not answer for too long.
            NotLoggedIn: the token has ended meanwhile.
            RequestRefused: what was begun is not to be seen any more.
        """
        operation = self.operation or self.begin()
        pause = self.patience.first_look
        while not operation.is_over:
            trouble = self._trouble(operation)
            if trouble is None:
                time.sleep(pause)
                pause = min(pause * 1.3, self.patience.longest_look)
                operation = self._seen(self._patiently(operation.id))
            elif self._may_repeat:
                self._may_repeat = False
                self.display.note(f"{trouble}; trying again")
                operation = self._seen(self._again(operation.id))
                self._sign_at = time.monotonic()
            else:
                return operation
        return operation

    def _trouble(self, operation: OperationAnswer) -> str | None:
        if operation.has_failed:
            return operation.error or "it failed"
        silence = time.monotonic() - self._sign_at
        if silence > self.patience.sign_of_life:
            return f"no sign of progress for {silence:.0f} s"
        return None

    def _seen(self, operation: OperationAnswer) -> OperationAnswer:
        before = self.operation
        if before is None or _signs(before) != _signs(operation):
            self._sign_at = time.monotonic()
        self.operation = operation
        for step in operation.steps:
            if step.progress == "done" and step.part not in self._shown:
                self._shown.add(step.part)
                self.display.step(step)
        if not operation.is_over:
            self.display.now(operation)
        return operation

    def _again(self, operation_id: str) -> OperationAnswer:
        try:
            return self.request()
        except RequestRefused:
            # It may have ended meanwhile: nothing can be created twice, or deleted twice.
            now = self.look(operation_id)
            if now.is_over:
                return now
            raise

    def _patiently(self, operation_id: str) -> OperationAnswer:
        return ask_patiently(
            lambda: self.look(operation_id),
            seconds=self.patience.server,
            pause=self.patience.first_look,
            note=self.display.note,
        )


class Lines:
    """Progress where nobody watches a terminal: one line for each step."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def step(self, step: StepAnswer) -> None:
        """Print it."""
        print(_line(step), file=self._stream, flush=True)

    def now(self, operation: OperationAnswer) -> None:
        """Nothing: a step is told of when it is done."""

    def note(self, sentence: str) -> None:
        """Print it."""
        print(printable(sentence), file=self._stream, flush=True)


class LiveLine:
    """Progress on a terminal: finished steps, and below them the one that is being taken."""

    def __init__(self, stream: IO[str]) -> None:
        self._line = LivingLine(stream)

    def __enter__(self) -> Self:
        self._line.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.stop()

    def step(self, step: StepAnswer) -> None:
        """Print it above the living line."""
        self._line.print(_line(step))

    def now(self, operation: OperationAnswer) -> None:
        """Say what is being done and how far it is."""
        done = sum(step.progress == "done" for step in operation.steps)
        present = next((step for step in operation.steps if step.progress != "done"), None)
        doing = "the last of it" if present is None else f"{present.part} {present.what}"
        self._line.say(f"{printable(doing)}: {done} of {len(operation.steps)} done")

    def note(self, sentence: str) -> None:
        """Print it above the living line."""
        self._line.print(printable(sentence))


def display_on(stream: IO[str]) -> Lines | LiveLine:
    """What suits a stream."""
    return LiveLine(stream) if stream.isatty() else Lines(stream)


def _line(step: StepAnswer) -> str:
    return printable(f"{step.part} {step.what}: {step.detail or 'done'}")


def _signs(operation: OperationAnswer) -> tuple[object, ...]:
    steps = tuple((step.progress, step.detail) for step in operation.steps)
    return operation.attempt, operation.progress, steps

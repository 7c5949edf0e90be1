"""Where a person sees how far a run is: a line for each task, and on a terminal a living one."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Self

from airflow_dataops.cli.answers import printable
from airflow_dataops.cli.living_line import LivingLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.cli.api_models import RunAnswer, TaskAnswer


class RunDisplay:
    """A run's progress on a stream."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._living = LivingLine(stream) if stream.isatty() else None

    def __enter__(self) -> Self:
        if self._living:
            self._living.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._living:
            self._living.stop()

    def now(self, doing: str) -> None:
        """Say what is being done; on a terminal alone."""
        if self._living:
            self._living.say(printable(doing))

    def note(self, sentence: str) -> None:
        """Print something that is to be known."""
        self._print(sentence)

    def begun(self, run: RunAnswer, *, commit: str | None) -> None:
        """Say which run this is, and of which code."""
        code = f" of commit {commit[:10]}" if commit else ""
        self._print(f"run {run.dag_run_id} of {run.dag_id}{code}")

    def task(self, task: TaskAnswer, said: Sequence[str]) -> None:
        """Print what a try of a task came to, and below it what it said."""
        took = "" if task.duration is None else f"  {task.duration:.1f} s"
        which = f", try {task.try_number}" if task.try_number > 1 else ""
        self._print(f"{task.shown_as}: {task.state}{which}{took}")
        for line in said:
            self._print(f"    {line}")

    def ended(self, run: RunAnswer) -> None:
        """Say what the run came to."""
        took = "" if run.duration is None else f" after {run.duration:.1f} s"
        self._print(f"{run.dag_id}: {run.state}{took}")

    def _print(self, line: str) -> None:
        if self._living:
            self._living.print(printable(line))
        else:
            print(printable(line), file=self._stream, flush=True)

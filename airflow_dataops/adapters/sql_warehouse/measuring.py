"""Ask a warehouse what tests measure: at most two connections, which see the same state.

One connection scans while the other sorts and groups. A statement that fails is asked again in
halves, until those measures that fail stand alone and hide no other's number.
"""

from __future__ import annotations

import math
from collections import deque
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Protocol, cast

from airflow_dataops.adapters.sql_warehouse.plans import Statement, plan
from airflow_dataops.domain.data_tests import MOST_GROUPS
from airflow_dataops.domain.measured import Measured
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from airflow_dataops.adapters.sql_warehouse.dialects import Dialect
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import Measure
    from airflow_dataops.domain.measured import Found

    HasFewValues = Callable[[Table, str], bool]


class Asked(Protocol):
    """A session that may fail and be asked again."""

    def ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of a statement.

        Raises:
            ToolUnreachable: the session is lost; nothing more can be asked.
            OutsideSystemError: the warehouse refuses this statement.
        """


class Answers:
    """The numbers of some measures, filled in by one or two sessions.

    Args:
        measures: what is wanted.
        dialect: of the warehouse.
        has_few_values: see ``plans.plan``.
    """

    def __init__(
        self, measures: Sequence[Measure], dialect: Dialect, has_few_values: HasFewValues
    ) -> None:
        self._measures = measures
        self._dialect = dialect
        self._has_few_values = has_few_values
        self._found: dict[int, Measured] = {}
        self.waiting = deque(self._planned(range(len(measures))))

    @property
    def can_be_shared(self) -> bool:
        """Whether there is work for a second session."""
        return len(self.waiting) > 1

    def work(self, session: Asked, *, from_the_end: bool = False) -> None:
        """Answer statements until none waits; a second session begins at the other end."""
        while self.waiting:
            try:
                statement = self.waiting.pop() if from_the_end else self.waiting.popleft()
            except IndexError:
                return
            if not self._answer(session, statement):
                return

    def listed(self) -> list[Measured]:
        """One answer per measure, in their order."""
        lost = Measured(error=ToolUnreachable("the connection was lost before this was measured"))
        return [self._found.get(position, lost) for position in range(len(self._measures))]

    def _planned(self, positions: Sequence[int]) -> list[Statement]:
        return plan(
            self._measures,
            self._dialect,
            positions=positions,
            has_few_values=self._has_few_values,
        )

    def _answer(self, session: Asked, statement: Statement) -> bool:
        """Whether the session can be asked more."""
        began = monotonic()
        try:
            rows = session.ask(statement)
        except ToolUnreachable as error:
            lost = Measured(error=error, seconds=monotonic() - began)
            self._found |= dict.fromkeys(statement.positions, lost)
            return False
        except OutsideSystemError as error:
            self._halve(session, statement, Measured(error=error, seconds=monotonic() - began))
            return True
        seconds = monotonic() - began
        for place, position in enumerate(statement.positions):
            self._found[position] = self._measured(rows, statement, place, seconds)
        return True

    def _halve(self, session: Asked, statement: Statement, refused: Measured) -> None:
        positions = statement.positions
        if len(positions) == 1:
            self._found[positions[0]] = refused
            return
        middle = len(positions) // 2
        for half in (positions[:middle], positions[middle:]):
            for smaller in self._planned(half):
                if not self._answer(session, smaller):
                    return

    def _measured(
        self, rows: Sequence[tuple[Any, ...]], statement: Statement, place: int, seconds: float
    ) -> Measured:
        measure = self._measures[statement.positions[place]]
        try:
            if statement.is_grouped:
                found: Found = _groups(rows, place, measure)
            else:
                found = number(rows[0][place], measure) if rows else None
        except OutsideSystemError as error:
            return Measured(error=error, seconds=seconds)
        return Measured(found=found, seconds=seconds)


def in_two(answers: Answers, first: Asked, second: Callable[[], None]) -> None:
    """Work on both sessions until all is answered.

    Args:
        answers: what waits.
        first: the session of this thread.
        second: opens another session and works there; its errors leave the work to the first.
    """
    beside = Thread(target=second, name="data tests, second connection", daemon=True)
    beside.start()
    try:
        answers.work(first)
    finally:
        beside.join()


def number(value: object, measure: Measure) -> float | None:
    """What a database answered for a measure.

    Raises:
        OutsideSystemError: it is no number.
    """
    if value is None:
        return None
    try:
        found = float(cast("float", value))
    except (TypeError, ValueError):
        message = (
            f"{measure} is of type {type(value).__name__}, not a number; measure a number, or"
            " say in_range(…) of dates"
        )
        raise OutsideSystemError(message) from None
    if not math.isfinite(found):
        # It would be inside of every limit, or make limits that everything is inside of.
        message = (
            f"{measure} is {found}, which is no number to judge: values in the column are NaN or"
            " infinite, or their sum is too large; find them with in_range(…), or leave them out"
            " with 'where'"
        )
        raise OutsideSystemError(message)
    return found


def _groups(rows: Sequence[tuple[Any, ...]], place: int, measure: Measure) -> Mapping[str, float]:
    if len(rows) > MOST_GROUPS:
        by = measure.by or measure.column
        message = (
            f"{measure} has more than {MOST_GROUPS} groups, too many to judge each; group by a "
            f"column with fewer values than {by}, or limit the slice with 'where'"
        )
        raise OutsideSystemError(message)
    found = {}
    for group, *numbers in rows:
        value = number(numbers[place], measure)
        if value is not None:
            found[str(group)] = value
    return found

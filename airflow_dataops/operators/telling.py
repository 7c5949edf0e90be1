"""Tell the server what tests said, and ask it what they said before."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from airflow_dataops.domain.data_tests import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.domain.data_tests import DataTest, Verdict
    from airflow_dataops.domain.judging import Point

log = logging.getLogger(__name__)

_WORTH_TELLING = frozenset({Outcome.WARN, Outcome.FAIL, Outcome.ERROR})


def tell_people(verdicts: Sequence[Verdict]) -> None:
    """Tell of those that did not pass; a task goes on whether or not that is possible.

    If it is not, the server still tells that the task failed.
    """
    told = [verdict for verdict in verdicts if verdict.outcome in _WORTH_TELLING]
    if not told:
        return
    from airflow_dataops import alert_places

    try:
        with alert_places.task_reports() as reports:
            reports.verdicts(told)
    except Exception as error:  # noqa: BLE001 - whatever it is, the verdicts stand in the log
        log.warning("the server was not told of the verdicts: %s", error)


def keep_results(verdicts: Sequence[Verdict]) -> None:
    """Have the server keep what tests said; the data are what they are whether or not it does."""
    from airflow_dataops import alert_places

    try:
        with alert_places.task_reports(is_patient=True) as reports:
            reports.results(verdicts)
    except Exception as error:  # noqa: BLE001 - whatever it is, the verdicts stand in the log
        log.warning("the results are not kept, so that this run counts as not tested: %s", error)


def count_outcomes(verdicts: Sequence[Verdict], *, dag_id: str, task_id: str) -> None:
    """Count verdicts in Airflow's own metrics, by outcome, and time the slowest statement."""
    from airflow.sdk.observability import stats

    tags = {"dag_id": dag_id, "task_id": task_id}
    for outcome, many in Counter(verdict.outcome for verdict in verdicts).items():
        stats.incr(f"dataops.data_tests.{outcome}", many, tags=tags)
    seconds = max((verdict.seconds or 0.0 for verdict in verdicts), default=0.0)
    stats.timing("dataops.data_tests.slowest", timedelta(seconds=seconds), tags=tags)


def history_of_stage() -> Callable[[DataTest], Sequence[Point]]:
    """Earlier points of a test; asked of the server when the first test wants them."""
    from airflow_dataops.errors import OutsideSystemError

    @cache
    def asked() -> dict[str, list[Point]] | OutsideSystemError:
        from airflow_dataops import alert_places

        try:
            with alert_places.task_reports(is_patient=True) as reports:
                return reports.history()
        except OutsideSystemError as error:
            return error
        except Exception as error:  # noqa: BLE001 - no such connection: a test says so
            why = f"earlier runs are not known: {type(error).__name__}"
            return OutsideSystemError(f"{why}; a kitchen's task asks the API server for them")

    def history(test: DataTest) -> Sequence[Point]:
        found = asked()
        if isinstance(found, OutsideSystemError):
            raise found
        return found.get(test.name, ())

    return history

"""Tell the server of verdicts that people are to hear of."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_dataops.domain.data_tests import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.data_tests import Verdict

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

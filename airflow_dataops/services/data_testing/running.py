"""Run tests: measure everything first, then judge each test by its own numbers and history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_dataops.domain import judging
from airflow_dataops.domain.data_assets import Table
from airflow_dataops.domain.data_test_rules import ControlLimits, External
from airflow_dataops.domain.rescaling import rescaled
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.services.data_testing.measuring import Asking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import BinaryIO

    from airflow_dataops.data_ports import FileStore, MeasuresOfFiles, Validator
    from airflow_dataops.domain.data_tests import DataTest, Measure, Verdict
    from airflow_dataops.domain.judging import Point
    from airflow_dataops.domain.measured import Found, Measured
    from airflow_dataops.ports import Warehouse


def _no_history(_: DataTest) -> Sequence[Point]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where tests find their data and what earlier runs measured.

    Attributes:
        warehouse_for: the warehouse behind a connection id.
        file_store_for: the object store or file server behind a connection id.
        history_of: earlier runs of a test, oldest first.
        at: the moment that this run is about.
        count_parquet_rows: of a Parquet file; needed for such files alone.
        measures_of_files: looks into files; needed where more than their size is asked.
        validator_for: judges expectations that SQL cannot say, of the tool behind an id.
    """

    warehouse_for: Callable[[str], Warehouse]
    file_store_for: Callable[[str], FileStore]
    history_of: Callable[[DataTest], Sequence[Point]] = _no_history
    at: datetime | None = None
    count_parquet_rows: Callable[[BinaryIO], int] | None = None
    measures_of_files: MeasuresOfFiles | None = None
    validator_for: Callable[[str], Validator] | None = None


def run_tests(tests: Sequence[DataTest], places: Places) -> list[Verdict]:
    """One verdict per test, in their order.

    What cannot be measured, and a test that raises, becomes the verdict ``error`` of its own
    test. A tool that does not answer is asked once, not once for each of its tests.

    Args:
        tests: with their templates rendered.
        places: where they find what they need.
    """
    asking = Asking(
        places.warehouse_for,
        places.file_store_for,
        places.count_parquet_rows,
        places.measures_of_files,
    )
    wanted = [m for test in tests if not isinstance(test.rule, External) for m in test.measures]
    measured = asking.measure(wanted)
    return [_verdict(test, measured, places) for test in tests]


def _verdict(test: DataTest, measured: Mapping[Measure, Measured], places: Places) -> Verdict:
    try:
        if isinstance(test.rule, External):
            return _external(test, test.rule, places)
        answers = [measured[measure] for measure in test.measures]
        seconds = max(answer.seconds for answer in answers)
        failed = next((answer.error for answer in answers if answer.error), None)
        if failed is not None:
            return replace(judging.error(test, str(failed)), seconds=seconds)
        judged = _judge(test, [answer.found for answer in answers], places)
        return replace(judged, seconds=seconds, sample=_sample(test, judged, places))
    except OutsideSystemError as error:
        return judging.error(test, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a test raises, the others have verdicts
        why = f"the test itself raised {type(error).__name__}: {error}; correct the test"
        return judging.error(test, why)


def _judge(test: DataTest, found: Sequence[Found], places: Places) -> Verdict:
    history: Sequence[Point] = places.history_of(test) if judging.needs_history(test) else ()
    if any(point.sampled != test.asset.sampled for point in history):
        history = rescaled(test, history)
    if not isinstance(test.rule, ControlLimits):
        return judging.judge(test, found, history)
    from airflow_dataops.services.data_testing import control_limits

    if found[0] is None or found[0] == {}:
        return judging.error(test, judging.NOTHING, found)
    return judging.verdict(
        test, control_limits.judged(test.rule, found[0], history, places.at), found
    )


def _sample(test: DataTest, judged: Verdict, places: Places) -> tuple[str, ...]:
    """Some of the rows that break a test; the verdict stands without them."""
    asset, sql = test.asset, test.measures[0].arguments
    if judged.holds is not False or not test.sample or not isinstance(asset, Table):
        return ()
    try:
        warehouse = places.warehouse_for(asset.tool)
        return tuple(warehouse.offenders(str(sql[0]), asset, at_most=test.sample))
    except OutsideSystemError:
        return ()


def _external(test: DataTest, rule: External, places: Places) -> Verdict:
    asset = test.asset
    if places.validator_for is None or not isinstance(asset, Table):
        message = f"{rule.expectation} needs Great Expectations, which this process has not"
        raise OutsideSystemError(message)
    judged = places.validator_for(asset.tool).validate(asset, rule)
    if rule.arguments.get("column") in asset.masked:
        judged = judged._replace(measured=None)  # it can be a value of the column
    return judging.verdict(test, judged, ())

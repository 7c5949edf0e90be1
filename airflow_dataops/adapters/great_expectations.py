"""Expectations that our own SQL does not say, judged by Great Expectations inside the warehouse.

Importing it takes ten seconds and 240 MB: it comes in when the first such expectation is asked,
and in no other task.
"""

from __future__ import annotations

import logging
import os
import warnings
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_dataops.domain.data_tests import number
from airflow_dataops.domain.judging import Judged
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_test_rules import External

_MOST_TOLD = 300


class GreatExpectations:
    """Expectations on the tables of one warehouse.

    Args:
        url: SQLAlchemy's address of the database, with its login; never logged.
        schema_of: where a table's name leads, pending tables first where they are tested.
    """

    def __init__(self, url: str, schema_of: Callable[[str], str]) -> None:
        self._url = url
        self._schema_of = schema_of
        self._source: tuple[Any, Any] | None = None

    def validate(self, table: Table, expectation: External) -> Judged:
        """What an expectation says of a table's slice.

        Raises:
            OutsideSystemError: there is no such expectation, or it cannot be asked.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = self._asked(table, expectation)
        return _judged(result)

    def _asked(self, table: Table, expectation: External) -> Mapping[str, Any]:
        gx, source = self._opened()
        arguments = {**expectation.arguments}
        only = arguments.pop("row_condition", None)
        asked = _expectation(gx.expectations, expectation.expectation, arguments)
        wheres = [each for each in (table.where, only) if each]
        schema = self._schema_of(table.name)
        try:
            batch = _batch(source, schema, table.name.rpartition(".")[2], wheres)
            return dict(batch.validate(asked).to_json_dict())
        except Exception as error:  # noqa: BLE001 - SQLAlchemy's, its driver's and GX's own
            raise _told(error, expectation, self._url) from None

    def _opened(self) -> tuple[Any, Any]:
        """The library and the database as it sees it; made once."""
        if self._source is None:
            # Nothing of ours is told to anybody, and a task's log is for verdicts.
            os.environ["GX_ANALYTICS_ENABLED"] = "false"
            logging.getLogger("great_expectations").setLevel(logging.WARNING)
            import great_expectations as gx
            from great_expectations.data_context.types.base import ProgressBarsConfig

            context = gx.get_context(mode="ephemeral")
            context.variables.progress_bars = ProgressBarsConfig(globally=False)
            source = context.data_sources.add_postgres(
                name="warehouse", connection_string=self._url, create_temp_table=False
            )
            self._source = gx, source
        return self._source


def _batch(source: Any, schema: str, name: str, wheres: Sequence[object]) -> Any:
    if wheres:
        # Conditions are the author's own SQL, as in every other test.
        only = " and ".join(f"(\n{where}\n)" for where in wheres)
        query = f'select * from "{schema}"."{name}" where {only}'  # noqa: S608
        asset = source.add_query_asset(name=uuid4().hex, query=query)
    else:
        asset = source.add_table_asset(name=uuid4().hex, table_name=name, schema_name=schema)
    return asset.add_batch_definition_whole_table("slice").get_batch()


def _expectation(known: Any, word: str, arguments: Mapping[str, object]) -> Any:
    name = "Expect" + "".join(part.title() for part in word.split("_"))
    kind: Callable[..., Any] | None = getattr(known, name, None)
    if kind is None:
        message = f"Great Expectations has no {word}; see its gallery for names"
        raise OutsideSystemError(message)
    try:
        return kind(**arguments)
    except Exception as error:  # noqa: BLE001 - pydantic's, of the version that GX brings
        said = " ".join(str(error).split())[:_MOST_TOLD]
        message = f"{word} does not take these arguments: {said}"
        raise OutsideSystemError(message) from None


def _judged(result: Mapping[str, Any]) -> Judged:
    if (said := _raised(result)) is not None:
        message = f"Great Expectations could not ask: {said}"
        raise OutsideSystemError(message)
    found = result.get("result") or {}
    observed = found.get("observed_value")
    broken = found.get("unexpected_count")
    measured = broken if broken is not None else observed
    is_number = isinstance(measured, (int, float)) and not isinstance(measured, bool)
    told = "judged by Great Expectations"
    if broken is not None:
        told += f": {number(broken)} of {number(found.get('element_count') or 0)} rows break it"
    value = float(measured) if is_number and measured is not None else None
    return Judged(bool(result.get("success")), value, told)


def _raised(result: Mapping[str, Any]) -> str | None:
    """What went wrong: told of the expectation, or of one of the metrics that it needs."""
    info = result.get("exception_info") or {}
    each = [info] if "raised_exception" in info else list(info.values())
    for told in each:
        if told.get("raised_exception"):
            return str(told.get("exception_message", "")).partition("\n")[0][:_MOST_TOLD]
    return None


def _told(error: Exception, expectation: External, url: str) -> OutsideSystemError:
    # Its messages may hold the address with its password, and rows.
    said = type(error).__name__ if url in str(error) else str(error).partition("\n")[0]
    message = f"{expectation.expectation} could not be asked: {said[:_MOST_TOLD]}"
    return OutsideSystemError(message)

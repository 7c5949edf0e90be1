"""What data tests said as OpenLineage's facets of data quality.

Called by OpenLineage's own provider, where that is installed; nothing of it is imported elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_dataops.domain.connection_types import SEARCH_PATH
from airflow_dataops.domain.data_assets import Table
from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.tool_address import DEFAULT_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_dataops.domain.data_assets import File
    from airflow_dataops.domain.data_tests import DataTest, Measure, Verdict

    Said = Iterable[tuple[DataTest, Verdict]]

_OF_COLUMN = {
    "sum": "sum", "minimum": "min", "maximum": "max", "distinct_count": "distinctCount",
}  # fmt: skip


def lineage_of(said: Said) -> Any:
    """One input for each table or file, with an assertion per test and what was measured of it."""
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import InputDataset

    of_assets: dict[Table | File, list[tuple[DataTest, Verdict]]] = {}
    for test, verdict in said:
        of_assets.setdefault(test.asset, []).append((test, verdict))
    inputs = []
    for asset, of_asset in of_assets.items():
        namespace, name = _place(asset)
        inputs.append(InputDataset(namespace=namespace, name=name, inputFacets=_facets(of_asset)))
    return OperatorLineage(inputs=inputs)


def _facets(said: list[tuple[DataTest, Verdict]]) -> dict[str, Any]:
    from openlineage.client.facet_v2 import data_quality_assertions_dataset as assertions
    from openlineage.client.facet_v2 import data_quality_metrics_input_dataset as metrics

    listed = [
        assertions.Assertion(
            assertion=test.name, success=verdict.holds is not False, column=_column(test)
        )
        for test, verdict in said
        # What learns says nothing yet, and what could not be measured says nothing of the data.
        if verdict.outcome not in {Outcome.LEARNING, Outcome.ERROR}
    ]
    rows: int | None = None
    columns: dict[str, dict[str, float]] = {}
    for test, verdict in said:
        for measure, found in zip(test.measures, verdict.numbers, strict=False):
            if measure.asset != test.asset or not isinstance(found, (int, float)):
                continue
            if (measure.aggregate, measure.counted, measure.only) == ("count", None, None):
                rows = int(found)
            elif (known := _known(measure)) is not None:
                column, word = known
                whole = word in ("nullCount", "distinctCount")
                columns.setdefault(column, {})[word] = int(found) if whole else found
    made: dict[str, Any] = {
        "dataQualityAssertions": assertions.DataQualityAssertionsDatasetFacet(assertions=listed)
    }
    if rows is not None or columns:
        of_columns: dict[str, Any] = {
            column: metrics.ColumnMetrics(**_words(numbers)) for column, numbers in columns.items()
        }
        made["dataQualityMetrics"] = metrics.DataQualityMetricsInputDatasetFacet(
            rowCount=rows, columnMetrics=of_columns
        )
    return made


def _words(numbers: Mapping[str, float]) -> dict[str, Any]:
    return {**numbers}


def _known(measure: Measure) -> tuple[str, str] | None:
    """The column and OpenLineage's word for a measure that it knows."""
    if measure.only is None and measure.counted is not None:
        is_nulls = measure.aggregate == "count" and measure.counted.kind == "null"
        return (str(measure.counted.column), "nullCount") if is_nulls else None
    word = _OF_COLUMN.get(measure.aggregate)
    return (measure.column, word) if word and measure.column else None


def _column(test: DataTest) -> str | None:
    for measure in test.measures:
        if measure.column or (measure.counted and measure.counted.column):
            return measure.column or (measure.counted.column if measure.counted else None)
    return None


def _place(asset: Table | File) -> tuple[str, str]:
    """Namespace and name as OpenLineage's naming has them, so that they meet other tasks'."""
    from airflow.sdk import BaseHook

    connection = BaseHook.get_connection(asset.tool)
    if not isinstance(asset, Table):
        if asset.bucket:
            return f"s3://{asset.bucket}", asset.key
        return f"sftp://{connection.host}", asset.key
    scheme = "postgres" if connection.conn_type == "postgres" else "redshift"
    port = connection.port or DEFAULT_PORTS[scheme]
    name = asset.name if "." in asset.name else f"{_schema(connection.extra_dejson)}.{asset.name}"
    return f"{scheme}://{connection.host}:{port}", f"{connection.schema}.{name}"


def _schema(extra: Mapping[str, Any]) -> str:
    """The schema in which a connection's sessions begin."""
    path = extra.get(SEARCH_PATH) or str(extra.get("options") or "").partition("search_path=")[2]
    return path.split()[0].split(",")[0].strip('"') if path else "public"

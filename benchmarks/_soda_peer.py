"""The fifty tests by soda-core; runs in a virtual environment of its own, which has soda alone.

Reads a login as JSON from standard input; writes one line of JSON: seconds, and the number that
each test measured. Its import is not counted.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Check = dict[str, Any]

_COLUMNS = (
    "id", "household_id", "store_id", "product_id", "day", "sold_at",
    "quantity", "sales_value", "discount", "segment", "code", "email",
)  # fmt: skip
_WIDE = {"must_be_between": {"greater_than": -1e15, "less_than": 1e15}}
_RANGES = {
    "household_id": (0, 79999),
    "store_id": (0, 399),
    "quantity": (0, 100),
    "sales_value": (0, 200),
    "discount": (0, 100),
}
_PATTERNS = {"code": "^P-[0-9]{6}$", "email": "^[a-z0-9]+@[a-z]+[.]com$"}
# What soda has no word for is an expression of the same SELECT.
_DATES = {"day": ("2026-01-01", "2026-03-31"), "sold_at": ("2026-01-01", "2026-04-01")}
_AGGREGATES = {
    "sum": ("quantity", "sales_value", "discount", "id"),
    "avg": ("quantity", "sales_value", "discount", "store_id"),
    "min": ("quantity", "sales_value", "discount", "id"),
    "max": ("quantity", "sales_value", "discount", "id"),
}
_DEVIATIONS = ("quantity", "sales_value", "discount")
_DISTINCT = ("store_id", "segment", "household_id", "product_id", "day", "code")


def main() -> None:
    """Verify the contract once."""
    login = json.load(sys.stdin)
    from soda_core.contracts import verify_contract_locally  # type: ignore[import-not-found]

    with tempfile.TemporaryDirectory() as folder:
        source, agreed = Path(folder) / "source.yaml", Path(folder) / "contract.yaml"
        source.write_text(json.dumps(_source(login)))
        agreed.write_text(json.dumps(contract(login["dbname"])))
        started = time.perf_counter()
        done = verify_contract_locally(
            data_source_file_path=str(source), contract_file_path=str(agreed)
        )
        seconds = time.perf_counter() - started
    (verified,) = done.contract_verification_results
    numbers = [float(check.threshold_value or 0) for check in verified.check_results]
    sys.stdout.write(json.dumps({"seconds": seconds, "numbers": numbers}) + "\n")


def _source(login: dict[str, Any]) -> dict[str, Any]:
    connection = {key: login[key] for key in ("host", "port", "user", "password")}
    return {
        "type": "postgres",
        "name": "bench",
        "connection": {**connection, "database": login["dbname"]},
    }


def contract(database: str) -> dict[str, Any]:
    """Soda's words for the fifty; YAML reads JSON, too."""
    checks: dict[str, list[Check]] = {name: [_numbered("missing")] for name in _COLUMNS}
    for name, (low, high) in _RANGES.items():
        checks[name].append(_numbered("invalid", name="range", valid_min=low, valid_max=high))
    for name, (low, high) in _DATES.items():
        broken = f"{name} < '{low}' or {name} > '{high}'"
        checks[name].append(_expression(f"count(*) filter (where {broken})", "range"))
    checks["segment"].append(_numbered("invalid", valid_values=["A", "B", "C", "D", "E"]))
    checks["quantity"].append(_numbered("invalid", name="set", valid_values=[*range(1, 10)]))
    for name, pattern in _PATTERNS.items():
        named = {"regex": pattern, "name": name}
        checks[name].append(_numbered("invalid", name="pattern", valid_format=named))
    checks["code"].append(_numbered("invalid", name="length", valid_length=8))
    for function, columns in _AGGREGATES.items():
        for name in columns:
            said = {"function": function, "threshold": _WIDE, "qualifier": function}
            checks[name].append({"aggregate": said})
    for name in _DEVIATIONS:
        checks[name].append(_expression(f"stddev_samp({name})", "deviation"))
    for name in _DISTINCT:
        checks[name].append(_expression(f"count(distinct {name})", "distinct"))
    return {
        "dataset": f"bench/{database}/bench/sales",
        "columns": [{"name": name, "checks": checks[name]} for name in _COLUMNS],
        "checks": [{"row_count": {"threshold": {"must_be_greater_than": 0}}}],
    }


def _numbered(kind: str, *, name: str = "", **said: object) -> Check:
    qualifier = {"qualifier": name} if name else {}
    return {kind: {**said, **qualifier, "threshold": {"metric": "count", "must_be": 0}}}


def _expression(sql: str, name: str) -> Check:
    return {"metric": {"expression": sql, "qualifier": name, "threshold": _WIDE}}


if __name__ == "__main__":
    main()

"""``airflow dataops tests suggest``: a file with the tests that a table speaks for.

The table is looked at with a login of the person's own, which the kitchen's vault issues for some
minutes and the audit trail has; it reaches what the kitchen's tasks reach and no more.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, say_aside
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import CredentialsAnswer, EnvironmentAnswer, KitchenAnswer
from airflow_dataops.domain import names
from airflow_dataops.errors import RequestRefused, UsageError

if TYPE_CHECKING:
    from airflow_dataops.ports import Warehouse

_MINUTES = 30
_IN_A_TASK = (
    "; where people get no login, a stage's task can look: SuggestTestsOperator of "
    "airflow_dataops.operators writes the same file to its log"
)


@command
def suggest(arguments: Any) -> None:
    """Print the file, or write it where there is none yet."""
    kitchen = names.check_kitchen_name(arguments.kitchen)
    pipeline = names.check_pipeline_name(arguments.pipeline or _pipeline_of(arguments.table))
    target = None if arguments.to is None else _free(Path(arguments.to))
    with ApiClient.of_present_login() as api:
        home = api.one(KitchenAnswer, "GET", "kitchens", kitchen).environment
        environment = api.one(EnvironmentAnswer, "GET", "environments", home)
        tool = arguments.tool or _only_warehouse(environment)
        login = _login(kitchen, names.check_tool_name(tool), arguments.table, api)
    from airflow_dataops.domain import suggestions
    from airflow_dataops.domain.data_assets import table
    from airflow_dataops.services import data_testing
    from airflow_dataops.specs.suggested_file import suggested_file

    asked = table(tool, arguments.table, where=arguments.where)
    profile = data_testing.profile(asked, _warehouse(tool, login), now=datetime.now(tz=UTC))
    made = suggestions.suggest(profile)
    text = suggested_file(profile, made, pipeline=pipeline, written=arguments.format)
    if target is None:
        print(text, end="")
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        say_aside(f"{len(made)} tests of {arguments.table} written to {target}")


def _pipeline_of(table: str) -> str:
    return f"{table.rpartition('.')[2].lower()}_tests"


def _free(path: Path) -> Path:
    if path.exists():
        message = f"--to {path} is there already; name another file, or remove it first"
        raise UsageError(message, field="to")
    return path


def _only_warehouse(environment: EnvironmentAnswer) -> str:
    found = [tool.name for tool in environment.tools if tool.dynamic and tool.schema_per_kitchen]
    if len(found) == 1:
        return found[0]
    there = ", ".join(tool.name for tool in environment.tools) or "none"
    message = (
        f"which tool of environment {environment.name} has the table? Its vault issues logins of "
        f"{len(found)} of them in a kitchen's schema; name one with --tool: {there}{_IN_A_TASK}"
    )
    raise UsageError(message, field="tool")


def _login(kitchen: str, tool: str, table: str, api: ApiClient) -> CredentialsAnswer:
    body: dict[str, object] = {"ttl": f"{_MINUTES}m", "reason": f"tests suggest {table}"[:200]}
    try:
        return api.one(
            CredentialsAnswer, "POST", "kitchens", kitchen, "credentials", tool, body=body
        )
    except RequestRefused as error:
        message = f"{error}{_IN_A_TASK}"
        raise RequestRefused(message, status=error.status) from None


def _warehouse(tool: str, login: CredentialsAnswer) -> Warehouse:
    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse
    from airflow_dataops.adapters.sql_warehouse.redshift import redshift_warehouse
    from airflow_dataops.domain.connection_types import REDSHIFT_TYPES

    said = {
        "host": login.host,
        "port": login.port,
        "user": login.login,
        "password": login.password,
    }
    given = {name: value for name, value in said.items() if value is not None}
    if login.conn_type in REDSHIFT_TYPES:
        return redshift_warehouse({**given, "database": login.database or ""})
    if login.conn_type == "postgres":
        return SqlWarehouse({**given, "dbname": login.database or ""})
    message = f"tool {tool} is of type {login.conn_type!r}, which is no warehouse"
    raise UsageError(message, field="tool")

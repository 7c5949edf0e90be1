"""Body of ``airflow dataops kitchen credentials``: a login of one's own, shown once."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli import facts
from airflow_dataops.cli.answers import command, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import CredentialsAnswer
from airflow_dataops.cli.kitchen_request import span
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Mapping

# Variables that the tool's own programs read.
_OF_PROGRAMS = {
    "postgres": {
        "host": "PGHOST",
        "port": "PGPORT",
        "login": "PGUSER",
        "password": "PGPASSWORD",
        "database": "PGDATABASE",
    },
    "aws": {"login": "AWS_ACCESS_KEY_ID", "password": "AWS_SECRET_ACCESS_KEY"},
}
_OF_PROGRAMS["redshift"] = _OF_PROGRAMS["postgres"]


@command
def get_credentials(arguments: Any) -> None:
    """Get a login of a kitchen's tool that ends by itself, and print it."""
    kitchen = names.check_kitchen_name(arguments.kitchen)
    tool = names.check_tool_name(arguments.tool)
    body: dict[str, object] = {}
    if arguments.ttl is not None:
        span(arguments.ttl, option="--ttl")
        body["ttl"] = arguments.ttl
    if arguments.reason:
        body["reason"] = arguments.reason
    with ApiClient.of_present_login() as api:
        login = api.one(
            CredentialsAnswer, "POST", "kitchens", kitchen, "credentials", tool, body=body
        )
    if login.ends_at is not None:
        say_aside(
            f"this login of {tool} in {kitchen} ends {facts.readably(login.ends_at)}; it is yours "
            "alone, is recorded under your name, and is not shown again"
        )
    if arguments.output == "env":
        print("\n".join(as_variables(tool, login)))
    elif arguments.output in {"table", "plain"}:
        rows = [{"what": what, "value": value} for what, value in _facts(login).items()]
        show_table(rows, output=arguments.output)
    else:
        show_table([_facts(login)], output=arguments.output)


def as_variables(tool: str, login: CredentialsAnswer) -> list[str]:
    """Lines for ``eval``: what the tool's own programs read, else variables of the tool's name."""
    known = _OF_PROGRAMS.get(login.conn_type, {})
    own = re.sub(r"\W", "_", tool).upper()
    lines = []
    for what, value in _facts(login).items():
        if value and what not in {"tool", "type", "until"}:
            variable = known.get(what, f"{own}_{what.upper()}")
            # Quoted: a password may hold anything, and a shell would carry some of it out.
            lines.append(f"export {variable}={shlex.quote(str(value))}")
    return lines


def _facts(login: CredentialsAnswer) -> Mapping[str, object]:
    return {
        "tool": login.tool,
        "type": login.conn_type,
        "host": login.host,
        "port": login.port,
        "database": login.database,
        "schema": login.schema_name,
        "login": login.login,
        "password": login.password,
        "until": facts.exactly(login.ends_at),
    }

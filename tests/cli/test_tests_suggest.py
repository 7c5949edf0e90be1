"""``airflow dataops tests suggest``: with a login of the person's own, at the real warehouse."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.cli.laptop import serving

pytestmark = [pytest.mark.airflow, pytest.mark.service]
API = "/dataops/api/v1"
KITCHEN = {
    "id": "1", "name": "dev_kitchen", "project": "retail", "environment": "development",
    "branch": "dev_kitchen", "state": "ready", "created_at": "2026-03-02T12:00:00Z",
    "created_by": "padma", "schema": "dev_kitchen",
}  # fmt: skip
TOOLS = [
    {"name": "redshift", "schema_per_kitchen": True, "dynamic": True},
    {"name": "s3", "schema_per_kitchen": False, "dynamic": False},
]


@pytest.fixture
def server(laptop, login, database):
    """A server that lends the login of a warehouse with a table; its answers can be changed."""
    database.execute(
        "create table orders as select n as order_id, 'x' as note from generate_series(1, 500) n"
    )
    lent = {
        "kitchen": "dev_kitchen", "tool": "redshift", "conn_type": "postgres",
        "host": login["host"], "port": login["port"], "database": login["dbname"],
        "schema": "x", "login": login["user"], "password": login["password"],
        "ends_at": "2031-05-01T17:00:00Z",
    }  # fmt: skip
    answers = {"environment": {"name": "development", "tools": TOOLS}, "login": (200, lent)}
    asked = []

    async def lend(request):
        asked.append((request.path_params["tool"], await request.json()))
        status, body = answers["login"]
        return JSONResponse(body, status_code=status)

    async def tell(request):
        return JSONResponse(KITCHEN if "kitchens" in request.url.path else answers["environment"])

    routes = [
        Route(f"{API}/kitchens/dev_kitchen/credentials/{{tool}}", lend, methods=["POST"]),
        Route(f"{API}/kitchens/dev_kitchen", tell),
        Route(f"{API}/environments/development", tell),
    ]
    with serving(Starlette(routes=routes)) as url:
        laptop.log_in(url, "token")
        answers["asked"] = asked
        answers["table"] = f"{login['options'].partition('=')[2]}.orders"
        yield answers


def test_the_file_is_printed_or_written_once(laptop, server, tmp_path):
    words = ("tests", "suggest", "dev_kitchen", server["table"])
    printed = laptop.dataops(*words)
    assert printed.code == 0, printed.stderr
    assert "# 500 rows now; a chart learns how many are usual" in printed.stdout
    assert "- {unique: order_id, of: orders}" in printed.stdout
    assert server["asked"] == [
        ("redshift", {"ttl": "30m", "reason": f"tests suggest {server['table']}"})
    ]
    target = tmp_path / "pipelines" / "mine" / "pipeline.py"
    more = (*words, "--format", "python", "--pipeline", "mine", "--to", str(target))
    assert laptop.dataops(*more).code == 0
    assert "def mine():" in target.read_text()
    again = laptop.dataops(*more)
    assert again.code == 2
    assert "is there already; name another file" in again.said


def test_who_gets_no_login_is_told_how_a_task_can_look(laptop, server):
    refused = {"title": "NotAllowed", "detail": "the environment is protected", "status": 403}
    server["login"] = (403, refused)
    said = laptop.dataops("tests", "suggest", "dev_kitchen", "orders")
    assert said.code == 1
    assert "protected" in said.said
    assert "SuggestTestsOperator" in said.said
    server["environment"] = {"name": "development", "tools": TOOLS[1:]}
    unsaid = laptop.dataops("tests", "suggest", "dev_kitchen", "orders")
    assert unsaid.code == 2
    assert "name one with --tool: s3" in unsaid.said


@pytest.mark.usefixtures("server")
def test_a_table_that_is_not_there_and_a_bad_name_are_told(laptop):
    missing = laptop.dataops("tests", "suggest", "dev_kitchen", "public.nope")
    assert missing.code == 1
    assert "the database refused" in missing.said
    odd = laptop.dataops("tests", "suggest", "dev_kitchen", "Odd-Name")
    assert "cannot be the name of a pipeline" in odd.said

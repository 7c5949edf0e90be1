"""``airflow dataops kitchen credentials``: a login, on standard output alone."""

from __future__ import annotations

import subprocess

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from airflow_dataops.cli.api_models import CredentialsAnswer
from airflow_dataops.cli.credentials import as_variables
from tests.cli.laptop import serving

pytestmark = pytest.mark.airflow

PASSWORD = "p'a\"ss [/b] $(touch x) `id` \\"  # noqa: S105 - opens nothing
LOGIN = {
    "kitchen": "dev_kitchen",
    "tool": "redshift",
    "conn_type": "postgres",
    "host": "warehouse",
    "port": 5439,
    "database": "retail",
    "schema": "dev_kitchen",
    "login": "v-padma-1",
    "password": PASSWORD,
    "ends_at": "2031-05-01T17:00:00Z",
}
WORDS = ("kitchen", "credentials", "dev_kitchen", "redshift")


@pytest.fixture
def lender(laptop):
    """A server that lends this login, and what it was asked."""
    asked = []

    async def lend(request):
        asked.append((request.url.path, await request.json()))
        return JSONResponse(LOGIN)

    app = Starlette(routes=[Route("/{path:path}", lend, methods=["POST"])])
    with serving(app) as url:
        laptop.log_in(url, "token")
        yield asked


@pytest.mark.parametrize("output", ["table", "json", "yaml", "plain", "env"])
def test_the_login_goes_to_standard_output_alone(laptop, lender, output):
    lent = laptop.dataops(*WORDS, "--ttl", "8h", "--reason", "a look", "-o", output)
    assert lent.code == 0, lent.stderr
    assert lender == [
        (
            "/dataops/api/v1/kitchens/dev_kitchen/credentials/redshift",
            {"ttl": "8h", "reason": "a look"},
        )
    ]
    assert "v-padma-1" in lent.stdout
    if output == "json":
        assert lent.rows[0]["password"] == PASSWORD
    elif output in {"table", "plain"}:
        assert PASSWORD in lent.stdout
    assert PASSWORD not in lent.stderr
    assert "ends 2031-05-01 17:00:00 UTC" in lent.stderr


def test_a_shell_gets_exactly_the_login(tmp_path):
    lines = as_variables("redshift", CredentialsAnswer.model_validate(LOGIN))
    script = 'eval "$1"; exec env'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", "\n".join(lines)],
        cwd=tmp_path, env={}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert {name: found[name] for name in found if name.startswith("PG")} == {
        "PGHOST": "warehouse",
        "PGPORT": "5439",
        "PGUSER": "v-padma-1",
        "PGPASSWORD": PASSWORD,
        "PGDATABASE": "retail",
    }
    assert list(tmp_path.iterdir()) == []


def test_a_tool_that_no_program_has_variables_for_gets_its_own():
    login = CredentialsAnswer.model_validate({**LOGIN, "tool": "my-box", "conn_type": "sftp"})
    assert "export MY_BOX_HOST=warehouse" in as_variables("my-box", login)


def test_nothing_of_a_login_is_in_its_text():
    assert PASSWORD not in repr(CredentialsAnswer.model_validate(LOGIN))

"""Parse time stays cheap: what importing our parts adds to a process, counted in modules.

Linters see imports at module level, layers see rooms; this sees what really comes in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "airflow_dataops"
PROGRAM = Path(__file__).parent / "fresh_imports.py"
ROOMS = ("dag_factory", "domain", "operators", "specs")
COSTLY = {
    "airflow.models", "alembic", "asyncssh", "boto3", "botocore", "docker", "fastapi", "git",
    "great_expectations", "httpx", "hvac", "numpy", "pandas", "paramiko", "psycopg", "psycopg2",
    "requests", "slack_sdk", "starlette",
}  # fmt: skip
OUR_FAR_SIDE = {
    f"airflow_dataops.{room}"
    for room in ("adapters", "bootstrap", "bundles", "cli", "config", "demo", "registry")
}
# Small single modules; Jinja2 and the Task SDK themselves are there already.
ALSO_LOADED = {"airflow.sdk.bases.sensor", "jinja2.ext"}


def modules_of(room):
    for file in sorted((PACKAGE / room).rglob("*.py")):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__")


PARSED = ["airflow_dataops", "airflow_dataops.errors", *(m for r in ROOMS for m in modules_of(r))]
IN_EVERY_PROCESS = ["airflow_dataops.policies", "airflow_dataops.secrets.kitchen_vault"]


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    return fresh_imports("airflow.sdk", *PARSED, home=tmp_path_factory.mktemp("airflow"))


def fresh_imports(first, *names, home):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), first, *names],
        env={**os.environ, "AIRFLOW_HOME": str(home), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: set(modules) for name, modules in json.loads(done.stdout).items()}


def of_others(modules):
    """Third parties' modules: what somebody else's library costs."""
    ours_and_pythons = {"airflow_dataops", *sys.stdlib_module_names}
    return {name for name in modules if name.partition(".")[0] not in ours_and_pythons}


def is_in(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("module", PARSED)
def test_parsing_loads_nothing_that_airflow_has_not_loaded_already(added, module):
    assert of_others(added[module]) <= ALSO_LOADED


@pytest.mark.parametrize("module", PARSED)
def test_parsing_loads_no_costly_library_and_nothing_of_our_far_side(added, module):
    assert not {name for name in added[module] if is_in(name, COSTLY | OUR_FAR_SIDE)}


@pytest.mark.parametrize("module", PARSED)
def test_parsing_loads_few_modules(added, module):
    # Reading YAML takes a dozen small ones of our own, and only where a pipeline is written in it.
    assert len(added[module]) <= (40 if module.endswith(".yaml_pipeline") else 25)


def test_all_that_authors_import_stays_cheap(tmp_path):
    """Names load on first use, so importing the package alone proves little."""
    program = (
        "import airflow.sdk, sys; before = set(sys.modules)\n"
        "from airflow_dataops import *\n"
        "from airflow_dataops.operators import *\n"
        "from airflow_dataops.dag_factory import kitchen_dags\n"
        "print(*(set(sys.modules) - before))"
    )
    loaded = set(run(program, home=tmp_path).split())
    assert "airflow_dataops.operators.file_to_table" in loaded
    assert of_others(loaded) <= ALSO_LOADED
    assert not {name for name in loaded if is_in(name, COSTLY | OUR_FAR_SIDE)}


def test_the_package_itself_imports_nothing(tmp_path):
    program = (
        "import sys; from importlib import import_module; import typing, __future__\n"
        "before = set(sys.modules); import airflow_dataops\n"
        "print(*(set(sys.modules) - before))"
    )
    assert run(program, home=tmp_path).split() == ["airflow_dataops"]


def test_the_secrets_backend_is_bare_at_module_level(tmp_path):
    """Every process of a deployment loads it, before anything else of ours."""
    name = "airflow_dataops.secrets.kitchen_vault"
    loaded = fresh_imports("airflow.secrets.base_secrets", name, home=tmp_path)[name]
    assert loaded <= {name, "airflow_dataops", "airflow_dataops.secrets", "airflow_dataops.errors"}


def test_the_domain_needs_no_airflow(tmp_path):
    program = (
        "import sys\n"
        + "".join(f"import {name}\n" for name in modules_of("domain"))
        + "print(*sys.modules)"
    )
    loaded = set(run(program, home=tmp_path).split())
    assert (
        of_others(loaded) - of_others(run("import sys; print(*sys.modules)", home=tmp_path).split())
        == set()
    )


def run(program, *, home):
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "AIRFLOW_HOME": str(home), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

"""What our commands add to the start of ``airflow``, and what they leave alone."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.airflow_fixtures import airflow_environment

MEASURE = """
import json, sys, time
import airflow.cli.cli_parser, airflow.cli.simple_table
began = time.process_time()
from airflow_dataops.cli import audit, credentials, kitchen_api, kitchen_life, login
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.login_file import Login
ApiClient(Login(url="https://airflow.example.com", token="token"))
spent = time.process_time() - began
print(json.dumps({"seconds": spent, "modules": sorted(sys.modules)}))
"""
SERVERS = (
    "airflow_dataops.adapters",
    "airflow_dataops.bootstrap",
    "airflow_dataops.config",
    "airflow_dataops.registry",
    "airflow_dataops.specs",
    "airflow_dataops.web",
)


def test_a_command_adds_little_and_reads_nothing_of_the_servers(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        env=airflow_environment(tmp_path, f"sqlite:///{tmp_path / 'airflow.db'}"),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in found["modules"] if name.startswith(SERVERS)] == []
    assert found["seconds"] < 0.3
    assert not (tmp_path / "airflow.db").exists()

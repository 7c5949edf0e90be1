"""environments.yaml: where tickets are and what they are told."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.release_environment import TicketPlace
from airflow_dataops.errors import SpecError
from airflow_dataops.specs.environment_file import load_environments
from tests.specs.two_environments import TWO_ENVIRONMENTS


@pytest.fixture
def load(tmp_path):
    def load(added=""):
        text = TWO_ENVIRONMENTS.replace("owner: eric", f"owner: eric\n        {added}", 1)
        (tmp_path / "environments.yaml").write_text(text)
        return load_environments(tmp_path / "environments.yaml")

    return load


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("tickets: {}", "write the address of your Jira"),
        ("tickets: {url: acme}", "https://"),
        ("tickets: {url: https://a.example.com, transitions: {cooked: Done}}", "cooked"),
        ("tickets: {url: https://a.example.com, token: hush}", "kept in the vault"),
    ],
)
def test_tickets_that_cannot_be_are_told(load, added, problem):
    with pytest.raises(SpecError) as refused:
        load(added)
    assert problem in str(refused.value)
    assert "hush" not in str(refused.value)


def test_what_tickets_are_told_is_read(load):
    projects = load(
        "tickets: {url: https://a.example.com, transitions: {merged: In Review}, "
        "assignees: {released: eric}, accounts: {eric: e-1}}"
    )
    [found] = [one.tickets for one in projects.environments() if one.tickets]
    assert found == TicketPlace(
        url="https://a.example.com",
        transitions={"merged": "In Review"},
        assignees={"released": "eric"},
        accounts={"eric": "e-1"},
    )

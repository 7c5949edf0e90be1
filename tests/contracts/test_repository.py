"""What a service may rely on, whoever keeps the branches."""

from __future__ import annotations

import pytest

from airflow_dataops.adapters.git_repository import GitRepository
from airflow_dataops.errors import OutsideSystemError
from tests.fakes import FakeRepository


@pytest.fixture(params=["fake", "git"])
def repository(request):
    """A repository whose only branch is ``main``."""
    if request.param == "fake":
        return FakeRepository("main")
    return GitRepository(request.getfixturevalue("origin").url)


def test_a_branch_that_is_not_there_has_no_tip(repository):
    assert repository.tip("demo_dev") is None


def test_a_cut_branch_starts_at_its_sources_tip(repository):
    repository.cut_branch("demo_dev", source="main")
    assert repository.tip("demo_dev") == repository.tip("main")


def test_a_tip_is_a_commit_id(repository):
    assert len(repository.tip("main")) == 40


def test_cutting_the_same_branch_again_is_no_error(repository):
    for _ in range(2):
        repository.cut_branch("demo_dev", source="main")
    assert repository.tip("demo_dev") == repository.tip("main")


def test_a_branch_cannot_be_cut_from_one_that_is_not_there(repository):
    with pytest.raises(OutsideSystemError, match=r"could not cut 'demo_dev'.* no branch 'nowhere'"):
        repository.cut_branch("demo_dev", source="nowhere")
    assert repository.tip("demo_dev") is None


def test_deleting_a_branch_twice_is_no_error_and_spares_the_others(repository):
    repository.cut_branch("demo_dev", source="main")
    for _ in range(2):
        repository.delete_branch("demo_dev")
    assert repository.tip("demo_dev") is None
    assert repository.tip("main") is not None

"""A file is changed on a branch in a person's name, and nobody's work is lost."""

from __future__ import annotations

import pytest

from airflow_dataops.adapters.git_repository import GitRepository
from airflow_dataops.domain.source_change import Authorship
from airflow_dataops.errors import BranchMoved, NotEditable, OutsideSystemError

PATHS = ["pipelines/profit/pipeline.yaml", "pipelines/profit/pipeline.py"]
BY_CHRIS = Authorship(author="chris", message="Set the schedule\n\nDATA-117: “weekly”")


@pytest.fixture
def repository(origin):
    return GitRepository(origin.url)


def add_line(_path, content):
    return content + b"two = 2\r\n"


def show(origin, name, branch="main"):
    return origin.bare("log", "-1", f"--format={name}", branch)


def test_the_first_of_the_files_is_changed_by_one_commit(repository, origin):
    before = repository.tip("main")
    change = repository.rewrite("main", PATHS, add_line, BY_CHRIS)
    assert (change.path, change.is_new) == ("pipelines/profit/pipeline.py", True)
    assert change.commit == repository.tip("main") != before
    assert show(origin, "%P") == before
    assert origin.bare("diff", "--stat", "--format=", before, "main").splitlines() == [
        "pipelines/profit/pipeline.py | 1 +",
        " 1 file changed, 1 insertion(+)",
    ]
    assert origin.bare("show", f"main:{change.path}") == "one = 1\ntwo = 2"


def test_the_commit_is_the_persons(repository, origin):
    repository.rewrite("main", PATHS, add_line, BY_CHRIS)
    assert show(origin, "%an <%ae>") == "chris <chris@airflow.invalid>"
    assert show(origin, "%cn") == "airflow_dataops"
    assert show(origin, "%B").strip() == BY_CHRIS.message


@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ("chris@example.com", "chris@example.com <chris@example.com>"),
        ("Chris O'Neil <x>\n", "Chris O'Neil  x <Chris.O%27Neil.%3Cx%3E%0A@airflow.invalid>"),
        ("Zoë", "Zoë <Zo%C3%AB@airflow.invalid>"),
        ("<>", "? <%3C%3E@airflow.invalid>"),
    ],
)
def test_any_user_name_can_be_an_authors(repository, origin, author, shown):
    authorship = Authorship(author=author, message="Change")
    repository.rewrite("main", PATHS, add_line, authorship)
    assert show(origin, "%an <%ae>") == shown


def test_what_is_the_same_makes_no_commit(repository):
    before = repository.tip("main")
    change = repository.rewrite("main", PATHS, lambda _path, content: content, BY_CHRIS)
    assert (change.commit, change.is_new) == (before, False)
    assert repository.tip("main") == before


@pytest.mark.parametrize(
    ("branch", "paths"), [("main", ["pipelines/none.py", "pipelines"]), ("nowhere", PATHS)]
)
def test_where_there_is_no_such_file_there_is_no_change(repository, branch, paths):
    assert repository.rewrite(branch, paths, add_line, BY_CHRIS) is None


def test_a_link_is_no_file_to_change(repository, origin):
    (origin.work / "pipelines/link.py").symlink_to("/etc/passwd")
    origin.commit({})
    assert repository.rewrite("main", ["pipelines/link.py"], add_line, BY_CHRIS) is None


def test_a_file_that_can_be_run_stays_so(repository, origin):
    (origin.work / PATHS[1]).chmod(0o755)
    origin.commit({})
    repository.rewrite("main", PATHS, add_line, BY_CHRIS)
    assert origin.bare("ls-tree", "main", PATHS[1]).startswith("100755 ")


def test_what_somebody_pushes_meanwhile_is_not_lost(repository, origin):
    def push_and_edit(path, content):
        origin.commit({"README.md": "Theirs\n"})
        return add_line(path, content)

    with pytest.raises(BranchMoved, match="somebody pushed to branch 'main' meanwhile; nothing"):
        repository.rewrite("main", PATHS, push_and_edit, BY_CHRIS)
    assert origin.bare("show", "main:README.md") == "Theirs"
    assert origin.bare("show", f"main:{PATHS[1]}") == "one = 1"


def test_a_file_that_cannot_be_changed_is_left(repository):
    def refuse(path, _content):
        problem = "it is locked"
        raise NotEditable(problem, path=path)

    before = repository.tip("main")
    with pytest.raises(NotEditable):
        repository.rewrite("main", PATHS, refuse, BY_CHRIS)
    assert repository.tip("main") == before


def test_a_host_that_refuses_the_push_is_quoted(repository, origin):
    hook = origin.path / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho branch is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(OutsideSystemError, match=r"change a file on branch 'main'.*protected"):
        repository.rewrite("main", PATHS, add_line, BY_CHRIS)

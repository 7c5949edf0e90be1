"""``python -m airflow_dataops.cli.merge_preview`` on repositories of all kinds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from airflow_dataops.cli.merge_preview import main
from tests.merge_repositories import FILE, CaseRepository

TEXT = "".join(f"line {n}\n" for n in range(30))
BASE = {"a.py": (FILE, TEXT.encode())}
OURS = {"a.py": (FILE, TEXT.replace("line 4\n", "ours\n").encode())}
THEIRS = {"a.py": (FILE, TEXT.replace("line 4\n", "theirs\n").encode())}
ELSEWHERE = {"a.py": (FILE, TEXT.encode()), "b.py": (FILE, b"b\n")}


@pytest.fixture
def cases(tmp_path):
    return CaseRepository(tmp_path / "work")


@pytest.fixture
def previewed(cases, capsys):
    def preview(*words, repository=None):
        code = main([*words[:-2], str(repository or cases.path), *words[-2:]])
        said = capsys.readouterr()
        return code, said.out, said.err

    return preview


def test_it_runs_without_airflow(cases):
    ours, theirs = cases.add(BASE, OURS, THEIRS)
    program = (
        "import runpy, sys; sys.argv = ['preview', '--json', *sys.argv[1:]]\n"
        "try: runpy.run_module('airflow_dataops.cli.merge_preview', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "assert not [m for m in sys.modules if m.partition('.')[0] == 'airflow']\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(cases.path), ours, theirs],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["tree"], len(found["conflicts"])) == (None, 1)


def test_the_repository_is_as_it_was_also_when_nothing_may_be_written(cases, previewed):
    ours, theirs = cases.add(BASE, OURS, ELSEWHERE)
    objects = cases.path / ".git" / "objects"
    before = sorted(objects.rglob("*"))
    code, out, _ = previewed("--json", ours, theirs)
    found = json.loads(out)
    assert (code, found["conflicts"]) == (0, [])
    assert found["files"] == [{"path": "b.py", "change": "added"}]
    assert sorted(objects.rglob("*")) == before
    assert cases.merge(ours, theirs).tree == found["tree"]


def test_conflicts_are_an_exit_code_where_one_asks_for_it(cases, previewed):
    conflicting, clean = cases.add(BASE, OURS, THEIRS), cases.add(BASE, OURS, ELSEWHERE)
    assert [previewed(*one)[0] for one in (conflicting, clean)] == [0, 0]
    assert [previewed("--exit-code", *one)[0] for one in (conflicting, clean)] == [1, 0]
    assert previewed("--exit-code", "none", "such")[0] == 3


def test_a_folder_within_and_a_bare_copy_will_do(cases, previewed, tmp_path):
    ours, theirs = cases.add(BASE, OURS, THEIRS)
    cases.git("clone", "--quiet", "--bare", cases.path, tmp_path / "bare:with colon.git")
    (cases.path / "below").mkdir()
    places = (cases.path, cases.path / "below", tmp_path / "bare:with colon.git")
    assert len({previewed("--json", ours, theirs, repository=place)[1] for place in places}) == 1


@pytest.mark.parametrize(
    ("ours", "says"),
    [
        ("none-such", "has no commit 'none-such'"),
        ("", "has no commit ''"),
        ("a\nb", "has no commit 'a\\nb'"),
        ("0" * 40, "has no commit '000000"),
        ("x" * 9_000, "has no commit 'xxxxx"),
        ("HEAD:a.py", "has no commit 'HEAD:a.py'"),
    ],
)
def test_a_commit_that_is_not_there_is_named(cases, previewed, ours, says):
    _, theirs = cases.add(BASE, OURS, THEIRS)
    code, out, err = previewed(ours, theirs)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert says in err


def test_what_is_no_repository_is_said(previewed, tmp_path):
    for place in (tmp_path / "nowhere", tmp_path):
        code, _, err = previewed("a", "b", repository=place)
        assert (code, "is no git repository that can be read here" in err) == (1, True)


def test_histories_without_a_common_commit_are_said_to_be_so(cases, previewed):
    one, other = cases.commit("one", BASE), cases.commit("other", OURS)
    code, _, err = previewed(one, other)
    assert (code, "no commit in common" in err) == (1, True)


def test_a_shallow_clone_is_told_how_to_get_the_rest(cases, previewed, tmp_path):
    ours, theirs = cases.add(BASE, OURS, THEIRS)
    url, clone = f"file://{cases.path}", tmp_path / "shallow"
    cases.git("clone", "--quiet", "--depth=1", "--no-single-branch", url, clone)
    code, _, err = previewed(f"origin/{ours}", f"origin/{theirs}", repository=clone)
    assert (code, "git fetch --unshallow" in err) == (1, True)


# git 2.39 would merge a missing tree as an empty one.
@pytest.mark.parametrize("what", [":a.py", "^{tree}"])
def test_missing_objects_are_said_to_be_missing(cases, previewed, what):
    ours, theirs = cases.add(BASE, OURS, THEIRS)
    objects = cases.path / ".git" / "objects"
    missing = cases.git("rev-parse", f"{theirs}{what}").decode().strip()
    (objects / missing[:2] / missing[2:]).unlink()
    code, _, err = previewed(ours, theirs)
    assert (code, "is not complete" in err, "clone it anew" in err) == (1, True, True)


def test_large_files_and_many_conflicts_are_no_trouble(cases, previewed):
    large = b"".join(b"%d,some,values,of,a,row\n" % n for n in range(50_000))
    trees = [
        {"large.csv": (FILE, large + what)}
        | {f"f{n}.sql": (FILE, b"select 1\n" + what) for n in range(1_000)}
        for what in (b"base\n", b"ours\n", b"theirs\n")
    ]
    code, out, _ = previewed("--json", *cases.add(*trees))
    found = json.loads(out)
    assert (code, len(found["conflicts"])) == (0, 1_001)
    assert {one["regions"] for one in found["conflicts"]} == {1}

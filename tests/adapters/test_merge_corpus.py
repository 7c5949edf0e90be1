"""Merges in the object database come to what ``git merge`` comes to in a work tree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from airflow_dataops.adapters.git_repository import previews
from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
from airflow_dataops.adapters.git_repository.merging import ObjectDatabase
from airflow_dataops.domain.merge_draft import (
    Choice,
    Resolution,
    check_resolution,
    conflict_paths,
    open_places,
    resolved,
)
from airflow_dataops.domain.source_change import Authorship
from airflow_dataops.errors import InvalidRequest
from tests.merge_repositories import FILE, LINK, PROGRAM, SUBMODULE, CaseRepository, Merged

PADMA = Authorship(author="padma", message="Merge")
NOW = datetime(2026, 1, 5, tzinfo=UTC)
TEXT = [f"line {number}\n" for number in range(1, 31)]
ONE, TWO, THREE = (sign.encode() * 40 for sign in "123")


def text(changed=None, lines=TEXT):
    return (FILE, "".join((changed or {}).get(n, line) for n, line in enumerate(lines)).encode())


def crlf(entry):
    return (entry[0], entry[1].replace(b"\n", b"\r\n"))


def latin(entry, encoding="latin-1"):
    return (entry[0], entry[1].decode().encode(encoding))


PLAIN = text()
OURS, THEIRS = text({4: "ours\n", 20: "o\n"}), text({4: "theirs\n", 20: "t\n"})
APART = text({12: "theirs\n"})
ACCENTS, OTHER_ACCENTS = text({4: "é ours\n"}), text({4: "é theirs\n"})
NAMES = [
    "with space.py",
    'with "quotes".py',
    "tab\tand\nnewline.py",
    "-leading-dash",
    "--",
    ":(glob)colon",
    "é ü 名前.py",
    b"not\xffutf8".decode("utf-8", "surrogateescape"),
    "back\\slash",
    "deep/down/there.py",
    "*",
    "[a].py",
]

# Base, ours, theirs, and the kinds of conflict by path.
NAMED = {
    "only ours": ({"a": PLAIN}, {"a": OURS}, {"a": PLAIN}, {}),
    "both the same": ({"a": PLAIN}, {"a": OURS}, {"a": OURS}, {}),
    "apart": ({"a": PLAIN}, {"a": OURS}, {"a": APART}, {}),
    "edit/edit": ({"a": PLAIN}, {"a": OURS}, {"a": THEIRS}, {"a": "edit/edit"}),
    "add/add": ({}, {"a": OURS}, {"a": THEIRS}, {"a": "add/add"}),
    "add/add alike": ({}, {"a": OURS}, {"a": OURS}, {}),
    "modify/delete": ({"a": PLAIN}, {"a": OURS}, {}, {"a": "delete/modify"}),
    "delete/modify": ({"a": PLAIN}, {}, {"a": THEIRS}, {"a": "delete/modify"}),
    "delete/delete": ({"a": PLAIN, "b": PLAIN}, {"b": PLAIN}, {"b": PLAIN}, {}),
    "rename": ({"a": PLAIN}, {"b": PLAIN}, {"a": APART}, {}),
    "rename and edit": ({"a": PLAIN}, {"b": OURS}, {"a": THEIRS}, {"b": "edit/edit"}),
    "rename/rename": (
        {"a": PLAIN},
        {"b": PLAIN},
        {"c": PLAIN},
        dict.fromkeys("abc", "rename/rename"),
    ),
    "rename/rename with edits": (
        {"a": PLAIN},
        {"b": OURS},
        {"c": THEIRS},
        dict.fromkeys("abc", "rename/rename"),
    ),
    "two renamed to one": (
        {"a": PLAIN, "b": text(lines=TEXT[::-1])},
        {"c": PLAIN, "b": text(lines=TEXT[::-1])},
        {"a": PLAIN, "c": text(lines=TEXT[::-1])},
        {"c": "add/add"},
    ),
    "rename/delete": ({"a": PLAIN}, {"b": PLAIN}, {}, {"b": "rename/delete"}),
    "delete/rename": ({"a": PLAIN}, {}, {"b": APART}, {"b": "rename/delete"}),
    "folder renamed": (
        {"d/a": PLAIN, "d/b": text(lines=TEXT[::-1])},
        {"e/a": PLAIN, "e/b": text(lines=TEXT[::-1])},
        {"d/a": PLAIN, "d/b": text(lines=TEXT[::-1]), "d/new": text({1: "x"}, lines=["?"] * 9)},
        {"e/new": "directory rename"},
    ),
    "mode": ({"a": PLAIN}, {"a": (PROGRAM, PLAIN[1])}, {"a": APART}, {}),
    "mode of new files": ({}, {"a": PLAIN}, {"a": (PROGRAM, PLAIN[1])}, {"a": "mode"}),
    "binary": (
        {"a": (FILE, b"\0one")},
        {"a": (FILE, b"\0two")},
        {"a": (FILE, b"\0three")},
        {"a": "binary"},
    ),
    "binary and text": ({"a": PLAIN}, {"a": (FILE, b"\0two")}, {"a": THEIRS}, {"a": "binary"}),
    "symlink": ({"a": (LINK, b"x")}, {"a": (LINK, b"y")}, {"a": (LINK, b"z")}, {"a": "symlink"}),
    "symlink and file": ({"a": PLAIN}, {"a": (LINK, b"y")}, {"a": THEIRS}, {"a": "symlink"}),
    "submodule": (
        {"a": (SUBMODULE, ONE)},
        {"a": (SUBMODULE, TWO)},
        {"a": (SUBMODULE, THREE)},
        {"a": "submodule"},
    ),
    "submodule moved on": (
        {"a": (SUBMODULE, ONE)},
        {"a": (SUBMODULE, TWO)},
        {"a": (SUBMODULE, ONE)},
        {},
    ),
    "submodule and file": ({}, {"a": (SUBMODULE, TWO)}, {"a": THEIRS}, {"a": "submodule"}),
    "emptied": ({"a": PLAIN}, {"a": (FILE, b"")}, {"a": THEIRS}, {"a": "empty file"}),
    "new, one empty": ({}, {"a": (FILE, b"")}, {"a": THEIRS}, {}),
    "CRLF": ({"a": PLAIN}, {"a": crlf(PLAIN)}, {"a": THEIRS}, {"a": "CRLF"}),
    "CRLF everywhere": (
        {"a": crlf(PLAIN)},
        {"a": crlf(OURS)},
        {"a": crlf(THEIRS)},
        {"a": "edit/edit"},
    ),
    "encoding": ({"a": PLAIN}, {"a": ACCENTS}, {"a": latin(OTHER_ACCENTS)}, {"a": "encoding"}),
    "UTF-16": (
        {"a": PLAIN},
        {"a": latin(OURS, "utf-16")},
        {"a": ACCENTS},
        {"a": "encoding"},
    ),
    "file/directory": (
        {"a": PLAIN},
        {"a": OURS},
        {"a/b": (FILE, b"another\n")},
        {"a": "file/directory"},
    ),
    "file or folder, both new": (
        {"z": PLAIN},
        {"z": PLAIN, "a": OURS},
        {"z": PLAIN, "a/b": THEIRS},
        {"a": "file/directory"},
    ),
    "no line at the end": (
        {"a": (FILE, b"a\nb")},
        {"a": (FILE, b"a\nc")},
        {"a": (FILE, b"a\nd")},
        {"a": "edit/edit"},
    ),
    "markers in the text": (
        {"a": text({0: "<<<<<<< HEAD\n", 1: "=======\n", 2: ">>>>>>> x\n"})},
        {"a": text({0: "<<<<<<< HEAD\n", 1: "=======\n", 2: ">>>>>>> x\n", 9: "ours\n"})},
        {"a": text({0: "<<<<<<< HEAD\n", 1: "=======\n", 2: ">>>>>>> x\n", 9: "theirs\n"})},
        {"a": "edit/edit"},
    ),
    "union by attribute": (
        {".gitattributes": (FILE, b"a merge=union\n"), "a": PLAIN},
        {".gitattributes": (FILE, b"a merge=union\n"), "a": OURS},
        {".gitattributes": (FILE, b"a merge=union\n"), "a": THEIRS},
        {},
    ),
    "binary by attribute of a folder": (
        {"d/.gitattributes": (FILE, b"*.lock binary\n"), "d/a.lock": PLAIN},
        {"d/.gitattributes": (FILE, b"*.lock binary\n"), "d/a.lock": OURS},
        {"d/.gitattributes": (FILE, b"*.lock binary\n"), "d/a.lock": APART},
        {"d/a.lock": "binary"},
    ),
    "longer markers by attribute": (
        {".gitattributes": (FILE, b"* conflict-marker-size=20\n"), "a": PLAIN},
        {".gitattributes": (FILE, b"* conflict-marker-size=20\n"), "a": OURS},
        {".gitattributes": (FILE, b"* conflict-marker-size=20\n"), "a": THEIRS},
        {"a": "edit/edit"},
    ),
    **{
        f"name {name!r}": ({name: PLAIN}, {name: OURS}, {name: THEIRS}, {name: "edit/edit"})
        for name in NAMES
    },
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return CaseRepository(tmp_path_factory.mktemp("cases") / "work")


@pytest.fixture(scope="module")
def database(cases):
    return ObjectDatabase.around(cases.path)


def of_ours(preview):
    conflicts = {}
    for one in preview.conflicts:
        if not any(one.file.sides()):
            assert one.kind == "directory rename"
            continue
        conflicts[one.shown] = max(conflicts.get(one.shown, 0), one.regions)
    return Merged(tree=preview.tree, conflicts=conflicts)


A_FOLDER = {f"d/{n}": text(lines=[f"{n} of {i}\n" for i in range(20)]) for n in range(4)}
NEW, OTHER_NEW = (text(lines=[f"{word}\n"] * 9) for word in ("new", "another"))
WITHOUT_FILES = {
    "a folder split in two": (
        A_FOLDER,
        {f"{'ef'[n > 1]}/{n}": A_FOLDER[f"d/{n}"] for n in range(4)},
        {**A_FOLDER, "d/new": NEW},
        "d",
    ),
    "two folders become one": (
        A_FOLDER | {f"g/{n}": OURS for n in range(2)},
        {f"e/{n}": A_FOLDER[f"d/{n}"] for n in range(4)} | {f"e/g{n}": OURS for n in range(2)},
        A_FOLDER | {f"g/{n}": OURS for n in range(2)} | {"d/new": NEW, "g/new": OTHER_NEW},
        "e/new",
    ),
}


@pytest.mark.parametrize("name", WITHOUT_FILES)
def test_files_without_a_clear_folder_are_a_conflict_and_stay_where_they_are(name, cases, tmp_path):
    base, ours, theirs, path = WITHOUT_FILES[name]
    repository = MergeRepository(tmp_path / "copy.git", url=str(cases.path))
    commits = cases.git("rev-parse", *cases.add(base, ours, theirs)).decode().split()
    preview, _ = repository.preview(*commits)
    (conflict,) = conflict_paths(preview, repository.texts(*commits))
    assert (preview.tree, conflict.path, conflict.kind) == (None, path, "directory rename")
    assert "rename" in conflict.conflicts[0].said[0]
    decided = Resolution(path=path, region=None, choice=Choice.OURS, by="chris", at=NOW)
    assert open_places([conflict], [decided]) == []
    commit = repository.write(preview, resolved([conflict], [decided]), PADMA)
    listed = cases.git("ls-tree", "-r", "--name-only", commit, at=tmp_path / "copy.git")
    assert set(listed.decode().split()) == {*ours, *(set(theirs) - set(base))}
    with pytest.raises(InvalidRequest, match="choose ours to leave them where they are"):
        check_resolution([conflict], replace(decided, choice=Choice.THEIRS))


@pytest.mark.parametrize("name", NAMED)
def test_a_named_case_is_merged_as_in_a_work_tree(name, cases, database):
    base, ours, theirs, kinds = NAMED[name]
    commits = cases.add(base, ours, theirs)
    preview = previews.preview(database, *database.pin(*commits))
    expected = cases.merge(*commits)
    assert of_ours(preview) == expected
    assert {one.shown: str(one.kind) for one in preview.conflicts} == kinds


# What is done to a line or a file of the base, by its mode, its content and a number.
def _edit(lines, number):
    lines[number % len(lines)] = b"changed %d" % number


def _add_lines(lines, number):
    lines[number % len(lines) : 0] = [b"new %d" % n for n in range(number % 4 + 1)]


def _cut_lines(lines, number):
    del lines[number % len(lines) : number % len(lines) + 3]


def side(base, deeds):
    tree = dict(base)
    for deed, path, number in deeds:
        mode, content = tree.get(path, (None, b""))
        if deed == "add a file":
            tree[f"added{number % 2}"] = (FILE, b"added\n%d\n" % (number % 3))
        elif mode in {FILE, PROGRAM}:
            del tree[path]
            _do(tree, deed, (path, mode, content), number)
    return tree


def _do(tree, deed, file, number):
    path, mode, content = file
    if deed in _TO_LINES:
        lines = content.split(b"\n")
        _TO_LINES[deed](lines, number)
        tree[path] = (mode, b"\n".join(lines))
    elif deed == "rename":
        tree.setdefault(f"{path}.{number % 2}", (mode, content))
    elif deed == "into a folder":
        tree[f"{path}/inner"] = (mode, content)
    elif deed.endswith("the folder"):
        tree[path] = (mode, content)
        _do_to_folder(tree, deed, number)
    elif deed != "delete":
        tree[path] = {
            "program": (PROGRAM, content),
            "link": (LINK, b"to%d" % (number % 3)),
            "submodule": (SUBMODULE, [TWO, THREE][number % 2]),
            "binary": (FILE, b"\0%d" % number),
            "empty": (FILE, b""),
            "CRLF": (FILE, content.replace(b"\r", b"").replace(b"\n", b"\r\n")),
            "latin": (FILE, content + b"\xe9%d\n" % (number % 3)),
        }[deed]


def _do_to_folder(tree, deed, number):
    if deed == "add to the folder":
        tree[f"d/new{number % 2}"] = (FILE, b"new %d\n" % number * 9)
        return
    for path in [path for path in tree if path.startswith("d/")]:
        half = path > "d/f" if deed == "split the folder" else 0
        tree[f"{'mn'[(number + half) % 2]}/{path[2:]}"] = tree.pop(path)


_TO_LINES = {"edit": _edit, "edit again": _edit, "add lines": _add_lines, "cut lines": _cut_lines}
DEEDS = [
    *_TO_LINES,
    *("rename", "into a folder", "delete", "add a file", "program", "link", "submodule"),
    *("move the folder", "split the folder", "add to the folder"),
    *("binary", "empty", "CRLF", "latin"),
]
FILES = ["a.py", "b c.yaml", "d/e.sql", "d/e2.sql", "d/f.py", "d/g.py"]
BASE = {
    path: (FILE, b"".join(b"%s line %d\n" % (path.encode(), n) for n in range(12)))
    for path in FILES
}
deeds = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.sampled_from(FILES), st.integers(0, 12)),
    max_size=5,
)


@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ours=deeds, theirs=deeds)
def test_a_generated_case_is_merged_as_in_a_work_tree(cases, database, ours, theirs):
    commits = cases.add(BASE, side(BASE, ours), side(BASE, theirs))
    preview = previews.preview(database, *database.pin(*commits))
    assert of_ours(preview) == cases.merge(*commits)

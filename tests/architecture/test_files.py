"""Rules about files that no linter knows."""

from __future__ import annotations

import ast
import inspect
import subprocess
from pathlib import Path

import pytest

from airflow_dataops import errors
from airflow_dataops.get_provider_info import get_provider_info

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "airflow_dataops"
LONGEST = 400


def python_files():
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_file_outside_of_tests_is_named_like_a_test():
    named = [
        file.relative_to(ROOT)
        for file in python_files()
        if file.stem.startswith("test_") or file.stem.endswith("_test")
    ]
    assert named
    assert [file for file in named if file.parts[0] != "tests"] == []


def test_no_file_is_longer_than_an_idea():
    lengths = {file: file.read_text().count("\n") for file in python_files()}
    assert {str(file.relative_to(ROOT)): n for file, n in lengths.items() if n > LONGEST} == {}


def test_no_file_is_called_after_nothing_in_particular():
    nothing = {"utils", "helpers", "common", "base"}
    assert [str(file) for file in python_files() if file.stem in nothing] == []


@pytest.mark.parametrize(
    "option", sorted(get_provider_info()["config"]["dataops"]["options"]), ids=str
)
def test_every_setting_is_explained_in_the_docs(option):
    pages = list((ROOT / "docs").rglob("*.md"))
    assert pages
    assert [page.name for page in pages if option in page.read_text()]


class TestErrors:
    def test_the_drawn_tree_is_the_tree_of_classes(self):
        drawn, above = {}, {}
        for line in inspect.getdoc(errors).splitlines():
            name = line.lstrip(" │├└─").partition(" ")[0]
            if not name.isidentifier() or not hasattr(errors, name):
                continue
            depth = (len(line) - len(line.lstrip(" │├└─"))) // 4
            above[depth] = name
            drawn[name] = above.get(depth - 1, "Exception") if depth > 1 else "Exception"
        classes = {
            name: kind.__base__.__name__
            for name, kind in inspect.getmembers(errors, inspect.isclass)
            if issubclass(kind, Exception)
        }
        assert drawn == classes

    def test_every_error_of_ours_is_in_the_tree(self):
        ours = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
        elsewhere = [
            f"{file.relative_to(ROOT)}: {node.name}"
            for file in PACKAGE.rglob("*.py")
            if file.name != "errors.py"
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.ClassDef) and ours & {_name(base) for base in node.bases}
        ]
        assert elsewhere == []

    def test_every_error_says_what_it_is(self):
        for _, kind in inspect.getmembers(errors, inspect.isclass):
            assert inspect.getdoc(kind)


def _name(base):
    return base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")

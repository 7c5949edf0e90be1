"""What a YAML file says is kept beside it, and never outlives the file it was read from."""

from __future__ import annotations

import json
import os
import sys

import pytest

from airflow_dataops.errors import SpecError
from airflow_dataops.specs.kept_yaml import read_kept

TEXT = "a: &a [1, 2.5, x, null, true]\nb: {c: *a, d: .inf}\n"
CONTENT = {"a": [1, 2.5, "x", None, True], "b": {"c": [1, 2.5, "x", None, True], "d": float("inf")}}


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "pipeline.yaml"
    path.write_text(TEXT)
    return path


def kept_of(file):
    return file.parent / "__pycache__" / "pipeline.yaml.json"


def read(file):
    return read_kept(file, shown_as="shown.yaml")


def test_what_is_kept_is_what_was_read(file):
    assert read(file).content == CONTENT
    kept = kept_of(file)
    state = json.loads(kept.read_text())["state"]
    kept.write_text(json.dumps({"state": state, "content": "from here"}))
    assert read(file).content == "from here"


def test_lines_are_known_although_it_was_kept(file):
    for _ in range(2):
        assert str(read(file).complaint("wrong", ("b", "d"))) == "shown.yaml:2: wrong"


def test_a_file_that_changed_is_read_again(file):
    read(file)
    file.write_text("a: 3\n")
    assert read(file).content == {"a": 3}


def test_a_file_of_the_same_size_that_changed_is_read_again(file):
    read(file)
    before = file.stat().st_mtime_ns
    file.write_text(TEXT.replace("1", "7"))
    os.utime(file, ns=(before, before + 1))
    assert read(file).content["a"][0] == 7


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b"5", b'{"state": 1}', b"\xff\xfe", b"null"])
def test_rubbish_in_its_place_does_no_harm(file, rubbish):
    read(file)
    kept_of(file).write_bytes(rubbish)
    assert read(file).content == CONTENT
    assert json.loads(kept_of(file).read_text())["content"] == CONTENT


def test_what_is_wrong_is_not_kept(file):
    file.write_text("a: 1\na: 2\n")
    for _ in range(2):
        assert [str(c) for c in read(file).complaints] == [
            "shown.yaml:2: key 'a' stands twice, first on line 1; keep one of them"
        ]
    assert not kept_of(file).exists()


def test_a_file_that_is_gone_is_told_although_it_was_kept(file):
    read(file)
    file.unlink()
    with pytest.raises(SpecError, match=r"shown\.yaml: this file cannot be read"):
        read(file)


def test_nothing_is_kept_where_python_keeps_nothing(file, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert read(file).content == CONTENT
    assert not kept_of(file).parent.exists()


def test_a_folder_that_cannot_be_written_to_is_no_reason_to_fail(file):
    kept_of(file).parent.write_text("a file where the folder would be")
    assert read(file).content == CONTENT

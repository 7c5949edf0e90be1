"""What merges came to is kept, and never more of it than there is room for."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_dataops.adapters.git_repository.kept_merges import KeptMerges
from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
from airflow_dataops.errors import OutsideSystemError

COPY = Path("copy.git")


def texts_of(*names, size=1_000_000, kept):
    """Ask for the texts of some merges; gives which of them had to be read."""
    read = []

    def read_now(name):
        read.append(name)
        return {"a.py": ("x" * size,)}

    for name in names:
        assert kept.texts(COPY, name, "theirs", lambda name=name: read_now(name)) == {
            "a.py": ("x" * size,)
        }
    return read


def test_a_merge_is_read_once():
    assert texts_of("one", "two", "one", "two", kept=KeptMerges()) == ["one", "two"]


def test_the_one_asked_for_longest_ago_makes_room():
    # A million characters count as two million bytes and a little: two of them fit, not three.
    kept = KeptMerges(most_bytes=5_000_000)
    assert texts_of("one", "two", "one", "three", "one", "two", kept=kept) == [
        "one",
        "two",
        "three",
        "two",
    ]


def test_what_is_too_large_is_not_kept_and_drives_nothing_out():
    kept = KeptMerges(most_bytes=5_000_000)
    assert texts_of("small", kept=kept) == ["small"]
    assert texts_of("large", "large", size=3_000_000, kept=kept) == ["large", "large"]
    assert texts_of("small", kept=kept) == []


def test_the_same_commits_of_another_copy_are_another_merge():
    kept = KeptMerges()
    texts_of("one", kept=kept)
    other = kept.texts(Path("other.git"), "one", "theirs", lambda: {"b.py": ()})
    assert other == {"b.py": ()}


def test_what_somebody_does_to_an_answer_does_not_change_the_next_one():
    kept = KeptMerges()
    kept.texts(COPY, "one", "theirs", lambda: {"a.py": ("x",)}).clear()
    assert kept.texts(COPY, "one", "theirs", dict) == {"a.py": ("x",)}


def test_what_fails_is_asked_again():
    kept = KeptMerges()
    with pytest.raises(ZeroDivisionError):
        kept.texts(COPY, "one", "theirs", lambda: {"a.py": (str(1 // 0),)})
    assert kept.texts(COPY, "one", "theirs", lambda: {"a.py": ("x",)}) == {"a.py": ("x",)}


def test_a_repository_answers_from_what_is_kept_and_knows_other_commits_from_it(origin, tmp_path):
    origin.commit({"a.txt": "one\n"}, branch="dev", source="main")
    origin.commit({"a.txt": "two\n"}, branch="main", source="main")
    kept = KeptMerges()
    asking = lambda url: MergeRepository(tmp_path / "copy.git", url=url, kept=kept)  # noqa: E731
    tips = asking(origin.url).tips(["main", "dev"])
    before = asking(origin.url).preview(tips["main"], tips["dev"])
    texts = asking(origin.url).texts(tips["main"], tips["dev"])
    assert [one.file.path for one in before[0].conflicts] == ["a.txt"]
    # Nobody has to be asked, and git has nothing to do.
    (tmp_path / "copy.git").rename(tmp_path / "gone.git")
    nowhere = asking(str(tmp_path / "nowhere"))
    assert nowhere.preview(tips["main"], tips["dev"]) == before
    assert nowhere.texts(tips["main"], tips["dev"]) == texts
    with pytest.raises(OutsideSystemError):
        nowhere.preview(tips["dev"], tips["main"])

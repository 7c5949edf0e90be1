"""What git prints about a file, as lines with their numbers."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.file_difference import MOST_LINES, LineKind, read_difference

HEAD = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n"
LINES = st.lists(st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=5))


def test_lines_know_where_they_are_before_and_after():
    found = read_difference("x", f"{HEAD}@@ -3,3 +3,4 @@ def f():\n a\n-b\n+c\n+d\n e\n")
    assert [(one.kind.value, one.before, one.after, one.text) for one in found.lines] == [
        ("place", None, None, "def f():"),
        ("same", 3, 3, "a"),
        ("removed", 4, None, "b"),
        ("added", None, 4, "c"),
        ("added", None, 5, "d"),
        ("same", 5, 6, "e"),
    ]


def test_what_is_no_text_and_what_only_moved_have_no_lines():
    binary = read_difference("x", "diff --git a/x b/x\nBinary files a/x and b/x differ\n")
    assert (binary.is_text, binary.lines) == (False, ())
    moved = read_difference("y", "diff --git a/x b/y\nsimilarity index 100%\nrename from x\n")
    assert (moved.is_text, moved.lines) == (True, ())


def test_a_missing_end_of_line_is_no_line():
    found = read_difference("x", f"{HEAD}@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n")
    assert [one.text for one in found.lines] == ["", "a", "b"]


def test_a_long_one_is_cut_and_says_so():
    body = "".join(f"+{number}\n" for number in range(MOST_LINES))
    found = read_difference("x", f"{HEAD}@@ -0,0 +1,{MOST_LINES} @@\n{body}")
    assert (len(found.lines), found.is_cut) == (MOST_LINES, True)
    assert not read_difference("x", f"{HEAD}@@ -0,0 +1 @@\n+a\n").is_cut


@given(LINES, LINES)
def test_both_files_can_be_read_from_it_line_by_line(before, after):
    printed = "\n".join(difflib.unified_diff(before, after, lineterm="", n=10_000))
    lines = read_difference("x", f"diff --git a/x b/x\n{printed}\n" if printed else "").lines
    if before == after:
        assert lines == ()
        return
    for side, text in (("before", before), ("after", after)):
        numbered = {getattr(one, side): one.text for one in lines if getattr(one, side)}
        assert [numbered[n] for n in range(1, len(text) + 1)] == text
    assert {one.kind for one in lines} <= set(LineKind)

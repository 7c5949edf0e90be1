"""The drawn tree of kitchens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.cli.tree import DRAWN, TYPED, in_tree, strokes_for

PARENTS = {"main": None, "dev": "main", "padma": "dev", "carl": "dev", "test": "main"}


def test_children_stand_below_their_parents_by_name():
    assert [before + name for before, name in in_tree(PARENTS, DRAWN)] == [
        "└─ main",
        "   ├─ dev",
        "   │  ├─ carl",
        "   │  └─ padma",
        "   └─ test",
    ]


def test_a_kitchen_whose_parent_is_not_shown_starts_a_tree():
    drawn = in_tree({"mine": "hidden", "main": None}, TYPED)
    assert [before + name for before, name in drawn] == ["+- main", "`- mine"]


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.none() | st.sampled_from("abcdefghx")))
def test_every_kitchen_is_drawn_once_whatever_its_parents_are_said_to_be(parents):
    assert sorted(name for _, name in in_tree(parents, DRAWN)) == sorted(parents)


@pytest.mark.parametrize(
    ("encoding", "strokes"),
    [("utf-8", DRAWN), ("ascii", TYPED), ("latin-1", TYPED), (None, TYPED), ("no such", TYPED)],
)
def test_box_drawing_is_used_where_the_output_has_it(encoding, strokes):
    assert strokes_for(encoding) is strokes

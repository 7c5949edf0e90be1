"""Merges of sides that were merged into each other before, so that they have several bases."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from airflow_dataops.adapters.git_repository import previews
from airflow_dataops.adapters.git_repository.merging import ObjectDatabase
from airflow_dataops.domain.merge_text import regions_of
from airflow_dataops.specs import merged_file
from tests.adapters.test_merge_corpus import BASE, deeds, of_ours, side
from tests.merge_repositories import FILE, CaseRepository

LINES = [f"line {number}\n" for number in range(12)]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return CaseRepository(tmp_path_factory.mktemp("histories") / "work")


@pytest.fixture(scope="module")
def database(cases):
    return ObjectDatabase.around(cases.path)


def with_line_5(content):
    return {"a.sql": (FILE, "".join([*LINES[:5], content, *LINES[6:]]).encode())}


def crossed(cases, *, name, base, before, tips):
    """Two commits that each have the other side's last but one: their bases are those two."""
    old = cases.commit(f"{name}-base", base)
    ours, theirs = (
        cases.commit(f"{name}-{side}", tree, parents=[old])
        for side, tree in zip(("ours", "theirs"), before, strict=True)
    )
    return (
        cases.commit(f"{name}-our-tip", tips[0], parents=[ours, theirs]),
        cases.commit(f"{name}-their-tip", tips[1], parents=[theirs, ours]),
    )


def test_the_base_of_a_region_shows_the_conflict_that_it_is_of(cases, database):
    commits = crossed(
        cases, name="nested", base=with_line_5("base\n"),
        before=(with_line_5("o\n"), with_line_5("t\n")),
        tips=(with_line_5("our tip\n"), with_line_5("their tip\n")),
    )  # fmt: skip
    ours, theirs = database.pin(*commits)
    assert of_ours(previews.preview(database, ours, theirs)) == cases.merge(*commits)
    parts = previews.texts(database, ours, theirs)["a.sql"]
    (region,) = regions_of(parts)
    assert (region.ours, region.theirs) == ("our tip\n", "their tip\n")
    shown = [line.rstrip("\n") for line in region.base.splitlines()]
    assert [line for line in shown if line[0] not in "<|=>"] == ["t", "base", "o"]
    assert [line[0] for line in shown if line[0] in "<|=>"] == ["<", "|", "=", ">"]
    assert [part for part in parts if part is not region] == [
        "".join(LINES[:5]),
        "".join(LINES[6:]),
    ]
    # Who takes such a base is told that it is no text yet.
    complaint = merged_file.complaint("a.sql", region.base.encode(), sides=[region.ours])
    assert str(complaint) == "a.sql:1: a conflict marker is left in it"


numbers = iter(range(1_000_000))


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=st.tuples(deeds, deeds), after=st.tuples(deeds, deeds), takes=st.sampled_from("ot"))
def test_a_generated_history_is_merged_as_in_a_work_tree(cases, database, before, after, takes):
    ours, theirs = (side(BASE, done) for done in before)
    merged = (ours, ours if takes == "o" else theirs)
    commits = crossed(
        cases, name=f"h{next(numbers)}", base=BASE, before=(ours, theirs),
        tips=tuple(side(tree, done) for tree, done in zip(merged, after, strict=True)),
    )  # fmt: skip
    preview = previews.preview(database, *database.pin(*commits))
    assert of_ours(preview) == cases.merge(*commits)

"""The catalogue's page lists each word with what it takes, as the code says it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from airflow_dataops.domain import expectations
from airflow_dataops.domain.data_tests import Measure
from airflow_dataops.specs.pipeline_tests import (
    BOUNDS,
    COMMON,
    MEASURES,
    WHOLE_TESTS,
    arguments,
    owner_of,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "data-tests.md"
SAID_FOR_ALL = {*COMMON, "row_condition"}
WORDS = [(owner_of(word), word) for word in (*MEASURES, *WHOLE_TESTS)]
WORDS += [(Measure, word) for word in BOUNDS]


def takes(owner, word):
    """The arguments of a word as the page shows them, with their defaults."""
    declared = inspect.signature(getattr(owner, word)).parameters
    shown = []
    for argument in arguments(owner, word):
        if argument.name in declared and argument.name not in SAID_FOR_ALL:
            default = repr(declared[argument.name].default).replace("'", '"')
            shown.append(
                f"`{argument.name}`" if argument.is_required else f"`{argument.name}={default}`"
            )
    return ", ".join(shown)


@pytest.mark.parametrize(("owner", "word"), WORDS, ids=[word for _, word in WORDS])
def test_a_word_stands_in_the_catalogue_with_what_it_takes(owner, word):
    assert f"\n| `{word}` | {takes(owner, word)} | " in PAGE.read_text()


def test_expectations_that_are_compiled_are_listed():
    known = [*expectations._ROWS, *expectations._NUMBERS, *expectations._WHOLE]
    assert all(f"`{name}`" in PAGE.read_text() for name in known)

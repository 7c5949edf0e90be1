"""The JSON Schema of pipeline.yaml: one source, and no other opinion than the loader's."""

from __future__ import annotations

import json
import re
from inspect import getmembers, isfunction
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from airflow_dataops.domain.data_assets import File, Table
from airflow_dataops.domain.data_tests import Measure
from airflow_dataops.errors import SpecError
from airflow_dataops.specs.pipeline_file import load_pipeline
from airflow_dataops.specs.pipeline_keys import (
    FILE_KEYS,
    PIPELINE_KEYS,
    STAGE_KEYS,
    TABLE_KEYS,
    TASK_KEYS,
)
from airflow_dataops.specs.pipeline_schema import PUBLISHED, SHIPPED, pipeline_schema, schema_text
from airflow_dataops.specs.pipeline_tests import BOUNDS, MEASURES, WHOLE_TESTS
from tests.broken_pipelines import BROKEN
from tests.good_pipelines import GOOD

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = Draft202012Validator(pipeline_schema())
READABLE = [broken for broken in BROKEN if broken.is_yaml]


def load(folder: Path, text: str, more):
    for name, content in {"pipelines/broken/pipeline.yaml": text, **more}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return load_pipeline(folder, "broken")


@pytest.mark.parametrize("path", [SHIPPED, PUBLISHED], ids=["package", "docs"])
def test_what_is_published_is_what_the_loaders_tables_say(path):
    assert path.read_text() == schema_text(), "run python -m airflow_dataops.specs.pipeline_schema"


def test_it_is_a_json_schema():
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_the_loader_takes_the_schema_takes(text, tmp_path):
    fragment = {
        "shared/loads.yaml": "- {stage: more, tasks: [empty]}\n",
        "shared/a.yaml": "tags: [a]",
    }
    pipeline, _ = load(tmp_path, text, fragment)
    assert pipeline.stages
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize("broken", READABLE, ids=lambda broken: broken.name)
def test_what_the_schema_refuses_is_what_it_can_see_of_the_loaders_complaints(broken):
    assert SCHEMA.is_valid(yaml.safe_load(broken.text)) != broken.in_schema


WORDS = st.sampled_from(
    [
        "orders",
        "incoming",
        "load",
        "bash",
        "empty",
        "a",
        "a.b",
        "5m",
        "1",
        "{{ run_date }}",
        "",
        "A b",
    ]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-1, 3), st.floats(), WORDS)
TABLES = (PIPELINE_KEYS, STAGE_KEYS, TASK_KEYS, TABLE_KEYS, FILE_KEYS)
OTHERS = ("of", "check", "bash", "copy", "a.b", "include", "on_violation", "retry_delay", "low")
KEYS = st.sampled_from([key for keys in (*TABLES, MEASURES, BOUNDS, OTHERS) for key in keys])
VALUES = (
    WORDS
    | SCALARS
    | st.recursive(
        SCALARS,
        lambda v: st.lists(v, max_size=2) | st.dictionaries(KEYS, v, max_size=2),
        max_leaves=4,
    )
)


@st.composite
def changed_pipelines(draw):
    """A pipeline that is as it should be, with one thing in it put in or replaced."""
    content = yaml.safe_load(draw(st.sampled_from([*GOOD.values()])))
    part = content
    while True:
        below = [*part] if isinstance(part, dict) else [*range(len(part))]
        key = draw(
            st.sampled_from(below) | KEYS if isinstance(part, dict) else st.sampled_from(below)
        )
        value = part[key] if key in below else None
        if not isinstance(value, (dict, list)) or not value or draw(st.booleans()):
            part[key] = draw(VALUES)
            return content
        part = value


def complaints(folder, text):
    try:
        load(folder, text, {})
    except SpecError as error:
        return error.complaints
    return ()


@given(changed_pipelines())
@settings(max_examples=100, deadline=None)
def test_whatever_is_written_is_taken_by_both_or_told_with_its_place(tmp_path_factory, content):
    text = yaml.safe_dump(content)
    told = complaints(tmp_path_factory.getbasetemp() / "whatever", text)
    assert all(complaint.line for complaint in told)
    assert told or SCHEMA.is_valid(yaml.safe_load(text))


def test_every_word_of_the_data_tests_can_be_said_in_yaml():
    """A measure or a test that is added in Python needs its name in a list of the YAML form."""

    def saying(owner, kinds):
        return {
            name
            for name, method in getmembers(owner, isfunction)
            if re.fullmatch(kinds, str(method.__annotations__.get("return")))
            and name != "rendered"
            and not name.startswith("_")
        }

    tests = "DataTest"
    assert saying(Table, "Measure") | saying(File, "Measure") == set(MEASURES)
    assert saying(Table, tests) | saying(File, tests) == set(WHOLE_TESTS)
    assert saying(Measure, tests) == set(BOUNDS)

"""Schedules are written into files that people wrote, and nothing else in them changes."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_dataops.errors import NotEditable
from airflow_dataops.specs.schedule_edit import LARGEST, NewSchedule, edited, files_of

PYTHON, YAML = files_of("profit")
MONDAYS = NewSchedule(cron="0 6 * * 1", timezone="America/Chicago")
NONE = NewSchedule(cron=None)


def change(source, new=MONDAYS, *, path=PYTHON):
    return edited(source.encode(), path=path, pipeline="profit", new=new).decode()


def change_python(decorator, new=MONDAYS):
    return change(f"{decorator}\ndef profit(): ...\n", new).removesuffix("\ndef profit(): ...\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@pipeline", '@pipeline(schedule="0 6 * * 1", timezone="America/Chicago")'),
        ("@pipeline()", '@pipeline(schedule="0 6 * * 1", timezone="America/Chicago")'),
        (
            "@dataops.pipeline",
            '@dataops.pipeline(schedule="0 6 * * 1", timezone="America/Chicago")',
        ),
        (
            "@pipeline(description='weekly')",
            '@pipeline(schedule="0 6 * * 1", timezone="America/Chicago", description=\'weekly\')',
        ),
        (
            "@pipeline(schedule='@daily',timezone='UTC' )  # as ever",
            '@pipeline(schedule="0 6 * * 1",timezone="America/Chicago" )  # as ever',
        ),
        (
            '@pipeline(\n    description="größer",  # so it is\n    schedule=None,\n)',
            (
                '@pipeline(\n    timezone="America/Chicago",\n'
                '    description="größer",  # so it is\n    schedule="0 6 * * 1",\n)'
            ),
        ),
        (
            '@pipeline(description="größer", schedule="0 5 * * *", tags=["ä"])',
            (
                '@pipeline(timezone="America/Chicago", description="größer", '
                'schedule="0 6 * * 1", tags=["ä"])'
            ),
        ),
        (
            '@pipeline(schedule=("0 5 "\n   "* * *"), timezone="UTC", **MORE)',
            '@pipeline(schedule=("0 6 * * 1"), timezone="America/Chicago", **MORE)',
        ),
        (
            '@other(schedule="0 5 * * *")\n@pipeline\n@third',
            (
                '@other(schedule="0 5 * * *")\n'
                '@pipeline(schedule="0 6 * * 1", timezone="America/Chicago")\n@third'
            ),
        ),
    ],
)
def test_the_decorators_keywords_are_changed_where_they_stand(before, after):
    assert change_python(before) == after
    assert change_python(after) == after


def test_without_a_timezone_the_files_own_stays():
    before = '@pipeline(schedule="@daily", timezone="Europe/Zurich")'
    after = '@pipeline(schedule="0 6 * * 1", timezone="Europe/Zurich")'
    assert change_python(before, NewSchedule(cron=" 0 6  * * 1")) == after


def test_the_default_timezone_is_not_written_where_none_stands():
    utc = NewSchedule(cron="@daily", timezone="UTC")
    assert change_python("@pipeline", utc) == '@pipeline(schedule="@daily")'
    assert change("name: x\n", utc, path=YAML) == 'schedule: "@daily"\nname: x\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@pipeline", "@pipeline"),
        ("@pipeline(tags=[])", "@pipeline(tags=[])"),
        (
            '@pipeline(schedule="@daily", timezone="Europe/Zurich")',
            '@pipeline(schedule=None, timezone="Europe/Zurich")',
        ),
    ],
)
def test_a_schedule_is_taken_away(before, after):
    assert change_python(before, NONE) == after


@pytest.mark.parametrize(
    ("decorator", "why"),
    [
        ("@pipeline(schedule=WEEKLY)", "1: schedule is no plain text"),
        ("\n@pipeline(\n  schedule=f'{HOUR} * * * *')", "3: schedule is no plain text"),
        ("@pipeline(schedule=cron('x'))", "1: schedule is no plain text"),
        ("@pipeline(schedule=60)", "1: schedule is no plain text"),
        ("@pipeline(schedule='@daily', timezone=ZONE)", "1: timezone is no plain text"),
        ("@pipeline(tags=[],\n  **COMMON)", "2: schedule may come out of"),
        ("@pipeline(WEEKLY)", "1: @pipeline is given something without a name"),
        ("@task", "it has no function profit with one @pipeline decorator"),
        ("@pipeline\n@pipeline", "it has no function profit with one @pipeline decorator"),
        ("@pipeline(", "1: it is no Python that can be read"),
        ("\0", "it is no Python that can be read"),
        ("(" * 50_000, "1: it is no Python that can be read"),
        (f"X = {'-' * 50_000}1", "it is nested too deep"),
    ],
)
def test_what_only_a_person_can_change_is_left_to_them(decorator, why):
    with pytest.raises(NotEditable) as refused:
        change_python(decorator)
    assert f"pipelines/profit/pipeline.py:{why}" in str(refused.value).replace(".py: ", ".py:")
    assert str(refused.value).endswith("; change it there by hand and push")


def test_another_functions_decorator_is_not_the_pipelines():
    with pytest.raises(NotEditable, match="no function profit"):
        change("@pipeline\ndef other(): ...\n")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_what_stands_before_the_text_stay(ends, mark):
    lines = ["# \x0c one \u2028 line", "@pipeline(", "    tags=[],", ")", "def profit(): ...", ""]
    source = mark + ends.join(lines)
    after = change(source)
    untouched = [line for line in lines if line != "    tags=[],"]
    assert all(f"{line}{ends}" in f"{after}{ends}" for line in untouched)
    assert ast.parse(after.encode())


SNIPPETS = st.text(alphabet="aä€😀 #'\"\\\t", max_size=12)
ARGUMENTS = st.lists(
    st.sampled_from(["tags", "description", "doc_md", "max_active_runs", "schedule", "timezone"]),
    unique=True,
)
CRONS = st.sampled_from(["0 6 * * 1", "*/5 * * * *", "@daily", "0 0 1,15 * mon-fri", None])
ZONES = st.sampled_from(["UTC", "America/Chicago", "Etc/GMT+5", None])


@given(
    names=ARGUMENTS,
    values=st.lists(SNIPPETS, min_size=6, max_size=6),
    gaps=st.lists(st.sampled_from(["", " ", "\n  ", "  # ä\n  "]), min_size=7, max_size=7),
    before=SNIPPETS,
    new=st.builds(NewSchedule, cron=CRONS, timezone=ZONES),
)
def test_in_python_nothing_but_the_schedule_differs(names, values, gaps, before, new):
    written = "".join(
        f"{gap}{name}={value!r}," for name, value, gap in zip(names, values, gaps, strict=False)
    )
    text = before.replace("\t", "")
    source = (
        f"# {text}\nX = {before!r}\n@pipeline({written}{gaps[-1]})\ndef profit():\n    return 1\n"
    )
    after = change(source, new)
    was, now = arguments(source), arguments(after)
    for name, value in new.values().items():
        assert now.pop(name, "UTC" if name == "timezone" else None) == value
        was.pop(name, None)
    assert now == was
    assert without_decorator(after) == without_decorator(source)
    # What stands around the values is not touched: all of it is found again, in its order.
    kept = iter(after)
    comments = [line for line in source.splitlines() if line.strip().startswith("#")]
    assert all(letter in kept for letter in "".join(comments))


def arguments(source):
    [function] = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    [decorator] = function.decorator_list
    if not isinstance(decorator, ast.Call):
        return {}
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in decorator.keywords}


def without_decorator(source):
    tree = ast.parse(source)
    tree.body[-1].decorator_list.clear()
    return ast.dump(tree)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# weekly\nname: profit\n",
            '# weekly\nschedule: "0 6 * * 1"\ntimezone: "America/Chicago"\nname: profit\n',
        ),
        (
            "name: profit\nschedule: '@daily' # as ever\ntimezone: UTC\nstages: []\n",
            (
                'name: profit\nschedule: "0 6 * * 1" # as ever\n'
                'timezone: "America/Chicago"\nstages: []\n'
            ),
        ),
        (
            "schedule:\ntimezone: Europe/Zurich\n",
            'schedule: "0 6 * * 1"\ntimezone: "America/Chicago"\n',
        ),
        (
            "{schedule: ~, größer: [ä]}\n",
            '{timezone: "America/Chicago", schedule: "0 6 * * 1", größer: [ä]}\n',
        ),
        (
            "---\r\nstages: []\r\n",
            '---\r\nschedule: "0 6 * * 1"\r\ntimezone: "America/Chicago"\r\nstages: []\r\n',
        ),
    ],
)
def test_the_top_levels_keys_are_changed_where_they_stand(before, after):
    assert change(before, path=YAML) == after
    assert change(after, path=YAML) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\nschedule: '@daily' # as ever\nb: 2\n", "a: 1\nb: 2\n"),
        ("# top\nschedule:\n  '@daily'\n\nb: 2\n", "# top\n\nb: 2\n"),
        ("a: 1\nschedule: '@daily'", "a: 1\n"),
        ("{schedule: '@daily', a: 1}\n", "{a: 1}\n"),
        ("{a: 1, schedule: '@daily'}\n", "{a: 1}\n"),
        ("a: 1\n", "a: 1\n"),
    ],
)
def test_in_yaml_a_schedule_is_taken_away_with_its_key(before, after):
    assert change(before, NONE, path=YAML) == after


def test_what_comes_from_elsewhere_can_be_set_and_not_taken_away():
    for source in ("include: shared/weekly.yaml\n", "<<: {schedule: '@daily'}\nstages: []\n"):
        assert change(source, path=YAML).endswith(source)
        with pytest.raises(
            NotEditable, match=r":1: schedule may come from elsewhere \((include|<<)"
        ):
            change(source, NONE, path=YAML)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("schedule: &s '@daily'\nother: *s\n", ":1: schedule is shared with other places"),
        ("other: &s '@daily'\nschedule: *s\n", ":2: schedule is shared with other places"),
        ("schedule: >\n  0 6 * *\n  1\n", ":1: schedule is shared with other places, or written"),
        ("schedule: [a]\n", ":1: schedule is no text"),
        ("schedule: 60\n", ":1: schedule is no text"),
        ("schedule: a\nschedule: b\n", ":2: schedule stands there twice"),
        ("- schedule: x\n", ": it does not begin with keys and values"),
        ("", ": it does not begin with keys and values"),
        ("schedule: 'x\n", "it is no YAML that can be read"),
        ("a: 1\n---\nb: 2\n", "it is no YAML that can be read"),
        ("? name\n: profit\n", "no way was found to change it that leaves all else as it is"),
        ("a: \x00\n", "it is no YAML that can be read"),
        ("a: " + "[" * 100_000, "it is nested deeper than 40 levels"),
    ],
)
def test_in_yaml_too_a_person_is_left_what_a_program_cannot_change(source, why):
    with pytest.raises(NotEditable) as refused:
        change(source, path=YAML)
    assert why in str(refused.value)


LEAVES = st.none() | st.booleans() | st.integers() | st.text("aä€😀 #:-'\"\n", max_size=8)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


# The first key goes where another one comes.
@example(
    others={"stages": None}, had={"schedule": "0 6 * * 1"}, style=False,
    new=NewSchedule(cron=None, timezone="America/Chicago"),
)  # fmt: skip
@given(
    others=st.dictionaries(st.sampled_from(["name", "stages", "größer", "#x"]), TREES, min_size=1),
    had=st.fixed_dictionaries({}, optional={"schedule": CRONS, "timezone": st.just("Asia/Tokyo")}),
    style=st.sampled_from([None, True, False]),
    new=st.builds(NewSchedule, cron=CRONS, timezone=ZONES),
)
def test_in_yaml_nothing_but_the_schedule_differs(others, had, style, new):
    source = yaml.safe_dump({**others, **had}, allow_unicode=True, default_flow_style=style)
    was, now = yaml.safe_load(source), yaml.safe_load(change(source, new, path=YAML))
    for name, value in new.values().items():
        assert now.pop(name, "UTC" if name == "timezone" else None) == value
        was.pop(name, None)
    assert now == was


@pytest.mark.parametrize("path", [PYTHON, YAML])
def test_what_is_no_text_or_huge_is_not_looked_through(path):
    for content, why in (
        (b"\xff", "not written in UTF-8"),
        (b"#" * (LARGEST + 1), "200001 bytes"),
    ):
        with pytest.raises(NotEditable, match=why):
            edited(content, path=path, pipeline="profit", new=MONDAYS)


def test_a_change_says_what_it_is():
    assert str(MONDAYS) == "0 6 * * 1 America/Chicago"
    assert str(NewSchedule(cron="0  6 * * 1")) == "0 6 * * 1"
    assert str(NONE) == "none"


def test_a_real_pipeline_keeps_every_line_but_one():
    source = dedent('''\
        from airflow_dataops import pipeline


        @pipeline(schedule="0 6 * * 1", timezone="America/Chicago", description="Weekly")
        def profit():
            """Mondays."""
    ''')
    after = change(source, NewSchedule(cron="30 7 * * 2"))
    changed = [
        one for one in zip(source.splitlines(), after.splitlines(), strict=True) if one[0] != one[1]
    ]
    assert [after for _, after in changed] == [
        '@pipeline(schedule="30 7 * * 2", timezone="America/Chicago", description="Weekly")'
    ]

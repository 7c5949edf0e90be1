"""The keys of a ``pipeline.yaml``: what each takes and means.

One table for the loader and for the JSON Schema that editors use. Pipelines are read at every
parse, and models that a library makes of such tables would cost more than all the reading.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_dataops.domain.decided_by_kitchen import DECIDED_BY_KITCHEN
from airflow_dataops.specs import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_dataops.specs.marked_yaml import Place

    Complain = Callable[[str, Place], None]

SNAKE_CASE = "^[a-z][a-z0-9_]*$"
DURATION = r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"
_DURATION = re.compile(DURATION)
DURATIONS = {"execution_timeout", "retry_delay", "max_retry_delay"}


class Kind(NamedTuple):
    """What a value can be: for a person, for an editor, and for us."""

    words: str
    schema: Mapping[str, Any]
    is_one: Callable[[Any], bool]


class Key(NamedTuple):
    """One key: what it takes, and what it means.

    ``about`` completes "… lacks 'key': " and is what editors show.
    """

    kind: Kind
    about: str
    is_required: bool = False


class Keys(dict[str, Key]):
    """The keys of one kind of mapping; ``required`` are those that have to be there."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        super().__init__(keys)
        self.required = tuple(name for name, key in keys.items() if key.is_required)


def duration(value: object) -> timedelta:
    """A length of time as people write it: ``90s``, ``5m``, ``1h30m``, ``2d``, or seconds.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _CENTURY:
        return timedelta(seconds=value)
    if isinstance(value, str) and (found := _DURATION.fullmatch(value)):
        days, hours, minutes, seconds = (
            int((part or "0").rstrip("dhms")) for part in found.groups()
        )
        if days * 86400 + hours * 3600 + minutes * 60 + seconds <= _CENTURY:
            return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    message = f"this is no length of time; write {_DURATION_WORDS}"
    raise ValueError(message)


def names_in(value: Any) -> list[str]:
    """One name or several, as a list."""
    return [value] if isinstance(value, str) else value


def with_durations(parameters: dict[str, Any], place: Place, complain: Complain) -> dict[str, Any]:
    """An operator's parameters, those that Airflow wants as lengths of time read as such."""
    if DURATIONS.isdisjoint(parameters):
        return parameters
    read = dict(parameters)
    for name in DURATIONS & parameters.keys():
        try:
            read[name] = duration(read[name])
        except ValueError as error:
            complain(f"{name} is {read[name]!r}: {error}", (*place, name))
    return read


def read_keys(
    content: Mapping[str, Any], keys: Keys, place: Place, complain: Complain
) -> dict[str, Any]:
    """The keys of a mapping that are as the table says; complains about all others.

    Args:
        content: the mapping.
        keys: what it may have.
        place: where it stands.
        complain: is told of each key that is unknown, missing or of another kind.
    """
    read = {}
    for name, value in content.items():
        key = keys.get(name)
        if key is None:
            complain(wording.unknown_key((*place, name), keys, REFUSED_KEYS), (*place, name))
        elif not key.kind.is_one(value):
            here = (*place, name)
            complain(wording.expected_other(value, here, key.kind.words), here)
        else:
            read[name] = value
    for name in keys.required:
        if name not in content:
            complain(wording.lacks((*place, name), keys[name].about), place)
    return read


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _is_share(value: object) -> bool:
    if isinstance(value, str):
        return "{{" in value
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1


def _is_duration(value: object) -> bool:
    try:
        duration(value)
    except ValueError:
        return False
    return True


_CENTURY = 100 * 366 * 86400
_DURATION_WORDS = "90s, 5m, 1h30m or 2d, or a number of seconds"
_TEXT_SCHEMA = {"type": "string", "minLength": 1}
TEXT = Kind("a text; quotes make a text of a number or a yes/no", _TEXT_SCHEMA, _is_text)
TEXTS = Kind(
    "a list of texts, for example [weekly, sales]",
    {"type": "array", "items": _TEXT_SCHEMA},
    _are_texts,
)
NAMES = Kind(
    "a name or a list of names, for example [collect, load]",
    {"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA}]},
    lambda value: _is_text(value) or _are_texts(value),
)
COUNT = Kind(
    "a whole number of at least 1",
    {"type": "integer", "minimum": 1},
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
)
SHARE = Kind(
    "a number above 0 and at most 1, such as 0.05, or a template of one",
    {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            {"type": "string", "pattern": "\\{\\{"},
        ]
    },
    _is_share,
)
YES_OR_NO = Kind("true or false", {"type": "boolean"}, lambda value: isinstance(value, bool))
LENGTH_OF_TIME = Kind(
    _DURATION_WORDS,
    {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": DURATION}]},
    _is_duration,
)
MAPPING = Kind("keys with values", {"type": "object"}, lambda value: isinstance(value, dict))
LIST = Kind(
    "a list: lines that begin with a dash",
    {"type": "array"},
    lambda value: isinstance(value, list),
)
STEPS = Kind(
    "a list: lines that begin with a dash, at least one",
    {"type": "array", "minItems": 1},
    lambda value: isinstance(value, list) and len(value) > 0,
)

# What the DAG is made with as it stands; what nobody wrote is left to Airflow's own default.
DAG_KEYS = {
    "description": Key(TEXT, "one line for Airflow's pages"),
    "tags": Key(TEXTS, "words to find it by on Airflow's pages"),
    "params": Key(
        MAPPING,
        "of a run, with their defaults; a mapping describes one: {default: west, enum: [west]}",
    ),
    "default_args": Key(MAPPING, "parameters of every task: owner, retries, retry_delay …"),
    "max_active_runs": Key(COUNT, "runs at one time"),
    "max_active_tasks": Key(COUNT, "tasks of one run at one time"),
    "max_consecutive_failed_dag_runs": Key(COUNT, "after so many failed runs none is started"),
    "dagrun_timeout": Key(LENGTH_OF_TIME, "a run that takes longer fails: 90m, 2h"),
    "render_template_as_native_obj": Key(YES_OR_NO, "templates become numbers, lists …, not text"),
    "fail_fast": Key(YES_OR_NO, "the first failed task stops the run"),
    "doc_md": Key(TEXT, "Markdown for the DAG's page"),
    "on_failure_callback": Key(TEXT, "module.function, called when a run failed"),
    "on_success_callback": Key(TEXT, "module.function, called when a run succeeded"),
}
PIPELINE_KEYS = Keys(
    {
        **DAG_KEYS,
        "schedule": Key(TEXT, "cron expression; inert until it is enabled in a kitchen"),
        "timezone": Key(TEXT, "IANA name, such as America/Chicago; by default UTC"),
        "shared_paths": Key(
            TEXTS,
            "what it uses of the branch besides its folder: [lib/finance]; by default anything",
        ),
        "defaults": Key(
            MAPPING, "parameters of every task of an operator: {sql: {conn_id: redshift}}"
        ),
        "tables": Key(MAPPING, "the tables that stages publish and tests look at"),
        "files": Key(MAPPING, "the files that tasks read and tests look at"),
        "stages": Key(
            STEPS, "its steps; each starts when the tests of the one above passed", is_required=True
        ),
    }
)
TABLE_KEYS = Keys(
    {
        "tool": Key(
            TEXT, "the tool that has it, a connection id such as redshift", is_required=True
        ),
        "name": Key(TEXT, "its name there; by default the key that it stands under"),
        "where": Key(TEXT, "SQL condition of the slice that a run is about"),
        "masked": Key(NAMES, "columns whose values no sample, log or result shows"),
        "sampled": Key(SHARE, "the share of its rows that are there, where it is a sample"),
    }
)
FILE_KEYS = Keys(
    {
        "tool": Key(TEXT, "the tool that has it, such as s3 or sftp", is_required=True),
        "key": Key(TEXT, "an object's key; {{ kitchen.prefix }} first keeps it in the kitchen"),
        "bucket": Key(TEXT, "by default the bucket that the environment declares for the tool"),
        "path": Key(TEXT, "the path of a file on an SFTP server"),
        "sampled": Key(SHARE, "the share of its records that are there, where it is a sample"),
    }
)
STAGE_KEYS = Keys(
    {
        "stage": Key(TEXT, "its name, in snake case and unique in the pipeline", is_required=True),
        "after": Key(
            NAMES, "stages whose tests passed first; by default the one above, [] for none"
        ),
        "publish": Key(NAMES, "the tables that readers see only once the stage's tests passed"),
        "tasks": Key(LIST, "side by side, but for 'after'"),
        "tests": Key(LIST, "what must hold once the tasks are done"),
    }
)
TASK_KEYS = Keys(
    {
        "task": Key(TEXT, "its name, unique in the stage; by default the operator's short name"),
        "after": Key(NAMES, "tasks of the same stage that come first"),
    }
)
REFUSED_KEYS = {
    **DECIDED_BY_KITCHEN,
    "name": "a pipeline is named after its folder, a stage with 'stage', a task with 'task'",
    "tasks": "tasks stand in a stage, stages: [{stage: load, tasks: […]}]",
    "tests": "tests stand in the stage whose data they look at",
    "include": "files are included at the top, and as an item of stages, tasks or tests",
}

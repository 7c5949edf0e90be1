"""Pipelines in YAML that are wrong, and what their authors are told.

Each has the line of the mistake and words of the complaint; ``in_schema`` says whether an editor
sees it, too, by the JSON Schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE = "pipelines/broken/pipeline.yaml"


@dataclass(frozen=True, kw_only=True)
class Broken:
    name: str
    text: str
    line: int | None
    words: str
    in_schema: bool = False
    is_yaml: bool = True
    more: Mapping[str, str] = field(default_factory=dict)
    file: str = PLACE


def _no_yaml(name: str, text: str, line: int | None, words: str) -> Broken:
    return Broken(name=name, text=text, line=line, words=words, is_yaml=False)


def _shape(name: str, text: str, line: int | None, words: str) -> Broken:
    """A mistake that editors mark."""
    return Broken(name=name, text=text, line=line, words=words, in_schema=True)


def _meaning(
    name: str, text: str, line: int | None, words: str, *, file: str = PLACE, **more: str
) -> Broken:
    """A mistake that takes more than the keys and their types to see."""
    files = {path.replace("__", "/") + ending: t for (path, ending), t in _named(more).items()}
    return Broken(name=name, text=text, line=line, words=words, more=files, file=file)


def _named(more: Mapping[str, str]) -> dict[tuple[str, str], str]:
    endings = {"yaml": ".yaml", "py": ".py", "sql": ".sql"}
    return {
        (path, endings[ending]): text
        for key, text in more.items()
        for path, _, ending in [key.rpartition("_")]
    }


def stage(tasks: str = "{bash: echo}", *more: str, head: str = "") -> str:
    """A file whose first line is ``head`` or the stages' key; its task stands on line 3."""
    lines = [f"{head}stages:", "- stage: load", f"  tasks: [{tasks}]", *(f"  {m}" for m in more)]
    return "\n".join(lines) + "\n"


ORDERS = "tables: {orders: {tool: redshift}}\n"
INCOMING = "files: {incoming: {tool: s3, key: a.csv}}\n"
DEEP = "a: " + "[" * 45 + "]" * 45 + "\n"
BOMB = "a0: &a0 [1, 2]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)
)
MERGE_BOMB = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}\n" for n in range(1, 30)
)

SYNTAX = [
    _no_yaml("bracket", "stages: [", 2, "this is no YAML: did not find expected node content"),
    _no_yaml(
        "tab", "stages:\n\t- stage: load\n", 2, "this is no YAML: found character that cannot"
    ),
    _no_yaml("quote", 'description: "never closed\nstages: []\n', 3, "unexpected end of stream"),
    _no_yaml("indentation", "stages:\n  - stage: a\n tasks: []\n", 3, "this is no YAML"),
    _no_yaml("alias", "stages: *nothing\n", 1, "this is no YAML: found undefined alias"),
    _no_yaml("template", "description: {{ run_date }}\n", 1, "a key must be a word"),
    _no_yaml(
        "two_documents", "a: 1\n---\nb: 2\n", 2, "this is no YAML: but found another document"
    ),
    _no_yaml("control_character", "description: a\x00b\n", None, "a character that is not allowed"),
    _no_yaml("object", stage("{bash: !!python/object/apply:os.system [ls]}"), 3, "with the tag"),
    _no_yaml("own_tag", stage("{bash: !secret login}"), 3, "the tag !secret is not understood"),
    _no_yaml("set", "tags: !!set {a, b}\n", 1, "not understood here"),
    _no_yaml("huge", "# " + "x" * 5_000_000, None, "5,000,002 bytes, at most 1,000,000 are read"),
    _no_yaml("deep", DEEP, 1, "nested deeper than 40 levels; write it flatter"),
    _no_yaml("abyss", "a: " + "[" * 100_000, 1, "nested deeper than 40 levels; write it flatter"),
    _no_yaml("bomb", BOMB, None, "stands for more than 100,000 values, its aliases written out"),
    _no_yaml("merge_bomb", MERGE_BOMB, None, "stands for more than 100,000 values"),
    _no_yaml(
        "recursion", "stages: &s [*s]\n", 1, "this alias contains itself; write the value out"
    ),
    _no_yaml("merged_text", "<<: text\n", 1, "'<<' takes a mapping or a list of mappings"),
    _no_yaml("key_twice", stage(head="tags: [a]\ntags: [b]\n"), 2, "first on line 1; keep one"),
    _no_yaml("number_key", "2026: yes\n", 1, "key '2026' is read as a number, date or yes/no"),
    _no_yaml("yes_key", stage("{on: a}"), 3, "key 'on' is read as a number, date or yes/no; put"),
    _no_yaml(
        "date", stage("{bash: {bash_command: a, env: {d: 2026-01-02}}}"), 3, "put it in quotes"
    ),
    _no_yaml(
        "clock", stage(head="schedule: 6:30\n"), 1, "6:30 is read as a date or a time; put it"
    ),
    _no_yaml("nan", stage("{bash: {retries: .nan}}"), 3, "'.nan' is no number"),
]

SHAPE = [
    _no_yaml("empty", "", None, "this file is empty; declare the pipeline's stages"),
    _shape("list", "- stage: load\n", None, "this file has no keys; write 'stages:'"),
    _shape("no_stages", "description: a\n", 1, "this file lacks 'stages': its steps"),
    _shape("stages_empty", "stages: []\n", 1, "stages is a list; write a list: lines that begin"),
    _shape("stages_none", "stages:\n", 1, "stages is empty; write a list: lines that begin with"),
    _shape("unknown_key", stage(head="shedule: a\n"), 1, "'shedule'; did you mean 'schedule'?"),
    _shape("dag_id", stage(head="dag_id: mine\n"), 1, "refused: the DAG is named after its kitche"),
    _shape("start_date", stage(head='start_date: "2026-01-01"\n'), 1, "starts when it is enabled"),
    _shape("name", stage(head="name: broken\n"), 1, "a pipeline is named after its folder"),
    _shape("tasks_at_top", "tasks: [{bash: a}]\n" + stage(), 1, "tasks stand in a stage"),
    _shape("schedule_number", stage(head="schedule: 6\n"), 1, "schedule is 6; write a text"),
    _shape("tags_text", stage(head="tags: weekly\n"), 1, "tags is 'weekly'; write a list of texts"),
    _shape("runs_zero", stage(head="max_active_runs: 0\n"), 1, "a whole number of at least 1"),
    _shape("runs_yes", stage(head="max_active_runs: true\n"), 1, "a whole number of at least 1"),
    _shape("timeout", stage(head="dagrun_timeout: soon\n"), 1, "90s, 5m, 1h30m or 2d"),
    _shape("fail_fast", stage(head="fail_fast: 1\n"), 1, "fail_fast is 1; write true or false"),
    _shape("stage_text", "stages:\n- load\n", 2, "stages.0 is 'load'; write a stage, for example"),
    _shape("stage_unnamed", "stages:\n- tasks: [{bash: a}]\n", 2, "stages.0 lacks 'stage': its na"),
    _shape("stage_name", "stages:\n- stage: Load\n  tasks: [{bash: a}]\n", 2, "snake_case"),
    _shape("stage_of_nothing", "stages:\n- stage: load\n", 2, "has neither tasks nor tests"),
    _shape("stage_key", stage("{bash: a}", "test: []"), 4, "unknown key 'test' in stages.0; did y"),
    _shape("task_number", stage("5"), 3, "stages.0.tasks.0 is 5; write a task with its operator"),
    _shape("task_of_nothing", stage("{task: a}"), 3, "a task names its operator, for example"),
    _shape("two_operators", stage("{bash: a, python: b}"), 3, "one operator, here are bash, pytho"),
    _shape("flat", stage("{bash: a, retries: 2}"), 3, "parameters stand below the operator"),
    _shape("short_name", stage("{bsh: echo}"), 3, "the short name 'bsh'; did you mean 'bash'?"),
    _shape("task_name", stage("{task: a b, bash: echo}"), 3, "'a b' cannot name a task: use"),
    _shape("class_unnamed", stage("{a.b.Operator: {}}"), 3, "whose operator is a class needs a na"),
    _shape("task_id", stage("{bash: {task_id: a}}"), 3, "task_id is no parameter here: a task is"),
    _shape("parameters", stage("{empty: 5}"), 3, "empty is 5; write its parameters, keys with"),
    _shape("retry_delay", stage("{bash: {retry_delay: soon}}"), 3, "retry_delay is 'soon': this i"),
    _shape("after_number", stage("{bash: a, after: 5}"), 3, "write a name or a list of names"),
    _shape("table_without_tool", stage(head="tables: {a: {name: b}}\n"), 1, "tables.a lacks 'tool"),
    _shape("table_name", stage(head="tables: {A: {tool: b}}\n"), 1, "'A' names nothing; use small"),
    _shape("table_text", stage(head="tables: {a: redshift}\n"), 1, "tables.a is 'redshift'; write"),
    _shape("file_nowhere", stage(head="files: {a: {tool: s3}}\n"), 1, "give the key of an object"),
    _shape("test_text", stage("{bash: a}", "tests: [true]"), 4, "tests.0 is True; write a test"),
    _shape(
        "test_unknown", stage("{bash: a}", "tests: [{row_cont: a, between: [1, 2]}]"), 4,
        "no key says what is measured or checked; did you mean 'row_count'?",
    ),
    _shape(
        "test_unbound", ORDERS + stage("{bash: a}", "tests: [{row_count: orders}]"), 5,
        "no key says what row_count must be; there are: between",
    ),
    _shape(
        "test_of_two", ORDERS + stage("{bash: a}", "tests: [{sum: a, mean: a, of: orders}]"), 5,
        "here are sum, mean; write a test for each",
    ),
    _shape(
        "bound_text", ORDERS + stage(
            "{bash: a}", "tests: [{row_count: orders, between: [1, 1e9]}]"
        ),
        5, "high is '1e9'; write a number, 1.0e+9 with its dot and sign",
    ),
    _shape(
        "bound_half", ORDERS + stage("{bash: a}", "tests: [{row_count: orders, between: [1]}]"),
        5, "between lacks 'high'",
    ),
    _shape(
        "on_violation", ORDERS + stage(
            "{bash: a}", "tests: [{row_count: orders, between: [1, 2], on_violation: stop}]"
        ),
        5, "on_violation is 'stop'; use one of log, warn, fail",
    ),
    _shape(
        "test_key", ORDERS + stage(
            "{bash: a}", "tests: [{row_count: orders, between: [1, 2], on_violaton: warn}]"
        ),
        5, "unknown key 'on_violaton'; did you mean 'on_violation'?",
    ),
    _shape(
        "check_unnamed", ORDERS + stage("{bash: a}", "tests: [{check: select 1, of: orders}]"), 5,
        "check lacks 'name'",
    ),
]  # fmt: skip

TWO = "stages:\n- {stage: a, after: b, tasks: [{bash: x}]}\n- {stage: b, tasks: [{bash: x}]}\n"
MEANING = [
    _meaning("no_cron", stage(head='schedule: "61 6 * * 1"\n'), 1, "is no cron expression"),
    _meaning("no_zone", stage(head="timezone: Mars/Olympus\n"), 1, "write an IANA name such as"),
    _meaning("stage_twice", TWO.replace("stage: b", "stage: a"), 3, "another stage is named 'a'"),
    _meaning("stage_circle", TWO, 2, "stages wait for each other, a after b after a: take one"),
    _meaning("stage_after", TWO.replace("after: b", "after: c"), 2, "no stage 'c' stands to be wa"),
    _meaning("task_twice", stage("{bash: a}, {bash: b}"), 3, "another task is named 'bash'; give"),
    _meaning(
        "task_circle", stage("{task: a, bash: x, after: b}, {task: b, bash: x, after: [a]}"), 3,
        "tasks wait for each other, a after b after a: take one of these 'after' out",
    ),
    _meaning("task_after_itself", stage("{bash: x, after: bash}"), 3, "bash after bash: take one"),
    _meaning(
        "task_after", stage("{task: fetch, bash: x}, {bash: x, after: fech}"), 3,
        "no task 'fech' stands beside it to be waited for; did you mean 'fetch'?",
    ),
    _meaning("asset_twice", ORDERS + INCOMING.replace("incoming", "orders") + stage(), 2, "a tabl"),
    _meaning(
        "test_of_nothing", ORDERS + stage(
            "{bash: a}", "tests: [{row_count: order, between: [1, 2]}]"
        ),
        5, "no table or file is named 'order'; did you mean 'orders'?",
    ),
    _meaning(
        "test_of_what", ORDERS + stage("{bash: a}", "tests: [{sum: a, between: [1, 2]}]"), 5,
        "this test names no table or file; write 'of: …', or let the stage publish one table",
    ),
    _meaning(
        "bounds_swapped", ORDERS + stage(
            "{bash: a}", "tests: [{row_count: orders, between: [9, 1]}]"
        ),
        5, "the lower bound is above the upper one",
    ),
    _meaning("publish_unknown", ORDERS + stage("{bash: a}", "publish: order"), 5, "did you mean '"),
    _meaning("publish_a_file", INCOMING + stage("{bash: a}", "publish: incoming"), 5, "publishes"),
    _meaning(
        "publish_untested", ORDERS + stage("{bash: a}", "publish: orders"), 3,
        "publishes orders without any test of it; add one",
    ),
    _meaning("copy_nothing", stage("{copy: {source: a, target: b}}"), 3, "no table or file is nam"),
    _meaning(
        "copy_into_a_file", INCOMING + stage("{copy: {source: incoming, target: incoming}}"), 4,
        "target: 'incoming' is no table but a file",
    ),
    _meaning(
        "reference", INCOMING + stage("{bash: 'cat ${incomming.key}'}"), 4,
        "${incomming.key} names nothing of this file; did you mean 'incoming'?",
    ),
    _meaning(
        "reference_part", INCOMING + stage("{bash: 'cat ${incoming.name}'}"), 4,
        "${incoming.name} says nothing: incoming has tool, key, bucket",
    ),
    _shape("defaults", stage(head="defaults: {bash: [a]}\n"), 1, "defaults.bash is a list; writ"),
    _meaning("parameter", stage("{bash: {bash_comand: a}}"), 3, "takes no 'bash_comand'; did you"),
    _meaning("parameter_missing", stage("{sftp: {}}"), 3, "SFTPOperator does not take this: missi"),
    _meaning("parameter_type", stage("{bash: {bash_command: a, retries: x}}"), 3, "must be int, n"),
    _meaning(
        "trigger_rule", stage("{bash: {bash_command: a, trigger_rule: all_dun}}"), 3, "must be one",
    ),
    _meaning("provider", stage("{task: a, airflow.providers.nothing.X: {}}"), 3, "providers-nothi"),
    _meaning(
        "module", stage("{task: a, airflow.providers.standard.operators.bsh.BashOperator: {}}"), 3,
        "there is no module airflow.providers.standard.operators.bsh; did you mean 'bash'?",
    ),
    _meaning(
        "class", stage("{task: a, airflow.providers.standard.operators.bash.BashOperater: {}}"), 3,
        "has no 'BashOperater'; did you mean 'BashOperator'?",
    ),
    _meaning("no_operator", stage("{task: a, pathlib.Path: {}}"), 3, "pathlib.Path is no operator"),
    _meaning("function", stage("{python: count_rows}"), 3, "for one in tasks.py beside the pipeli"),
    _meaning(
        "function_missing", stage("{python: tasks.count_row}"), 3, "did you mean 'count_rows'?",
        pipelines__broken__tasks_py="def count_rows(): ...\n",
    ),
    _meaning(
        "function_broken", stage("{python: tasks.count_rows}"), 3,
        "cannot be imported (pipelines/broken/tasks.py:2): ZeroDivisionError: division by zero",
        pipelines__broken__tasks_py="A = 1\nB = A / 0\n",
    ),
    _meaning("no_function", stage("{python: math.pi}"), 3, "math.pi is no function but a float"),
    _meaning("callback", stage(head="on_failure_callback: a.b\n"), 1, "there is no module a"),
    _meaning(
        "sql_missing", stage("{sql: {conn_id: a, sql: total.sql}}"), 3,
        "total.sql is neither beside the pipeline nor below the branch's root; did you mean "
        "'totals.sql'?",
        pipelines__broken__totals_sql="select 1",
    ),
    _meaning("sql_outside", stage("{sql: {conn_id: a, sql: ../secret.sql}}"), 3, "is neither besi"),
    _meaning("param", stage(head="params: {a: {default: x, enum: [y]}}\n"), 1, "'x' is not one of"),
    _meaning("include_missing", stage(head="include: a.yaml\n"), 1, "is neither beside the pipeli"),
    _meaning(
        "include_close", stage(head="include: shared/ratail.yaml\n"), 1,
        "did you mean 'shared/retail.yaml'?", shared__retail_yaml="tags: [retail]\n",
    ),
    _meaning(
        "include_itself", stage(head="include: pipeline.yaml\n"), 1,
        "a fragment includes nothing itself; name both files in the pipeline",
    ),
    _meaning(
        "include_in_a_fragment", "stages: [{include: shared/stages.yaml}]\n", 1,
        "a fragment includes nothing itself", file="shared/stages.yaml",
        shared__stages_yaml="- include: shared/stages.yaml\n",
    ),
    _meaning(
        "include_of_no_list", "stages: [{include: shared/stages.yaml}]\n", 1,
        "shared/stages.yaml is no list", shared__stages_yaml="stage: load\n",
    ),
    _meaning(
        "fragment", "stages:\n- include: shared/stages.yaml\n", 3,
        "no operator has the short name 'bsh'", file="shared/stages.yaml",
        shared__stages_yaml="# shared\n- stage: load\n  tasks: [{bsh: a}]\n",
    ),
    _meaning(
        "fragment_no_yaml", "include: shared/a.yaml\n" + stage(), 2, "this is no YAML",
        file="shared/a.yaml", shared__a_yaml="a: [\n",
    ),
    _meaning(
        "fragment_below", "include: shared/a.yaml\n" + ORDERS + stage(), 3, "tables.items lacks 't",
        file="shared/a.yaml", shared__a_yaml="# shared\ntables:\n  items: {name: a}\n",
    ),
]  # fmt: skip
OUTSIDE = [
    _shape("include_outside", stage(head="include: ../other/a.yaml\n"), 1, "without '..'"),
    _shape(
        "include_absolute", stage(head="include: /etc/passwd.yaml\n"), 1, "from the branch's root"
    ),
]
BROKEN = [*SYNTAX, *SHAPE, *MEANING, *OUTSIDE]

"""The same DAGs for each system that ``benchmarks.parse`` compares: eight tasks, three groups."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_TIMEZONE, _OWNER = "America/Chicago", "padma"
_TOOLS = {"s3": {"bucket": "acme-development"}, "redshift": {}}
# Stage by stage: task, operator, what it does.
_STAGES = {
    "collect": (("begin", "empty"), ("fetch", "bash"), ("count", "python")),
    "load": (("clean", "bash"), ("join", "python"), ("total", "bash")),
    "publish": (("report", "python"), ("end", "empty")),
}
TASKS = sum(len(tasks) for tasks in _STAGES.values())
_IMPORTS = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
"""
_DATA_TESTS_IMPORTS = """\
from airflow_dataops import table
from airflow_dataops.operators import DataTestsOperator
"""
_FUNCTION = """

def count_rows() -> int:
    return 8

"""


def kitchens(
    folder: Path, *, number: int, pipelines: int, data_tests: bool = False, is_yaml: bool = False
) -> Path:
    """Kitchens laid out as a bundle lays them out, each on a commit of its own.

    Returns:
        The folder that Airflow reads.
    """
    name, written = ("pipeline.yaml", _yaml_file) if is_yaml else ("pipeline.py", _pipeline_file)

    def extract(_commit: str, code: Path) -> None:
        for n in range(pipelines):
            file = code / "pipelines" / _pipeline(n) / name
            file.parent.mkdir(parents=True)
            file.write_text(written(n, data_tests=data_tests))
        (code / "functions.py").write_text(_FUNCTION.lstrip())

    manifest = Manifest(
        project="retail",
        environment="development",
        tools=_TOOLS,
        kitchens={
            _kitchen(n): KitchenAtCommit(id=f"id-{n}", commit=f"{n:040x}", owner=_OWNER)
            for n in range(number)
        },
    )
    folders = KitchenFolders(folder)
    folders.track(folders.lay_out(manifest, extract=extract))
    return folders.tracking


def same_in_one_file(folder: Path, *, pipelines: int, data_tests: bool = False) -> Path:
    """The very DAGs that a kitchen makes of its pipelines, written in plain Airflow."""
    texts = (_same_dag(n, data_tests=data_tests) for n in range(pipelines))
    return _one_file(folder, _same_imports(data_tests=data_tests) + _FUNCTION, texts)


def same_in_many_files(folder: Path, *, pipelines: int) -> Path:
    """The same again, a file for each DAG."""
    head = _same_imports(data_tests=False) + _FUNCTION
    return _many_files(folder, [head + _same_dag(n) for n in range(pipelines)])


def bare_in_one_file(folder: Path, *, pipelines: int) -> Path:
    """The tasks and their order alone: no groups, parameters, tags or macros."""
    head = "import pendulum\nfrom airflow.sdk import DAG\n" + _IMPORTS + _FUNCTION
    return _one_file(folder, head, (_bare_dag(n) for n in range(pipelines)))


def dag_factory(folder: Path, *, pipelines: int, files: int) -> Path:
    """The tasks and their order alone, in YAML for dag-factory."""
    folder.mkdir(parents=True)
    (folder / "functions.py").write_text(_FUNCTION.lstrip())
    (folder / ".airflowignore").write_text("functions.py\n")
    per_file = pipelines // files
    for n in range(files):
        of_file = range(n * per_file, (n + 1) * per_file)
        # JSON is YAML; block style is what people write, and what dag-factory's own examples show.
        text = "\n".join(_yaml_dag(m, folder / "functions.py") for m in of_file)
        (folder / f"dags_{n:03}.yaml").write_text(text)
    (folder / "loader.py").write_text(
        "from airflow.sdk import DAG\nfrom dagfactory import load_yaml_dags\n\n"
        f"load_yaml_dags(globals_dict=globals(), dags_folder={str(folder)!r})\n"
    )
    return folder


def _kitchen(n: int) -> str:
    return f"kitchen_{n:03}"


def _pipeline(n: int) -> str:
    return f"pipeline_{n:03}"


def _schedule(n: int) -> str:
    return f"{n % 60} {n % 24} * * 1-5"


def _pipeline_file(n: int, *, data_tests: bool) -> str:
    lines = [_IMPORTS, f"from airflow_dataops import pipeline, stage{', table' * data_tests}\n"]
    if data_tests:
        lines.append('orders = table("redshift", "orders", where="day = \'{{ run_date }}\'")')
    lines += [
        _FUNCTION,
        f"@pipeline(schedule={_schedule(n)!r}, timezone={_TIMEZONE!r}, max_active_runs=1)",
        f"def {_pipeline(n)}() -> None:",
        f'    """Pipeline {n}."""',
    ]
    for stage, tasks in _STAGES.items():
        lines.append(f'    with stage("{stage}") as {stage}:')
        lines += _tasks(n, tasks[: len(tasks) - data_tests], indent=8)
        if data_tests:
            lines.append(f"        {stage}.test(orders.row_count().between(1, 1000))")
    return "\n".join(lines) + "\n"


def _yaml_file(n: int, *, data_tests: bool) -> str:
    lines = [
        f"description: Pipeline {n}.",
        f'schedule: "{_schedule(n)}"',
        f"timezone: {_TIMEZONE}",
        "max_active_runs: 1",
    ]
    if data_tests:
        lines += ["tables:", "  orders:", "    tool: redshift", "    where: day = '{{ run_date }}'"]
    lines.append("stages:")
    for stage, tasks in _STAGES.items():
        lines += [f"  - stage: {stage}", "    tasks:"]
        before = None
        for name, operator in tasks[: len(tasks) - data_tests]:
            lines += [f"      - task: {name}", f"        {operator}:{_YAML[operator].format(n=n)}"]
            lines += [f"        after: {before}"] if before else []
            before = name
        if data_tests:
            lines += ["    tests:", "      - row_count: orders", "        between: [1, 1000]"]
    return "\n".join(lines) + "\n"


def _same_imports(*, data_tests: bool) -> str:
    ours = _DATA_TESTS_IMPORTS if data_tests else ""
    made = {"name": _kitchen(0), "schema": _kitchen(0), "prefix": f"{_kitchen(0)}/"}
    asset = 'orders = table("redshift", "orders", where="day = \'{{ run_date }}\'")\n'
    return (
        "from types import SimpleNamespace\n\nimport pendulum\n"
        "from airflow.sdk import DAG, Param, TaskGroup\n"
        f"{_IMPORTS}{ours}\n"
        f"tools = {_TOOLS!r}\n"
        "run_date_extension = 'airflow_dataops.dag_factory.templates.RunDateExtension'\n"
        f"kitchen = SimpleNamespace(**{made!r}, tools=tools)\n"
        "run_date = Param(None, type=['null', 'string'], format='date',\n"
        "    description='The day the run is about, YYYY-MM-DD; empty: the day it was due')\n"
    ) + (asset if data_tests else "")


def _same_dag(n: int, *, data_tests: bool = False) -> str:
    code = "/opt/airflow/dags/code"
    lines = [
        f"with DAG({_kitchen(0) + '.' + _pipeline(n)!r}, schedule=None, catchup=False,",
        f"    start_date=pendulum.datetime(1999, 12, 31, 18, tz={_TIMEZONE!r}),",
        f"    is_paused_upon_creation=False, max_active_runs=1, description='Pipeline {n}.',",
        f"    params={{'run_date': run_date}}, default_args={{'owner': {_OWNER!r}}},",
        "    user_defined_macros={'CurrentKitchen': kitchen, 'kitchen': kitchen, 'tools': tools},",
        "    jinja_environment_kwargs={'extensions': [run_date_extension]},",
        f"    template_searchpath=['{code}/pipelines/{_pipeline(n)}', '{code}'],",
        f"    tags={{'kitchen:{_kitchen(0)}', 'environment:development',",
        f"        'inert schedule: {_schedule(n)} {_TIMEZONE}'}},",
        "):",
    ]
    for stage, tasks in _STAGES.items():
        lines.append(f'    with TaskGroup("{stage}") as {stage}:')
        made = tasks[: len(tasks) - data_tests]
        lines += _tasks(n, made, indent=8)
        if data_tests:
            test = "orders.row_count().between(1, 1000)"
            lines.append(
                f"        {made[-1][0]} >> DataTestsOperator(task_id='data_tests', tests=[{test}])"
            )
    lines.append(f"    {' >> '.join(_STAGES)}")
    return "\n".join(lines) + "\n"


def _bare_dag(n: int) -> str:
    tasks = [task for stage in _STAGES.values() for task in stage]
    lines = [
        f"with DAG({_pipeline(n)!r}, schedule=None, start_date=pendulum.datetime(2000, 1, 1)):"
    ]
    return "\n".join([*lines, *_tasks(n, tasks, indent=4)]) + "\n"


def _tasks(n: int, tasks: Sequence[tuple[str, str]], *, indent: int) -> list[str]:
    made = [f"{name} = " + _OPERATORS[operator].format(name=name, n=n) for name, operator in tasks]
    chain = " >> ".join(name for name, _ in tasks)
    return [" " * indent + line for line in (*made, *([chain] if len(tasks) > 1 else []))]


_OPERATORS = {
    "empty": 'EmptyOperator(task_id="{name}")',
    "bash": 'BashOperator(task_id="{name}", bash_command="echo {{{{ ds }}}} {n}")',
    "python": 'PythonOperator(task_id="{name}", python_callable=count_rows)',
}
_YAML = {
    "empty": "",
    "bash": "\n          bash_command: echo {{{{ ds }}}} {n}",
    "python": "\n          python_callable: functions.count_rows",
}
_CLASSES = {
    "empty": "airflow.providers.standard.operators.empty.EmptyOperator",
    "bash": "airflow.providers.standard.operators.bash.BashOperator",
    "python": "airflow.providers.standard.operators.python.PythonOperator",
}


def _yaml_dag(n: int, functions: Path) -> str:
    lines = [
        f"{_pipeline(n)}:",
        "  default_args:",
        f"    owner: {_OWNER}",
        "    start_date: 2000-01-01",
        "  schedule: null",
        "  tasks:",
    ]
    before = None
    for name, operator in (task for stage in _STAGES.values() for task in stage):
        lines += [f"    - task_id: {name}", f"      operator: {_CLASSES[operator]}"]
        if operator == "bash":
            lines.append(f'      bash_command: "echo {{{{ ds }}}} {n}"')
        if operator == "python":
            lines += [
                "      python_callable_name: count_rows",
                f"      python_callable_file: {functions}",
            ]
        lines += [f"      dependencies: [{before}]"] if before else []
        before = name
    return "\n".join(lines) + "\n"


def _one_file(folder: Path, head: str, dags: Iterable[str]) -> Path:
    folder.mkdir(parents=True)
    (folder / "dags.py").write_text(head + "\n".join(dags))
    return folder


def _many_files(folder: Path, texts: Sequence[str]) -> Path:
    folder.mkdir(parents=True)
    for n, text in enumerate(texts):
        (folder / f"dag_{n:03}.py").write_text(text)
    return folder


def digest(dag: dict[str, Any]) -> str:
    """Tells serialized DAGs apart by everything but what no run of them could notice.

    That is the name of their file, and the copies of the DAG's parameters that Airflow hangs on
    each task: a run takes the DAG's own and its tasks', in this order.
    """
    kept = {k: v for k, v in dag.items() if k not in {"fileloc", "relative_fileloc", "tasks"}}
    tasks = [{k: v for k, v in task["__var"].items() if k != "params"} for task in dag["tasks"]]
    return hashlib.sha256(json.dumps([kept, tasks], sort_keys=True).encode()).hexdigest()

"""``pipeline.yaml``: the same pipeline as in Python, and what YAML adds to it."""

from __future__ import annotations

import pytest
from airflow.sdk import Asset
from airflow.serialization.serialized_objects import DagSerialization

from airflow_dataops.errors import PipelineError, SpecError
from tests.broken_pipelines import INCOMING, ORDERS, stage
from tests.dag_factory.conftest import pipeline_file

PYTHON = """
import datetime
from pathlib import PurePosixPath

from airflow.providers.amazon.aws.transfers.sftp_to_s3 import SFTPToS3Operator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow_dataops import file, pipeline, stage, table
from airflow_dataops.operators import ExtractOperator, FileToTableOperator
from pipelines.profitability.tasks import is_day

incoming = file("s3", key="{{ kitchen.prefix }}{{ run_date }}/transactions.csv")
report = file("sftp", path="/out/segments.xlsx")
transactions = table("redshift", "transactions", where="loaded_for = '{{ run_date }}'")
segments = table("redshift", "segment_profit")


@pipeline(
    schedule="0 6 * * 1", timezone="America/Chicago", description="Profit, weekly",
    tags=["weekly"], max_active_runs=1, dagrun_timeout=datetime.timedelta(hours=2),
    default_args={"retries": 2, "retry_delay": datetime.timedelta(minutes=5)},
)
def profitability():
    with stage("collect") as collect:
        day = PythonOperator(task_id="day", python_callable=is_day)
        fetch = SFTPToS3Operator(
            task_id="fetch", sftp_conn_id="sftp", aws_conn_id="s3",
            sftp_path="/outbox/transactions.csv", s3_bucket=incoming.bucket, s3_key=incoming.key,
        )
        day >> fetch
        collect.test(incoming.row_count().between(1, 100_000))
    with stage("load", publish=transactions) as load:
        FileToTableOperator(task_id="copy", source=incoming, target=transactions)
        load.test(transactions.sum("sales_value").between(1, 1e9, on_violation="warn"))
    with stage("aside", after=[]):
        SQLExecuteQueryOperator(task_id="sql", conn_id="redshift", sql="select 1", retries=0)
    with stage("analyse", after=[load]) as analyse:
        SQLExecuteQueryOperator(task_id="segments", conn_id="redshift", sql="segments.sql")
        analyse.test(segments.check("select * from {table} where profit > sales", name="no more"))
    with stage("show", after=[analyse]):
        ExtractOperator(task_id="extract", conn_id="redshift", sql="select 1", target=report)
"""
YAML = """
description: Profit, weekly
schedule: "0 6 * * 1"
timezone: America/Chicago
tags: [weekly]
max_active_runs: 1
dagrun_timeout: 2h
default_args: {retries: 2, retry_delay: 5m}
defaults:
  sql: {conn_id: redshift}
  extract: {conn_id: redshift}
  sftp_to_s3: {sftp_conn_id: sftp, aws_conn_id: s3}
files:
  incoming: {tool: s3, key: "{{ kitchen.prefix }}{{ run_date }}/transactions.csv"}
  report: {tool: sftp, path: /out/segments.xlsx}
tables:
  transactions: {tool: redshift, where: "loaded_for = '{{ run_date }}'"}
  segments: {tool: redshift, name: segment_profit}
stages:
  - stage: collect
    tasks:
      - task: day
        python: tasks.is_day
      - task: fetch
        after: day
        sftp_to_s3:
          sftp_path: /outbox/transactions.csv
          s3_bucket: ${incoming.bucket}
          s3_key: ${incoming.key}
    tests:
      - {row_count: incoming, between: [1, 100000]}
  - stage: load
    publish: transactions
    tasks:
      - copy: {source: incoming, target: transactions}
    tests:
      - {sum: sales_value, between: [1, 1.0e+9], on_violation: warn}
  - stage: aside
    after: []
    tasks:
      - sql: {sql: select 1, retries: 0}
  - stage: analyse
    after: load
    tasks:
      - task: segments
        sql: segments.sql
    tests:
      - check: select * from {table} where profit > sales
        of: segments
        name: no more
  - stage: show
    tasks:
      - extract: {sql: select 1, target: report}
"""
BESIDE = {
    "pipelines/profitability/segments.sql": "select 1",
    "pipelines/profitability/tasks.py": "def is_day(): ...\n",
}


def yaml_file(name):
    return f"pipelines/{name}/pipeline.yaml"


def dag(kitchens, text, **more):
    kitchens.write("dev_kitchen", {yaml_file("profit"): text, **more.pop("files", {})})
    (found,) = kitchens.dags().values()
    found.validate()
    return found


def serialized(found):
    return DagSerialization.to_dict(found)["dag"]


def test_yaml_and_python_say_the_same(kitchens):
    said = []
    for file, text in (("pipeline.py", PYTHON), ("pipeline.yaml", YAML)):
        kitchens.write("dev_kitchen", BESIDE | {f"pipelines/profitability/{file}": text})
        (found,) = kitchens.dags().values()
        found.validate()
        tests = {t.task_id: t.tests for t in found.tasks if t.task_id.endswith("data_tests")}
        said.append((serialized(found), tests))
    assert said[0] == said[1]
    assert len(said[0][1]) == 3


def test_a_folder_has_one_file_that_declares_it(kitchens):
    both = {pipeline_file("profit"): PYTHON, yaml_file("profit"): YAML}
    kitchens.write("dev_kitchen", both | {"pipelines/other/pipeline.yml": stage()})
    (stand_in,) = kitchens.dags().values()
    with pytest.raises(PipelineError) as caught:
        stand_in.validate()
    said = str(caught.value)
    assert "pipelines/profit: " in said
    assert "here are pipeline.py and pipeline.yaml; keep pipeline.py or pipeline.yaml" in said
    assert "here are pipeline.yml; keep" in said


def test_one_pipeline_alone_is_read_before_a_task_starts(kitchens, monkeypatch):
    files = {yaml_file("profit"): stage(), yaml_file("broken"): "stages: ["}
    kitchens.write("dev_kitchen", files)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.profit")
    assert list(kitchens.dags()) == ["dev_kitchen.profit"]
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.broken")
    with pytest.raises(SpecError, match=r"pipelines/broken/pipeline.yaml:2: this is no YAML"):
        kitchens.dags()


def test_everything_that_is_wrong_is_told_at_once(kitchens):
    text = "shedule: a\n" + stage("{bsh: x}, {task: b, bash: y, after: c}", "test: []")
    kitchens.write("dev_kitchen", {yaml_file("profit"): text})
    (stand_in,) = kitchens.dags().values()
    with pytest.raises(PipelineError) as caught:
        stand_in.validate()
    told = [
        line.partition(":")[2] for line in str(caught.value).splitlines() if "  pipelines" in line
    ]
    assert [line.partition(":")[0] for line in told] == ["1", "4", "5"]


def test_tasks_run_side_by_side_but_for_after(kitchens):
    found = dag(
        kitchens,
        stage("{task: c, bash: x, after: [a, b]}, {task: a, bash: x}, {task: b, bash: x}"),
    )
    assert found.get_task("load.c").upstream_task_ids == {"load.a", "load.b"}
    assert found.get_task("load.a").upstream_task_ids == set()


def test_stages_can_be_written_in_any_order(kitchens):
    found = dag(
        kitchens,
        "stages:\n- {stage: last, after: [first], tasks: [empty]}\n"
        "- {stage: first, after: [], tasks: [empty]}\n",
    )
    assert found.get_task("last.empty").upstream_task_ids == {"first.empty"}
    assert found.get_task("first.empty").upstream_task_ids == set()


def test_defaults_are_of_an_operator_however_it_is_named(kitchens):
    path = "airflow.providers.standard.operators.bash.BashOperator"
    found = dag(
        kitchens,
        stage(
            f"{{bash: x}}, {{task: a, {path}: {{bash_command: y, retries: 0}}}}",
            head=f"defaults: {{{path}: {{retries: 3, retry_delay: 5m}}}}\n",
        ),
    )
    assert [t.retries for t in found.tasks] == [3, 0]
    assert {t.retry_delay.total_seconds() for t in found.tasks} == {300}


def test_anchors_and_merge_keys_are_yamls_own(kitchens):
    found = dag(
        kitchens,
        "stages:\n- stage: load\n  tasks:\n"
        "  - {task: a, bash: &common {bash_command: x, retries: 1}}\n"
        "  - {task: b, bash: {<<: *common, retries: 2}}\n",
    )
    assert [(t.bash_command, t.retries) for t in found.tasks] == [("x", 1), ("x", 2)]


def test_references_leave_the_shells_own_variables_alone(kitchens):
    found = dag(kitchens, INCOMING + stage("{bash: 'cp ${incoming.key} ${HOME} ${incoming}x'}"))
    assert found.get_task("load.bash").bash_command == "cp a.csv ${HOME} ${incoming}x"


def test_a_reference_alone_is_the_file_or_table_itself(kitchens):
    path = "airflow_dataops.operators.FileToTableOperator"
    found = dag(
        kitchens,
        ORDERS + INCOMING
        + stage(f"{{task: a, {path}: {{source: '${{incoming}}', target: orders}}}}"),
    )  # fmt: skip
    copy = found.get_task("load.a")
    assert (copy.source.key, copy.target.name) == ("a.csv", "orders")


def test_operators_and_functions_of_the_branch_are_named_like_any_other(kitchens):
    found = dag(
        kitchens,
        stage(
            "{task: a, shared.tools.Loud: {bash_command: x}}, {python: shared.tools.near}, "
            "{task: c, python: {python_callable: near.near, on_failure_callback: [near.near]}}"
        ),
        files={
            "shared/tools.py": (
                "from airflow.providers.standard.operators.bash import BashOperator\n"
                "class Loud(BashOperator): ...\ndef near(): return 'far'\n"
            ),
            "pipelines/profit/near.py": "def near(*_): return 'near'\n",
        },
    )
    assert type(found.get_task("load.a")).__name__ == "Loud"
    assert found.get_task("load.python").python_callable() == "far"
    assert found.get_task("load.c").python_callable() == "near"
    assert found.get_task("load.c").on_failure_callback[0]() == "near"


def test_assets_are_named_and_stay_in_their_kitchen(kitchens):
    found = dag(kitchens, stage("{bash: {bash_command: x, outlets: [sales], inlets: orders}}"))
    task = found.get_task("load.bash")
    assert [asset.name for asset in task.outlets] == ["dev_kitchen.sales"]
    assert [(type(asset), asset.name) for asset in task.inlets] == [(Asset, "dev_kitchen.orders")]


def test_a_trigger_names_the_kitchens_own_dag(kitchens):
    found = dag(kitchens, stage("{trigger: loss}"))
    assert found.get_task("load.trigger").trigger_dag_id == "dev_kitchen.loss"


def test_parameters_are_values_or_descriptions(kitchens):
    found = dag(
        kitchens,
        stage(head="params: {region: west, top: {default: 3, type: integer, minimum: 1}}\n"),
    )
    assert found.params.dump() == {"run_date": None, "region": "west", "top": 3}
    assert found.params.get_param("top").schema == {"type": "integer", "minimum": 1}


SHARED = {
    "shared/retail.yaml": (
        "tags: [retail]\ntables:\n  orders: {tool: redshift, name: all_orders}\n"
        "  items: {tool: redshift}\ndefaults:\n  bash: {retries: 7}\n"
    ),
    "shared/tests.yaml": "- {row_count: orders, between: [1, 2]}\n",
    "pipelines/profit/loads.yaml": "- stage: before\n  tasks: [empty]\n",
}


class TestInclude:
    def test_keys_are_merged_below_the_pipelines_own(self, kitchens):
        found = dag(
            kitchens,
            "include: shared/retail.yaml\ntags: [mine]\ntables: {orders: {tool: warehouse}}\n"
            + stage("bash: x".join("{}"), "tests: [{row_count: orders, between: [1, 2]}, "
                    "{row_count: items, between: [1, 2]}]"),
            files=SHARED,
        )  # fmt: skip
        tables = [test.asset for test in found.get_task("load.data_tests").tests]
        assert [(t.tool, t.name) for t in tables] == [
            ("warehouse", "all_orders"),
            ("redshift", "items"),
        ]
        assert found.get_task("load.bash").retries == 7
        assert "mine" in found.tags
        assert "retail" not in found.tags

    def test_items_of_a_list_take_their_place(self, kitchens):
        found = dag(
            kitchens,
            "include: [shared/retail.yaml]\nstages:\n- include: loads.yaml\n"
            "- stage: load\n  tasks: [empty]\n  tests: [{include: shared/tests.yaml}]\n",
            files=SHARED,
        )
        assert set(found.task_ids) == {"before.empty", "load.empty", "load.data_tests"}
        assert found.get_task("load.empty").upstream_task_ids == {"before.empty"}

    def test_a_link_out_of_the_branch_is_not_followed(self, kitchens, tmp_path):
        outside = tmp_path / "outside.yaml"
        outside.write_text("tags: [secret]\n")
        folder = kitchens.write(
            "dev_kitchen", {yaml_file("profit"): stage(head="include: a.yaml\n")}
        )
        (folder.resolve() / "code/pipelines/profit/a.yaml").symlink_to(outside)
        (stand_in,) = kitchens.dags().values()
        with pytest.raises(PipelineError, match=r"yaml:1: a.yaml is a link that leads out"):
            stand_in.validate()

    def test_nor_is_a_pipeline_that_is_such_a_link(self, kitchens, tmp_path):
        outside = tmp_path / "outside.yaml"
        outside.write_text(stage())
        folder = kitchens.write("dev_kitchen", {"pipelines/profit/README.md": ""})
        (folder.resolve() / "code" / yaml_file("profit")).symlink_to(outside)
        (stand_in,) = kitchens.dags().values()
        with pytest.raises(PipelineError, match="this link leads out of the branch"):
            stand_in.validate()


def test_short_names_are_names_of_operators(kitchens):
    from airflow_dataops.dag_factory.yaml_operators import Named
    from airflow_dataops.specs.pipeline_operators import SHORT_NAMES

    named = Named(kitchens.base, "profit")
    operators = {name: named.operator(known.path) for name, known in SHORT_NAMES.items()}
    assert operators["copy"].__name__ == "FileToTableOperator"
    assert len(set(operators.values())) == len(SHORT_NAMES)

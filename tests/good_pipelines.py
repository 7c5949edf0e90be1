"""Pipelines in YAML that are as they should be, each for one thing that can be said."""

from __future__ import annotations

from tests.broken_pipelines import INCOMING, ORDERS, stage

TESTED = ORDERS + INCOMING + stage("{bash: a}", "tests:", "- {form}")
FORMS = {
    "row_count": "{row_count: orders, between: [1, 2]}",
    "of": "{sum: amount, of: orders, between: [1, 2.5], name: n, on_violation: log}",
    "by_name": "{size_bytes: incoming, between: {low: 1, high: .inf}}",
    "empty_value": "{row_count: , of: orders, between: [1, 2]}",
    "check": "{check: 'select * from {table}', of: orders, name: none, on_violation: warn}",
}
GOOD = {
    "smallest": "stages:\n- {stage: load, tasks: [empty]}\n",
    "every_key_of_the_dag": stage(
        head=(
            'description: a\nschedule: "0 6 * * 1"\ntimezone: America/Chicago\ntags: [a]\n'
            "params: {region: west, day: {default: 1, type: integer}}\nmax_active_runs: 1\n"
            "default_args: {retries: 2, retry_delay: 5m, owner: chris}\nmax_active_tasks: 4\n"
            "dagrun_timeout: 1h30m\nrender_template_as_native_obj: false\nfail_fast: true\n"
            "doc_md: '# a'\nmax_consecutive_failed_dag_runs: 3\non_failure_callback: math.floor\n"
            "on_success_callback: math.floor\n"
        )
    ),
    "bash_alone": stage("bash"),
    "main_parameter": stage("{bash: echo}, {task: again, bash: echo, after: bash}"),
    "any_class": stage("{task: a, airflow.providers.standard.operators.empty.EmptyOperator: }"),
    "class_with_parameters": stage(
        "{task: a, airflow.providers.standard.operators.bash.BashOperator: {bash_command: b}}"
    ),
    "durations": stage("{bash: {bash_command: a, execution_timeout: 90, retry_delay: 1h}}"),
    "defaults": stage("{sql: select 1}", head="defaults: {sql: {conn_id: redshift}}\n"),
    "after_a_later_task": stage("{task: b, bash: x, after: [a]}, {task: a, bash: y}"),
    "file_of_a_server": "files: {out: {tool: sftp, path: /out/a.csv}}\n" + stage(),
    "bucket": "files: {out: {tool: s3, key: a, bucket: b}}\n" + stage(),
    "copy": ORDERS + INCOMING + stage("{copy: {source: incoming, target: orders}}"),
    "references": INCOMING + stage("{bash: 'cat ${incoming.key} ${HOME} ${a.b}'}"),
    "anchors": (
        "stages:\n- stage: load\n  tasks:\n  - {task: a, bash: &b {bash_command: x, retries: 1}}\n"
        "  - {task: c, bash: {<<: *b, retries: 2}}\n"
    ),
    "stages_in_any_order": (
        "stages:\n- {stage: a, after: [b], tasks: [empty]}\n"
        "- {stage: b, after: [], tasks: [empty]}\n"
    ),
    "publish": ORDERS + stage("empty", "publish: orders", "tests: [{sum: a, between: [1, 2]}]"),
    "included_stages": "stages:\n- include: shared/loads.yaml\n",
    "included_keys": stage(head="include: shared/a.yaml\n"),
    "included_keys_of_several": stage(head="include: [shared/a.yaml]\n"),
    **{f"test_{name}": TESTED.replace("{form}", form) for name, form in FORMS.items()},
}

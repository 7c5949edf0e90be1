"""How many of Airflow's own example DAG files run in a kitchen as they are.

The examples of Airflow and of the installed providers, copied into a kitchen's ``dags`` folder,
are executed by its loader, validated and serialized; ``airflow dataops adopt --check`` must find
nothing to change. Beside it: how many of them plain Airflow itself imports here.

    python -m benchmarks.adopt
"""

from __future__ import annotations

import argparse
import logging
import shutil
import tempfile
import warnings
from pathlib import Path

from benchmarks import _report

_GOAL = 0.9


def main() -> None:
    """Try every example and print the share that needs no edit."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    import airflow
    from airflow.dag_processing.dagbag import DagBag

    from airflow_dataops.dag_factory.adoption import adopted_files

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    site = Path(airflow.__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        dags = Path(folder) / "dags"
        for examples in sorted(site.rglob("example_dags")):
            place = dags / "_".join(examples.relative_to(site).parts[:-1] or ("airflow",))
            shutil.copytree(examples, place, ignore=shutil.ignore_patterns("__pycache__"))
        plain = DagBag(str(dags), safe_mode=True)
        _report.line(system="plain Airflow", dags=len(plain.dags), broken=len(plain.import_errors))
        files = [
            file
            for file in adopted_files(dags, tools=None)
            if file.dags or not file.runs_as_it_is
        ]  # fmt: skip
    for file in files:
        for finding in file.findings:
            if finding.needs_change:
                _report.line(file=file.path, line=finding.line, needs=finding.text)
    fit = sum(file.runs_as_it_is for file in files)
    made = sum(len(file.dags) for file in files)
    _report.line(system="a kitchen", dags=made, files=len(files), as_they_are=fit)
    ratio = fit / len(files)
    _report.verdict(
        "example DAG files that run in a kitchen as they are",
        ratio, goal=f">= {_GOAL:g}", met=ratio >= _GOAL,
    )  # fmt: skip


if __name__ == "__main__":
    main()

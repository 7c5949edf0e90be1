"""Kitchens as the bundle lays them out, with pipelines that a test writes."""

from __future__ import annotations

import hashlib
import sys
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.dag_factory import kitchen_dags
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from airflow.sdk import DAG

HEAD = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow_dataops import current_kitchen, file, pipeline, stage, table

orders = table("redshift", "orders", where="day = '{{ run_date }}'")
"""


@dataclass(kw_only=True)
class Kitchens:
    """Kitchens of one environment on this host."""

    base: Path
    tools: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"s3": {"bucket": "acme-development"}, "redshift": {}}
    )
    dags_folder: str = "dags"
    readable: tuple[str, ...] = ()
    _known: dict[str, tuple[KitchenAtCommit, Mapping[str, str]]] = field(default_factory=dict)

    def write(
        self, kitchen: str, files: Mapping[str, str], *, pipelines: tuple[str, ...] | None = None
    ) -> Path:
        """Give a kitchen these files; the folder that the dag-processor finds it in.

        The same files are the same commit, as they are in a repository.
        """
        commit = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()  # noqa: S324
        about = KitchenAtCommit(
            id=f"id-of-{kitchen}", commit=commit, owner="padma", pipelines=pipelines
        )
        self._known[kitchen] = (about, files)
        by_commit = {k.commit: f for k, f in self._known.values()}

        def extract(commit: str, code: Path) -> None:
            for name, text in by_commit[commit].items():
                place = code / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)

        manifest = Manifest(
            project="retail",
            environment="development",
            tools=self.tools,
            dags_folder=self.dags_folder,
            readable_kitchens=self.readable,
            kitchens={name: about for name, (about, _) in self._known.items()},
        )
        folders = KitchenFolders(self.base)
        folders.track(folders.lay_out(manifest, extract=extract))
        return folders.tracking / kitchen

    def dags(self, kitchen: str = "dev_kitchen") -> dict[str, DAG]:
        """What the kitchen's loader makes."""
        return kitchen_dags(str(self.base / "tracking" / kitchen / "dataops_kitchen.py"))

    def dag(self, text: str, *, name: str = "profit", more: Mapping[str, str] | None = None) -> DAG:
        """The DAG of the only pipeline of the kitchen ``dev_kitchen``."""
        self.write("dev_kitchen", {pipeline_file(name): pipeline_text(text), **(more or {})})
        (dag,) = self.dags().values()
        dag.validate()
        return dag


def pipeline_file(name: str) -> str:
    return f"pipelines/{name}/pipeline.py"


def pipeline_text(text: str) -> str:
    return HEAD + textwrap.dedent(text)


@pytest.fixture
def kitchens(tmp_path: Path) -> Iterator[Kitchens]:
    """No kitchen yet; what they make this process import is forgotten at the end."""
    modules, places = set(sys.modules), list(sys.path)
    yield Kitchens(base=tmp_path)
    sys.path[:] = places
    for name in set(sys.modules) - modules:
        if name.partition(".")[0] in {"pipelines", "shared"}:
            del sys.modules[name]

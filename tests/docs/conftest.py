"""A kitchen's folder as the bundle lays it out, for the pipelines of the docs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def kitchen_folder(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Give pipelines by name, get the folder of a kitchen ``dev_kitchen`` that has them."""

    def make(pipelines: dict[str, str]) -> Path:
        manifest = Manifest(
            project="retail",
            environment="development",
            tools={"s3": {"bucket": "acme-development"}},
            kitchens={"dev_kitchen": KitchenAtCommit(id="1", commit="c" * 40, owner="padma")},
        )

        def extract(_commit: str, into: Path) -> None:
            for name, source in pipelines.items():
                folder = into / "pipelines" / name
                folder.mkdir(parents=True)
                is_yaml = re.search("^stages:", source, re.MULTILINE)
                (folder / ("pipeline.yaml" if is_yaml else "pipeline.py")).write_text(source)

        folders = KitchenFolders(tmp_path / "bundle")
        folders.track(folders.lay_out(manifest, extract=extract))
        return folders.tracking / "dev_kitchen"

    return make

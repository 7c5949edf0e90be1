"""What a pipeline's code may know of the kitchen it is built for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Folder of a branch whose own folders are its pipelines.
PIPELINES = "pipelines"
# The file that declares a pipeline is the one or the other.
PIPELINE_PYTHON, PIPELINE_YAML = "pipeline.py", "pipeline.yaml"
# Folder of a branch with ordinary DAG files, where the project names no other.
DAGS_FOLDER = "dags"


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenAtParse:
    """What a pipeline may know of its kitchen without any I/O: laid beside the code by the bundle.

    Attributes:
        owner: who created the kitchen.
        prefix: key prefix of its objects, ends with a slash.
        pipelines: those that become DAGs; None for all.
        slack_channel: where its alerts go; None for the environment's.
        dags_folder: folder of the branch with ordinary DAG files; ``.`` for the whole branch.
        readable_kitchens: a DAG id in the namespace of one of these is meant as it is.
        tools: declared tools and what of each is no secret (``tools["s3"]["bucket"]``).
    """

    id: str
    name: str
    project: str
    environment: str
    owner: str
    schema: str
    prefix: str
    pipelines: list[str] | None = None
    slack_channel: str | None = None
    dags_folder: str = DAGS_FOLDER
    readable_kitchens: list[str] = field(default_factory=list)
    tools: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

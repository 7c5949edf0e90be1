"""A version of an environment's kitchens: which commit each of them stands on.

A version's id is the git blob id of its manifest, so a manifest cannot be changed without
becoming another version, and whoever has the id can check what it restores.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.kitchen_at_parse import DAGS_FOLDER
from airflow_dataops.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenAtCommit:
    """A kitchen, whose it is, and the commit its code is taken from.

    Attributes:
        pipelines: those that become DAGs; None for all.
        slack_channel: where its alerts go; None for the environment's.
    """

    id: str
    commit: str
    owner: str
    pipelines: tuple[str, ...] | None = None
    slack_channel: str | None = None

    def as_json(self) -> dict[str, object]:
        """What is not decided is left out, so that it says the same in every release."""
        about: dict[str, object] = {"id": self.id, "commit": self.commit, "owner": self.owner}
        if self.pipelines is not None:
            about["pipelines"] = sorted(self.pipelines)
        if self.slack_channel is not None:
            about["slack_channel"] = self.slack_channel
        return about


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that parsing an environment's kitchens takes, besides their code.

    Attributes:
        tools: of each declared tool what is no secret, such as a bucket.
        dags_folder: of every kitchen's branch, with ordinary DAG files.
        readable_kitchens: those whose runs the others may look at.
        has_platform: the version holds the DAGs that make and look after kitchens; those of
            earlier releases do not.
    """

    project: str
    environment: str
    tools: Mapping[str, Mapping[str, str]]
    kitchens: Mapping[str, KitchenAtCommit]
    has_platform: bool = False
    dags_folder: str = DAGS_FOLDER
    readable_kitchens: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Canonical form: the same kitchens give the same bytes on every host."""
        content: dict[str, object] = {
            "project": self.project,
            "environment": self.environment,
            "tools": {name: dict(tool) for name, tool in self.tools.items()},
            "kitchens": {name: kitchen.as_json() for name, kitchen in self.kitchens.items()},
        }
        if self.dags_folder != DAGS_FOLDER:
            content["dags_folder"] = self.dags_folder
        if self.readable_kitchens:
            content["readable_kitchens"] = sorted(self.readable_kitchens)
        if self.has_platform:
            content["platform"] = True
        return (json.dumps(content, sort_keys=True, indent=1) + "\n").encode()


def version_of(manifest: bytes) -> str:
    """Git's blob id of a manifest: SHA-1 over a header with the size, and the content."""
    header = f"blob {len(manifest)}\0".encode()
    return hashlib.sha1(header + manifest, usedforsecurity=False).hexdigest()


def read_manifest(content: bytes, *, version: str, environment: str) -> Manifest:
    """Take a manifest apart, once it is shown to be the version and environment asked for.

    Raises:
        BundleError: the content is another version, or belongs to another environment.
    """
    if (found := version_of(content)) != version:
        message = f"version {version} was asked for, the content found is version {found}"
        raise BundleError(message)
    data = json.loads(content)
    if data["environment"] != environment:
        message = (
            f"version {version} belongs to release environment {data['environment']!r}, "
            f"this bundle serves {environment!r}"
        )
        raise BundleError(message)
    return Manifest(
        project=data["project"],
        environment=data["environment"],
        tools=data["tools"],
        kitchens={
            name: KitchenAtCommit(**{**kitchen, "pipelines": _chosen(kitchen.get("pipelines"))})
            for name, kitchen in data["kitchens"].items()
        },
        has_platform=data.get("platform", False),
        dags_folder=data.get("dags_folder", DAGS_FOLDER),
        readable_kitchens=tuple(data.get("readable_kitchens", ())),
    )


def _chosen(pipelines: list[str] | None) -> tuple[str, ...] | None:
    return None if pipelines is None else tuple(pipelines)

"""A version of an environment's kitchens: which commit each of them stands on.

A version's id is the git blob id of its manifest, so a manifest cannot be changed without
becoming another version, and whoever has the id can check what it restores.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenAtCommit:
    """A kitchen, whose it is, and the commit its code is taken from."""

    id: str
    commit: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that parsing an environment's kitchens takes, besides their code.

    Attributes:
        tools: of each declared tool what is no secret, such as a bucket.
    """

    project: str
    environment: str
    tools: Mapping[str, Mapping[str, str]]
    kitchens: Mapping[str, KitchenAtCommit]

    def to_bytes(self) -> bytes:
        """Canonical form: the same kitchens give the same bytes on every host."""
        content = {
            "project": self.project,
            "environment": self.environment,
            "tools": {name: dict(tool) for name, tool in self.tools.items()},
            "kitchens": {
                name: {"id": kitchen.id, "commit": kitchen.commit, "owner": kitchen.owner}
                for name, kitchen in self.kitchens.items()
            },
        }
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
        kitchens={name: KitchenAtCommit(**kitchen) for name, kitchen in data["kitchens"].items()},
    )

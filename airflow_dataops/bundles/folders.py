"""An environment's kitchens as folders on this host.

::

    <base>/
    ├── store/<commit>/          a commit's files; never changed once there
    ├── kitchens/<digest>/       one state of one kitchen: the loader that Airflow reads,
    │                            kitchen.json, and `code`, a link into the store
    ├── versions/<version>/      a link per kitchen of that version; what a worker runs
    └── tracking/                a link per kitchen as it is now; what the dag-processor reads

Beside the kitchens lies ``dataops/``, whose loader declares the DAGs that make and look after
them: our own code, none of any kitchen's.

Whatever is made is made beside its place and renamed into it, so that a reader finds all of it
or nothing, and a process that dies half-way leaves only what the next one sweeps up.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

log = logging.getLogger(__name__)

KITCHEN_FILE = "kitchen.json"
CODE = "code"
# Younger leftovers may be in use by a parse or a task start that is just under way.
SWEEP_AFTER_SECONDS = 6 * 3600

_LOADER = '''\
"""Airflow finds the DAGs of this kitchen here. Generated: what you write is in ``code/``."""

from airflow_dataops.dag_factory import kitchen_dags

globals().update(kitchen_dags(__file__))
'''
_PLATFORM_LOADER = '''\
"""Airflow finds the DAGs here that make and look after this environment's kitchens. Generated."""

from airflow_dataops.dag_factory.platform import platform_dags

globals().update(platform_dags(__file__))
'''
# Only the loader is for Airflow to find; the pipelines' own files are read by it.
_AIRFLOWIGNORE = f"*/{CODE}/**\n"


class KitchenFolders:
    """The folders of one environment below a base folder."""

    def __init__(self, base: Path) -> None:
        self._store = base / "store"
        self._kitchens = base / "kitchens"
        self._versions = base / "versions"
        self.tracking = base / "tracking"

    def version_path(self, version: str) -> Path:
        """Where a version's kitchens are."""
        return self._versions / version

    def has_version(self, version: str) -> bool:
        """Whether a version is complete on this host."""
        return (self.version_path(version) / ".airflowignore").exists()

    def lay_out(
        self, manifest: Manifest, *, extract: Callable[[str, Path], None]
    ) -> dict[str, Path]:
        """Make a folder for each kitchen of a manifest, and the platform's; all by their names.

        Those that exist are left as they are.

        Args:
            manifest: which kitchens, on which commits.
            extract: writes a commit's files into an empty folder.
        """
        folders = {
            name: self._kitchen_folder(name, kitchen, manifest, extract)
            for name, kitchen in manifest.kitchens.items()
        }
        if manifest.has_platform:
            folders[names.PLATFORM] = self._platform_folder(manifest)
        return folders

    def code_of(self, commit: str, *, extract: Callable[[str, Path], None]) -> Path:
        """The folder of a commit's files, made where it is missing."""
        folder = self._store / commit
        if folder.exists():
            return folder
        self._store.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=self._store, prefix=".building-"))
        try:
            extract(commit, building)
        except BaseException:
            # Tried again at every refresh: what is left behind would fill the disk.
            shutil.rmtree(building)
            raise
        building.chmod(0o755)
        return _move(building, folder)

    def add_version(self, version: str, folders: dict[str, Path]) -> None:
        """Make a version visible, all of its kitchens at once."""
        if self.has_version(version):
            return
        self._versions.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=self._versions, prefix=".building-"))
        for kitchen, folder in folders.items():
            (building / kitchen).symlink_to(os.path.relpath(folder, self.version_path(version)))
        (building / ".airflowignore").write_text(_AIRFLOWIGNORE)
        building.chmod(0o755)
        _move(building, self.version_path(version))

    def track(self, folders: dict[str, Path]) -> None:
        """Make these the present kitchens: changed ones are swapped, gone ones removed."""
        self.tracking.mkdir(parents=True, exist_ok=True)
        ignore = self.tracking / ".airflowignore"
        if not ignore.exists():
            ignore.write_text(_AIRFLOWIGNORE)
        for kitchen, folder in folders.items():
            target = Path(os.path.relpath(folder, self.tracking))
            if _swap_link(self.tracking / kitchen, target):
                # A state that was there before has an old file; Airflow would take it for read.
                os.utime(folder / names.LOADER_FILE)
        for present in self.tracking.iterdir():
            if present.is_symlink() and present.name not in folders:
                present.unlink()

    def sweep(self) -> int:
        """Remove folders that no version and no present kitchen links to.

        Returns:
            How many were removed.
        """
        links = [*self.tracking.glob("*"), *self._versions.glob("*/*")]
        linked = {link.resolve() for link in links if link.is_symlink()}
        cutoff = time.time() - SWEEP_AFTER_SECONDS
        stale = [p for p in _children(self._kitchens) if p not in linked and _is_older(p, cutoff)]
        # A kitchen's folder keeps its code, whether or not something links to the folder still.
        kept = {(p / CODE).resolve() for p in _children(self._kitchens) if p not in stale}
        stale += [p for p in _children(self._store) if p not in kept and _is_older(p, cutoff)]
        unfinished = (p for p in _children(self._versions) if p.name.startswith("."))
        stale += [p for p in unfinished if _is_older(p, cutoff)]
        for path in stale:
            shutil.rmtree(path)
        if stale:
            log.info("removed %d folders of kitchens that nothing uses any more", len(stale))
        return len(stale)

    def _kitchen_folder(
        self,
        name: str,
        kitchen: KitchenAtCommit,
        manifest: Manifest,
        extract: Callable[[str, Path], None],
    ) -> Path:
        about: dict[str, object] = {
            "id": kitchen.id,
            "owner": kitchen.owner,
            "name": name,
            "project": manifest.project,
            "environment": manifest.environment,
            "schema": names.schema(name),
            "prefix": names.bucket_prefix(name),
            "pipelines": None if kitchen.pipelines is None else sorted(kitchen.pipelines),
            "slack_channel": kitchen.slack_channel,
            "dags_folder": manifest.dags_folder,
            "tools": {tool: dict(known) for tool, known in manifest.tools.items()},
        }
        if manifest.readable_kitchens:
            about["readable_kitchens"] = sorted(manifest.readable_kitchens)
        return self._loader_folder(
            about, _LOADER, commit=kitchen.commit, code=partial(self.code_of, extract=extract)
        )

    def _platform_folder(self, manifest: Manifest) -> Path:
        about = {"project": manifest.project, "environment": manifest.environment}
        return self._loader_folder(about, _PLATFORM_LOADER)

    def _loader_folder(
        self,
        about: Mapping[str, object],
        loader: str,
        *,
        commit: str = "",
        code: Callable[[str], Path] | None = None,
    ) -> Path:
        """A folder with a loader and what it has to know, under the digest of all it holds."""
        content = json.dumps(about, sort_keys=True, indent=1) + "\n"
        state = "\0".join((commit, content, loader))
        digest = hashlib.sha256(state.encode()).hexdigest()[:40]
        folder = self._kitchens / digest
        if folder.exists():
            return folder
        files = code(commit) if code else None
        self._kitchens.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=self._kitchens, prefix=".building-"))
        (building / KITCHEN_FILE).write_text(content)
        (building / names.LOADER_FILE).write_text(loader)
        if files:
            (building / CODE).symlink_to(os.path.relpath(files, folder))
        building.chmod(0o755)
        return _move(building, folder)


def _move(building: Path, place: Path) -> Path:
    """Rename a finished folder into its place; one made by somebody else meanwhile wins."""
    try:
        building.rename(place)
    except OSError:
        if not place.exists():
            raise
        shutil.rmtree(building)
    return place


def _swap_link(link: Path, target: Path) -> bool:
    """Let a link lead to a target; whether it led elsewhere before."""
    if link.is_symlink() and link.readlink() == target:
        return False
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    return True


def _is_older(path: Path, cutoff: float) -> bool:
    return path.lstat().st_mtime < cutoff


def _children(folder: Path) -> list[Path]:
    return list(folder.resolve().iterdir()) if folder.exists() else []

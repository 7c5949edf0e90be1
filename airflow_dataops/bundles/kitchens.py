"""KitchenBundle: all kitchens of one release environment, in a single DAG bundle.

Airflow reads its list of bundles once, at start; with kitchens as folders inside a bundle, a new
kitchen needs no restart. A version of the bundle is the blob id of a manifest that names the
commit of each kitchen (see ``domain.manifest``), published in the repository itself: a worker
restores it with nothing but the repository and the version.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.dag_processing.bundles.base import BaseDagBundle, BundleVersion

from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.bundles.shown_pipelines import ShownPipelines
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest, read_manifest
from airflow_dataops.errors import BundleError, ConfigurationError, OutsideSystemError
from airflow_dataops.secrets.kitchen_vault import kitchens_code_comes_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from airflow_dataops.adapters.git_repository import Mirror
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment, Tool

log = logging.getLogger(__name__)

_SWEEP_EVERY_SECONDS = 1800


class KitchenBundle(BaseDagBundle):
    """The kitchens of a release environment as folders, each with a loader for its DAGs.

    Args:
        environment: name of the release environment in the environments file.
        repository: URL or path of the project's repository, for hosts (workers) that have no
            environments file; elsewhere the file says it.
        repository_login_file: on this host, with the token of an https repository, or
            ``name:token``; read before each exchange. Default: what the environments file says.
        paths: only these folders of a kitchen's branch are written to disk; default: all.
    """

    supports_versioning = True

    def __init__(
        self,
        *,
        environment: str,
        repository: str | None = None,
        repository_login_file: str | None = None,
        paths: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.environment = environment
        self._repository = repository
        self._login_file = repository_login_file
        self._paths = tuple(paths)
        self._folders = KitchenFolders(self.base_dir)
        self._swept_at = time.monotonic()
        self._shown = ShownPipelines()

    @property
    def path(self) -> Path:
        """Folder whose children are the kitchens."""
        if self.version:
            return self._folders.version_path(self.version)
        return self._folders.tracking

    def initialize(self) -> None:
        """Put the files on this host: a pinned version where one is asked for, else the present.

        Raises:
            BundleError: the version is none of this environment's, or cannot be restored.
        """
        kitchens_code_comes_in()
        if self.version:
            self._restore(self.version)
        else:
            self._install_guard()
            self.refresh()
        super().initialize()

    def refresh(self) -> None:
        """Bring every kitchen to its branch's tip, add new kitchens, drop deleted ones.

        Raises:
            BundleError: this is a pinned version, which never changes.
        """
        if self.version:
            message = f"version {self.version} of bundle {self.name!r} is pinned; it cannot refresh"
            raise BundleError(message)
        with self.lock():
            mirror = self._mirror()
            mirror.fetch_branches()
            manifest = self._present(mirror)
            commits = [kitchen.commit for kitchen in manifest.kitchens.values()]
            version = mirror.publish_manifest(manifest.to_bytes(), commits)
            folders = self._folders.lay_out(manifest, extract=self._extract)
            # First who may ask is written down, then the version can become a run's.
            self._record(version, manifest)
            self._folders.add_version(version, folders)
            self._folders.track(folders)
            self._remember(version)
            self._sweep_now_and_then()

    def get_current_version(self) -> BundleVersion | None:
        """The version that ``path`` shows."""
        if self.version:
            return BundleVersion(version=self.version)
        remembered = self._version_file
        return BundleVersion(version=remembered.read_text()) if remembered.exists() else None

    def _restore(self, version: str) -> None:
        if self._folders.has_version(version):
            return
        with self.lock():
            content = self._mirror().read_manifest(version)
            manifest = read_manifest(content, version=version, environment=self.environment)
            folders = self._folders.lay_out(manifest, extract=self._extract)
            self._folders.add_version(version, folders)

    def _present(self, mirror: Mirror) -> Manifest:
        """The manifest of what the registry and the branches say now."""
        from airflow_dataops import bootstrap, config

        environment = config.environments().environment(self.environment)
        dags_folder = config.environments().project_of(self.environment).dags_folder
        tips = mirror.tips()
        living = {kitchen.name: kitchen for kitchen in bootstrap.kitchen_registry().kitchens()}
        kitchens = {}
        for kitchen in living.values():
            if kitchen.environment != self.environment or kitchen.state is KitchenState.DELETING:
                continue
            commit = self._readable(kitchen, tips.get(kitchen.branch), mirror)
            if commit is None:
                continue
            parent = living.get(kitchen.parent or "")
            kitchens[kitchen.name] = KitchenAtCommit(
                id=kitchen.id,
                commit=commit,
                owner=_owner(kitchen, environment),
                pipelines=self._shown.of(
                    kitchen,
                    commit,
                    parents_tip=tips.get(parent.branch) if parent else None,
                    mirror=mirror,
                    dags_folder=dags_folder,
                ),
                slack_channel=kitchen.settings.slack_channel,
            )
        tools = {tool.name: dict(_declared(tool)) for tool in environment.tools.values()}
        return Manifest(
            project=environment.project,
            environment=self.environment,
            tools=tools,
            kitchens=kitchens,
            dags_folder=dags_folder,
            readable_kitchens=environment.readable_kitchens,
            has_platform=True,
        )

    def _readable(self, kitchen: Kitchen, tip: str | None, mirror: Mirror) -> str | None:
        """The commit that a kitchen is to show: its tip, or the last that could be written.

        What is wrong with one kitchen's branch must not stop the others' refreshes.
        """
        if tip is None:
            log.warning(
                "kitchen %s has no DAGs: its branch %s is not in the repository",
                kitchen.name,
                kitchen.branch,
            )
            return None
        try:
            self._folders.code_of(tip, extract=self._extract)
        except OutsideSystemError as error:
            log.error("kitchen %s stays as it was: %s", kitchen.name, error)  # noqa: TRY400 - no bug
            return self._commit_before(kitchen, mirror)
        return tip

    def _commit_before(self, kitchen: Kitchen, mirror: Mirror) -> str | None:
        present = self.get_current_version()
        if present is None or present.version is None:
            return None
        content = mirror.read_manifest(present.version)
        before = read_manifest(content, version=present.version, environment=self.environment)
        shown = before.kitchens.get(kitchen.name)
        return shown.commit if shown is not None and shown.id == kitchen.id else None

    def _record(self, version: str, manifest: Manifest) -> None:
        from airflow_dataops import bootstrap

        bootstrap.record_bundle_version(version=version, bundle_name=self.name, manifest=manifest)

    def _remember(self, version: str) -> None:
        fresh = self._version_file.with_suffix(".new")
        fresh.write_text(version)
        fresh.replace(self._version_file)

    @property
    def _version_file(self) -> Path:
        return self.base_dir / "version"

    def _extract(self, commit: str, into: Path) -> None:
        mirror = self._mirror()
        if not mirror.has_commit(commit):
            message = f"commit {commit} is not in the repository of bundle {self.name!r} any more"
            raise BundleError(message)
        mirror.extract(commit, into, paths=self._paths)

    def _mirror(self) -> Mirror:
        from airflow_dataops import config, repositories
        from airflow_dataops.adapters.git_repository import Mirror

        url, login = self._repository, None
        if self._login_file is not None:
            login = repositories.login_from_file(self._login_file)
        if url is None:
            project = config.environments().project_of(self.environment)
            url, login = project.repository, login or repositories.login_from_vault(project)
        return Mirror(self.base_dir / "mirror.git", url=url, login=login)

    def _sweep_now_and_then(self) -> None:
        if time.monotonic() - self._swept_at > _SWEEP_EVERY_SECONDS:
            self._folders.sweep()
            self._swept_at = time.monotonic()

    def _install_guard(self) -> None:
        if conf.getboolean("dag_processor", "disable_bundle_versioning", fallback=False):
            message = (
                "[dag_processor] disable_bundle_versioning is on, so runs are not pinned to a "
                f"version and the kitchens of bundle {self.name!r} would be refused every "
                "credential; turn it off"
            )
            raise ConfigurationError(message)
        # Only the dag-processor's manager has this module loaded before its bundles: it is the
        # one process that writes DAGs to the database and runs nobody's code.
        if "airflow.dag_processing.manager" in sys.modules:
            from airflow_dataops.bundles import guard

            guard.install(self.name, tracking=self._folders.tracking, environment=self.environment)


def _declared(tool: Tool) -> Iterator[tuple[str, str]]:
    """What code may know of a tool: where in it the environment's data are."""
    for name, place in (("bucket", tool.bucket), ("folder", tool.folder)):
        if place:
            yield name, place


def _owner(kitchen: Kitchen, environment: ReleaseEnvironment) -> str:
    """Who answers for a kitchen: its creator; for a base kitchen, the environment's owner."""
    if kitchen.name == environment.base_kitchen.name and environment.owner:
        return environment.owner
    return kitchen.created_by

"""Which of a kitchen's pipelines become DAGs; the others stay code and cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.kitchen_at_parse import PIPELINES

if TYPE_CHECKING:
    from airflow_dataops.adapters.git_repository import Mirror
    from airflow_dataops.domain.kitchen import Kitchen

_MOST_REMEMBERED = 10_000


class ShownPipelines:
    """Pipelines that were chosen, and those changed against the parent.

    Commits never change, so what comparing two of them gave is remembered: a refresh without
    news costs no git process per kitchen.
    """

    def __init__(self) -> None:
        self._changed: dict[tuple[str, str, str], frozenset[str]] = {}

    def of(
        self,
        kitchen: Kitchen,
        commit: str,
        *,
        parents_tip: str | None,
        mirror: Mirror,
        dags_folder: str,
    ) -> tuple[str, ...] | None:
        """Names of the pipelines to show and paths of ordinary DAG files; None for all.

        Args:
            kitchen: the kitchen with its settings.
            commit: what is shown of its branch.
            parents_tip: tip of its parent's branch; None where there is none.
            mirror: has both.
            dags_folder: of the branch, with ordinary DAG files.
        """
        chosen = kitchen.settings.pipelines
        if chosen is None or parents_tip is None:
            return chosen
        return tuple(sorted({*chosen, *self._changes(commit, parents_tip, mirror, dags_folder)}))

    def _changes(self, commit: str, since: str, mirror: Mirror, dags_folder: str) -> frozenset[str]:
        if len(self._changed) > _MOST_REMEMBERED:
            self._changed.clear()
        key = (commit, since, dags_folder)
        if key not in self._changed:
            files = mirror.changed_files(commit, since=since, below=PIPELINES)
            # Files directly in the folder belong to no pipeline.
            folders = {path.split("/")[1] for path in files if path.count("/") > 1}
            files = mirror.changed_files(commit, since=since, below=dags_folder)
            ordinary = {path for path in files if path.endswith(".py")}
            of_pipelines = {path for path in ordinary if path.startswith(f"{PIPELINES}/")}
            self._changed[key] = frozenset(folders | (ordinary - of_pipelines))
        return self._changed[key]

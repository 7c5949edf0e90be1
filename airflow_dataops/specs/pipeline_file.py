"""``pipeline.yaml``: a pipeline for people who write no Python, as the domain's ``Pipeline``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_dataops.domain import names
from airflow_dataops.domain.pipeline import Pipeline
from airflow_dataops.errors import SpecError
from airflow_dataops.specs import schedule_text, wording
from airflow_dataops.specs.pipeline_keys import (
    DAG_KEYS,
    FILE_KEYS,
    MAPPING,
    PIPELINE_KEYS,
    SNAKE_CASE,
    TABLE_KEYS,
    duration,
    names_in,
    read_keys,
    with_durations,
)
from airflow_dataops.specs.pipeline_sources import PipelineSources
from airflow_dataops.specs.pipeline_stages import StageReader
from airflow_dataops.specs.pipeline_tasks import TaskReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from airflow_dataops.domain.data_assets import File, Table
    from airflow_dataops.specs.marked_yaml import Place
    from airflow_dataops.specs.pipeline_keys import Keys

_EMPTY = "this file is empty; declare the pipeline's stages, each with its tasks and data tests"
_NO_KEYS = "this file has no keys; write 'stages:' and below it the pipeline's stages"
_NAME = re.compile(SNAKE_CASE)


def load_pipeline(code: Path, name: str) -> tuple[Pipeline, PipelineSources]:
    """Read a pipeline's YAML file, and the fragments that it includes.

    Args:
        code: the branch's folder, without links in its path.
        name: the pipeline's folder.

    Returns:
        The pipeline, and the files: for complaints of those who build it.

    Raises:
        SpecError: a file is wrong; lists everything that is, each with its line.
    """
    names.check_pipeline_name(name)
    sources = PipelineSources(code, name)
    if sources.complaints:
        raise together(sources.complaints)
    if not isinstance(sources.content, dict):
        raise SpecError(_EMPTY if sources.content is None else _NO_KEYS, file=sources.file)
    pipeline = _Reader(sources, sources.content).pipeline(name)
    if sources.complaints:
        raise together(sources.complaints)
    return pipeline, sources


def together(complaints: Sequence[SpecError]) -> SpecError:
    """One error of all complaints, in the order of their places."""
    return SpecError.together(sorted(complaints, key=lambda c: (c.file, c.line or 0)))


class _Reader:
    """Reads the parts of a pipeline; what is wrong with them is noted in its sources."""

    def __init__(self, sources: PipelineSources, content: dict[str, Any]) -> None:
        self._sources = sources
        self._content = read_keys(content, PIPELINE_KEYS, (), sources.complain)

    def pipeline(self, name: str) -> Pipeline:
        assets = self._assets()
        tasks = TaskReader(self._sources, assets=assets, defaults=self._content.get("defaults", {}))
        stages = StageReader(self._sources, assets=assets, tasks=tasks)
        schedule, timezone = self._content.get("schedule"), self._content.get("timezone", "UTC")
        if problem := schedule_text.complaint(None, timezone):
            self._sources.complain(problem, ("timezone",))
        elif problem := schedule_text.complaint(schedule, timezone):
            self._sources.complain(problem, ("schedule",))
        if "shared_paths" in self._content:
            self._check_shared_paths(self._content["shared_paths"])
        return Pipeline(
            name=name,
            stages=stages.read(self._content.get("stages", ())),
            schedule=schedule,
            timezone=timezone,
            dag_arguments=self._dag_arguments(),
        )

    def _check_shared_paths(self, declared: list[str]) -> None:
        from airflow_dataops.specs import shared_paths

        if problem := shared_paths.complaint(declared):
            self._sources.complain(problem, ("shared_paths",))

    def _assets(self) -> dict[str, Table | File]:
        if not self._content.get("tables") and not self._content.get("files"):
            return {}
        from airflow_dataops.domain import data_assets

        assets: dict[str, Table | File] = {}
        for key, table in self._declared("tables", TABLE_KEYS, "redshift"):
            name = table.get("name", key)
            assets[key] = data_assets.table(
                table["tool"],
                name,
                where=table.get("where"),
                masked=names_in(table.get("masked", ())),
                sampled=table.get("sampled", 1.0),
            )
        for key, file in self._declared("files", FILE_KEYS, "s3"):
            if key in assets:
                problem = f"{key!r} is a table already; give the file a name of its own"
                self._sources.complain(problem, ("files", key))
            try:
                assets[key] = data_assets.file(file.pop("tool"), **file)
            except ValueError as error:
                self._sources.complain(str(error), ("files", key))
        return assets

    def _declared(self, kind: str, keys: Keys, tool: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Tables or files with what is said of them; those that lack something are left out."""
        for name, content in self._content.get(kind, {}).items():
            place = (kind, name)
            if not _NAME.fullmatch(name):
                problem = f"{name!r} names nothing; use small letters, digits and underscores"
                self._sources.complain(problem, place)
            elif not MAPPING.is_one(content):
                words = f"what it is, for example {{tool: {tool}}}"
                self._sources.complain(wording.expected_other(content, place, words), place)
            else:
                read = read_keys(content, keys, place, self._sources.complain)
                if all(key in read for key in keys.required):
                    yield name, read

    def _dag_arguments(self) -> dict[str, Any]:
        written = {name: self._content[name] for name in DAG_KEYS if name in self._content}
        if "dagrun_timeout" in written:
            written["dagrun_timeout"] = duration(written["dagrun_timeout"])
        if "default_args" in written:
            place: Place = ("default_args",)
            read = with_durations(written["default_args"], place, self._sources.complain)
            written["default_args"] = read
        return written

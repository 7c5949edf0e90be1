"""Ordinary DAG files of a kitchen's branch: run under the kitchen's namespace, without an edit.

A file is executed as Airflow would execute it, with its own path and module name, and the DAGs it
made are then moved into the kitchen: new id, no schedule of its own, macros, tags. Nothing of
Airflow is patched, so nothing leaks into another kitchen of the same process.

The DAGs are handed to Airflow the way ``with DAG(...)`` hands them over, together with their own
module: their ``fileloc`` is the file that a person wrote, and relative paths start beside it.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import DAG
from airflow.sdk.definitions._internal.contextmanager import DagContext

from airflow_dataops.dag_factory.authoring import loading
from airflow_dataops.dag_factory.moving import move_into_kitchen
from airflow_dataops.domain.kitchen_at_parse import PIPELINES
from airflow_dataops.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import ModuleType

    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse

_ASKED_DAG = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A kitchen's code as a loader sees it.

    Attributes:
        code: the folder that the files are read from; stays one commit's while it is read.
        shown: the same folder by a path that is the same from commit to commit.
    """

    kitchen: KitchenAtParse
    code: Path
    shown: Path

    @property
    def dags_folder(self) -> Path:
        """Where the branch has its ordinary DAG files."""
        return self.code / self.kitchen.dags_folder


@dataclass(slots=True, kw_only=True)
class Found:
    """What the ordinary files of a branch declare, and what is wrong with the others.

    Attributes:
        broken: the errors of files by their paths on the branch.
    """

    dags: dict[str, tuple[DAG, ModuleType]] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)

    def hand_to_airflow(self) -> None:
        """Let Airflow find the DAGs once it has imported the loader."""
        DagContext.autoregistered_dags.update(self.dags.values())


def ordinary_dags(branch: Branch, *, wanted: str | None, taken: Collection[str]) -> Found:
    """Build the DAGs of a branch's ordinary files: all, or the one that is wanted.

    Args:
        branch: whose files.
        wanted: the DAG's id as its file says it; None for all.
        taken: ids of DAGs that the kitchen has already.
    """
    found = Found()
    declared_by: dict[str, str] = {}
    for path in _files(branch, wanted):
        try:
            for dag, module in _load(branch, path, wanted):
                if dag.dag_id in found.dags or dag.dag_id in taken:
                    _complain(dag.dag_id, declared_by.get(dag.dag_id, PIPELINES), path)
                found.dags[dag.dag_id] = (dag, module)
                declared_by[dag.dag_id] = path
        except Exception as error:  # noqa: BLE001 - a file may raise what it likes
            found.broken[path] = error
        except SystemExit as error:
            message = f"it leaves the process with exit code {error.code}"
            found.broken[path] = PipelineError(message)
        if wanted and found.dags:
            break
    return found


def dag_files(folder: Path) -> list[Path]:
    """The files below a folder in which Airflow would look for DAGs, ``.airflowignore`` obeyed."""
    from airflow.dag_processing.importers import get_importer_registry

    if not folder.is_dir():
        return []
    importer = get_importer_registry().get_importer("x.py")
    listed = importer.list_dag_files(folder, safe_mode=True) if importer else ()
    with warnings.catch_warnings():
        # Airflow's own, about how it reads .airflowignore: here it would be shown as the file's.
        warnings.simplefilter("ignore", DeprecationWarning)
        return sorted(Path(file) for file in listed if file.endswith(".py"))


def _files(branch: Branch, wanted: str | None) -> list[str]:
    """Paths on the branch; those that may declare the wanted DAG first."""
    pipelines = branch.code / PIPELINES
    files = [f for f in dag_files(branch.dags_folder) if not f.is_relative_to(pipelines)]
    shown = branch.kitchen.pipelines
    if shown is not None:
        files = [file for file in files if _is_shown(file, branch, shown)]
    if wanted:
        said = wanted.encode()
        files.sort(key=lambda file: said not in file.read_bytes())
    return [str(file.relative_to(branch.code)) for file in files]


def _is_shown(file: Path, branch: Branch, shown: Collection[str]) -> bool:
    return file.stem in shown or str(file.relative_to(branch.code)) in shown


def _load(branch: Branch, path: str, wanted: str | None) -> list[tuple[DAG, ModuleType]]:
    """Execute a file in its kitchen; its DAGs, moved there."""
    with loading(branch.kitchen), _asked_for(wanted), _collecting() as collected:
        module = _execute(branch, path)
    top_level = (value for value in vars(module).values() if isinstance(value, DAG))
    made = {id(dag): dag for dag in (*top_level, *(dag for dag, _ in collected))}
    for dag in made.values():
        move_into_kitchen(dag, branch.kitchen, code=branch.shown, at_task=wanted is not None)
    return [
        (dag, module)
        for dag in made.values()
        if wanted is None or dag.dag_id.partition(".")[2] == wanted
    ]


def _execute(branch: Branch, path: str) -> ModuleType:
    from airflow.utils.file import get_unique_dag_module_name

    shown = str(branch.shown / path)
    name = get_unique_dag_module_name(shown)
    spec = spec_from_file_location(name, loader=SourceFileLoader(name, str(branch.code / path)))
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = module_from_spec(spec)
    # A DAG that names files beside this one is the same from commit to commit.
    module.__file__ = shown
    sys.modules[name] = module
    DagContext.current_autoregister_module_name = name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _collecting() -> Iterator[set[tuple[DAG, ModuleType]]]:
    """Take down the DAGs that are made inside the block, and keep them from Airflow until later."""
    context = DagContext
    before = context.autoregistered_dags, context.current_autoregister_module_name
    depth = len(context._context)  # noqa: SLF001 - a file may fail inside `with DAG(...)`
    context.autoregistered_dags = set()
    try:
        yield context.autoregistered_dags
    finally:
        context.autoregistered_dags, context.current_autoregister_module_name = before
        while len(context._context) > depth:  # noqa: SLF001
            context._context.popleft()  # noqa: SLF001


@contextmanager
def _asked_for(wanted: str | None) -> Iterator[None]:
    """Tell a file that makes only the wanted DAG by the id it knows, not by the kitchen's."""
    before = os.environ.get(_ASKED_DAG)
    if wanted:
        os.environ[_ASKED_DAG] = wanted
    try:
        yield
    finally:
        if wanted and before is not None:
            os.environ[_ASKED_DAG] = before


def _complain(dag_id: str, first: str, second: str) -> None:
    own = dag_id.partition(".")[2]
    message = f"DAG {own!r} is declared in {first} and in {second}; a branch has each id once"
    raise PipelineError(message)

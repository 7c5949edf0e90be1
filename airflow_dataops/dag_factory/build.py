"""From a kitchen's folder to its DAGs: called by the loader that the bundle lays there."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.sdk import DAG, get_parsing_context
from airflow.sdk.definitions.param import ParamsDict

from airflow_dataops.dag_factory import templates
from airflow_dataops.dag_factory.assets import keep_assets_in_kitchen
from airflow_dataops.dag_factory.authoring import PipelineDefinition, collecting_stages, loading
from airflow_dataops.dag_factory.ordinary import Branch, Found, ordinary_dags
from airflow_dataops.dag_factory.references import keep_references_in_kitchen
from airflow_dataops.domain import names, schedule
from airflow_dataops.domain.kitchen_at_parse import (
    PIPELINE_PYTHON,
    PIPELINE_YAML,
    PIPELINES,
    KitchenAtParse,
)
from airflow_dataops.domain.schedule import Schedule, ScheduleState
from airflow_dataops.errors import PipelineError, SpecError

if TYPE_CHECKING:
    from types import ModuleType

# The last is what people write who mean the one before; it is answered, not passed over.
_FILES = (PIPELINE_PYTHON, PIPELINE_YAML, "pipeline.yml")
_CODE = "code"
_KITCHEN_FILE = "kitchen.json"


def kitchen_dags(loader_file: str) -> dict[str, DAG]:
    """Build the DAGs of the kitchen whose loader asks: of all pipelines, or the one that is wanted.

    A pipeline that cannot be built does no harm to the others: they are returned together with a
    stand-in that Airflow shows as an import error.

    Args:
        loader_file: the loader's ``__file__``; the kitchen's description and code lie beside it.
    """
    shown = Path(loader_file).parent
    # One state of the kitchen from here on, even if the link is swapped to the next meanwhile.
    folder = shown.resolve()
    kitchen = KitchenAtParse(**json.loads((folder / _KITCHEN_FILE).read_text(encoding="utf-8")))
    code = (folder / _CODE).resolve()
    branch = Branch(kitchen=kitchen, code=code, shown=shown / _CODE)
    dags, ordinary = branch_dags(branch)
    ordinary.hand_to_airflow()
    return dags


def branch_dags(branch: Branch) -> tuple[dict[str, DAG], Found]:
    """The DAGs of a branch's pipelines with the stand-in for broken ones, and of ordinary files."""
    _make_importable(branch.code, branch.kitchen.dags_folder)
    wanted = _wanted_pipeline(branch.kitchen)
    dags, broken = _pipelines_of(branch, wanted)
    ordinary = Found()
    if wanted is None or not dags:
        ordinary = ordinary_dags(branch, wanted=wanted, taken=dags)
        if wanted and ordinary.broken and not ordinary.dags:
            raise next(iter(ordinary.broken.values()))
        broken |= {path: _complaint(error, branch.code) for path, error in ordinary.broken.items()}
    if broken and wanted is None:
        found = len(dags) + len(ordinary.dags) + len(broken)
        stand_in = BrokenPipelines(branch.kitchen, broken, found=found)
        dags[stand_in.dag_id] = stand_in
    return dags, ordinary


def _pipelines_of(branch: Branch, wanted: str | None) -> tuple[dict[str, DAG], dict[str, str]]:
    """The DAGs of a branch's pipelines, and complaints about the others by their folders."""
    dags: dict[str, DAG] = {}
    broken: dict[str, str] = {}
    for name, files in _pipelines(branch.code, branch.kitchen, wanted).items():
        try:
            with loading(branch.kitchen):
                dag = _build(_definition(name, branch.code, files), branch.kitchen, branch.shown)
        except Exception as error:
            if wanted:
                raise
            broken[f"{PIPELINES}/{name}"] = _complaint(error, branch.code)
        else:
            dags[dag.dag_id] = dag
    return dags, broken


class BrokenPipelines(DAG):
    """Stands for pipelines that could not be built; Airflow shows why as an import error."""

    def __init__(self, kitchen: KitchenAtParse, broken: dict[str, str], *, found: int) -> None:
        super().__init__(names.dag_id(kitchen.name, "broken_pipelines"), schedule=None)
        self.broken = broken
        self._found = found

    def validate(self) -> None:
        """Raise what Airflow shows.

        Raises:
            PipelineError: always.
        """
        texts = (f"{place}: {text}" for place, text in sorted(self.broken.items()))
        message = (
            f"{len(self.broken)} of {self._found} pipelines could not be built, "
            "the others are not affected.\n\n" + "\n".join(texts)
        )
        raise PipelineError(message)


def _wanted_pipeline(kitchen: KitchenAtParse) -> str | None:
    """The one pipeline whose task is about to start; None while all are parsed."""
    dag_id = get_parsing_context().dag_id
    if dag_id is None or not names.is_in_namespace(dag_id, kitchen.name):
        return None
    return dag_id.partition(".")[2]


def _pipelines(code: Path, kitchen: KitchenAtParse, wanted: str | None) -> dict[str, list[str]]:
    """The pipelines to build and their files; what the kitchen hides is not even looked at."""
    pipelines = code / PIPELINES
    if wanted is None and kitchen.pipelines is None:
        asked = {entry.name for entry in os.scandir(pipelines)} if pipelines.is_dir() else set()
    else:
        shown = {wanted} if kitchen.pipelines is None else set(kitchen.pipelines)
        asked = {name for name in (shown & {wanted} if wanted else shown) if name}
    found = {name: _files(pipelines / name) for name in sorted(asked)}
    return {name: files for name, files in found.items() if files}


def _files(pipeline: Path) -> list[str]:
    """The files that declare a pipeline; a folder without any is none."""
    return [file for file in _FILES if (pipeline / file).exists()]


def _build(definition: PipelineDefinition, kitchen: KitchenAtParse, code: Path) -> DAG:
    arguments = dict(definition.dag_arguments)
    params = arguments.pop("params", None) or {}
    macros = arguments.pop("user_defined_macros", None) or {}
    defaults = arguments.pop("default_args", None) or {}
    jinja = arguments.pop("jinja_environment_kwargs", None) or {}
    searched = arguments.pop("template_searchpath", None) or []
    searched = [searched] if isinstance(searched, str) else list(searched)
    tags = {*(arguments.pop("tags", None) or ()), *_tags(kitchen, definition)}
    with (
        collecting_stages(),
        DAG(
            names.dag_id(kitchen.name, definition.name),
            # Schedules travel inert: nothing starts by itself until a person enables it here.
            schedule=None,
            start_date=_EPOCH.in_timezone(definition.timezone),
            is_paused_upon_creation=False,
            catchup=False,
            # It is returned once it is whole; Airflow would take a broken one as well.
            auto_register=False,
            params={**params},
            user_defined_macros={**macros, **templates.kitchen_macros(kitchen)},
            default_args={"owner": kitchen.owner, **defaults},
            jinja_environment_kwargs={
                **jinja,
                "extensions": [*jinja.get("extensions", []), templates.EXTENSION],
            },
            # The unresolved path: it stays the same from commit to commit, and so does the DAG.
            template_searchpath=[f"{code}/{PIPELINES}/{definition.name}", str(code), *searched],
            tags=tags,
            **arguments,
        ) as dag,
    ):
        definition.build()
    # Not before the tasks are made: each would take a deep copy of it from its DAG.
    own = dict(dag.params.items())
    dag.params = ParamsDict({templates.RUN_DATE: templates.run_date_parameter(), **own})
    keep_references_in_kitchen(dag, kitchen)
    if get_parsing_context().dag_id is None:
        keep_assets_in_kitchen(dag, kitchen.name)
    return dag


_EPOCH = pendulum.datetime(2000, 1, 1)


def _definition(name: str, code: Path, files: list[str]) -> PipelineDefinition:
    names.check_pipeline_name(name)
    match files:
        case [file] if file == PIPELINE_PYTHON:
            return _python_definition(name, code)
        case [file] if file == PIPELINE_YAML:
            # Most kitchens have Python alone; the others pay for reading YAML.
            from airflow_dataops.dag_factory.yaml_pipeline import yaml_definition

            return yaml_definition(name, code)
        case _:
            listed = " and ".join(files)
            message = (
                f"one file declares a pipeline, here are {listed}; keep {PIPELINE_PYTHON} or "
                f"{PIPELINE_YAML}, under just that name"
            )
            raise PipelineError(message)


def _python_definition(name: str, code: Path) -> PipelineDefinition:
    module = _module(name, code)
    declared = {
        id(value): value for value in vars(module).values() if isinstance(value, PipelineDefinition)
    }
    own = [found for found in declared.values() if found.build.__module__ == module.__name__]
    if len(own) != 1 or own[0].name != name:
        functions = ", ".join(found.name for found in own) or "none"
        message = (
            f"a pipeline's file declares one function with @pipeline, named like its folder "
            f"({name}); declared here: {functions}"
        )
        raise PipelineError(message)
    return own[0]


def _module(name: str, code: Path) -> ModuleType:
    """Import a pipeline's file, as ``pipelines.<name>.pipeline`` like any import of it would.

    Its packages are plain folders as a rule. Having Python look for them would make a parse a
    twentieth longer; where some file imports from them, it does.
    """
    full_name = f"{PIPELINES}.{name}.{PIPELINE_PYTHON.removesuffix('.py')}"
    if full_name in sys.modules:
        return sys.modules[full_name]
    pipelines = code / PIPELINES
    if any((folder / "__init__.py").exists() for folder in (pipelines, pipelines / name)):
        return importlib.import_module(full_name)
    loader = SourceFileLoader(full_name, f"{pipelines}/{name}/{PIPELINE_PYTHON}")
    spec = spec_from_file_location(full_name, loader=loader)
    if spec is None:
        raise ImportError(full_name)
    module = module_from_spec(spec)
    sys.modules[full_name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[full_name]
        raise
    return module


def _tags(kitchen: KitchenAtParse, definition: PipelineDefinition) -> set[str]:
    tags = {f"kitchen:{kitchen.name}", f"environment:{kitchen.environment}"}
    if definition.schedule:
        declared = Schedule.written(definition.schedule, definition.timezone)
        tags.add(schedule.tag(ScheduleState.INERT, declared))
    return tags


# Folders in which the bundles of this process have their kitchens' code.
_stores: set[str] = set()


def _make_importable(code: Path, dags_folder: str) -> None:
    """Let the kitchen's files import each other, and nothing of another kitchen's.

    Ordinary DAG files import from their folder, as from Airflow's own.

    One process can load several kitchens (the ``airflow dags`` commands do), of several bundles,
    whose modules have the same names. Even the same code is imported anew: it may have asked
    ``current_kitchen()``.
    """
    _stores.add(f"{code.parent}/")
    any_kitchens = tuple(_stores)
    kept = [place for place in sys.path if not place.startswith(any_kitchens)]
    if len(kept) < len(sys.path):
        _forget_modules(any_kitchens)
    folder = code / dags_folder
    of_dags = [str(folder)] if folder != code and folder.is_dir() else []
    sys.path[:] = [str(code), *of_dags, *kept]


def _forget_modules(folders: tuple[str, ...]) -> None:
    # All are found before one is forgotten: a namespace package finds its places in its parent.
    found = [
        name
        for name, module in list(sys.modules.items())
        if any(place.startswith(folders) for place in _places(module))
    ]
    for name in found:
        del sys.modules[name]


def _places(module: Any) -> list[str]:
    file = getattr(module, "__file__", None)
    if file or not hasattr(module, "__path__"):
        return [file] if file else []
    try:
        return list(module.__path__)
    except KeyError:  # a namespace package whose parent somebody else forgot
        return []


def _complaint(error: Exception, code: Path) -> str:
    """An error with the frames that lie in the kitchen's own files."""
    if isinstance(error, SpecError):  # it names file and line already
        return f"{error}\n"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(code)]
    for frame in own:
        frame.filename = str(Path(frame.filename).relative_to(code))
    if isinstance(error, SyntaxError) and error.filename:
        error.filename = str(Path(error.filename).name)
    said = "".join(traceback.format_exception_only(error))
    return "".join(traceback.format_list(own)) + said

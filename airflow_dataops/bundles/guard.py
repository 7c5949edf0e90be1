"""The guard: what a kitchen's file may put into Airflow's database.

DAG files are parsed in a child process, where their code can remove every check that runs there.
The guard stands in the process that receives the results: the dag-processor's manager, which
runs nobody's code. ``KitchenBundle.initialize`` installs it before the first file is parsed, so
the stock ``airflow dag-processor`` has it and no start command of our own is needed.

A kitchen is the first folder of the path *the manager* found; whatever the child says about
names, paths and schedules is held against that. The folder ``dataops`` is the platform's: it
declares the two DAGs that make and look after the environment's kitchens, and nobody else may
declare anything in that namespace.
"""

from __future__ import annotations

import logging
import time
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.bundles import (
    access,
    active_runs,
    after_parsing,
    enabled_schedules,
    outside_code,
    parse_apart,
    parse_requests,
    pools,
    run_size,
)
from airflow_dataops.bundles.after_parsing import ParsedFile
from airflow_dataops.bundles.folders import CODE
from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen_at_parse import PIPELINE_PYTHON, PIPELINE_YAML, PIPELINES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.dag_processing.processor import DagFileParsingResult

log = logging.getLogger(__name__)

_HOURLY = {
    "__type": "airflow.timetables.trigger.CronTriggerTimetable",
    "__var": {
        "expression": "0 * * * *",
        "timezone": "UTC",
        "interval": 0.0,
        "run_immediately": False,
    },
}
_NO_SCHEDULE = {"__type": "airflow.timetables.simple.NullTimetable", "__var": {}}
_INSTALLED = "_airflow_dataops_guarded_bundles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A bundle whose folders are kitchens.

    Attributes:
        tracking: its folder of present kitchens.
    """

    tracking: Path
    environment: str


def install(bundle_name: str, *, tracking: Path, environment: str) -> None:
    """Guard every parsing result of this process from now on; twice is the same as once.

    Args:
        bundle_name: a bundle whose folders are kitchens.
        tracking: its folder of present kitchens.
        environment: the release environment of all of them.
    """
    from airflow.dag_processing.manager import DagFileProcessorManager

    guarded: dict[str, Guarded] | None = getattr(DagFileProcessorManager, _INSTALLED, None)
    if guarded is None:
        guarded = {}
        setattr(DagFileProcessorManager, _INSTALLED, guarded)
        original = DagFileProcessorManager.persist_parsing_result
        DagFileProcessorManager.persist_parsing_result = _guarding(original, guarded)  # type: ignore[method-assign]
        parse_requests.restrict(guarded)
        parse_apart.install(guarded)
    guarded[bundle_name] = Guarded(tracking=tracking, environment=environment)
    log.info("guarding the DAGs of bundle %s", bundle_name)


def is_installed() -> bool:
    """Whether this process guards what it writes."""
    from airflow.dag_processing.manager import DagFileProcessorManager

    return hasattr(DagFileProcessorManager, _INSTALLED)


def _guarding(original: Callable[..., None], guarded: Mapping[str, Guarded]) -> Callable[..., None]:
    @wraps(original)
    def persist_parsing_result(
        manager: object,
        *,
        bundle_name: str,
        parsing_result: DagFileParsingResult,
        relative_fileloc: str | None,
        **rest: Any,
    ) -> None:
        bundle = guarded.get(bundle_name)
        file = ParsedFile(bundle_name=bundle_name, path=str(relative_fileloc))
        if bundle is not None:
            if _changed_meanwhile(bundle.tracking, relative_fileloc, rest["run_duration"]):
                # Airflow would write the code of before under the version of now, and a run
                # that begins in between would look for its tasks where they are not.
                after_parsing.ask_again(rest["session"], file)
                return
            hold_to_kitchen(parsing_result, relative_fileloc=relative_fileloc, bundle=bundle)
            enabled_schedules.set_enabled(
                parsing_result, relative_fileloc, environment=bundle.environment
            )
            active_runs.limit(parsing_result, relative_fileloc, environment=bundle.environment)
            access.set_access(parsing_result, relative_fileloc, environment=bundle.environment)
        else:
            kitchens = {name for other in guarded.values() for name in _kitchens(other.tracking)}
            keep_out_of_kitchens(parsing_result, relative_fileloc, kitchens | {names.PLATFORM})
        original(
            manager,
            bundle_name=bundle_name,
            parsing_result=parsing_result,
            relative_fileloc=relative_fileloc,
            **rest,
        )
        if bundle is not None:
            after_parsing.settle(
                rest["session"],
                file,
                declared=[dag.dag_id for dag in parsing_result.serialized_dags],
                has_errors=bool(parsing_result.import_errors),
            )

    return persist_parsing_result


def _changed_meanwhile(tracking: Path, relative_fileloc: str | None, seconds_parsed: float) -> bool:
    """Whether a kitchen was swapped while it was parsed, so that what was found is of before."""
    kitchen, *_ = Path(relative_fileloc or "").parts or ("",)
    link = tracking / kitchen
    return link.is_symlink() and link.lstat().st_mtime >= time.time() - seconds_parsed


def hold_to_kitchen(
    result: DagFileParsingResult, *, relative_fileloc: str | None, bundle: Guarded
) -> None:
    """Drop from a kitchen's parsing result what is not the kitchen's to declare, and say so.

    A DAG that stays has no schedule (schedules travel inert, ``enabled_schedules`` gives it what
    somebody enabled; the janitor's is ours), is not paused (so that it can be run by hand), and
    keeps to its kitchen's files.
    """
    kitchen, *rest = Path(relative_fileloc or "").parts or ("",)
    errors = {
        path: text
        for path, text in (result.import_errors or {}).items()
        if Path(path).parts[:1] == (kitchen,) and ".." not in Path(path).parts
    }
    kept, refused = [], []
    for dag in result.serialized_dags:
        about = dag.data["dag"]
        reason = (
            _objection(dag.data, kitchen, bundle.environment)
            if rest
            else "no kitchen's file declares it"
        )
        if reason:
            refused.append(f"DAG {about['dag_id']!r} is refused: {reason}")
        else:
            _set_schedule(about, bundle.environment)
            _keep_to_files(about, str(relative_fileloc), bundle.tracking)
            kept.append(dag)
    result.serialized_dags = kept
    result.import_errors = _with_refusals(errors, refused, relative_fileloc)
    result.warnings = [
        warning
        for warning in result.warnings or []
        if names.is_in_namespace(_dag_of_warning(warning), kitchen)
    ]


def keep_out_of_kitchens(
    result: DagFileParsingResult, relative_fileloc: str | None, kitchens: set[str]
) -> None:
    """Drop from an ordinary file's parsing result every DAG in a kitchen's namespace."""
    kept, refused = [], []
    for dag in result.serialized_dags:
        dag_id = dag.data["dag"]["dag_id"]
        if names.kitchen_of_dag(dag_id) in kitchens:
            refused.append(
                f"DAG {dag_id!r} is refused: the namespace belongs to kitchen "
                f"{names.kitchen_of_dag(dag_id)!r}; give it another dag_id"
            )
        else:
            kept.append(dag)
    if refused:
        result.serialized_dags = kept
        result.import_errors = _with_refusals(
            dict(result.import_errors or {}), refused, relative_fileloc
        )


def _dag_of_warning(warning: Any) -> str:
    found = warning.get("dag_id") if isinstance(warning, dict) else warning.dag_id
    return str(found)


def _objection(data: Mapping[str, Any], kitchen: str, environment: str) -> str | None:
    dag = data["dag"]
    if not names.is_in_namespace(dag["dag_id"], kitchen):
        return f"kitchen {kitchen!r} may declare DAGs named {kitchen}.<pipeline> only"
    ours = (names.provision_dag(environment), names.janitor_dag(environment))
    if kitchen == names.PLATFORM and dag["dag_id"] not in ours:
        return f"the platform's folder declares {' and '.join(ours)} alone"
    if dag.get("disable_bundle_versioning"):
        return "disable_bundle_versioning=True; a kitchen's runs are pinned to a version"
    return (
        pools.objection(dag, environment)
        or outside_code.objection(data)
        or (run_size.objection(dag, environment) if kitchen != names.PLATFORM else None)
    )


def _set_schedule(dag: dict[str, Any], environment: str) -> None:
    is_janitor = dag["dag_id"] == names.janitor_dag(environment)
    dag["timetable"] = deepcopy(_HOURLY if is_janitor else _NO_SCHEDULE)
    dag["is_paused_upon_creation"] = False


def _keep_to_files(dag: dict[str, Any], relative_fileloc: str, tracking: Path) -> None:
    """Point the DAG at the file that the manager found, and its shown code at what was written.

    Airflow reads ``fileloc`` for the Code tab in this very process: a child that names another
    file would have it shown to everybody who may see the DAG. One of the kitchen's own is let be:
    an ordinary DAG's.
    """
    loader = tracking / relative_fileloc
    code = loader.parent / CODE
    pipeline = dag["dag_id"].partition(".")[2]
    folder = code / PIPELINES / pipeline
    written = (
        folder / PIPELINE_PYTHON,
        folder / PIPELINE_YAML,
        Path(str(dag.get("fileloc"))),
    )
    inside = code.resolve()
    shown = (path for path in written if path.is_file() and path.resolve().is_relative_to(inside))
    dag["fileloc"] = str(next(shown, loader))
    dag["relative_fileloc"] = relative_fileloc


def _with_refusals(
    errors: dict[str, str], refused: list[str], relative_fileloc: str | None
) -> dict[str, str]:
    if refused:
        place = relative_fileloc or "?"
        errors[place] = "\n".join([*filter(None, [errors.get(place)]), *refused])
        for line in refused:
            log.warning("%s: %s", place, line)
    return errors


def _kitchens(tracking: Path) -> set[str]:
    return (
        {path.name for path in tracking.iterdir() if path.is_symlink()}
        if tracking.exists()
        else set()
    )

"""What a kitchen's file may ask for while it is parsed: nothing but its own DAGs' runs.

Code that is being parsed can talk to the dag-processor's manager, which answers from Airflow's
execution API without a token: connections, variables to read, write and delete, anybody's XComs.
The manager knows which file it is that asks, so kitchens' files are held to their kitchen here.
"""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Callable, Container

# What a child reports, and the words that its log is to hide.
_REPORTS = frozenset({"DagFileParsingResult", "MaskSecret"})


def restrict(bundles: Container[str]) -> None:
    """Hold the files of these bundles to their kitchens, from the next request on."""
    from airflow.dag_processing.processor import DagFileProcessorProcess

    answer = DagFileProcessorProcess._handle_request  # noqa: SLF001 - the only way to the requests
    DagFileProcessorProcess._handle_request = _restricted(answer, bundles)  # type: ignore[method-assign]  # noqa: SLF001


def objection(request: object, kitchen: str) -> str | None:
    """Why a request of a kitchen's file is refused; None where it may pass."""
    kind = type(request).__name__
    if kind in _REPORTS:
        return None
    dag_id = getattr(request, "dag_id", None)
    if dag_id is None:
        return f"{kind} is refused while a file is parsed; ask for it in a task"
    if not names.is_in_namespace(dag_id, kitchen):
        return f"{kind} is refused: {dag_id} is not a pipeline of kitchen {kitchen}"
    return None


def _restricted(answer: Callable[..., None], bundles: Container[str]) -> Callable[..., None]:
    @wraps(answer)
    def _handle_request(process: Any, msg: object, log: Any, req_id: int) -> None:
        reason = None
        if process.bundle_name in bundles:
            reason = objection(msg, Path(process.dag_file_rel_path).parts[0])
        if reason is None:
            answer(process, msg, log, req_id)
            return
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time.comms import ErrorResponse

        detail = {"status_code": 403, "message": reason}
        refusal = ErrorResponse(error=ErrorType.PERMISSION_DENIED, detail=detail)
        process.send_msg(None, request_id=req_id, error=refusal)

    return _handle_request

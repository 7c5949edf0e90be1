"""The secrets backend: a kitchen's task gets what its kitchen's vault grants, by who it *is*.

Three situations (DESIGN: identity, fail closed):

* A task's token is at hand and the task is a kitchen's: its environment's vault answers, or the
  request is refused. Every exception on the way is a refusal: any other would make Airflow ask
  the next backend, and that one knows nothing of kitchens.
* No kitchen is involved: the next backend answers, as if this one were not there.
* In a process that parses kitchens' files or runs their triggers (``serves_kitchens``) there is
  no identity and there are kitchens: everything is refused.

Loaded by every Airflow process before anything else, hence the bare module level.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.secrets.base_secrets import BaseSecretsBackend

from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.models.connection import Connection

    from airflow_dataops.domain.identity import KitchenTask

T = TypeVar("T")


class KitchenVaultBackend(BaseSecretsBackend):
    """``[secrets] backend = airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend``.

    The backend that was there before goes to ``[dataops] next_secrets_backend``.
    """

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """The kitchen's tool of this name, or the next backend's connection."""

        def of_kitchen(task: KitchenTask, task_instance: str) -> Connection:
            if task.is_platforms:
                from airflow_dataops.secrets import platform_credentials

                return platform_credentials.connection(task, task_instance, conn_id)
            from airflow_dataops.secrets import kitchen_credentials

            return kitchen_credentials.connection(task, task_instance, conn_id)

        def of_next(backend: Any, call: Callable[..., Any]) -> Connection | None:
            found: Connection | None = call(
                backend.get_connection, team_name=team_name, conn_id=conn_id
            )
            return found

        return self._answer(f"connection {conn_id!r}", of_kitchen, of_next)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """The kitchen's variable, or the next backend's."""

        def of_kitchen(task: KitchenTask, _task_instance: str) -> str:
            from airflow_dataops.secrets import kitchen_credentials

            return kitchen_credentials.variable(task, key)

        def of_next(backend: Any, call: Callable[..., Any]) -> str | None:
            found: str | None = call(backend.get_variable, team_name=team_name, key=key)
            return found

        return self._answer(f"variable {key!r}", of_kitchen, of_next)

    def get_config(self, key: str) -> str | None:
        """A secret of Airflow's own configuration: the next backend's, tasks cannot ask for it."""
        return self._next.get_config(key) if self._next else None

    def _answer(
        self,
        wanted: str,
        of_kitchen: Callable[[KitchenTask, str], T],
        of_next: Callable[[Any, Callable[..., Any]], T | None],
    ) -> T | None:
        def of_asker() -> tuple[bool, T | None]:
            """Whether this backend has the last word, and what it says."""
            if self._refuses_everything:
                raise _refused_without_identity(wanted)
            if _is_task_process():
                # A kitchen's lookup goes on to the API server, which knows who asks; an ordinary
                # task gets what it got before this backend stood in front of the other.
                return _ThisProcess.runs_kitchens_code, None
            task_instance, task = _asking_kitchen_task()
            if task is None or task_instance is None:
                return False, None
            return True, _refusing_on_error(
                lambda: of_kitchen(task, task_instance), f"{wanted} of {task.dag_id}"
            )

        is_final, answer = _refusing_on_error(of_asker, wanted)
        if is_final or self._next is None:
            return answer
        from airflow._shared.secrets_backend.base import call_secrets_backend_method

        return of_next(self._next, call_secrets_backend_method)

    @cached_property
    def _refuses_everything(self) -> bool:
        from airflow.configuration import conf

        return bool(conf.getboolean("dataops", "serves_kitchens", fallback=False))

    @cached_property
    def _next(self) -> Any:
        from airflow.configuration import conf

        if not conf.get("dataops", "next_secrets_backend", fallback=""):
            return None
        backend = conf.getimport("dataops", "next_secrets_backend")
        arguments: Any = conf.getjson("dataops", "next_secrets_backend_kwargs", fallback={})
        return backend(**arguments)


def kitchens_code_comes_in() -> None:
    """Tell that this task process is about to run a kitchen's code.

    No boundary, its code could undo it: a worker's configuration holds no login of its own.
    """
    if _is_task_process():  # the dag-processor's manager prepares kitchens, and forks for others
        _ThisProcess.runs_kitchens_code = True


class _ThisProcess:
    runs_kitchens_code = False


def _is_task_process() -> bool:
    # _AIRFLOW_PROCESS_CONTEXT does not tell: tasks of the LocalExecutor inherit "server".
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    return hasattr(runner, "SUPERVISOR_COMMS")


def _asking_kitchen_task() -> tuple[str | None, KitchenTask | None]:
    from airflow_dataops import bootstrap
    from airflow_dataops.secrets.identity import asking_task_instance

    task_instance = asking_task_instance()
    if task_instance is None:
        return None, None
    return task_instance, bootstrap.identify(task_instance)


def _refused_without_identity(wanted: str) -> Exception:
    from airflow_dataops.secrets.refusals import Refused

    return Refused(
        f"{wanted} is refused: files of kitchens are parsed in this process and their "
        "triggers run in it, and neither has an identity; look it up in a task"
    )


def _refusing_on_error(step: Callable[[], T], wanted: str) -> T:
    from airflow_dataops.secrets.refusals import NotThere, Refused

    try:
        return step()
    except (Refused, NotThere):
        raise
    except DataOpsError as error:
        refusal = Refused(f"{wanted} is refused: {error}")
    except Exception as error:  # noqa: BLE001 - whatever it is, no other backend may answer
        # Its text may carry a secret or a database URL; its kind is enough for the log's reader.
        refusal = Refused(f"{wanted} is refused: {type(error).__name__} while looking it up")
        with suppress(Exception):  # a log that fails must not undo the refusal
            _log_bug(wanted, error)
    with suppress(Exception):
        _log_refusal(str(refusal))
    # Raised outside of the handlers: no traceback of a vault's answer hangs on to it.
    raise refusal


def _log_refusal(refusal: str) -> None:
    import logging

    from airflow_dataops.domain.log_line import one_line

    logging.getLogger(__name__).warning("%s", one_line(refusal))


def _log_bug(wanted: str, error: Exception) -> None:
    import logging
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in frames[::-1])
    logging.getLogger(__name__).error(
        "%s is refused because of %s in %s", wanted, type(error).__name__, places
    )

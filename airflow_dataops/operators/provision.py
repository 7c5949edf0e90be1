"""Make or unmake the parts of a kitchen that only its environment's workers reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_dataops.errors import DataOpsError, Superseded

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_dataops.domain.provisioning import Part
    from airflow_dataops.ports import KitchenPart, ProvisioningReport


class ProvisionOperator(BaseOperator):
    """Carry out what is left of the operation that the run names.

    The server says what is left and is told of each part, so a try goes on where the one before
    it ended, whatever ended that one.
    """

    ui_color = "#e6e0f0"

    def execute(self, context: Context) -> None:
        """Do the parts in their order, then have the operation ended.

        Raises:
            AirflowFailException: the run names no operation, or another attempt has taken over.
            DataOpsError: a part could not be done; the next try goes on from there.
        """
        from airflow.sdk import BaseHook

        from airflow_dataops import bootstrap
        from airflow_dataops.services.provisioning import carry_out

        operation_id, attempt = _asked(context)
        api = bootstrap.task_api()
        try:
            work = api.work(operation_id, attempt=attempt)
            self.log.info(
                "%s kitchen %s: %d parts left", work.kind, work.kitchen.name, len(work.left)
            )

            def find(part: Part) -> KitchenPart:
                return bootstrap.kitchen_part(
                    part, work.kitchen, work.environment, BaseHook.get_connection
                )

            report = _Logged(api.report(operation_id, attempt=attempt), self)
            try:
                carry_out(work.kind, work.left, find=find, report=report)
            except Superseded:
                raise
            except Exception as error:
                api.failed(operation_id, attempt=attempt, error=_harmless(error))
                raise
            api.end(operation_id, attempt=attempt)
        except Superseded as error:
            raise AirflowFailException(str(error)) from error
        finally:
            api.close()


class _Logged:
    """A report that the task's log shows, too; implements ``ProvisioningReport``."""

    def __init__(self, report: ProvisioningReport, task: BaseOperator) -> None:
        self._report = report
        self._log = task.log

    def begins(self, part: Part) -> None:
        self._report.begins(part)
        self._log.info("%s %s …", part.name, part.what)

    def is_done(self, part: Part, detail: str) -> None:
        self._log.info("%s %s: %s", part.name, part.what, detail)
        self._report.is_done(part, detail)


def _asked(context: Context) -> tuple[str, int]:
    conf = context["dag_run"].conf or {}
    try:
        return str(conf["operation"]), int(conf["attempt"])
    except (KeyError, TypeError, ValueError):
        message = (
            "this run names no operation; kitchens are created and deleted with `airflow dataops "
            "kitchen`, which starts runs of this DAG"
        )
        raise AirflowFailException(message) from None


def _harmless(error: Exception) -> str:
    """What may be shown to whoever sees the kitchen; a bug's text may carry anything."""
    if isinstance(error, DataOpsError):
        return str(error)
    return f"{type(error).__name__}; the log of the run's task says more"

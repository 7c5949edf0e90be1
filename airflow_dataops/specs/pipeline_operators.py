"""Short names of the operators that pipelines use most; any other is named by its class path."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_STANDARD = "airflow.providers.standard.operators"
_AMAZON = "airflow.providers.amazon.aws"


class KnownOperator(NamedTuple):
    """What a short name stands for.

    Attributes:
        path: import path of the class.
        main: the parameter that a value alone is meant for: ``- bash: echo hello``.
        assets: parameters that take a ``table`` or a ``file`` by its name.
    """

    path: str
    main: str | None = None
    assets: Mapping[str, str] = MappingProxyType({})


SHORT_NAMES = {
    "bash": KnownOperator(path=f"{_STANDARD}.bash.BashOperator", main="bash_command"),
    "branch": KnownOperator(
        path=f"{_STANDARD}.python.BranchPythonOperator", main="python_callable"
    ),
    "copy": KnownOperator(
        path="airflow_dataops.operators.FileToTableOperator",
        assets={"source": "file", "target": "table"},
    ),
    "docker": KnownOperator(
        path="airflow.providers.docker.operators.docker.DockerOperator", main="image"
    ),
    "empty": KnownOperator(path=f"{_STANDARD}.empty.EmptyOperator"),
    "extract": KnownOperator(
        path="airflow_dataops.operators.ExtractOperator", main="sql", assets={"target": "file"}
    ),
    "python": KnownOperator(path=f"{_STANDARD}.python.PythonOperator", main="python_callable"),
    "s3_copy": KnownOperator(path=f"{_AMAZON}.operators.s3.S3CopyObjectOperator"),
    "s3_create": KnownOperator(path=f"{_AMAZON}.operators.s3.S3CreateObjectOperator"),
    "s3_delete": KnownOperator(path=f"{_AMAZON}.operators.s3.S3DeleteObjectsOperator"),
    "s3_list": KnownOperator(path=f"{_AMAZON}.operators.s3.S3ListOperator"),
    "s3_to_sftp": KnownOperator(path=f"{_AMAZON}.transfers.s3_to_sftp.S3ToSFTPOperator"),
    "s3_wait": KnownOperator(path=f"{_AMAZON}.sensors.s3.S3KeySensor", main="bucket_key"),
    "sftp": KnownOperator(path="airflow.providers.sftp.operators.sftp.SFTPOperator"),
    "sftp_to_s3": KnownOperator(path=f"{_AMAZON}.transfers.sftp_to_s3.SFTPToS3Operator"),
    "sftp_wait": KnownOperator(path="airflow.providers.sftp.sensors.sftp.SFTPSensor", main="path"),
    "short_circuit": KnownOperator(
        path=f"{_STANDARD}.python.ShortCircuitOperator", main="python_callable"
    ),
    "sql": KnownOperator(
        path="airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator", main="sql"
    ),
    "trigger": KnownOperator(
        path=f"{_STANDARD}.trigger_dagrun.TriggerDagRunOperator", main="trigger_dag_id"
    ),
}
_BY_PATH = {known.path: known for known in SHORT_NAMES.values()}


def operator_named(name: str) -> KnownOperator | None:
    """What an operator's short name or class path stands for; None for an unknown short name."""
    if "." in name:
        return _BY_PATH.get(name) or KnownOperator(path=name)
    return SHORT_NAMES.get(name)

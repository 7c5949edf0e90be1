"""An extract in a process that can be killed: says ``here`` after some rows, and stops there.

It makes the adapters itself: to start Airflow's hooks would take the process many seconds.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager

from airflow_dataops.adapters.sql_warehouse import SqlWarehouse
from airflow_dataops.adapters.table_files import delimited
from airflow_dataops.domain.data_assets import File
from airflow_dataops.services.extracting import extract

ROWS = "select lpad(n::text, 100, '0') as n from generate_series(1, {}) as n"


class StoppingRows:
    def __init__(self, rows, stop_after):
        self._rows = rows
        self._stop_after = stop_after
        self.columns = rows.columns

    def batches(self):
        count = 0
        for batch in self._rows.batches():
            yield batch
            count += len(batch)
            if self._stop_after and count >= self._stop_after:
                sys.stdout.write("here\n")
                sys.stdout.flush()
                time.sleep(600)


class SftpServer:
    """What the adapter asks of Airflow's hook."""

    def __init__(self, host, port, login, password):
        self.remote_host = host
        self._port = port
        self._login = login
        self._password = password

    @contextmanager
    def get_managed_conn(self):
        import paramiko

        with paramiko.Transport((self.remote_host, self._port)) as transport:
            transport.connect(username=self._login, password=self._password)
            yield paramiko.SFTPClient.from_transport(transport)


def store(setup):
    if "sftp" in setup:
        from airflow_dataops.adapters.file_server.files import SftpFiles

        return SftpFiles(SftpServer(**setup["sftp"]))
    import boto3

    from airflow_dataops.adapters.object_store.objects import S3ObjectStore

    return S3ObjectStore(boto3.client("s3", **setup["s3"]))


def main(setup):
    def write(rows, out):
        return delimited.write(StoppingRows(rows, setup.get("stop_after")), out)

    extract(
        ROWS.format(setup["rows"]),
        File(tool="files", key=setup["key"], bucket=setup["bucket"]),
        warehouse=SqlWarehouse(setup["login"]),
        store=store(setup),
        write=write,
        writer=f"abc-{setup['attempt']}",
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

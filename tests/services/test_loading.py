from __future__ import annotations

import pytest

from airflow_dataops.domain.data_assets import file, table
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.services.loading import DataFiles, load

pytestmark = pytest.mark.service


def test_a_file_becomes_the_slice_of_a_table(object_store, warehouse, database, s3, bucket):
    s3.put_object(Bucket=bucket, Key="loading/orders.csv", Body=b"a,b\n1,x\n2,y\n")
    source = file("s3", bucket=bucket, key="loading/orders.csv")
    target = table("redshift", "orders", where="loaded_for = '2017-01-02'")
    for _ in range(2):
        loaded = load(
            source,
            target,
            files=DataFiles(store=object_store),
            warehouse=warehouse,
            columns={"a": "int", "b": "text", "loaded_for": "date"},
            constants={"loaded_for": "2017-01-02"},
        )
        assert loaded == 2
    found = database.execute("select a, b, loaded_for::text from orders order by a").fetchall()
    assert found == [(1, "x", "2017-01-02"), (2, "y", "2017-01-02")]


def test_a_missing_file_leaves_the_table_alone(object_store, warehouse, database, bucket):
    database.execute("create table orders as select 1 as a")
    with pytest.raises(OutsideSystemError, match="there is no such object"):
        load(
            file("s3", bucket=bucket, key="loading/nope.csv"),
            table("redshift", "orders"),
            files=DataFiles(store=object_store),
            warehouse=warehouse,
        )
    assert database.execute("select a from orders").fetchall() == [(1,)]

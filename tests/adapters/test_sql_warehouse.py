from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_dataops.adapters.sql_warehouse import SqlWarehouse
from airflow_dataops.domain.data_assets import table
from airflow_dataops.errors import BadDataFile, OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    import psycopg

pytestmark = pytest.mark.service

SALES = {"day": "date", "product": "text", "sales": "numeric(8,2)", "profit": "numeric(8,2)"}
MONDAY = "day = '2017-01-02'"
CSV = (
    b"day,product,sales,profit\n2017-01-02,bread,10.50,2\n2017-01-02,milk,4.50,5\n2017-01-02,,3,1\n"
)


@pytest.fixture
def sales(warehouse):
    """Three rows of Monday and one of Tuesday."""
    warehouse.load_csv([CSV], table="sales", where=MONDAY, columns=SALES)
    tuesday = b"day,product,sales,profit\n2017-01-03,bread,7,99\n"
    warehouse.load_csv([tuesday], table="sales", where="day = '2017-01-03'")
    return table("redshift", "sales", where=MONDAY)


def rows(database: psycopg.Connection, query: str) -> list[tuple]:
    return database.execute(query).fetchall()


@pytest.mark.usefixtures("sales")
def test_a_load_replaces_its_slice_and_leaves_the_rest(warehouse, database):
    again = b"product,day,sales\neggs,2017-01-02,2.5\n"
    assert warehouse.load_csv([again], table="sales", where=MONDAY) == 1
    found = rows(database, "select day::text, product, sales::text from sales order by day")
    assert found == [("2017-01-02", "eggs", "2.50"), ("2017-01-03", "bread", "7.00")]


@pytest.mark.usefixtures("sales")
def test_the_same_load_again_gives_the_same_table(warehouse, database):
    before = rows(database, "select * from sales order by day, product")
    assert warehouse.load_csv([CSV], table="sales", where=MONDAY) == 3
    assert rows(database, "select * from sales order by day, product") == before


@pytest.mark.usefixtures("sales")
def test_without_a_slice_the_whole_table_is_replaced(warehouse, database):
    warehouse.load_csv([b"product\neggs\n"], table="sales", where=None)
    assert rows(database, "select product from sales") == [("eggs",)]


def test_constants_fill_columns_that_the_file_lacks(warehouse, database):
    loaded = warehouse.load_csv(
        [b'a\r\n1\r\n"x, ""y""\r\nz"', b"\r\n"],
        table="t",
        where="loaded_for = '2017-01-02'",
        columns={"a": "text", "loaded_for": "date", "who": "text"},
        constants={"loaded_for": "2017-01-02", "who": 'O\'Neil, "Jo"'},
    )
    assert loaded == 2
    assert rows(database, "select a, loaded_for::text, who from t order by a") == [
        ("1", "2017-01-02", 'O\'Neil, "Jo"'),
        ('x, "y"\r\nz', "2017-01-02", 'O\'Neil, "Jo"'),
    ]


@pytest.mark.usefixtures("sales")
def test_rows_outside_of_the_slice_are_refused(warehouse, database):
    tuesday = CSV.replace(b"2017-01-02,milk", b"2017-01-03,milk")
    with pytest.raises(BadDataFile, match="1 of 3 rows lie outside of the slice"):
        warehouse.load_csv([tuesday], table="sales", where=MONDAY)
    assert rows(database, "select count(*) from sales") == [(4,)]


def test_names_are_quoted(warehouse, database):
    columns = {'Größe "L"': "text", "select": "int"}
    data = '\ufeff"Größe ""L""",select\nx,1\n'.encode()
    assert warehouse.load_csv([data], table="order", where=None, columns=columns) == 1
    assert rows(database, 'select "Größe ""L""" from "order"') == [("x",)]


def test_a_qualified_table_lies_in_its_own_schema(warehouse, database, login):
    schema = str(login["options"]).partition("=")[2]
    warehouse.load_csv([b"a\n1\n"], table=f"{schema}.t", where=None, columns={"a": "int"})
    assert rows(database, "select a from t") == [(1,)]
    assert found(warehouse, table("redshift", f"{schema}.t").sum("a")) == [1.0]


BAD_FILES = {
    "a bad number": (
        b"2017-01-02,secret-value,secret-value,1\n",
        "line 5 of the file, column sales",
    ),
    "a date that is none": (b"2017-99-99,a,1,1\n", "line 5 of the file, column day: date/time"),
    "a number too large": (b"2017-01-02,a,123456789.00,1\n", "line 5 .*: numeric field overflow"),
    "too few values": (b"2017-01-02,secret-value\n", 'line 5 .*missing data for column "sales"'),
    "too many values": (b"2017-01-02,a,1,1,secret-value\n", "line 5 .*extra data"),
    "an open quote": (b'2017-01-02,"secret-value,1,1\n', "unterminated CSV quoted field"),
    "another encoding": (b"2017-01-02,\xe4,1,1\n", "line 5 of the file: not UTF-8"),
}


@pytest.mark.usefixtures("sales")
@pytest.mark.parametrize(("row", "complaint"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_row_changes_nothing_and_its_data_stay_out_of_the_message(
    warehouse, database, row, complaint
):
    before = rows(database, "select * from sales order by day, product")
    with pytest.raises(BadDataFile, match=complaint) as raised:
        warehouse.load_csv([CSV, row], table="sales", where=MONDAY)
    assert rows(database, "select * from sales order by day, product") == before
    told = "".join(traceback.format_exception(raised.value))
    for value in ("secret-value", "2017-99-99", "123456789"):
        assert value not in told.replace(repr(row), "")


def test_a_broken_constraint_is_told_without_the_row(warehouse, database):
    database.execute("create table t (a text not null, b text unique)")
    with pytest.raises(BadDataFile, match='line 3 of the file: null value in column "a"'):
        warehouse.load_csv([b"a,b\nx,1\n,secret-value\n"], table="t", where=None)
    with pytest.raises(BadDataFile, match="violates unique constraint") as raised:
        warehouse.load_csv([b"a,b\nx,secret\ny,secret\n"], table="t", where=None)
    assert "secret" not in str(raised.value)


@pytest.mark.usefixtures("sales")
def test_columns_that_the_table_lacks_are_named(warehouse):
    with pytest.raises(
        BadDataFile, match="has no column Sales, x; it has: day, product, sales, pro"
    ):
        warehouse.load_csv([b"day,Sales,x\n"], table="sales", where=MONDAY)


def test_a_missing_table_says_what_to_do(warehouse):
    with pytest.raises(OutsideSystemError, match=r"no table nope; create it .*columns="):
        warehouse.load_csv([b"a\n1\n"], table="nope", where=None)


@pytest.mark.usefixtures("sales")
def test_a_constant_that_the_file_has_is_refused(warehouse):
    with pytest.raises(BadDataFile, match="given as constants, yet columns of the file: day"):
        warehouse.load_csv([CSV], table="sales", where=MONDAY, constants={"day": "2017-01-02"})


@pytest.mark.usefixtures("sales")
def test_a_source_that_breaks_off_changes_nothing(warehouse, database):
    def broken():
        yield CSV
        message = "broke off"
        raise ToolUnreachable(message)

    with pytest.raises(ToolUnreachable, match="broke off"):
        warehouse.load_csv(broken(), table="sales", where=MONDAY)
    assert rows(database, "select count(*) from sales") == [(4,)]


@pytest.mark.usefixtures("sales")
def test_two_loads_of_one_slice_at_the_same_time_do_not_double_it(warehouse, database):
    first_is_copying, may_go_on = threading.Event(), threading.Event()

    def slow():
        yield CSV
        first_is_copying.set()
        may_go_on.wait(10)

    first = threading.Thread(target=lambda: warehouse.load_csv(slow(), table="sales", where=MONDAY))
    second = threading.Thread(target=lambda: warehouse.load_csv([CSV], table="sales", where=MONDAY))
    first.start()
    first_is_copying.wait(10)
    second.start()
    time.sleep(0.2)
    may_go_on.set()
    first.join()
    second.join()
    assert rows(database, "select count(*) from sales where day = '2017-01-02'") == [(3,)]


@pytest.mark.usefixtures("sales")
def test_killed_half_way_nothing_changed_and_again_it_works(warehouse, database, login):
    program = (
        "import sys, time; from airflow_dataops.adapters.sql_warehouse import SqlWarehouse\n"
        "def chunks():\n"
        f"    yield {CSV!r}\n"
        "    for n in range(100_000):\n"
        "        yield b'2017-01-02,again,1,1\\n' * 10_000\n"
        "        if n == 20: print('half way', flush=True); time.sleep(60)\n"
        f"SqlWarehouse({login!r}).load_csv(chunks(), table='sales', where={MONDAY!r})\n"
    )
    loader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with loader.stdout as output:
        assert output.readline() == b"half way\n"
    os.kill(loader.pid, signal.SIGKILL)
    loader.wait()
    assert rows(database, "select count(*) from sales") == [(4,)]
    assert warehouse.load_csv([CSV], table="sales", where=MONDAY) == 3
    assert rows(database, "select count(*) from sales") == [(4,)]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    texts=st.lists(
        st.text(alphabet='a,"\n\\é .NUL', max_size=6).filter(lambda text: text != "\\."), max_size=6
    ),
    size=st.integers(1, 12),
)
def test_every_text_arrives_as_it_was_written(warehouse, database, texts, size):
    data = io.StringIO(newline="")
    csv.writer(data, quoting=csv.QUOTE_ALL).writerows([["n", "value"], *enumerate(texts)])
    encoded = data.getvalue().encode()
    chunks = [encoded[start : start + size] for start in range(0, len(encoded), size)]
    columns = {"n": "int", "value": "text", "who": "text"}
    warehouse.load_csv(chunks, table="t", where=None, columns=columns, constants={"who": "me"})
    found = rows(database, "select value, who from t order by n")
    assert found == [(text, "me") for text in texts]


def found(warehouse, *measures):
    return [answer.found for answer in warehouse.measures(measures)]


def test_measures_are_taken_of_the_slice_alone(warehouse, sales):
    assert found(
        warehouse,
        sales.row_count(),
        sales.null_count("product"),
        sales.distinct_count("product"),
        sales.sum("sales"),
        sales.mean("sales"),
        sales.minimum("profit"),
        sales.maximum("profit"),
        table("redshift", "sales").row_count(),
    ) == [3.0, 1.0, 2.0, 18.0, 6.0, 1.0, 5.0, 4.0]


@pytest.mark.usefixtures("sales")
def test_an_empty_slice_has_no_sum_and_0_rows(warehouse):
    empty = table("redshift", "sales", where="day = '1999-01-01' -- nobody was there")
    measured = found(warehouse, empty.sum("sales"), empty.row_count(), empty.distinct_count("day"))
    assert measured == [None, 0.0, 0.0]


def test_a_measure_that_is_no_number_says_so(warehouse, sales):
    (answer,) = warehouse.measures([sales.maximum("day")])
    assert "maximum(day) of sales is of type date, not a number" in str(answer.error)


def test_an_unknown_column_is_named(warehouse, sales):
    (answer,) = warehouse.measures([sales.sum("colour")])
    assert 'column "colour" does not exist; correct the column\'s name' in str(answer.error)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select * from {table} where profit > sales", 1),
        ("select * from {table} as t where t.profit > t.sales;  ", 1),
        ("select {table}.product from {table} where sales > 4 -- more than 4\n", 2),
        ("select a.day, b.day from {table} a join {table} b using (day)", 9),
        ("with cheap as (select * from {table} where sales < 4) select * from cheap", 1),
        (
            "select * from sales where sales > {table_is_no_word} 0".replace(
                "{table_is_no_word}", ""
            ),
            4,
        ),
        ("select '{}'::json, '100%' from {table} where product like '%r%'", 1),
    ],
)
def test_a_check_sees_the_slice_as_a_table(warehouse, sales, sql, found):
    assert warehouse.count_rows(sql, table=sales) == found


@pytest.mark.usefixtures("sales")
def test_a_check_without_a_slice_sees_the_whole_table(warehouse):
    everything = table("redshift", "sales")
    sql = "select * from {table} where profit > sales"
    assert warehouse.count_rows(sql, table=everything) == 2


@pytest.mark.usefixtures("sales")
def test_a_data_test_cannot_write(warehouse, database):
    database.execute(
        "create function wipe() returns int language sql as 'delete from sales returning 1'"
    )
    with pytest.raises(OutsideSystemError, match="in a read-only transaction"):
        warehouse.count_rows("select wipe()")


def test_a_check_that_fails_on_a_row_tells_no_value_of_it(warehouse, sales):
    with pytest.raises(OutsideSystemError, match="for type integer; a value is not") as told:
        warehouse.count_rows("select * from {table} where product::int > 0", table=sales)
    assert "bread" not in str(told.value)


def test_a_schema_comes_and_goes_twice(warehouse, database):
    for _ in range(2):
        warehouse.create_schema("passing_kitchen")
    database.execute("create table passing_kitchen.t (a int)")
    for _ in range(2):
        warehouse.drop_schema("passing_kitchen")
    assert rows(database, "select to_regnamespace('passing_kitchen')") == [(None,)]


def test_a_warehouse_that_does_not_answer_is_unreachable(login):
    with pytest.raises(ToolUnreachable, match="does not answer") as raised:
        SqlWarehouse({**login, "port": 1}).count_rows("select 1")
    assert str(login["password"]) not in str(raised.value)


def test_a_connection_that_is_lost_is_unreachable(warehouse):
    with pytest.raises(ToolUnreachable):
        warehouse.count_rows("select pg_terminate_backend(pg_backend_pid())")

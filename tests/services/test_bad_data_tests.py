"""What cannot be measured says what to do, and hides no other test's verdict."""

from __future__ import annotations

from threading import Timer

import psycopg
import pytest

from airflow_dataops.adapters.sql_warehouse import SqlWarehouse
from airflow_dataops.domain.data_assets import table
from airflow_dataops.domain.data_test_rules import Between
from airflow_dataops.domain.data_tests import DataTest
from airflow_dataops.services.data_testing import Places, run_tests

pytestmark = pytest.mark.service
ORDERS, ODD = table("redshift", "orders"), table("redshift", "odd")
ENDLESS = table("redshift", "odd", where="value > 1 and value <> 'NaN'")
SLOW = "select * from {table}, pg_sleep(60)"


@pytest.fixture
def orders(database):
    database.execute(
        "create table orders as select n, n % 3 as shop, null::int as nothing, 'a' as word"
        " from generate_series(1, 10000) n"
    )
    database.execute(
        "create table odd as select value::float from (values ('1'), ('2'), ('Infinity'), ('NaN'))"
        " as listed (value)"
    )


def run(warehouse, *tests):
    places = Places(warehouse_for=lambda _: warehouse, file_store_for=lambda _: None)
    return run_tests(tests, places)


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize(
    ("test", "told"),
    [
        (table("redshift", "nope").row_count().at_least(1), "does a stage before this write"),
        (ORDERS.unique("colour"), "correct the column's name"),
        (ORDERS.not_null("colour"), "correct the column's name"),
        (table("redshift", "orders", where="n < 0").not_null("n"), "the slice has no rows"),
        (table("redshift", "orders", where="n < 0").sum("n").at_least(1), "the slice has no rows"),
        (table("redshift", "orders", where="n < 0").row_count(by="n").at_least(1), "has no rows"),
        (ORDERS.in_range("nothing", 0), "or the column no values"),
        (ORDERS.mean("nothing").at_least(0), "or the column no values"),
        (ORDERS.unique("nothing"), "or the column no values"),
        (ORDERS.median("nothing").at_least(0), "or the column no values"),
        (ORDERS.sum("n", by="n").at_least(0), "more than 1000 groups"),
        (ORDERS.distribution_shift("n", against=ORDERS), "more than 1000 groups"),
        (ORDERS.maximum("word").at_least(0), "measure a number"),
        (ORDERS.sum("word").at_least(0), "look at its type, or cast it in SQL"),
        (ORDERS.in_set("n", ["many"]), "a value is not of the column's type"),
        (ORDERS.matches("word", "("), "correct the regular expression"),
        (ORDERS.holds("n >"), "correct the SQL"),
        (ORDERS.holds("1 / (n - n) > 0"), "divide by nullif"),
        (ODD.mean("value").within_control_limits(), "is nan, which is no number to judge"),
        (ODD.sum("value", by="value").at_least(0), "is nan, which is no number to judge"),
        (ODD.outlier_share("value").at_most(0), "is nan, which is no number to judge"),
        (ENDLESS.mean("value").no_drop(), "is inf, which is no number to judge"),
    ],
    ids=lambda value: value.name if isinstance(value, DataTest) else "",
)
def test_what_cannot_be_measured_is_an_error_of_its_own_test(warehouse, test, told):
    sound = ORDERS.row_count().at_least(1), ORDERS.distinct_count("shop").between(3, 3)
    first, broken, last = run(warehouse, sound[0], test, sound[1])
    assert (str(first.outcome), str(broken.outcome), str(last.outcome)) == (
        "pass", "error", "pass",
    )  # fmt: skip
    assert told in broken.detail


@pytest.mark.usefixtures("orders")
def test_what_is_no_number_is_in_no_history(warehouse):
    (verdict,) = run(warehouse, ODD.mean("value").within_control_limits())
    assert (verdict.measured, verdict.numbers) == (None, ())
    assert "leave them out with 'where'" in verdict.detail


@pytest.mark.usefixtures("orders")
def test_a_test_that_raises_is_an_error_of_its_own(warehouse):
    # A bound that is no number gets past the words of authors only by hand.
    broken = DataTest(name="odd", measures=(ORDERS.row_count(),), rule=Between("1", None))
    verdicts = run(warehouse, broken, ORDERS.row_count().at_least(1))
    assert [str(verdict.outcome) for verdict in verdicts] == ["error", "pass"]
    assert "the test itself raised ValueError" in verdicts[0].detail


@pytest.mark.usefixtures("orders")
def test_a_statement_that_takes_too_long_is_ended(login):
    warehouse = SqlWarehouse(login, test_seconds=0.3)
    slow, quick = run(
        warehouse, ORDERS.check(SLOW, name="slow"), ORDERS.row_count().between(10000, 10000)
    )
    assert (str(slow.outcome), str(quick.outcome)) == ("error", "pass")
    assert "[dataops] data_test_seconds" in slow.detail


@pytest.mark.usefixtures("orders")
def test_what_runs_can_be_ended_from_outside(login, database):
    warehouse = SqlWarehouse(login)
    Timer(0.5, warehouse.cancel).start()
    verdicts = run(warehouse, ORDERS.check(SLOW, name="a"), ORDERS.check(SLOW + " -- b", name="b"))
    assert {str(verdict.outcome) for verdict in verdicts} == {"error"}
    assert sessions(database) == 0


@pytest.mark.usefixtures("orders")
def test_a_connection_that_is_dropped_in_the_middle_is_an_error_to_try_again(login):
    Timer(0.5, lambda: end_sleeping(login)).start()
    lost, other = run(
        SqlWarehouse(login),
        ORDERS.check(SLOW, name="slow"),
        ORDERS.row_count().between(10000, 10000),
    )
    assert (str(lost.outcome), str(other.outcome)) == ("error", "pass")
    assert "the database does not answer" in lost.detail
    assert "is run again" in lost.detail


@pytest.mark.usefixtures("orders")
def test_no_more_than_two_connections_measure(login, database):
    most = []
    tests = [ORDERS.distinct_count(c).at_least(0) for c in ("n", "shop", "nothing", "word")]
    slow = ORDERS.check(
        "select * from {table} limit 3 offset (select 0 from pg_sleep(0.4))", name="s"
    )
    Timer(0.3, lambda: most.append(sessions(database))).start()
    run(
        SqlWarehouse(login),
        slow,
        slow.__class__(name="t", measures=slow.measures, rule=slow.rule),
        *tests,
    )
    assert most
    assert most[0] <= 2


def sessions(database):
    (found,) = database.execute(
        "select count(*) from pg_stat_activity where usename = current_user"
        " and pid <> pg_backend_pid() and state <> 'idle'"
    ).fetchone()
    return found


def end_sleeping(login):
    with psycopg.connect(**login, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user"
            " and pid <> pg_backend_pid() and query like '%pg_sleep(60)%'"
        )

"""Pending tables on PostgreSQL: what a swap keeps, what it refuses, and who holds a table."""

from __future__ import annotations

import psycopg
import pytest

from airflow_dataops.adapters.sql_warehouse import SqlWarehouse, postgres_pending_tables
from airflow_dataops.domain.data_assets import table
from airflow_dataops.domain.publishing import StageRun
from airflow_dataops.errors import NothingToPublish, OutsideSystemError, PendingTableLost

pytestmark = pytest.mark.service

MONDAY, TUESDAY = (
    StageRun(dag_id="k.sales", run_id=day, stage="load") for day in ("monday", "tuesday")
)
SALES = table("redshift", "sales", where="day = '2017-01-02'")
WHOLE = table("redshift", "sales")


@pytest.fixture
def pending(login):
    return postgres_pending_tables(login, tool="redshift")


@pytest.fixture
def writing(login):
    """A task of the stage: its sessions begin in the pending schema."""
    schema = login["options"].partition("=")[2]
    path = {**login, "options": f"-c search_path={schema}__pending,{schema}"}
    with psycopg.connect(**path, autocommit=True) as connection:
        yield connection
    with psycopg.connect(**login, autocommit=True) as connection:
        connection.execute(f"drop schema if exists {schema}__pending cascade")


@pytest.fixture
def sales(database, writing):  # noqa: ARG001 - the pending schema goes at the end
    database.execute("create table sales (day date, product text, sales numeric)")
    database.execute(
        "insert into sales values ('2017-01-02', 'bread', 10), ('2017-01-03', 'milk', 7)"
    )


def begin(pending, *tables, by=MONDAY, is_over=lambda _: True):
    return pending.begin(tables, by, is_over=is_over)


def publish(pending, *tables, by=MONDAY, may_be_empty=()):
    return pending.publish(tables, by, may_be_empty=may_be_empty)


def found(database):
    return database.execute("select day::text, product, sales from sales order by 1, 2").fetchall()


@pytest.mark.usefixtures("sales")
def test_what_a_stage_writes_is_seen_when_it_is_published(pending, writing, database):
    before = found(database)
    begin(pending, SALES)
    writing.execute("insert into sales values ('2017-01-02', 'eggs', 3)")
    assert found(database) == before
    assert publish(pending, SALES) == [1]
    assert found(database) == [("2017-01-02", "eggs", 3), ("2017-01-03", "milk", 7)]


@pytest.mark.usefixtures("sales")
def test_without_a_slice_the_whole_table_is_replaced(pending, writing, database):
    begin(pending, WHOLE)
    writing.execute("insert into sales values ('2017-01-09', 'eggs', 3)")
    publish(pending, WHOLE)
    assert found(database) == [("2017-01-09", "eggs", 3)]


def test_a_table_is_published_for_the_first_time_with_what_it_has(pending, writing, database):
    begin(pending, WHOLE)
    writing.execute("create table if not exists sales (day date primary key, product text)")
    writing.execute("alter table sales add sales serial")
    writing.execute("insert into sales values ('2017-01-02', 'eggs')")
    assert publish(pending, WHOLE) == [1]
    assert found(database) == [("2017-01-02", "eggs", 1)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("insert into sales values ('2017-01-02', 'eggs')")


@pytest.mark.usefixtures("sales")
def test_the_published_table_keeps_what_belongs_to_it(pending, writing, database):
    """Owner, grants, comments, indexes and the views on it: the table itself stays."""
    database.execute("create index by_product on sales (product)")
    database.execute("create view dear as select * from sales where sales > 5")
    database.execute("grant select on sales to public")
    database.execute("comment on column sales.product is 'as the partner calls it'")
    what = """select oid::bigint, relowner, relacl::text, col_description(oid, 2),
        (select string_agg(indexrelid::text, ' ') from pg_index where indrelid = pg_class.oid)
        from pg_class where oid = 'sales'::regclass"""
    before = database.execute(what).fetchall()
    begin(pending, WHOLE)
    writing.execute("drop table if exists sales")
    writing.execute(
        "create table sales as select date '2017-01-02' as day, 'a' as product, 9 as sales"
    )
    publish(pending, WHOLE)
    assert database.execute(what).fetchall() == before
    assert database.execute("select product from dear").fetchall() == [("a",)]


@pytest.mark.usefixtures("sales")
def test_columns_may_be_added_and_not_left_out(pending, writing, database):
    begin(pending, WHOLE)
    writing.execute("alter table sales add colour varchar(8), drop sales")
    writing.execute("insert into sales values ('2017-01-02', 'a', 'red')")
    with pytest.raises(OutsideSystemError, match="has no column sales, the published one has"):
        publish(pending, WHOLE)
    writing.execute("alter table sales add sales numeric")
    publish(pending, WHOLE)
    rows = database.execute("select product, colour from sales").fetchall()
    assert rows == [("a", "red")]


def test_identities_are_numbered_by_the_published_table(pending, writing, database):
    database.execute("create table sales (id int generated always as identity, day date)")
    database.execute("insert into sales (day) values ('2017-01-02')")
    begin(pending, WHOLE)
    writing.execute("insert into sales (day) values ('2017-01-02'), ('2017-01-03')")
    publish(pending, WHOLE)
    ids = database.execute("select id from sales order by id").fetchall()
    assert ids == [(2,), (3,)]


@pytest.mark.usefixtures("sales")
def test_rows_outside_of_the_slice_are_refused(pending, writing, database):
    before = found(database)
    begin(pending, SALES)
    writing.execute("insert into sales values ('2017-01-02', 'a', 1), ('2017-01-09', 'b', 1)")
    with pytest.raises(OutsideSystemError, match="1 of 2 rows of sales lie outside of the slice"):
        publish(pending, SALES)
    assert found(database) == before


@pytest.mark.usefixtures("sales", "writing")
def test_an_empty_table_is_published_only_where_it_may_be_empty(pending, database):
    begin(pending, SALES)
    with pytest.raises(NothingToPublish, match=r"say so in a test .* sales\.row_count"):
        publish(pending, SALES)
    assert len(found(database)) == 2
    assert publish(pending, SALES, may_be_empty={"sales"}) == [0]
    assert found(database) == [("2017-01-03", "milk", 7)]


@pytest.mark.usefixtures("sales")
def test_several_tables_are_published_together_or_not_at_all(pending, writing, database):
    other = table("redshift", "totals")
    before = found(database)
    begin(pending, SALES, other)
    writing.execute("insert into sales values ('2017-01-02', 'eggs', 3)")
    with pytest.raises(OutsideSystemError, match="the stage wrote no table totals"):
        publish(pending, SALES, other)
    assert found(database) == before
    writing.execute("create table totals as select 3 as total")
    assert publish(pending, SALES, other) == [1, 1]


@pytest.mark.usefixtures("sales")
def test_publishing_again_changes_nothing_and_says_the_same(pending, writing, database):
    begin(pending, SALES)
    writing.execute("insert into sales values ('2017-01-02', 'eggs', 3)")
    assert publish(pending, SALES) == [1]
    once = found(database)
    assert publish(pending, SALES) == [1]
    assert found(database) == once


@pytest.mark.usefixtures("sales", "writing")
def test_a_pending_table_is_one_runs_until_that_is_over(pending):
    assert begin(pending, SALES) is None
    assert begin(pending, SALES, by=TUESDAY, is_over=lambda _: False) == MONDAY
    assert begin(pending, SALES, by=TUESDAY) is None
    with pytest.raises(PendingTableLost, match=r"is stage load of k.sales, run tuesday's now"):
        publish(pending, SALES)


@pytest.mark.usefixtures("sales")
def test_what_was_published_may_be_begun_by_the_next_run_at_once(pending, writing):
    begin(pending, SALES)
    writing.execute("insert into sales values ('2017-01-02', 'eggs', 3)")
    publish(pending, SALES)
    assert begin(pending, SALES, by=TUESDAY, is_over=lambda _: False) is None


@pytest.mark.usefixtures("sales")
def test_a_new_beginning_forgets_what_was_written(pending, writing):
    begin(pending, SALES)
    writing.execute("insert into sales values ('2017-01-02', 'half', 3)")
    begin(pending, SALES)
    writing.execute("insert into sales values ('2017-01-02', 'eggs', 3)")
    assert publish(pending, SALES) == [1]


@pytest.mark.usefixtures("sales")
class TestATaskThatIsTriedAgain:
    @pytest.fixture
    def task(self, login, writing):  # noqa: ARG002 - the pending schema goes at the end
        schema = login["options"].partition("=")[2]
        path = {**login, "options": f"-c search_path={schema}__pending,{schema}"}
        return postgres_pending_tables(path, tool="redshift")

    def test_it_never_drops_the_published_table_instead(self, pending, task, writing, database):
        before = found(database)
        begin(pending, WHOLE)
        for _ in range(2):  # killed after the drop, tried again
            task.resume([WHOLE], MONDAY)
            writing.execute("drop table if exists sales")
        assert found(database) == before

    def test_it_finds_what_was_written_before(self, pending, task, writing):
        begin(pending, WHOLE)
        writing.execute("insert into sales values ('2017-01-02', 'eggs', 3)")
        task.resume([WHOLE], MONDAY)
        task.check([WHOLE], MONDAY)
        assert publish(pending, WHOLE) == [1]

    def test_after_the_publication_it_begins_anew(self, pending, task, writing, database):
        begin(pending, WHOLE)
        writing.execute("insert into sales values ('2017-01-02', 'eggs', 3)")
        publish(pending, WHOLE)
        once = found(database)
        with pytest.raises(PendingTableLost, match="has published sales already"):
            task.check([WHOLE], MONDAY)
        task.resume([WHOLE], MONDAY)
        writing.execute("insert into sales values ('2017-01-02', 'ham', 4)")
        assert found(database) == once
        assert publish(pending, WHOLE) == [1]
        assert found(database) == [("2017-01-02", "ham", 4)]

    def test_without_a_claim_it_does_not_start(self, task):
        with pytest.raises(PendingTableLost, match="was never begun"):
            task.resume([WHOLE], MONDAY)

    def test_sessions_that_would_write_the_published_table_are_refused(self, pending):
        begin(pending, WHOLE)
        with pytest.raises(OutsideSystemError, match="declare schema_per_kitchen: true"):
            pending.resume([WHOLE], MONDAY)


@pytest.mark.parametrize("name", ["public.sales", "dataops_claims"])
def test_tables_of_other_schemas_are_not_published(pending, name):
    with pytest.raises(OutsideSystemError, match="named without a schema"):
        begin(pending, table("redshift", name))


@pytest.mark.usefixtures("writing")
def test_a_view_is_not_published(pending, database):
    database.execute("create view sales as select 1 as one")
    with pytest.raises(OutsideSystemError, match="it is a view or the like, and no table"):
        begin(pending, WHOLE)


@pytest.mark.usefixtures("sales")
def test_data_tests_read_the_pending_table_first(pending, writing, login):
    begin(pending, WHOLE)
    writing.execute("insert into sales values ('2017-01-02', 'eggs', 3)")
    rows = [WHOLE.row_count()]
    assert [m.found for m in SqlWarehouse(login).measures(rows)] == [2]
    assert [m.found for m in SqlWarehouse(login, is_pending=True).measures(rows)] == [1]
    assert SqlWarehouse(login, is_pending=True).count_rows("select * from sales") == 1

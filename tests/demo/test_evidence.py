"""What the demo says about its kitchens' tables, and what it takes for wrong."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from airflow_dataops.demo.evidence import KitchenRows, checksums, rows_of, what_is_wrong
from tests.kitchen_sites import KitchenSite

TABLES = """
create table transactions as select 1 as id;
create table households as select 1 as id;
create table segment_profit as select 'a' as segment, date '2017-01-09' as loaded_for
"""
PRODUCTION = KitchenRows(
    kitchen="demo_production",
    environment="production",
    place="warehouse_production.demo_production",
    logins=("etl_production",),
    transactions=3,
    households=2,
    segments=1,
    weeks=("2017-01-09",),
)
KITCHEN = replace(
    PRODUCTION, kitchen="ann", environment="development", logins=("kitchen_ann",), place="w.ann"
)
WEEKS = {"demo_production": ("2017-01-09",), "ann": ("2017-01-09",)}


@pytest.mark.service
def test_a_kitchens_tables_are_counted_and_belong_to_its_own_role(embedded_stack):
    site = KitchenSite(embedded_stack.addresses.environments_file)
    kitchen = site.make(site.kitchen(), until="prefix:s3")
    try:
        with psycopg.connect(**site.credential(kitchen)) as task:
            task.execute(TABLES)
        found = rows_of(kitchen.name, "development", embedded_stack.addresses)
        assert found == KitchenRows(
            kitchen=kitchen.name,
            environment="development",
            place=f"warehouse_development.{kitchen.name}",
            logins=(f"kitchen_{kitchen.name}",),
            transactions=1,
            households=1,
            segments=1,
            weeks=("2017-01-09",),
        )
    finally:
        site.unmake(kitchen, tool="redshift")


@pytest.mark.service
def test_a_kitchen_that_is_not_there_has_zeros(embedded_stack):
    found = rows_of("nobody", "production", embedded_stack.addresses)
    assert (found.logins, found.weeks, found.transactions) == ((), (), 0)


@pytest.mark.service
def test_a_checksum_is_that_of_the_rows_whatever_their_order(embedded_stack):
    site = KitchenSite(embedded_stack.addresses.environments_file)
    kitchen = site.make(site.kitchen(), until="prefix:s3")

    def after(*statements):
        with psycopg.connect(**site.credential(kitchen)) as task:
            for statement in statements:
                task.execute(statement)
        return checksums(kitchen.name, "development", embedded_stack.addresses)

    try:
        first = after("create table transactions as select * from (values (1, 'a'), (2, 'b')) t")
        assert first["households"] == "no table"
        assert after("delete from transactions where column1 = 1",
                     "insert into transactions values (1, 'a')") == first  # fmt: skip
        changed = after("update transactions set column2 = 'c' where column1 = 1")
        assert changed["transactions"] != first["transactions"]
        assert after("delete from transactions")["transactions"] == "no rows"
    finally:
        site.unmake(kitchen, tool="redshift")


def test_weeks_of_an_earlier_start_are_nothing_wrong():
    more = replace(PRODUCTION, weeks=("2017-01-09", "2017-01-16"))
    assert what_is_wrong([more, KITCHEN], WEEKS) == []


def test_nothing_is_wrong_where_each_kitchen_has_its_weeks_under_a_login_of_its_own():
    assert what_is_wrong([PRODUCTION, KITCHEN], WEEKS) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"weeks": ()}, "ann has the weeks (), not"),
        ({"households": 0}, "ann has an empty table"),
        ({"logins": ("kitchen_ann", "etl_development")}, "not to one login"),
        ({"logins": ("kitchen_bob",)}, "ann worked under ('kitchen_bob',), which is not its own"),
        ({"logins": ("etl_production",)}, "two kitchens worked under one login"),
    ],
)
def test_what_is_wrong_is_said(changes, problem):
    assert problem in "; ".join(what_is_wrong([PRODUCTION, replace(KITCHEN, **changes)], WEEKS))

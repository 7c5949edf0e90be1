"""What a service may rely on, whatever the part and wherever it is made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from airflow_dataops.domain.provisioning import PartKind, parts_of
from airflow_dataops.errors import KitchenExists, OutsideSystemError
from airflow_dataops.kitchen_parts import kitchen_part
from tests.contracts.killed_part import count_calls, run_killed
from tests.kitchen_sites import KitchenSite, World

pytestmark = pytest.mark.service

ISSUED = ["database_role:redshift", "schema:redshift", "vault_role:redshift"]
STORED = ["credential:redshift"]
FILES = ["prefix:s3", "folder:sftp"]
OF_ISSUED = ["secrets", *ISSUED, *FILES]
ALL = [*((name, True) for name in OF_ISSUED), *((name, False) for name in STORED)]
EVERY_PART = pytest.mark.parametrize(
    ("name", "dynamic"), ALL, ids=[name.partition(":")[0] for name, _ in ALL]
)
BOTH_WAYS = pytest.mark.parametrize("dynamic", [True, False], ids=["issued", "stored"])


@pytest.fixture
def site_of(embedded_stack):
    """Makes sites, where logins are issued or stored."""
    sites = {}

    def site(dynamic):
        file = embedded_stack.addresses.environments_file
        return sites.setdefault(dynamic, KitchenSite(file, dynamic=dynamic))

    return site


@pytest.fixture
def world(embedded_stack):
    return World(embedded_stack)


def test_every_kind_of_part_is_covered():
    kinds = {PartKind(name.partition(":")[0]) for name, _ in ALL}
    assert kinds == {kind for kind in PartKind if kind not in {PartKind.BRANCH, PartKind.ACCESS}}


@EVERY_PART
def test_a_part_exists_from_make_to_unmake_and_each_can_be_done_again(name, dynamic, site_of):
    site = site_of(dynamic)
    kitchen = site.make(site.kitchen(), until=name)
    place = site.place(kitchen, name)
    try:
        assert not place.exists()
        for _ in range(2):
            assert place.make()
            assert place.exists()
        for _ in range(2):
            assert place.unmake()
            assert not place.exists()
        assert place.make()
        assert site.place(kitchen, name).exists()
    finally:
        site.unmake(kitchen)


@EVERY_PART
def test_a_part_of_another_kitchen_of_this_name_is_neither_taken_nor_removed(
    name, dynamic, site_of, world
):
    site = site_of(dynamic)
    owner = site.make(site.kitchen(), until=name)
    site.place(owner, name).make()
    try:
        before = world.state(owner.name)
        namesake = site.kitchen(owner.name)
        place = site.place(namesake, name)
        # A namesake's schema has no role that could own it, so it does not get that far.
        error = OutsideSystemError if name == "schema:redshift" else KitchenExists
        with pytest.raises(error):
            place.make()
        assert not place.exists()
        assert "stays" in place.unmake()
        assert world.state(owner.name) == before
        assert site.place(owner, name).exists()
    finally:
        site.unmake(owner)


@EVERY_PART
def test_a_part_is_made_by_whoever_comes_after_one_who_was_killed(name, dynamic, site_of, world):
    site = site_of(dynamic)
    kitchen = site.make(site.kitchen(), until=name)
    before = world.state()
    place = site.place(kitchen, name)
    try:
        calls = count_calls(site, kitchen, name, "make")
        assert calls >= 2
        assert place.unmake()
        for call in range(1, calls + 1, 3):  # every third one: each costs a process
            run_killed(site, kitchen, name, "make", call=call)
            place.make()
            assert place.exists(), f"killed after call {call}"
            place.unmake()
            assert not place.exists(), f"killed after call {call}"
            assert world.state() == before, f"killed after call {call}"
    finally:
        site.unmake(kitchen)


@EVERY_PART
def test_a_part_is_unmade_by_whoever_comes_after_one_who_was_killed(name, dynamic, site_of, world):
    site = site_of(dynamic)
    kitchen = site.make(site.kitchen(), until=name)
    before = world.state()
    place = site.place(kitchen, name)
    try:
        place.make()
        calls = count_calls(site, kitchen, name, "unmake")
        assert calls >= 2
        for call in range(1, calls + 1, 3):
            place.make()
            run_killed(site, kitchen, name, "unmake", call=call)
            place.unmake()
            assert not place.exists(), f"killed after call {call}"
            assert world.state() == before, f"killed after call {call}"
    finally:
        site.unmake(kitchen)


@BOTH_WAYS
def test_a_kitchen_that_came_worked_and_went_leaves_nothing(dynamic, site_of, world):
    site = site_of(dynamic)
    before = world.state()
    kitchen = site.make(site.kitchen())
    work_in(site, world, kitchen)
    assert world.state() != before
    site.unmake(kitchen)
    assert world.state() == before


@BOTH_WAYS
def test_a_kitchen_goes_without_a_change_to_the_one_beside_it(dynamic, site_of, world):
    site = site_of(dynamic)
    ann, bob = (site.make(site.kitchen()) for _ in range(2))
    try:
        for kitchen in (ann, bob):
            work_in(site, world, kitchen)
        before = world.state(bob.name)
        assert len(before) >= 9
        site.unmake(ann)
        assert world.state(ann.name) == []
        assert world.state(bob.name) == before
    finally:
        for kitchen in (ann, bob):
            site.unmake(kitchen)


@BOTH_WAYS
def test_a_kitchen_whose_name_begins_with_anothers_has_parts_of_its_own(dynamic, site_of, world):
    site = site_of(dynamic)
    ann = site.make(site.kitchen())
    anna = site.make(site.kitchen(f"{ann.name}a"))
    try:
        for kitchen in (ann, anna):
            work_in(site, world, kitchen)
        before = world.state(anna.name)
        site.unmake(ann)
        assert world.state(anna.name) == before
    finally:
        for kitchen in (ann, anna):
            site.unmake(kitchen)


@BOTH_WAYS
def test_eight_kitchens_are_made_and_unmade_at_once(dynamic, site_of, world):
    site = site_of(dynamic)
    before = world.state()
    kitchens = [site.kitchen() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(site.make, kitchens))
        for kitchen in kitchens:
            assert all(site.place(kitchen, part).exists() for part in site.parts(kitchen))
        list(pool.map(site.unmake, kitchens))
    assert world.state() == before


@BOTH_WAYS
def test_two_who_make_the_same_kitchen_at_once_do_not_fail_each_other(dynamic, site_of, world):
    site = site_of(dynamic)
    before = world.state()
    kitchen = site.kitchen()
    with ThreadPoolExecutor(2) as pool:
        for part in site.parts(kitchen):
            list(pool.map(lambda _, part=part: site.place(kitchen, part).make(), range(2)))
        with psycopg.connect(**site.credential(kitchen)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        for part in reversed(site.parts(kitchen)):
            list(pool.map(lambda _, part=part: site.place(kitchen, part).unmake(), range(2)))
    assert world.state() == before


def work_in(site, world, kitchen):
    """Leave something in every part of a kitchen."""
    with psycopg.connect(**site.credential(kitchen)) as connection:
        connection.execute("create table numbers as select generate_series(1, 3) as number")
        connection.execute("create view more as select number + 1 as number from numbers")
    s3 = world.s3()
    s3.put_object(Bucket=world.bucket, Key=f"{kitchen.prefix}a/b.csv", Body=b"1\n")
    s3.create_multipart_upload(Bucket=world.bucket, Key=f"{kitchen.prefix}half.csv")
    s3.close()
    folder = world.folder / kitchen.name
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / "deep" / "file.csv").write_text("1\n")


def test_a_base_kitchen_has_a_schema_that_its_environments_own_login_works_in(
    embedded_stack, site_of, world
):
    site = site_of(dynamic=True)
    before = world.state()
    kitchen = site.kitchen()
    base = replace(site.environment.base_kitchen, name=kitchen.name)
    environment = replace(site.environment, base_kitchen=base)
    [part] = [p for p in parts_of(kitchen, environment) if not p.is_made_by_server]
    place = kitchen_part(part, kitchen, environment, site.connection)
    assert place.make() == "made"
    known = embedded_stack.addresses.environments["development"]
    own_login = {"user": known.warehouse_login, "password": known.warehouse_password}
    maker = site.connection("redshift")
    server = {"host": maker.host, "port": maker.port, "dbname": maker.schema}
    with psycopg.connect(**server, **own_login) as connection:
        connection.execute(f"create table {kitchen.name}.numbers as select 1 as number")
    assert place.exists()
    assert place.unmake() == "gone with all it held"
    assert world.state() == before

from __future__ import annotations

from uuid import uuid4

import pytest

from airflow_dataops.errors import KitchenExists, OutsideSystemError, ToolUnreachable
from tests.kitchen_sites import KitchenSite, World

pytestmark = pytest.mark.service


@pytest.fixture
def site(embedded_stack):
    return KitchenSite(embedded_stack.addresses.environments_file)


@pytest.fixture
def kitchen(site):
    return site.kitchen()


@pytest.fixture
def folder(site, kitchen):
    folder = site.place(kitchen, "folder:sftp")
    yield folder
    folder.unmake()


@pytest.fixture
def disk(embedded_stack):
    """The folder that holds the kitchens' own, on this machine's disk."""
    return World(embedded_stack).folder


def test_a_new_folder_is_empty_and_its_mark_lies_beside_it(folder, kitchen, disk):
    assert folder.make() == "made"
    assert list((disk / kitchen.name).iterdir()) == []
    mark = disk / f".dataops-{kitchen.name}"
    assert mark.read_text() == f"dataops kitchen {kitchen.id}"


def test_a_folder_with_files_is_neither_taken_nor_removed(folder, kitchen, disk):
    theirs = disk / kitchen.name / "theirs.csv"
    theirs.parent.mkdir()
    theirs.write_text("1\n")
    with pytest.raises(KitchenExists, match="already that is not this kitchen's; choose another"):
        folder.make()
    assert not folder.exists()
    assert folder.unmake() == "is not this kitchen's, and stays"
    assert theirs.read_text() == "1\n"
    theirs.unlink()
    theirs.parent.rmdir()


def test_a_link_in_the_folders_place_is_not_taken(folder, kitchen, disk):
    elsewhere = disk / f"elsewhere-{uuid4().hex[:6]}"
    elsewhere.mkdir()
    (disk / kitchen.name).symlink_to(elsewhere.name)
    with pytest.raises(KitchenExists):
        folder.make()
    (disk / kitchen.name).unlink()
    elsewhere.rmdir()


def test_an_empty_folder_is_taken(folder, kitchen, disk):
    (disk / kitchen.name).mkdir()
    assert folder.make() == "is there already"
    assert folder.exists()


def test_all_goes_and_what_a_link_leads_to_stays(folder, kitchen, disk):
    folder.make()
    kept = disk / f"kept-{uuid4().hex[:6]}"
    kept.mkdir()
    (kept / "file.csv").write_text("1\n")
    deep = disk / kitchen.name / "a" / "b c" / "ü"
    deep.mkdir(parents=True)
    (deep / "1.csv").write_text("1\n")
    (disk / kitchen.name / "folder_link").symlink_to(f"../{kept.name}")
    (disk / kitchen.name / "file_link").symlink_to(f"../{kept.name}/file.csv")
    (disk / kitchen.name / "dead_link").symlink_to("nowhere")
    assert folder.unmake() == "gone, with 4 files"
    assert not (disk / kitchen.name).exists()
    assert not (disk / f".dataops-{kitchen.name}").exists()
    assert (kept / "file.csv").read_text() == "1\n"
    (kept / "file.csv").unlink()
    kept.rmdir()


def test_a_folder_that_somebody_removed_is_made_again_and_can_go(folder, kitchen, disk):
    folder.make()
    (disk / kitchen.name).rmdir()
    assert folder.make() == "made"
    (disk / kitchen.name).rmdir()
    assert folder.unmake() == "gone, with 0 files"
    assert not folder.exists()


def test_a_base_folder_that_is_missing_is_named(folder, disk):
    away = disk.with_name("away")
    disk.rename(away)
    try:
        with pytest.raises(OutsideSystemError, match="is there a folder /kitchens\\?"):
            folder.make()
    finally:
        away.rename(disk)


def test_a_wrong_password_is_told_from_a_server_that_is_down(site, kitchen):
    site.connection("sftp").password = "wrong"  # noqa: S105
    with pytest.raises(OutsideSystemError, match="the login or the server's key is wrong"):
        site.place(kitchen, "folder:sftp").make()
    site.connection("sftp").port = 1
    with pytest.raises(ToolUnreachable, match="the server does not answer or broke off"):
        site.place(kitchen, "folder:sftp").make()

"""The folder ``dataops`` of a bundle: there in every version, whatever kitchens there are."""

from __future__ import annotations

import json

import pytest

from airflow_dataops.domain import names
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest, read_manifest, version_of

pytestmark = pytest.mark.airflow


def platform_of(bundle):
    return bundle.path / names.loader_file(names.PLATFORM)


def test_an_environment_without_kitchens_has_the_platforms_folder(host):
    bundle = host.bundle()
    bundle.initialize()
    assert "platform_dags(__file__)" in platform_of(bundle).read_text()
    about = json.loads((platform_of(bundle).parent / "kitchen.json").read_text())
    assert about == {"environment": "development", "project": "retail"}


def test_every_version_has_the_platforms_folder(host):
    bundle = host.bundle()
    bundle.initialize()
    host.add_kitchen("dev_kitchen", branch="main")
    bundle.refresh()
    pinned = host.bundle(version=host.current())
    pinned.initialize()
    assert platform_of(pinned).read_text() == platform_of(bundle).read_text()


def test_a_refresh_leaves_the_platforms_folder_as_it_is(host):
    bundle = host.bundle()
    bundle.initialize()
    before = (platform_of(bundle).resolve(), platform_of(bundle).stat().st_mtime_ns)
    host.add_kitchen("dev_kitchen", branch="main")
    bundle.refresh()
    assert (platform_of(bundle).resolve(), platform_of(bundle).stat().st_mtime_ns) == before


def test_environments_without_kitchens_have_versions_of_their_own(host):
    for environment in ("development", "production"):
        host.bundle(environment).initialize()
    assert host.current("development") != host.current("production")


def test_a_manifest_of_an_earlier_release_is_read_as_it_was_written():
    written = (
        b'{\n "environment": "development",\n "kitchens": {\n  "padma": {\n   "commit": "c",\n'
        b'   "id": "1",\n   "owner": "padma"\n  }\n },\n "project": "retail",\n "tools": {}\n}\n'
    )
    found = read_manifest(written, version=version_of(written), environment="development")
    assert found.kitchens["padma"] == KitchenAtCommit(id="1", commit="c", owner="padma")
    assert found.has_platform is False
    assert found.to_bytes() == written


def test_a_manifest_is_read_as_it_was_written():
    padma = KitchenAtCommit(
        id="1", commit="c", owner="padma", pipelines=("a", "b"), slack_channel="#kitchens"
    )
    written = Manifest(
        project="retail",
        environment="development",
        tools={},
        kitchens={"padma": padma, "bare": KitchenAtCommit(id="2", commit="c", owner="eric")},
        has_platform=True,
        dags_folder="etl",
    )
    content = written.to_bytes()
    assert read_manifest(content, version=version_of(content), environment="development") == written

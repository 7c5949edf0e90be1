"""KitchenBundle on a real repository and a real database."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from airflow._shared.module_loading import find_path_from_directory
from sqlalchemy import text

from airflow_dataops.domain import names
from airflow_dataops.domain.manifest import version_of
from airflow_dataops.errors import BundleError, ConfigurationError, OutsideSystemError
from tests.git_http import GitHost

pytestmark = pytest.mark.airflow
PIPELINE = "pipelines/profit/pipeline.py"


def files_of(folder):
    """Every file below a folder that a DAG's code can read, by its path."""
    return {
        os.path.relpath(Path(place, name), folder): Path(place, name).read_bytes()
        for place, _, found in os.walk(folder, followlinks=True)
        for name in found
    }


@pytest.fixture
def bundle(host):
    """The development bundle with the kitchen ``dev_kitchen``."""
    host.origin.commit({PIPELINE: "one = 1\n"}, branch="dev_kitchen", source="main")
    host.add_kitchen("dev_kitchen")
    bundle = host.bundle()
    bundle.initialize()
    return bundle


def test_a_kitchen_is_a_folder_with_a_loader_and_its_branchs_code(bundle):
    links = {path.name for path in bundle.path.iterdir() if path.is_symlink()}
    assert links == {"dev_kitchen", "dataops"}
    folder = bundle.path / "dev_kitchen"
    assert {path.name for path in folder.iterdir()} == {
        names.LOADER_FILE,
        "kitchen.json",
        "code",
    }
    assert (folder / "code" / PIPELINE).read_text() == "one = 1\n"
    told = json.loads((folder / "kitchen.json").read_text())
    assert (told["name"], told["environment"], told["owner"]) == (
        "dev_kitchen",
        "development",
        "padma",
    )
    assert told["tools"] == {
        "redshift": {},
        "s3": {"bucket": "acme-development"},
        "sftp": {"folder": "/kitchens"},
        "slack": {},
    }


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")
def test_airflow_finds_the_loader_and_none_of_the_kitchens_own_files(host, bundle):
    host.origin.commit({"dag.py": "from airflow import DAG\n", "a/.airflowignore": "!*"},
                       branch="dev_kitchen")  # fmt: skip
    bundle.refresh()
    found = [
        os.path.relpath(file, bundle.path)
        for file in find_path_from_directory(bundle.path, ".airflowignore", "glob")
        if str(file).endswith(".py")
    ]
    assert sorted(found) == [names.loader_file("dataops"), names.loader_file("dev_kitchen")]


def test_a_refresh_shows_the_branchs_new_tip(host, bundle):
    before = bundle.get_current_version().version
    host.origin.commit({PIPELINE: "two = 2\n"}, branch="dev_kitchen")
    bundle.refresh()
    assert (host.code_of(bundle, "dev_kitchen") / PIPELINE).read_text() == "two = 2\n"
    assert bundle.get_current_version().version != before


def test_a_refresh_without_news_keeps_the_version_and_the_files(bundle):
    before = (bundle.get_current_version(), bundle.path.stat().st_mtime_ns)
    bundle.refresh()
    assert (bundle.get_current_version(), bundle.path.stat().st_mtime_ns) == before


def test_a_new_kitchen_leaves_the_others_as_they_are(host, bundle):
    loader = bundle.path / names.loader_file("dev_kitchen")
    before = (loader.resolve(), loader.stat().st_mtime_ns)
    host.add_kitchen("other", branch="main")
    bundle.refresh()
    assert (loader.resolve(), loader.stat().st_mtime_ns) == before
    assert (bundle.path / names.loader_file("other")).is_file()


def test_a_deleted_kitchen_disappears(host, bundle):
    host.delete("dev_kitchen")
    bundle.refresh()
    assert not (bundle.path / "dev_kitchen").exists()


def test_a_missing_branch_harms_no_other_kitchen(host, bundle, caplog):
    host.add_kitchen("lost", branch="was_deleted")
    host.origin.commit({PIPELINE: "two = 2\n"}, branch="dev_kitchen")
    bundle.refresh()
    assert (host.code_of(bundle, "dev_kitchen") / PIPELINE).read_text() == "two = 2\n"
    assert (
        "kitchen lost has no DAGs: its branch was_deleted is not in the repository" in caplog.text
    )


def test_kitchens_of_another_environment_are_not_there(host, bundle):
    host.add_kitchen("demo_production", "production", branch="main")
    bundle.refresh()
    assert not (bundle.path / "demo_production").exists()


def test_files_are_newer_than_their_commit(host, bundle):
    begin = time.time()
    host.origin.commit({PIPELINE: "two = 2\n"}, branch="dev_kitchen")  # dated 2020
    bundle.refresh()
    folder = bundle.path / "dev_kitchen"
    for file in (folder / names.LOADER_FILE, folder / "code" / PIPELINE):
        assert file.stat().st_mtime >= begin - 1


def test_a_branch_that_goes_back_is_newer_than_what_it_left(host, bundle):
    first = host.origin.bare("rev-parse", "dev_kitchen")
    loader = bundle.path / names.loader_file("dev_kitchen")
    long_ago = time.time() - 3600
    os.utime(loader, (long_ago, long_ago))
    before = loader.resolve()
    host.origin.commit({PIPELINE: "two = 2\n"}, branch="dev_kitchen")
    bundle.refresh()
    begin = time.time()
    host.origin.bare("update-ref", "refs/heads/dev_kitchen", first)
    bundle.refresh()
    assert loader.resolve() == before
    assert loader.stat().st_mtime >= begin - 1


def test_only_the_paths_asked_for_are_written(host):
    host.origin.commit({PIPELINE: "", "data/big.csv": "1"}, branch="dev_kitchen", source="main")
    host.add_kitchen("dev_kitchen")
    bundle = host.bundle(paths=["pipelines", "shared"])
    bundle.initialize()
    assert [path.name for path in host.code_of(bundle, "dev_kitchen").iterdir()] == ["pipelines"]


def restored_elsewhere(host, version, environment="development"):
    """A version on a worker: an empty disk, no database, the repository alone."""
    host.use_storage(host.home / "worker")
    host.monkeypatch.setattr("airflow.settings.engine", None)
    host.monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", "")
    worker = host.bundle(environment, version=version, repository=host.origin.url)
    worker.initialize()
    return worker


def test_another_host_restores_a_version_byte_for_byte(host, bundle):
    version = bundle.get_current_version().version
    before = files_of(bundle.path)
    host.origin.commit({PIPELINE: "two = 2\n"}, branch="dev_kitchen")
    bundle.refresh()
    worker = restored_elsewhere(host, version)
    assert files_of(worker.path) == before
    assert PIPELINE in str(list(before))


def test_a_deleted_branch_and_kitchen_can_still_be_restored(host, bundle):
    version, before = bundle.get_current_version().version, files_of(bundle.path)
    host.delete("dev_kitchen")
    host.origin.bare("branch", "-D", "dev_kitchen")
    bundle.refresh()
    host.origin.bare("reflog", "expire", "--expire=now", "--all")
    host.origin.bare("gc", "--prune=now", "--quiet")
    assert files_of(restored_elsewhere(host, version).path) == before


def test_a_pinned_version_stays_when_the_branch_moves(host, bundle):
    pinned = host.bundle(version=bundle.get_current_version().version)
    pinned.initialize()
    host.origin.commit({PIPELINE: "two = 2\n"}, branch="dev_kitchen")
    bundle.refresh()
    assert (host.code_of(pinned, "dev_kitchen") / PIPELINE).read_text() == "one = 1\n"
    with pytest.raises(BundleError, match="is pinned; it cannot refresh"):
        pinned.refresh()


def test_another_environments_version_is_refused(host):
    host.add_kitchen("demo_production", "production", branch="main")
    production = host.bundle("production")
    production.initialize()
    version = production.get_current_version().version
    with pytest.raises(BundleError) as refused:
        restored_elsewhere(host, version)
    assert str(refused.value) == (
        f"version {version} belongs to release environment 'production', "
        "this bundle serves 'development'"
    )


def test_a_manifest_that_was_tampered_with_is_not_restored(host, bundle):
    version = bundle.get_current_version().version
    forged = host.home / "forged"
    forged.write_text("{}")
    blob = host.origin.bare("hash-object", "-w", str(forged))
    assert blob == version_of(b"{}")
    host.origin.bare("update-ref", names.manifest_ref(version), blob)
    with pytest.raises(OutsideSystemError, match="could not restore version"):
        restored_elsewhere(host, version)


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("version", ["0" * 40, "HEAD", "../../etc", "main:README.md", "--help"])
def test_a_version_that_never_was_is_refused(host, version):
    with pytest.raises((BundleError, OutsideSystemError)):
        restored_elsewhere(host, version)


def test_a_commit_that_a_version_lost_is_named(host, bundle):
    version = bundle.get_current_version().version
    host.origin.bare("update-ref", "-d", names.manifest_ref(version))
    host.origin.bare("branch", "-D", "dev_kitchen")
    host.origin.bare("gc", "--prune=now", "--quiet")
    with pytest.raises(OutsideSystemError, match=f"could not restore version '{version}'"):
        restored_elsewhere(host, version)


def test_the_versions_environment_is_on_record_before_a_run_can_be_pinned_to_it(host, bundle):
    with host.table._sessions() as session:
        rows = session.execute(
            text("select version, bundle_name, environment from dataops_bundle_version")
        ).all()
    assert rows == [(bundle.get_current_version().version, "kitchens-development", "development")]


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../../../../../etc/passwd", "/etc"], ids=["file", "up", "folder"]
)
def test_a_link_out_of_the_repository_is_not_written(host, bundle, target, caplog):
    before = files_of(bundle.path)
    (host.origin.work / "secret.txt").symlink_to(target)
    host.origin.commit({}, branch="dev_kitchen")
    bundle.refresh()
    assert files_of(bundle.path) == before
    assert "kitchen dev_kitchen stays as it was: git could not extract commit" in caplog.text


def test_a_submodule_is_fetched_from_nowhere(host, bundle, tmp_path):
    """Neither its commands run nor are another repository's files brought in."""
    ran = tmp_path / "ran"
    url = f"ext::sh -c 'touch {ran}'"
    commit = host.origin.bare("rev-parse", "main").strip()
    (host.origin.work / ".gitmodules").write_text(
        f'[submodule "stolen"]\n\tpath = stolen\n\turl = {url}\n\tupdate = !touch {ran}\n'
    )
    (host.origin.work / "stolen").mkdir()
    at = ("-C", host.origin.work)
    host.origin._git(*at, "update-index", "--add", "--cacheinfo", f"160000,{commit},stolen")
    pushed = host.origin.commit({PIPELINE: "one = 1\n"}, branch="dev_kitchen")
    assert "160000 commit" in host.origin.bare("ls-tree", pushed)
    bundle.refresh()
    code = host.code_of(bundle, "dev_kitchen")
    assert (code / ".gitmodules").is_file()
    assert list(code.glob("stolen/*")) == []
    assert not ran.exists()


def test_a_link_inside_of_the_repository_is_kept(host, bundle):
    (host.origin.work / "alias.py").symlink_to("pipelines/profit/pipeline.py")
    host.origin.commit({PIPELINE: "one = 1\n"}, branch="dev_kitchen")
    bundle.refresh()
    assert (host.code_of(bundle, "dev_kitchen") / "alias.py").read_text() == "one = 1\n"


def test_a_kitchen_that_cannot_be_written_harms_no_other(host, bundle):
    host.add_kitchen("other", branch="main")
    (host.origin.work / "secret.txt").symlink_to("/etc/passwd")
    host.origin.commit({}, branch="dev_kitchen")
    bundle.refresh()
    assert (bundle.path / names.loader_file("other")).is_file()
    assert (host.code_of(bundle, "dev_kitchen") / PIPELINE).read_text() == "one = 1\n"


def test_a_kitchen_that_could_never_be_written_is_left_out(host, bundle):
    (host.origin.work / "secret.txt").symlink_to("/etc/passwd")
    host.origin.commit({}, branch="broken", source="main")
    host.add_kitchen("broken")
    for _ in range(3):
        bundle.refresh()
    assert not (bundle.path / "broken").exists()
    leftovers = [path for path in (bundle.base_dir / "store").iterdir() if path.name[0] == "."]
    assert leftovers == []


def test_unpinned_runs_are_not_configurable(host, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DISABLE_BUNDLE_VERSIONING", "True")
    with pytest.raises(ConfigurationError, match="disable_bundle_versioning is on"):
        host.bundle().initialize()


def test_a_lost_disk_is_filled_again(host, bundle):
    version, before = bundle.get_current_version(), files_of(bundle.path)
    shutil.rmtree(host.storage())
    again = host.bundle()
    again.initialize()
    assert (again.get_current_version(), files_of(again.path)) == (version, before)


def test_a_repository_that_wants_a_token_is_shown_and_restored_with_the_hosts_file(host, bundle):
    login = host.home / "login"
    with GitHost(host.origin.path) as git_host:
        host.origin.bare("config", "http.receivepack", "true")
        git_host.logins = {("padma", "canary-of-file")}
        known = {"repository": git_host.url, "repository_login_file": str(login)}
        login.write_text("padma:canary-of-file\n")
        host.use_storage(host.home / "elsewhere")
        processor = host.bundle(**known)
        processor.initialize()
        version = processor.get_current_version().version
        assert version == bundle.get_current_version().version
        host.use_storage(host.home / "worker")
        worker = host.bundle(version=version, **known)
        worker.initialize()
        assert (host.code_of(worker, "dev_kitchen") / PIPELINE).read_text() == "one = 1\n"
        login.write_text("padma:canary-that-ended\n")
        with pytest.raises(
            OutsideSystemError, match=f"the token is that of file {login}"
        ) as failed:
            processor.refresh()
    assert "canary" not in str(failed.value)

"""Folders of kitchens on disk: what is swept away, and what never is."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dataops.bundles.folders import SWEEP_AFTER_SECONDS, KitchenFolders
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest, version_of


def manifest(commits):
    """Kitchens by name on commits."""
    return Manifest(
        project="retail",
        environment="development",
        tools={},
        kitchens={
            name: KitchenAtCommit(id=name, commit=commit, owner="padma")
            for name, commit in commits.items()
        },
    )


def extract(commit, into):
    (into / "file").write_text(commit)


def refresh(folders, commits):
    present = manifest(commits)
    laid = folders.lay_out(present, extract=extract)
    version = version_of(present.to_bytes())
    folders.add_version(version, laid)
    folders.track(laid)
    return version


def grow_old(base):
    """Everything that is there was made long ago."""
    long_ago = time.time() - SWEEP_AFTER_SECONDS - 60
    for folder in ("store", "kitchens", "versions"):
        for path in (base / folder).glob("*"):
            os.utime(path, (long_ago, long_ago), follow_symlinks=False)


def shown(folder):
    return {
        link.name: (link / "code" / "file").read_text()
        for link in folder.iterdir()
        if link.is_symlink()
    }


STEPS = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1" * 40, "2" * 40])),
        st.sampled_from(["sweep", "forget a version"]),
    ),
    max_size=8,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_a_sweep_never_removes_what_a_version_or_a_present_kitchen_links_to(steps):
    base = Path(tempfile.mkdtemp(prefix="kitchen-folders-"))
    folders, versions, present = KitchenFolders(base), {}, {}
    try:
        for step in steps:
            if step == "sweep":
                grow_old(base)
                folders.sweep()
            elif step == "forget a version":  # as Airflow's own clean-up does
                for version in list(versions)[:1]:
                    shutil.rmtree(folders.version_path(version))
                    del versions[version]
            else:
                present = step
                versions[refresh(folders, step)] = step
            if folders.tracking.exists():
                assert shown(folders.tracking) == present
            for version, commits in versions.items():
                assert shown(folders.version_path(version)) == commits
    finally:
        shutil.rmtree(base)


def test_a_sweep_removes_what_nothing_links_to(tmp_path):
    folders = KitchenFolders(tmp_path)
    old = refresh(folders, {"a": "1" * 40})
    refresh(folders, {"a": "2" * 40})
    shutil.rmtree(folders.version_path(old))
    (tmp_path / "store" / ".building-dead").mkdir()
    grow_old(tmp_path)
    assert folders.sweep() == 3  # the kitchen's folder, its code, the leftover of a dead process
    assert folders.sweep() == 0
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["2" * 40]


def test_a_sweep_leaves_what_is_young(tmp_path):
    folders = KitchenFolders(tmp_path)
    old = refresh(folders, {"a": "1" * 40})
    refresh(folders, {"a": "2" * 40})
    shutil.rmtree(folders.version_path(old))
    assert folders.sweep() == 0

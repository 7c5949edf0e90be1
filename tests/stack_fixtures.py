"""The demo's outside systems for tests that need the real thing; started at most once."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_dataops.demo.stack import EmbeddedStack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stack_home() -> Iterator[Path]:
    """An empty home that every user can pass through, unlike pytest's ``tmp_path``."""
    yield from temporary_home()


@pytest.fixture(scope="session")
def embedded_stack() -> Iterator[EmbeddedStack]:
    """PostgreSQL, vault, object store and SFTP server of production and development."""
    for home in temporary_home():
        with EmbeddedStack(home) as stack:
            stack.start()
            yield stack


def temporary_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="dataops-"))
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        yield home
    finally:
        shutil.rmtree(home)

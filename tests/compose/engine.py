"""A Docker Engine of the tests' own, and the images that public ones are replaced by.

No registry can be asked on every machine, so each image grows from a Debian that is made here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.demo import guard
from tests.live_airflow import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
PROGRAMS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "docker-compose": "docker-compose",
    "debootstrap": "debootstrap",
}
_DEBIAN = ("bookworm", "http://deb.debian.org/debian")
_PACKAGES = ",".join(
    (
        "git", "openssh-client", "ca-certificates", "util-linux",
        # What Python was built with.
        "libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libreadline8",
        "libsqlite3-0", "libssl3", "libuuid1", "zlib1g",
    )
)  # fmt: skip
_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def missing() -> list[str]:
    """Debian packages that this machine lacks; for whoever is not root, what they need to be."""
    if os.geteuid() != 0:
        return ["the user root"]
    return sorted({package for name, package in PROGRAMS.items() if shutil.which(name) is None})


class Engine:
    """Speaks to one Docker Engine."""

    def __init__(self, socket: Path) -> None:
        self.environ = {
            **os.environ, "DOCKER_HOST": f"unix://{socket}", "DOCKER_BUILDKIT": "0",
        }  # fmt: skip

    def run(self, *words: str | Path, at: Path | None = None, given: str | None = None) -> str:
        """What a command says; fails with what it complains about."""
        done = subprocess.run(
            list(map(str, words)), env=self.environ, cwd=at, input=given,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        command = " ".join(map(str, words))
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def answers(self) -> bool:
        words = ["docker", "info"]
        return (
            subprocess.run(words, env=self.environ, capture_output=True, check=False).returncode
            == 0
        )

    def make_images(self, folder: Path) -> None:
        """Those that the compose file names, under their public names."""
        self._import_debian(folder / "debian")
        # Only what a Dockerfile may copy is sent to the engine.
        context = folder / "context"
        shutil.copytree(HERE, context)
        shutil.copy(PROJECT / "constraints.txt", context)
        self._build("services", context, "dataops-services", "postgres:17", "valkey/valkey:8")
        self._build("base", context, "apache/airflow:3.3.2-python3.11")
        self._build_file(PROJECT / "docker" / "Dockerfile", PROJECT, ["airflow-dataops"])

    def _build(self, name: str, context: Path, *tags: str) -> None:
        self._build_file(context / f"{name}.Dockerfile", context, tags)

    def _build_file(self, file: Path, context: Path, tags: Sequence[str]) -> None:
        words = [word for tag in tags for word in ("--tag", tag)]
        self.run("docker", "build", "--network", "host", "--file", file, *words, context)

    def _import_debian(self, root: Path) -> None:
        release, mirror = _DEBIAN
        wanted = ["--variant=minbase", f"--include={_PACKAGES}"]
        self.run("debootstrap", *wanted, release, root, mirror)
        # The release's own Python is too old; the one that runs these tests is not.
        left_out = shutil.ignore_patterns("site-packages", "test", "__pycache__")
        python = root / "opt" / "python"
        shutil.copytree(sys.base_prefix, python, symlinks=True, ignore=left_out)
        (python / "lib" / _VERSION / "site-packages").mkdir()
        (root / "etc" / "ld.so.conf.d" / "python.conf").write_text("/opt/python/lib\n")
        self.run("ldconfig", "-r", root)
        shutil.copy(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"))
        archive = root.with_suffix(".tar")
        self.run("tar", "--create", "--file", archive, "--directory", root, ".")
        self.run("docker", "import", archive, "dataops-debian")
        shutil.rmtree(root)
        archive.unlink()


@contextmanager
def own_engine(folder: Path) -> Iterator[Engine]:
    """One that ends with this process; an engine that the machine may have is left alone."""
    socket = folder / "docker.sock"
    words = ["dockerd", "--bridge=none", "--host", f"unix://{socket}"]
    for option in ("data-root", "exec-root", "pidfile"):
        words += [f"--{option}", str(folder / option)]
    engine = Engine(socket)
    guarded = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), "15", "30", "-1"]
    log = folder / "dockerd.log"
    with log.open("wb") as said, subprocess.Popen(
        [*guarded, *words], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            eventually(f"the engine of {log} answers", engine.answers, seconds=60)
            yield engine
        finally:
            process.terminate()
            process.wait(60)
            for namespace in (folder / "exec-root" / "netns").glob("*"):
                subprocess.run(["umount", namespace], check=False)

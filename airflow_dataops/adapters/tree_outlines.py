"""Pipelines of files, built in a process of their own with a time limit.

Building runs the files' code. The process gets nothing of this one's environment, no credential
and no setting, and a home that is thrown away; what it may do to files of the same user is up to
the host, and the docs say so.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.domain.merge_meaning import (
    EVERYTHING,
    PipelineOutline,
    TestOutline,
    TreeOutline,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse

_PROGRAM = "airflow_dataops.dag_factory.outline"
_MOST_REMEMBERED = 64
_built: dict[tuple[str, str], TreeOutline] = {}
_KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR")


class BuiltOutlines:
    """Outlines of trees by building them; implements ``OutlineReader``.

    Args:
        limit_seconds: how long building all trees of one question may take.
    """

    def __init__(self, *, limit_seconds: float) -> None:
        self._limit = limit_seconds

    def of(self, trees: Mapping[str, Path], kitchen: KitchenAtParse) -> list[TreeOutline]:
        """The outline of each tree's pipelines, as they are built in a kitchen.

        A tree whose building did not end well has one complaint and no pipelines.

        Args:
            trees: folders by the id of the commit or tree that they show.
            kitchen: what the pipelines may know of theirs.
        """
        described = json.dumps(asdict(kitchen), sort_keys=True)
        new = {tree: place for tree, place in trees.items() if (tree, described) not in _built}
        failed = self._build(new, described) if new else {}
        # The same code in the same kitchen is the same pipelines; what failed may not fail again.
        return [failed[tree] if tree in failed else _built[tree, described] for tree in trees]

    def _build(self, trees: Mapping[str, Path], described: str) -> dict[str, TreeOutline]:
        """Build trees and remember their outlines; gives those that came to no good end."""
        failed = {}
        with tempfile.TemporaryDirectory(prefix="dataops-outline-") as place:
            asked, answer = Path(place, "asked.json"), Path(place, "answer")
            folders = [str(folder) for folder in trees.values()]
            question = {"kitchen": json.loads(described), "folders": folders}
            asked.write_text(json.dumps(question), encoding="utf-8")
            said = self._run(asked, answer, home=place)
            for number, (tree, folder) in enumerate(trees.items()):
                found = _read(Path(f"{answer}.{number}"), folder)
                if found is None:
                    failed[tree] = TreeOutline(broken={EVERYTHING: _reason(said, folder)})
                else:
                    _remember((tree, described), found)
        return failed

    def _run(self, asked: Path, answer: Path, *, home: str) -> str:
        """Build; gives what was said, or why nothing was built."""
        # A session of its own, so that what the files' code starts ends with it.
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", _PROGRAM, str(asked), str(answer)],
            env={**{n: os.environ[n] for n in _KEPT if n in os.environ}, **_settings(home)},
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _, said = process.communicate(timeout=self._limit)
        except subprocess.TimeoutExpired:
            return f"building took longer than {self._limit:g} seconds and was ended"
        finally:
            _end(process)
        return said.decode("utf-8", "replace")


def _settings(home: str) -> dict[str, str]:
    return {
        "HOME": home,
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "True",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


def _remember(key: tuple[str, str], found: TreeOutline) -> None:
    while len(_built) >= _MOST_REMEMBERED:
        # Another thread may have taken it meanwhile.
        _built.pop(next(iter(_built)), None)
    _built[key] = found


def _reason(said: str, folder: Path) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return _without(folder, lines[-1]) if lines else "the process ended early"


def _read(answer: Path, folder: Path) -> TreeOutline | None:
    try:
        found = json.loads(answer.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return TreeOutline(
        pipelines={name: _pipeline(name, one) for name, one in found["pipelines"].items()},
        broken={place: _without(folder, text) for place, text in found["broken"].items()},
    )


def _without(folder: Path, complaint: str) -> str:
    # Its place differs from tree to tree, and the same complaint is the same.
    return complaint.replace(f"{folder.resolve()}/", "").replace(f"{folder}/", "")


def _pipeline(name: str, found: Mapping[str, Any]) -> PipelineOutline:
    return PipelineOutline(
        name=name,
        schedule=found["schedule"],
        stages=tuple(found["stages"]),
        tasks=found["tasks"],
        tests=tuple(
            TestOutline(**{key: value for key, value in one.items() if key != "tool"})
            for one in found["tests"]
        ),
        tools=frozenset(found["tools"]),
    )

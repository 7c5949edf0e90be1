"""What a YAML file says, kept beside it as Python keeps its bytecode.

Taking YAML apart is half of the work of reading a pipeline, and every parse and every start of a
task would do it again. So the plain values are kept as JSON in ``__pycache__`` where nothing was
wrong with them, and are used as long as the file has the same size and time.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from airflow_dataops.specs.marked_yaml import MarkedYaml, read_marked

if TYPE_CHECKING:
    from pathlib import Path

# Another number is another way to read YAML: what was kept before is not used.
_READING = 1


def read_kept(path: Path, *, shown_as: str) -> MarkedYaml:
    """Read a YAML file, or what was kept of it.

    Args:
        path: the file.
        shown_as: how complaints name it.

    Raises:
        SpecError: the file is missing, unreadable, too large, or no YAML at all.
    """
    place = path.parent / "__pycache__" / f"{path.name}.json"
    # From before it is read: a file that changes meanwhile has another state from then on.
    state = _state(path)
    # Whatever else lies there, cut off or from another time, is no reason to fail.
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(place.read_bytes())
        if kept["state"] == state:
            return MarkedYaml(file=shown_as, path=path, content=kept["content"])
    marked = read_marked(path, shown_as=shown_as)
    if state and not marked.complaints and not sys.dont_write_bytecode:
        # A branch may lie where this process may not write.
        with suppress(OSError):
            _keep({"state": state, "content": marked.content}, place)
    return marked


def _state(path: Path) -> list[int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return [_READING, about.st_size, about.st_mtime_ns]


def _keep(content: dict[str, object], place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(content), encoding="utf-8")
    unfinished.replace(place)

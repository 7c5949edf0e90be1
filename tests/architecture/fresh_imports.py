"""A program: what does each module add to a process that has imported Airflow's SDK?

Reads module names from its arguments and writes ``{module: [modules added]}``. Each is imported
in a child of its own, forked after the SDK was imported: as fresh as a new interpreter.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def main() -> None:
    first, *names = sys.argv[1:]
    importlib.import_module(first)
    before = set(sys.modules)
    json.dump({name: _added(name, before) for name in names}, sys.stdout)


def _added(name: str, before: set[str]) -> list[str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        importlib.import_module(name)
        with os.fdopen(writing, "w") as answer:
            json.dump(sorted(set(sys.modules) - before), answer)
            answer.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    if os.waitpid(child, 0)[1]:
        message = f"{name} cannot be imported"
        raise ImportError(message)
    return json.loads(text)


if __name__ == "__main__":
    main()

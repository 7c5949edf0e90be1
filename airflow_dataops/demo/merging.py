"""The story's merges: two people change one stage, and the work of both reaches production.

Chris pushes to development's kitchen and Padma to hers, and git cannot merge what they wrote. She
decides, is refused while nothing has tested what would land, tests it and hands it to Chris, who
delivers. Eric looks at what waits for him and merges into production, where the evidence of the
very same files counts. A start that was killed on the way is gone on with: each step looks at what
the branches have.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from airflow_dataops.demo import people
from airflow_dataops.demo.cast import REPORT
from airflow_dataops.demo.project_repository import content, push_change
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_dataops.demo.airflow_processes import PersonsCommand
    from airflow_dataops.demo.cast import Cast

_FILE = f"pipelines/{REPORT}/segment_profit.sql"
_COLUMNS = "select loaded_for as week, segment, households, sales, profit"
_MARGIN = "round(100 * profit / nullif(sales, 0), 1) as margin_percent"
_EACH = "round(profit / nullif(households, 0), 2) as profit_per_household"
_EDITS = {"demo_dev": ("chris", _MARGIN), "dev_kitchen": ("padma", _EACH)}
_NOTE = "both columns are in, please look at the rounding"
_BOTH = f"{_COLUMNS}, {_MARGIN}, {_EACH}\n"


def tell(cast: Cast) -> list[str]:
    """Have the work of both land in production; what is not as it should be, a sentence each."""
    cast.say("")
    if _has_both(cast, "demo_production"):
        cast.say(f"{_FILE} has Chris's and Padma's columns since an earlier start")
        return []
    cast.say(f"Chris and Padma change one line of {_FILE}, each on a kitchen's branch")
    with TemporaryDirectory() as folder:
        merged = Path(folder, "columns.sql")
        merged.write_text(_BOTH, encoding="utf-8")
        people.give(cast, *_commands(cast, merged))
    missing = [kitchen for kitchen in ("demo_production", *_EDITS) if not _has_both(cast, kitchen)]
    return [f"{kitchen} has not what Chris and Padma wrote in {_FILE}" for kitchen in missing]


def _commands(cast: Cast, merged: Path) -> Iterator[PersonsCommand]:
    def padma(*words: str, is_refused: bool = False) -> PersonsCommand:
        return people.command(cast, "padma", *words, is_refused=is_refused)

    up = ("merge", "up", "dev_kitchen", "--reason", "margins for the weekly meeting")
    if not _has_both(cast, "dev_kitchen"):
        _push_edits(cast)
        yield padma("merge", "down", "dev_kitchen", is_refused=True)
        decision = ("own", "--region", "1", "--file", str(merged))
        yield padma("merge", "resolve", "dev_kitchen", _FILE, *decision)
        yield padma("merge", "complete", "dev_kitchen", "--reason", "both columns are asked for")
        yield padma(*up, is_refused=True)
    if not _has_both(cast, "demo_dev"):
        yield padma("kitchen", "test", "dev_kitchen", "--changed")
        yield padma("kitchen", "hand-off", "dev_kitchen", "--to", "chris", "--note", _NOTE)
        yield people.command(cast, "chris", *up)
    yield people.command(cast, "eric", "release", "show", "production")
    why = "tested in dev_kitchen on exactly these files"
    yield people.command(cast, "eric", "merge", "up", "demo_dev", "--reason", why)


def _push_edits(cast: Cast) -> None:
    for kitchen, (person, column) in _EDITS.items():
        change = (_COLUMNS, f"{_COLUMNS}, {column}")
        branch = _branch(cast, kitchen)
        push_change(cast.stack.repository, branch, _FILE, change, by=person.capitalize())


def _has_both(cast: Cast, kitchen: str) -> bool:
    return _BOTH in content(cast.stack.repository, _branch(cast, kitchen), _FILE)


def _branch(cast: Cast, kitchen: str) -> str:
    based_on = {one.base_kitchen: one.branch for one in cast.stack.environments}
    return based_on.get(kitchen, names.branch(kitchen))

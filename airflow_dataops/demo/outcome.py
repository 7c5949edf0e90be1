"""What the demo's story led to: asked of whoever was to get something, and told.

Each function tells what it found and returns what is not as it should be, a sentence each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.demo import arrivals
from airflow_dataops.demo.cast import CHANNELS, KITCHENS, PIPELINE, REPORT
from airflow_dataops.demo.evidence import checksums, newest, rows_of, what_is_wrong
from airflow_dataops.demo.project_repository import blob
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.demo.cast import Cast
    from airflow_dataops.demo.evidence import KitchenRows
    from airflow_dataops.demo.runs import DemoRun

    Tables = dict[str, dict[str, str]]

_STOPPED_AT = "load.data_tests"


def live_tables(cast: Cast) -> Tables:
    """A checksum of each published table, by kitchen."""
    return {k: checksums(k, KITCHENS[k][0], cast.stack.addresses) for k in CHANNELS}


def of_rows(cast: Cast) -> list[str]:
    """Rows of each kitchen, and whose login wrote them."""
    found = [rows_of(kitchen, KITCHENS[kitchen][0], cast.stack.addresses) for kitchen in CHANNELS]
    cast.say("")
    cast.say("the same code, each kitchen with its own vault's credentials, in its own schema:")
    for rows in found:
        _say_rows(rows, cast)
    cast.say("  development is served a fixed sample: 5 % of households, ids hashed")
    problems = what_is_wrong(found, dict.fromkeys(CHANNELS, cast.weeks))
    problems += [
        f"{rows.kitchen} published the corrupted week"
        for rows in found
        if cast.corrupted in rows.weeks
    ]
    return problems + _of_code(cast)


def of_corrupted_week(
    cast: Cast, runs: Sequence[DemoRun], before: Tables, *, is_new: bool
) -> list[str]:
    """Where the corrupted file was stopped, what readers see, and who was told.

    Args:
        cast: of the story.
        runs: those of the corrupted file.
        before: checksums of the published tables before it came.
        is_new: this start ran them; Slack's double forgets what an earlier one was told.
    """
    cast.say("")
    cast.say(f"the file of {cast.corrupted}: cents for dollars, its last third missing")
    problems = []
    after = live_tables(cast)
    for run, (kitchen, channel) in zip(runs, CHANNELS.items(), strict=True):
        stopped = cast.api.failed_tasks(run)
        cast.say(f"  {run.dag_id} was stopped at {', '.join(stopped) or 'no task'}")
        if stopped != [_STOPPED_AT]:
            problems.append(f"{run} failed at {stopped}, not at {_STOPPED_AT}")
        for table, checksum in after[kitchen].items():
            same = "as it was" if checksum == before[kitchen][table] else "CHANGED"
            cast.say(f"    {table:15s} {before[kitchen][table]} -> {checksum}  {same}")
            if same == "CHANGED":
                problems.append(f"{kitchen}.{table} was changed by the corrupted week")
        if is_new:
            problems += _of_message(cast, run.dag_id, channel)
    return problems


def of_extracts(cast: Cast, *, is_new: bool) -> list[str]:
    """The files for Excel and the BI tool, opened.

    Args:
        cast: of the story.
        is_new: this start wrote them; the object store is in memory and starts empty.
    """
    cast.say("")
    cast.say("extracts, each opened again by its reader's protocol:")
    problems = []
    for kitchen in CHANNELS:
        where = (kitchen, KITCHENS[kitchen][0], cast.stack.addresses)
        expected = rows_of(*where).segments
        found = [arrivals.workbook(*where), *([arrivals.parquet(*where)] if is_new else [])]
        for extract in found:
            columns = ", ".join(extract.columns)
            cast.say(f"  {extract.place}  {extract.rows} rows: {columns}")
            if extract.rows != expected:
                problems.append(f"{extract.place} has {extract.rows} rows, not {expected}")
    if not is_new:
        cast.say(f"  the object store began empty: run {REPORT} again for the Parquet files")
    return problems


def of_other_tables(cast: Cast, *, has_container: bool) -> list[str]:
    """What an ordinary DAG's Python and a container left in the development kitchen's schema."""
    kitchen = "dev_kitchen"
    environment = KITCHENS[kitchen][0]
    wanted = [("households_known", "at", "a Python task of an ordinary DAG file")]
    if has_container:
        wanted.append(("forecast_sales", "made_for", "a container"))
    cast.say("")
    problems = []
    for table, order, writer in wanted:
        row = newest(kitchen, table, order, environment=environment, addresses=cast.stack.addresses)
        shown = ", ".join(map(str, row)) if row else "NOTHING"
        cast.say(f"{kitchen}.{table}, written by {writer}: {shown}")
        problems += [] if row else [f"{writer} wrote nothing into {kitchen}.{table}"]
    return problems


def is_enabled(cast: Cast) -> bool:
    """Whether production's report starts by itself."""
    place = ("demo_production", REPORT, "enabled")
    return place in {(s["kitchen"], s["pipeline"], s["state"]) for s in cast.api.schedules()}


def of_schedules(cast: Cast) -> list[str]:
    """What starts by itself from now on, and what is only prepared."""
    cast.say("")
    cast.say("schedules:")
    for one in cast.api.schedules():
        if one["state"] != "none":
            by = f", by {one['enabled_by']}" if one["enabled_by"] else ""
            dag_id = names.dag_id(one["kitchen"], one["pipeline"])
            cast.say(f"  {dag_id:32s} {one['schedule']} {one['timezone']}: {one['state']}{by}")
    return [] if is_enabled(cast) else [f"production's {REPORT} does not start by itself"]


def _say_rows(rows: KitchenRows, cast: Cast) -> None:
    cast.say(f"  {rows.kitchen}.{PIPELINE}, weeks {', '.join(rows.weeks)}")
    cast.say(f"    vault        mount {rows.environment!r}")
    cast.say(f"    login        {', '.join(rows.logins)}")
    cast.say(f"    rows         in {rows.place}: transactions {rows.transactions:,},")
    cast.say(f"                 households {rows.households:,}, segment_profit {rows.segments}")


def _of_code(cast: Cast) -> list[str]:
    based_on = {e.base_kitchen: e.branch for e in cast.stack.environments}
    file = f"pipelines/{PIPELINE}/pipeline.py"
    ids = {
        kitchen: blob(cast.stack.repository, based_on.get(kitchen, names.branch(kitchen)), file)
        for kitchen in CHANNELS
    }
    for kitchen, content in ids.items():
        cast.say(f"  {kitchen:15s} {file} is git blob {content}")
    return [] if len(set(ids.values())) == 1 else [f"the kitchens' code is not the same: {ids}"]


def _of_message(cast: Cast, dag_id: str, channel: str) -> list[str]:
    text = arrivals.told(dag_id, channel, cast.stack.addresses)
    cast.say(f"    Slack #{channel}: {text or 'NOTHING'}")
    if text is None:
        return [f"#{channel} was told nothing of {dag_id}"]
    others = [name for name in CHANNELS if not dag_id.startswith(f"{name}.")]
    heard = arrivals.kitchens_named(channel, others, cast.stack.addresses)
    return [f"#{channel} was told of {name}" for name in heard]

"""The end of the story: Eric looks at the work, takes it into production, and could take it back.

What was merged waits for him. He has it run once by hand, enables its schedule, writes down the
evidence; then he takes all of it back as one unit, and that back, too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from airflow_dataops.demo import outcome, people
from airflow_dataops.demo.cast import PIPELINE, REPORT, TICKET, WORK

if TYPE_CHECKING:
    from airflow_dataops.demo.airflow_processes import PersonsCommand
    from airflow_dataops.demo.cast import Cast

_KITCHEN = "demo_production"
_FILE = "promotion.html"
_PREPARED = (
    "schedule", "set", "demo_dev", PIPELINE, "30 6 * * 1", "--timezone", "America/Chicago",
    "--reason", "the backup ends at six",
)  # fmt: skip
# Tickets are told within half a minute; a machine under load takes its time.
_LONGEST_SECONDS = 180


def tell(cast: Cast) -> list[str]:
    """Have the work enabled, taken back and brought again; what is wrong, a sentence each."""
    if outcome.is_enabled(cast):
        return []
    cast.say("")
    cast.say("Eric has the last word: nothing that was merged runs by itself before he says so")
    people.give(cast, *_commands(cast))
    found = _problems(cast, "taken back", expected=False)
    bring_again(cast)
    return found + _problems(cast, "brought again", expected=True)


def bring_again(cast: Cast) -> None:
    """Take back what took the work back: now, or where a start was killed in between."""
    merges = {one["id"]: one for one in cast.api.merges(_KITCHEN) if one["state"] == "done"}
    for one in merges.values():
        original = merges.get(one["reverts"])
        if original and original["reverts"] is None and one["reverted_by"] is None:
            again = ("merge", "revert", _KITCHEN, one["id"], "--reason", "that was a rehearsal")
            shown = (again, ("work", "show", WORK))
            people.give(cast, *(people.command(cast, "eric", *words) for words in shown))


def of_ticket(cast: Cast, *, is_new: bool) -> list[str]:
    """What the ticket says of the work.

    Args:
        cast: of the story.
        is_new: this start did the work; Jira's double forgets what an earlier one was told.
    """
    if not is_new:
        return []
    cast.say("")
    deadline = time.monotonic() + _LONGEST_SECONDS
    while (found := cast.stack.ticket(TICKET)) != ("Done", "eric"):
        if time.monotonic() > deadline:
            return [f"ticket {TICKET} is {found[0]} and {found[1]}'s, not Done and eric's"]
        time.sleep(1)
    cast.say(f"ticket {TICKET} is {found[0]}, and {found[1]}'s: nobody had to move it")
    return []


def _commands(cast: Cast) -> list[PersonsCommand]:
    evidence = str(cast.stack.home.root / _FILE)
    why = "the first run was green"
    given = (
        ("kitchen", "run", _KITCHEN, REPORT, "--date", cast.weeks[-1]),
        ("schedule", "enable", _KITCHEN, REPORT, "--reason", why),
        ("evidence", "export", _KITCHEN, "--format", "html", "--file", evidence),
        ("merge", "revert", _KITCHEN, "--dry-run"),
        ("merge", "revert", _KITCHEN, "--reason", "can we go back, if we have to?"),
    )
    return [
        people.command(cast, "chris", *_PREPARED),
        *(people.command(cast, "eric", *words) for words in given),
    ]


def _problems(cast: Cast, what: str, *, expected: bool) -> list[str]:
    if outcome.is_enabled(cast) is expected:
        return []
    state = "not enabled" if expected else "still enabled"
    return [f"once the work was {what}, {_KITCHEN}.{REPORT} is {state}"]

"""An event becomes a message: readable blocks with links, and one line in plain text.

What people wrote (names, reasons, notes) is shown as they wrote it and does nothing: no mention
of ``@channel`` in a test's name wakes anybody, and no backtick ends a frame. The text of an
exception is never told: it can hold rows of data, and the log it is linked to is read by those
who may.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow_dataops.domain.data_tests import Outcome, number
from airflow_dataops.domain.events import LONGEST_TEST_NAME, EventKind, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.domain.data_tests import Verdict
    from airflow_dataops.domain.events import Event, TaskTry

# Slack's limits: of a section's text, of all blocks.
LONGEST_TEXT = 3000
MOST_BLOCKS = 50
_MOST_LISTED = 20

Block = dict[str, object]


def message(events: Sequence[Event], *, base_url: str | None, remark: str | None = None) -> Message:
    """The message about an event, or about several tries of one mapped task.

    Args:
        events: at least one; several are failures of the same task in the same run.
        base_url: of Airflow's own pages; without it there are no links.
        remark: what the reader has to know of the way the message took.
    """
    first = events[0]
    sign, said = _headline(events)
    lines = [f"{sign} {_linked(said, first.task, base_url)}"]
    lines += _several(events, base_url) if len(events) > 1 else _body(first)
    blocks: list[Block] = [_section(chunk) for chunk in _chunks(lines)][: MOST_BLOCKS - 1]
    blocks.append(_context([*_facts(first), *([escaped(remark)] if remark else [])]))
    return Message(text=_cut(f"{sign} {escaped(said)}"), blocks=tuple(blocks))


def headline(event: Event) -> str:
    """What happened, in a few words that are not escaped."""
    return _headline([event])[1]


def escaped(text: str) -> str:
    """Text that Slack shows as it is: nothing in it is a link or a mention."""
    for sign, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, safe)
    # Formatting of a person's text would run on into ours.
    return "".join(_LOOKALIKE.get(letter, letter) for letter in text)


_HALF_SIGN = re.compile(r"&[a-z]{0,3}\Z")
_LOOKALIKE: Mapping[str, str] = {"`": "\u02cb", "*": "\u2217", "~": "\u223c"}
_SIGNS = {
    EventKind.FAILED: ":red_circle:",
    EventKind.WARNED: ":large_yellow_circle:",
    EventKind.RECOVERED: ":large_green_circle:",
    EventKind.CREATED: ":seedling:",
    EventKind.DELETED: ":wastebasket:",
    EventKind.ENDS_SOON: ":hourglass_flowing_sand:",
    EventKind.STAFF: ":busts_in_silhouette:",
    EventKind.SWITCHED: ":double_vertical_bar:",
    EventKind.NOTE: ":speech_balloon:",
    EventKind.WEEK: ":bar_chart:",
}
_VERDICT_SIGNS = {
    Outcome.FAIL: ":x:",
    Outcome.ERROR: ":grey_exclamation:",
    Outcome.WARN: ":warning:",
}


def _headline(events: Sequence[Event]) -> tuple[str, str]:
    event = events[0]
    name = _name(event)
    counted = f"{len(event.verdicts)} data test{'' if len(event.verdicts) == 1 else 's'}"
    said = {
        EventKind.FAILED: f"{name}: {counted} stop the line"
        if event.verdicts
        else f"{name} failed",
        EventKind.WARNED: f"{name}: {counted} warn",
        EventKind.RECOVERED: f"{name} succeeds again",
        EventKind.CREATED: f"{name} was created by {event.by}",
        EventKind.DELETED: f"{name} was deleted by {event.by}",
        EventKind.ENDS_SOON: f"{name} ends soon",
        EventKind.STAFF: _staff(event, name),
        EventKind.SWITCHED: _switched(event, name),
        EventKind.NOTE: f"{name} says",
        EventKind.WEEK: f"the week of {event.environment}",
    }[event.kind]
    if event.verdicts and len(event.verdicts) == 1:
        said = said.replace(" stop the line", " stops the line").replace(" warn", " warns")
    if len(events) > 1:
        said = f"{name}: {len(events)} of its mapped tries failed"
    return _SIGNS[event.kind], said


def _name(event: Event) -> str:
    if event.task is not None:
        mapped = f" [{event.task.map_index}]" if event.task.map_index >= 0 else ""
        return f"{event.task.dag_id} / {event.task.task_id}{mapped}"[: 2 * LONGEST_TEST_NAME]
    return f"kitchen {event.kitchen}"


def _staff(event: Event, name: str) -> str:
    who, role = event.details.get("who", "somebody"), event.details.get("role", "none")
    if role == "none":
        return f"{event.by} took {who} off the staff of {name}"
    return f"{event.by} made {who} {role} of {name}"


def _switched(event: Event, name: str) -> str:
    to = "unpaused" if event.details.get("to") == "not paused" else "paused"
    return f"{name}.{event.details.get('pipeline', '')} was {to} in Airflow by {event.by}"


def _body(event: Event) -> list[str]:
    lines = [_verdict(verdict) for verdict in event.verdicts[:_MOST_LISTED]]
    if (left := len(event.verdicts) - _MOST_LISTED) > 0:
        lines.append(f"… and {left} more, in the log")
    if event.kind is EventKind.ENDS_SOON:
        ends = escaped(event.details.get("ends_at", "soon"))
        lines.append(f"It is deleted at {ends} with all it holds, unless somebody prolongs it:")
        lines.append(f"`airflow dataops kitchen change {escaped(event.kitchen or '')} --for 14d`")
    if event.text:
        lines.append(escaped(event.text))
    return lines


def _verdict(verdict: Verdict) -> str:
    measured = "nothing" if verdict.measured is None else number(verdict.measured)
    sign = _VERDICT_SIGNS.get(verdict.outcome, "•")
    name, detail = (
        escaped(verdict.test[:LONGEST_TEST_NAME]),
        escaped(verdict.detail[:LONGEST_TEST_NAME]),
    )
    return f"{sign} *{name}*: measured {measured}, {detail}"


def _several(events: Sequence[Event], base_url: str | None) -> list[str]:
    tries = [event.task for event in events if event.task is not None]
    listed = [
        _linked(f"[{task.map_index}] try {task.try_number}", task, base_url)
        for task in sorted(tries, key=lambda task: task.map_index)
    ]
    more = len(listed) - _MOST_LISTED
    return [", ".join(listed[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")]


def _facts(event: Event) -> list[str]:
    facts = [f"environment {escaped(event.environment)}"]
    if event.task is not None:
        facts += [
            f"run {escaped(event.task.run_id[:LONGEST_TEST_NAME])}",
            f"try {event.task.try_number}",
        ]
    # Shown in each reader's own time; what follows the bar is for clients that cannot.
    moment = f"{event.at:%Y-%m-%d %H:%M:%S} UTC"
    return [*facts, f"<!date^{int(event.at.timestamp())}^{{date_short}} {{time_secs}}|{moment}>"]


def _linked(text: str, task: TaskTry | None, base_url: str | None) -> str:
    plain = f"*{escaped(text)}*"
    if task is None or not base_url:
        return plain
    linked = f"*<{log_url(task, base_url)}|{escaped(text).replace('|', '¦')}>*"
    return linked if len(linked) <= LONGEST_TEXT else plain


def log_url(task: TaskTry, base_url: str) -> str:
    """Address of a try's log in Airflow's own pages."""
    dag, run, name = (quote(part, safe="") for part in (task.dag_id, task.run_id, task.task_id))
    mapped = f"/mapped/{task.map_index}" if task.map_index >= 0 else ""
    place = f"/dags/{dag}/runs/{run}/tasks/{name}{mapped}"
    return f"{base_url.rstrip('/')}{place}?try_number={task.try_number}"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _context(facts: Sequence[str]) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": _cut(" · ".join(facts))}]}


def _chunks(lines: Sequence[str]) -> list[str]:
    """Lines put together to texts that are not too long for a block."""
    texts: list[str] = []
    for line in map(_cut, lines):
        if texts and len(texts[-1]) + 1 + len(line) <= LONGEST_TEXT:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _cut(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    # Not in the middle of an escaped sign.
    return _HALF_SIGN.sub("", text[: LONGEST_TEXT - 1]) + "…"

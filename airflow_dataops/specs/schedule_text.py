"""Whether a cron expression and a timezone that somebody wrote make a schedule."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_dataops.domain.schedule import LONGEST_TEXT, Schedule

# Most schedules are plain numbers; to have croniter take them apart costs as much as half a task.
_PLAIN_FIELDS = (
    r"[1-5]?\d",
    r"(?:1?\d|2[0-3])",
    r"(?:[12]?[1-9]|[123]0|31)",
    r"(?:[1-9]|1[0-2])",
    r"(?:1-5|[0-7])",
)
_PLAIN_SCHEDULE = re.compile(
    " ".join(rf"(?:\*|{number}(?:,{number})*)" for number in _PLAIN_FIELDS) + r"\Z"
)
# A day of a month that it may not have.
_MAYBE_NEVER = re.compile(r"\S+ \S+ [^* ]\S* [^* ]")
# croniter draws such a field anew each time it is asked.
_RANDOM = re.compile(r"(?:\A| )[rR]")


def complaint(cron: object, timezone: str) -> str | None:
    """What is wrong with a schedule; None where nothing is, or where there is no schedule.

    Args:
        cron: what stands in the place of a cron expression; None for no schedule.
        timezone: what stands in the place of a timezone's name.
    """
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return f"timezone {timezone[:80]!r} is none; write an IANA name such as America/Chicago"
    if cron is None:
        return None
    if not isinstance(cron, str):
        return f"schedule is {cron!r}; write a cron expression such as '0 6 * * 1'"
    return _cron_complaint(cron) or _length_complaint(Schedule.written(cron, timezone))


def _cron_complaint(cron: str) -> str | None:
    if _PLAIN_SCHEDULE.match(cron) and not _MAYBE_NEVER.match(cron):
        return None
    from croniter import CroniterBadDateError, croniter

    if not croniter.is_valid(cron):
        return f"schedule {cron[:200]!r} is no cron expression; '0 6 * * 1' is Mondays at six"
    if _RANDOM.search(cron):
        return f"schedule {cron[:200]!r} is another at every look; write a number in place of R"
    try:
        croniter(cron).get_next()
    except CroniterBadDateError:
        return f"schedule {cron[:200]!r} never comes: no such month has such a day"
    return None


def _length_complaint(schedule: Schedule) -> str | None:
    if len(str(schedule)) <= LONGEST_TEXT:
        return None
    return (
        f"schedule {str(schedule)!r} has {len(str(schedule))} letters, at most {LONGEST_TEXT} can "
        "be shown as a tag; write steps such as */5 in place of lists"
    )

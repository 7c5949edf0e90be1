"""Change a pipeline's schedule in the text that its author wrote, and nothing else in it.

The places of two values are looked up in the parsed file and the text is cut there: comments,
quotes and line ends stay. What cannot be found as a plain value is left to a person. The result
is parsed again, and has to say the same as before but for the schedule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.kitchen_at_parse import PIPELINES
from airflow_dataops.errors import NotEditable
from airflow_dataops.specs import schedule_edit_python, schedule_edit_yaml
from airflow_dataops.specs.cuts import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

# It is parsed several times while somebody waits.
LARGEST = 200_000
_EDITORS = {
    "pipeline.py": schedule_edit_python.edited,
    "pipeline.yaml": schedule_edit_yaml.edited,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """What a pipeline's file is to say.

    Attributes:
        cron: None for no schedule.
        timezone: None to leave what the file says of it.
    """

    cron: str | None
    timezone: str | None = None

    def values(self) -> Mapping[str, str | None]:
        """What is to stand under which name."""
        named: dict[str, str | None] = {"schedule": self.cron and " ".join(self.cron.split())}
        if self.timezone is not None:
            named["timezone"] = self.timezone
        return named

    def __str__(self) -> str:
        return " ".join(value for value in self.values().values() if value) or "none"


def files_of(pipeline: str) -> list[str]:
    """Where a branch may have a pipeline's file."""
    return [f"{PIPELINES}/{pipeline}/{name}" for name in _EDITORS]


def edited(content: bytes, *, path: str, pipeline: str, new: NewSchedule) -> bytes:
    """A pipeline's file with another schedule.

    Args:
        content: what it holds.
        path: where it is on its branch.
        pipeline: its name.
        new: the schedule.

    Raises:
        NotEditable: the schedule stands there in a way that only a person can change.
    """
    if len(content) > LARGEST:
        message = f"it has {len(content)} bytes, more than {LARGEST} are not looked through"
        raise NotEditable(message, path=path)
    editor = _EDITORS[path.rpartition("/")[2]]
    try:
        return editor(content.decode(), pipeline, new.values()).encode()
    except UnicodeDecodeError:
        message = "it is not written in UTF-8"
    except (RecursionError, MemoryError):
        message = "it is nested too deep"
    except Unreadable as error:
        raise NotEditable(str(error), path=path, line=error.line) from error
    raise NotEditable(message, path=path)

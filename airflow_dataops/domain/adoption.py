"""What an existing DAG file needs before it runs in a kitchen; most need nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """Something about a DAG file that is different in a kitchen.

    Attributes:
        line: counted from 1; 0 where it is about the whole file.
        needs_change: the file does not work as it is; else it works, and this is good to know.
        text: what it is and what to do.
    """

    line: int
    text: str
    needs_change: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedFile:
    """A DAG file as a kitchen would have it.

    Attributes:
        path: below the folder that was looked at.
        dags: ids as the file says them.
    """

    path: str
    dags: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def runs_as_it_is(self) -> bool:
        """Whether nothing in it has to be changed."""
        return not any(finding.needs_change for finding in self.findings)

"""Pull requests: merges that people make at the host of a repository, by its rules.

GitLab says merge request, and means the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Name under which a gate stands beside a commit; a host's rules can require it.
GATE_CONTEXT = "dataops/gate"


class PullRequestState(StrEnum):
    """How far it has come."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a pull request is to say.

    Attributes:
        head: branch to be merged.
        base: branch to be merged into.
        text: Markdown.
    """

    head: str
    base: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """One as its host has it.

    Attributes:
        head: commit that is, or was, to be merged.
        commit: what the merge made of the base branch; None before, or where the host does not say.
        merged_by: login of who merged; None before, or where the host does not say.
    """

    number: int
    url: str
    state: PullRequestState
    head: str
    commit: str | None = None
    merged_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateStatus:
    """The gate as it stands beside a commit.

    Attributes:
        is_open: None as long as nobody has looked.
        summary: at most 140 letters; hosts show no more.
    """

    is_open: bool | None
    summary: str

    def __str__(self) -> str:
        word = {True: "open", False: "shut", None: "pending"}[self.is_open]
        return f"{word}: {self.summary}"

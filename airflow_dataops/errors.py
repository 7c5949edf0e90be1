"""Every error a user of airflow_dataops can meet.

    DataOpsError
    ├── SpecError                  a file that a person wrote is wrong; has file and line
    ├── ConfigurationError         a setting of this installation is wrong or missing
    ├── KitchenError
    │   ├── InvalidName            a name breaks the rules of domain.names
    │   ├── KitchenNotFound
    │   │   └── OperationNotFound  nothing was begun under this id
    │   ├── KitchenExists
    │   ├── KitchenHasChildren
    │   ├── PipelineNotFound       the kitchen has no pipeline of this name
    │   ├── ScheduleConflict       the code says another schedule than was meant, or none
    │   ├── NotEditable            a pipeline's file says it in a way only a person can change
    │   ├── BranchMoved            somebody pushed to the kitchen's branch meanwhile
    │   ├── MergeNotReady          a merge lacks something; says what
    │   ├── MergeNotFound          no merge of two kitchens is under way
    │   ├── CannotMerge            a commit is not there, or two have nothing in common
    │   └── KitchenBusy            it is being created or deleted
    ├── EnvironmentNotFound
    ├── NotAllowed                 who asks may not do it; says who may
    ├── InvalidRequest             a value in a request cannot be; names the field
    │   └── UsageError             a command line cannot be meant as it was typed
    ├── Vetoed                     a hook of this installation refused
    ├── Superseded                 another attempt has taken over what this one was doing
    ├── NotLoggedIn                a command has no token that the API takes
    ├── PipelineNotShown           Airflow does not have a pipeline as it is asked for
    ├── RequestRefused             the API answered a command with a refusal
    ├── PipelineError              a pipeline's code breaks a rule of the factory
    ├── BundleError                a version of an environment's kitchens cannot be restored
    ├── CredentialRefused          who asks may not have what was asked for
    │   └── UnknownTool            the release environment declares no such tool
    ├── DataTestsFailed            a stage's tests stopped the line
    ├── PendingTableLost           another run writes the table that a stage wants to publish
    ├── NothingToPublish           a stage's table is empty and may not be
    └── OutsideSystemError         git, the vault, a warehouse … did not do what was asked
        ├── PushRefused            the repository does not take what was merged; in its words
        ├── PullRequestRefused     the repository's host takes no pull request; in its words
        ├── GitHostUnavailable     that host does not answer, or has had too much
        ├── RepositoryDamaged      objects of a repository are missing or broken
        ├── VaultUnavailable       sealed, down or hung
        ├── ApiUnreachable         our REST API does not answer, or something else does
        ├── ToolUnreachable        a warehouse or store does not answer; trying again may help
        ├── MessengerUnavailable   Slack is down, slow, or has had too much; or knows us no more
        ├── ChannelRefused         a message cannot be posted to this channel
        └── BadDataFile            a data file does not fit: its header, its columns or a row

Mistakes of calling code are ValueError and TypeError, as everywhere in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class DataOpsError(Exception):
    """Base of every error that airflow_dataops raises on purpose."""


class SpecError(DataOpsError):
    """A file that a person wrote is wrong.

    Attributes:
        file: the file's path, as the person would type it.
        line: the line, counted from 1; None where the whole file is meant.
        complaints: this complaint alone, or every complaint that ``together`` was given.
    """

    def __init__(self, problem: str, *, file: str, line: int | None = None) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {problem}")
        self.problem = problem
        self.file = file
        self.line = line
        self.complaints: tuple[SpecError, ...] = (self,)

    @classmethod
    def together(cls, complaints: Sequence[SpecError]) -> SpecError:
        """One error that lists several, each with its own line; at least one.

        A file is corrected in one go, so it is answered in one go.
        """
        first, *others = complaints
        if not others:
            return first
        listed = "".join(f"\n  {complaint}" for complaint in complaints)
        together = cls(f"{len(complaints)} complaints:{listed}", file=first.file)
        together.complaints = tuple(complaints)
        return together


class ConfigurationError(DataOpsError):
    """A setting of this Airflow installation is wrong or missing."""


class KitchenError(DataOpsError):
    """Something about a kitchen."""


class InvalidName(KitchenError):
    """A name breaks the naming rules."""

    def __init__(self, name: str, *, kind: str, rule: str) -> None:
        super().__init__(f"{_shown(name)} cannot be the name of a {kind}: {rule}")
        self.kind = kind
        self.name = name
        self.rule = rule


class KitchenNotFound(KitchenError):
    """No kitchen has this name, or none that who asks may know of."""

    def __init__(self, name: str, known: Sequence[str] | None = None) -> None:
        listed = "" if known is None else f"; known kitchens: {', '.join(known) or 'none'}"
        super().__init__(f"no kitchen named {_shown(name)}{listed}")
        self.name = name
        self.known = tuple(known or ())


class OperationNotFound(KitchenNotFound):
    """No creation or deletion of a kitchen has this id."""

    def __init__(self, operation_id: str) -> None:
        super(KitchenNotFound, self).__init__(f"no operation has the id {operation_id!r}")
        self.name = operation_id
        self.known = ()


class KitchenExists(KitchenError):
    """The name is taken."""

    def __init__(self, name: str, why: str = "a kitchen of this name exists") -> None:
        super().__init__(f"kitchen {name!r} cannot be created: {why}")
        self.name = name
        self.why = why


class KitchenHasChildren(KitchenError):
    """A kitchen goes only after the kitchens that were cut from it."""

    def __init__(self, name: str, children: Sequence[str]) -> None:
        super().__init__(
            f"kitchen {name!r} still has children: {', '.join(children)}; delete them first"
        )
        self.name = name
        self.children = tuple(children)


class KitchenBusy(KitchenError):
    """A kitchen is being created or deleted, so this cannot be done to it now."""

    def __init__(self, name: str, state: str, what: str) -> None:
        super().__init__(f"kitchen {name!r} is {state}; {what}")
        self.name = name
        self.state = state


class PipelineNotFound(KitchenError):
    """A kitchen has no pipeline of this name, or Airflow has not read it yet."""

    def __init__(self, name: str, *, kitchen: str, known: Sequence[str]) -> None:
        listed = ", ".join(known[:20]) or "none"
        more = f" and {len(known) - 20} more" if len(known) > 20 else ""  # noqa: PLR2004 - shown
        super().__init__(
            f"kitchen {kitchen!r} has no pipeline {_shown(name)}; it has: {listed}{more}"
        )
        self.name = name


class ScheduleConflict(KitchenError):
    """A pipeline's code says another schedule than who asks has in mind, or none is approved."""


class NotEditable(KitchenError):
    """A pipeline's file is written so that a program cannot change this one thing in it.

    Attributes:
        path: the file, on its branch.
        line: counted from 1; None where the whole file is meant.
    """

    def __init__(self, problem: str, *, path: str, line: int | None = None) -> None:
        place = path if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {problem}; change it there by hand and push")
        self.path = path
        self.line = line


class BranchMoved(KitchenError):
    """A kitchen's branch is not where it was when a change of it was begun, or looked at."""

    def __init__(self, branch: str, where: str = "") -> None:
        super().__init__(
            f"somebody pushed to branch {branch!r} meanwhile{where}; nothing was changed: look at "
            "what is new there and ask again"
        )
        self.branch = branch


class MergeNotReady(KitchenError):
    """Something is missing before two kitchens can be merged; ``missing`` says each."""

    def __init__(self, what: str, missing: Sequence[str]) -> None:
        super().__init__(f"{what} is not ready: {'; '.join(missing)}")
        self.missing = tuple(missing)


class MergeNotFound(KitchenError):
    """No merge of two kitchens is under way."""


class CannotMerge(KitchenError):
    """Two commits cannot be merged: one is not there, or they have nothing in common."""


class EnvironmentNotFound(DataOpsError):
    """The environments file declares no such release environment."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        listed = ", ".join(known) or "none"
        super().__init__(f"no release environment named {_shown(name)}; declared: {listed}")
        self.name = name
        self.known = tuple(known)


class NotAllowed(DataOpsError):
    """Who asks may not do what was asked."""

    def __init__(self, person: str, what: str, why: str) -> None:
        super().__init__(f"{person} may not {what}: {why}")
        self.person = person
        self.why = why


class InvalidRequest(DataOpsError):
    """A value in a request cannot be.

    Attributes:
        field: name of the value.
    """

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class UsageError(InvalidRequest):
    """A command line cannot be meant as it was typed; nothing was asked of anybody."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message, field=field)


class Vetoed(DataOpsError):
    """A hook of this installation refused what was asked."""

    def __init__(self, hook: str, what: str, reason: str) -> None:
        super().__init__(f"{what} was refused by hook {hook}: {reason}")
        self.hook = hook
        self.reason = reason


class Superseded(DataOpsError):
    """Another attempt has taken over; whoever meets this stops and leaves the rest to it."""


class NotLoggedIn(DataOpsError):
    """A command has no token, or one that the API does not take (any more)."""


class RequestRefused(DataOpsError):
    """The API answered a command with a refusal, in its own words.

    Attributes:
        status: the answer's HTTP status.
    """

    def __init__(self, detail: str, *, status: int) -> None:
        super().__init__(detail)
        self.status = status


class PipelineNotShown(DataOpsError):
    """Airflow does not have a pipeline as it is asked for; says what it has."""


class PipelineError(DataOpsError):
    """A pipeline's code breaks a rule of the factory."""


class BundleError(DataOpsError):
    """A version of an environment's kitchens cannot be restored."""


class CredentialRefused(DataOpsError):
    """Who asks may not have what was asked for; says why, never what the secret is."""


class UnknownTool(CredentialRefused):
    """The release environment declares no tool of this name."""

    def __init__(self, tool: str, declared: Sequence[str]) -> None:
        super().__init__(f"unknown tool {tool}; declared: {', '.join(sorted(declared)) or 'none'}")
        self.tool = tool
        self.declared = tuple(declared)


class DataTestsFailed(DataOpsError):
    """At least one data test of a stage stops the line."""


class PendingTableLost(DataOpsError):
    """A pending table is not (or no more) the one that this stage of this run wrote."""


class NothingToPublish(DataOpsError):
    """A pending table is empty, and no test of its stage says that it may be."""

    def __init__(self, table: str, stage: str) -> None:
        super().__init__(
            f"stage {stage} wrote no row of {table}; published as it is, what was there would be"
            f" gone. Nothing was published. If that may be, say so in a test of the stage:"
            f" {table}.row_count().between(0, …)"
        )
        self.table = table
        self.stage = stage


class OutsideSystemError(DataOpsError):
    """A system outside did not do what was asked of it."""


class PushRefused(OutsideSystemError):
    """A repository takes no commit: a rule of its host, a hook, a right that is missing."""


class PullRequestRefused(OutsideSystemError):
    """The host of a repository does not take a pull request or what is said of it."""


class GitHostUnavailable(OutsideSystemError):
    """The host of a repository does not answer now; asking again later may help."""


class RepositoryDamaged(OutsideSystemError):
    """A repository on this host lacks objects that it should have, or they are broken."""


class VaultUnavailable(OutsideSystemError):
    """The vault is sealed, down, hung or refuses our login."""


class ApiUnreachable(OutsideSystemError):
    """Our REST API does not answer a command, or something else answers in its place."""


class ToolUnreachable(OutsideSystemError):
    """A tool does not answer, or went away while it worked; trying again may help."""


class MessengerUnavailable(OutsideSystemError):
    """No message can be posted now, whatever the channel.

    Attributes:
        wait_seconds: how long the other side asks to be left alone; None where it does not say.
    """

    def __init__(self, message: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class ChannelRefused(OutsideSystemError):
    """A message cannot be posted to one channel; to others it can.

    Attributes:
        channel: as it is set.
    """

    def __init__(self, channel: str, reason: str) -> None:
        super().__init__(f"{channel} takes no message: {reason}")
        self.channel = channel
        self.reason = reason


class BadDataFile(OutsideSystemError):
    """A data file does not fit what it is loaded into. Says where, never what the row holds."""


def _shown(name: str) -> str:
    # What was asked for, as long as it could have been a name at all.
    longest = 80
    return repr(name) if len(name) <= longest else f"{name[:longest]!r}…"

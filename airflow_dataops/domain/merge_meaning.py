"""What a merge means for pipelines: what it adds, takes away, and weakens.

Compared are outlines: pipelines as they were really built from the files before and after. A
test is the same one if its name is, or else if it measures the same; of one that is the same, it
counts whether it still finds what it found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain.data_tests import ON_VIOLATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


class MeaningKind(StrEnum):
    """What is different in a pipeline."""

    PIPELINE_ADDED = "pipeline added"
    PIPELINE_REMOVED = "pipeline removed"
    PIPELINE_RENAMED = "pipeline renamed"
    DOES_NOT_BUILD = "does not build"
    STAGE_ADDED = "stage added"
    STAGE_REMOVED = "stage removed"
    TASK_ADDED = "task added"
    TASK_REMOVED = "task removed"
    TEST_ADDED = "test added"
    TEST_REMOVED = "test removed"
    TEST_WEAKENED = "test weakened"
    TEST_CHANGED = "test changed"
    SCHEDULE_ADDED = "schedule added"
    SCHEDULE_CHANGED = "schedule changed"
    SCHEDULE_REMOVED = "schedule removed"
    TOOL_NOT_DECLARED = "tool not declared"
    TOOL_WITHOUT_LOGIN = "tool without a secret"
    TOOL_NOT_SEEN = "tool's secret not looked at"
    NOT_COMPARED = "not compared"


# Stands for the place of each pipeline where building as a whole came to no good end.
EVERYTHING = "all pipelines"
_TO_ACKNOWLEDGE = {
    MeaningKind.PIPELINE_REMOVED,
    MeaningKind.TEST_REMOVED,
    MeaningKind.TEST_WEAKENED,
    MeaningKind.SCHEDULE_REMOVED,
    MeaningKind.NOT_COMPARED,
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Meaning:
    """One thing that a merge does to a pipeline.

    Attributes:
        what: which stage, test, … and what about it; empty for the pipeline as a whole.
    """

    pipeline: str
    kind: MeaningKind
    what: str = ""

    @property
    def takes_away(self) -> bool:
        """Whether something that protected the data is gone: somebody has to say that it may."""
        return self.kind in _TO_ACKNOWLEDGE

    def __str__(self) -> str:
        return f"{self.pipeline}: {self.kind}" + (f": {self.what}" if self.what else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutline:
    """A data test, as far as two of them are compared.

    Attributes:
        stage: whose test it is.
        measured: what its rule is about, as text.
        rule: name of its rule.
        numbers: of the rule, for example its bounds.
    """

    __test__ = False

    stage: str
    name: str
    on_violation: str
    measured: str
    rule: str
    numbers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOutline:
    """A pipeline as it was built.

    Attributes:
        schedule: cron and timezone as one text.
        tasks: operator by task id; a stage's name and a dot come first.
        tools: that its tasks and tests use.
    """

    name: str
    schedule: str | None = None
    stages: tuple[str, ...] = ()
    tasks: Mapping[str, str] = field(default_factory=dict)
    tests: tuple[TestOutline, ...] = ()
    tools: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeOutline:
    """All pipelines of a tree.

    Attributes:
        broken: what is wrong with those that cannot be built, by place.
    """

    pipelines: Mapping[str, PipelineOutline] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)


def meanings(
    before: TreeOutline, after: TreeOutline, *, tools: Collection[str] | None
) -> list[Meaning]:
    """What is different, by pipeline.

    Args:
        before: the tree that is merged into.
        after: the merged tree.
        tools: that the environment declares; None where that is not asked.
    """
    found = {
        Meaning(pipeline=place, kind=MeaningKind.DOES_NOT_BUILD, what=_last_line(complaint))
        for place, complaint in after.broken.items()
        # Of a tree that was not built at all, nothing is known: that is never as before.
        if place == EVERYTHING or before.broken.get(place) != complaint
    }
    renamed = _renamed(before, after)
    for name, pipeline in after.pipelines.items():
        former = before.pipelines.get(renamed.get(name, name))
        found |= set(_of_pipeline(former, pipeline))
        for tool in pipeline.tools - set(tools if tools is not None else pipeline.tools):
            found.add(Meaning(pipeline=name, kind=MeaningKind.TOOL_NOT_DECLARED, what=tool))
    gone = set(before.pipelines) - set(after.pipelines) - set(renamed.values())
    # One that cannot be built any more is not taken away: it is said to be broken.
    broken = {place.rpartition("/")[2] for place in after.broken}
    found |= {Meaning(pipeline=n, kind=MeaningKind.PIPELINE_REMOVED) for n in gone - broken}
    return sorted(found)


def tools_of_changed(
    before: TreeOutline, after: TreeOutline, *, changed: Collection[str]
) -> dict[str, frozenset[str]]:
    """The tools of each pipeline that is new, or built otherwise, or of changed files.

    Args:
        before: the tree that is merged into.
        after: the merged tree.
        changed: paths of files.
    """
    folders = {part for path in changed for part in path.split("/")[:-1]}
    return {
        name: pipeline.tools
        for name, pipeline in after.pipelines.items()
        if before.pipelines.get(name) != pipeline or name in folders
    }


def secret_meanings(
    wanted: Mapping[str, Collection[str]], has_secrets: Mapping[str, bool | None]
) -> list[Meaning]:
    """Tools that pipelines use and whose secret the vault lacks, or does not let us look for.

    Args:
        wanted: tools by pipeline.
        has_secrets: by tool; None where it could not be looked at.
    """
    kinds = {False: MeaningKind.TOOL_WITHOUT_LOGIN, None: MeaningKind.TOOL_NOT_SEEN}
    return sorted(
        Meaning(pipeline=name, kind=kinds[has_secrets[tool]], what=tool)
        for name, tools in wanted.items()
        for tool in tools
        if has_secrets.get(tool, True) is not True
    )


def _last_line(complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _renamed(before: TreeOutline, after: TreeOutline) -> dict[str, str]:
    """Former names of pipelines that are the same under another one."""
    gone = {n: p for n, p in before.pipelines.items() if n not in after.pipelines}
    renamed: dict[str, str] = {}
    for name, pipeline in after.pipelines.items():
        if name in before.pipelines or not pipeline.tasks:
            continue
        for former, one in gone.items():
            if former not in renamed.values() and one.tasks == pipeline.tasks:
                renamed[name] = former
                break
    return renamed


def _of_pipeline(before: PipelineOutline | None, after: PipelineOutline) -> Iterator[Meaning]:
    name = after.name
    if before is None:
        yield Meaning(pipeline=name, kind=MeaningKind.PIPELINE_ADDED)
        before = PipelineOutline(name=name)
    elif before.name != name:
        yield Meaning(pipeline=name, kind=MeaningKind.PIPELINE_RENAMED, what=f"was {before.name}")
    yield from _of_schedule(before, after)
    for what, old, new in (
        ("stage", set(before.stages), set(after.stages)),
        ("task", set(before.tasks), set(after.tasks)),
    ):
        for kind, names in (("added", new - old), ("removed", old - new)):
            yield from (
                Meaning(pipeline=name, kind=MeaningKind(f"{what} {kind}"), what=one)
                for one in names
            )
    yield from _of_tests(before, after)


def _of_schedule(before: PipelineOutline, after: PipelineOutline) -> Iterator[Meaning]:
    if before.schedule == after.schedule:
        return
    if before.schedule is None:
        kind, what = MeaningKind.SCHEDULE_ADDED, f"{after.schedule}"
    elif after.schedule is None:
        kind, what = MeaningKind.SCHEDULE_REMOVED, f"was {before.schedule}"
    else:
        kind, what = MeaningKind.SCHEDULE_CHANGED, f"{before.schedule} becomes {after.schedule}"
    yield Meaning(pipeline=after.name, kind=kind, what=what)


def _of_tests(before: PipelineOutline, after: PipelineOutline) -> Iterator[Meaning]:
    left = list(after.tests)
    for old in sorted(before.tests, key=lambda test: test.name):
        same = _same_test(old, left)
        place = f"{old.stage}: {old.name}"
        if same is None:
            yield Meaning(pipeline=after.name, kind=MeaningKind.TEST_REMOVED, what=place)
            continue
        left.remove(same)
        reasons = weaknesses(old, same)
        if reasons:
            what = f"{place}: {', '.join(reasons)}"
            yield Meaning(pipeline=after.name, kind=MeaningKind.TEST_WEAKENED, what=what)
        elif old != same:
            yield Meaning(pipeline=after.name, kind=MeaningKind.TEST_CHANGED, what=place)
    for new in left:
        what = f"{new.stage}: {new.name}"
        yield Meaning(pipeline=after.name, kind=MeaningKind.TEST_ADDED, what=what)


def _same_test(old: TestOutline, among: list[TestOutline]) -> TestOutline | None:
    # The last is for one that has moved to another stage as it is.
    for facts in (
        ("stage", "name"),
        ("stage", "measured", "rule"),
        ("stage", "measured"),
        ("name", "measured"),
    ):
        for new in among:
            if all(getattr(new, fact) == getattr(old, fact) for fact in facts):
                return new
    return None


def weaknesses(old: TestOutline, new: TestOutline) -> list[str]:
    """Why a test finds less than it did; none where it does not."""
    reasons: list[str] = []
    if ON_VIOLATION.index(new.on_violation) < ON_VIOLATION.index(old.on_violation):
        reasons.append(f"on_violation {old.on_violation} becomes {new.on_violation}")
    if new.measured != old.measured:
        reasons.append("it measures something else")
    if new.rule != old.rule:
        off = "control limits are off" if old.rule == "ControlLimits" else "its rule is another"
        reasons.append(off)
    else:
        reasons += [
            f"{name} {_shown(old.numbers.get(name))} becomes {_shown(new.numbers.get(name))}"
            for name in sorted({*old.numbers, *new.numbers})
            if _is_weaker(old.rule, name, old.numbers.get(name), new.numbers.get(name))
        ]
    return reasons


# Numbers of which less is laxer, and of which more is.
_LESS, _MORE = {"low", "mostly"}, {"high", "tolerance", "share", "at_most"}
_FLAGS = {"more_allowed"}


def _is_weaker(rule: str, name: str, old: object, new: object) -> bool:
    if old == new:
        return False
    if name in _LESS | _MORE:
        return _is_laxer_bound(name, old, new)
    if rule == "ControlLimits" and name == "false_alarms":
        return _runs_between(str(new)) > _runs_between(str(old))
    # Another chart, or another of whatever else there is, is a change and no weakness.
    return name in _FLAGS and bool(new)


def _is_laxer_bound(name: str, old: object, new: object) -> bool:
    if not isinstance(old, (int, float)):
        return False
    if not isinstance(new, (int, float)):
        return True
    return new < old if name in _LESS else new > old


def _runs_between(budget: str) -> float:
    """Of ``1 per 200 runs``, the 200."""
    words = [float(word) for word in budget.replace(",", "").split() if word.isdigit()]
    return words[1] / words[0] if len(words) == 2 and words[0] else 0  # noqa: PLR2004 - both


def _shown(value: object) -> str:
    return "no bound" if value is None else str(value)

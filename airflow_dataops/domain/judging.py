"""From what was measured to a verdict, for every rule but the control charts'.

Nothing to measure is an error and never a pass: an empty slice or a column that is null
throughout must not look green.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from airflow_dataops.domain import data_test_rules as rules
from airflow_dataops.domain import distances
from airflow_dataops.domain.data_tests import Outcome, Verdict, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_dataops.domain.data_tests import DataTest

    Found = float | Mapping[str, float] | None

FEWEST_RUNS = 3
MOST_RUNS = 30
_MOST_SHOWN = 3
CHARTS = {"individuals": "individuals chart", "ewma": "EWMA chart"}
NOTHING = (
    "nothing to measure: the slice has no rows, or the column no values (a standard deviation "
    "takes two); look at the stage that writes it, and at the test's 'where'"
)


class Point(NamedTuple):
    """What an earlier run of a test measured.

    Attributes:
        at: the moment that the run is about.
        numbers: in the order of the test's measures.
        kitchen: whose run it was, where it is inherited; None for the kitchen's own.
        is_in_control: nothing is learned from the others, but they are seen.
        sampled: the share of the data that was there to be measured.
    """

    at: datetime
    numbers: tuple[Found, ...]
    kitchen: str | None = None
    is_in_control: bool = True
    sampled: float = 1.0


class Judged(NamedTuple):
    """What a rule says; the test's ``on_violation`` makes a verdict of it.

    Attributes:
        holds: None where there is too little history to say.
    """

    holds: bool | None
    measured: float | None
    detail: str
    low: float | None = None
    high: float | None = None
    model: str = ""
    baseline: str = ""


def judge(test: DataTest, found: Sequence[Found], history: Sequence[Point] = ()) -> Verdict:
    """The verdict on what a test's measures found.

    Args:
        test: with any rule that is judged here, so no control chart and nothing external.
        found: in the order of the test's measures.
        history: earlier runs, oldest first; those in control are what it is compared with.
    """
    history = [point for point in history if point.is_in_control]
    is_empty = isinstance(test.rule, rules.Holds) and found[0] == 0
    if is_empty or any(each is None or each == {} for each in found):
        return error(test, NOTHING, found)
    return verdict(test, _judged(test, found, history), found)


def verdict(test: DataTest, judged: Judged, found: Sequence[Found]) -> Verdict:
    """A verdict from what a rule says; one of a chart names it."""
    detail = judged.detail
    if isinstance(test.rule, rules.ControlLimits):
        detail = f"{CHARTS[test.rule.chart]}: {detail}"
    return Verdict(
        test=test.name,
        outcome=_outcome(test, judged),
        measured=judged.measured,
        detail=detail,
        holds=judged.holds,
        low=judged.low,
        high=judged.high,
        rule=type(test.rule).__name__,
        model=judged.model,
        baseline=judged.baseline,
        numbers=tuple(found),
        sampled=float(test.asset.sampled),
    )


def error(test: DataTest, why: str, found: Sequence[Found] = ()) -> Verdict:
    """The verdict on what could not be measured."""
    return Verdict(
        test=test.name,
        outcome=Outcome.ERROR,
        measured=None,
        detail=why,
        rule=type(test.rule).__name__,
        numbers=tuple(found),
    )


def needs_history(test: DataTest) -> bool:
    """Whether a test compares with earlier runs."""
    rule = test.rule
    if isinstance(rule, rules.Shift):
        return not rule.is_paired
    if isinstance(rule, rules.SameColumns):
        return rule.columns is None
    return isinstance(rule, (rules.Change, rules.ControlLimits))


def _outcome(test: DataTest, judged: Judged) -> Outcome:
    if judged.holds is None:
        return Outcome.LEARNING
    if judged.holds:
        return Outcome.PASS
    # "log" states the number and goes on: a pass whose detail shows the bound that was crossed.
    return {"fail": Outcome.FAIL, "warn": Outcome.WARN, "log": Outcome.PASS}[test.on_violation]


def _judged(test: DataTest, found: Sequence[Found], history: Sequence[Point]) -> Judged:
    rule = test.rule
    if isinstance(rule, rules.Change):
        return _changed(found[0], rule, history)
    if isinstance(rule, rules.Shift):
        return _shifted(found, rule, history)
    if isinstance(rule, rules.SameColumns):
        return _same_columns(found[0], rule, history)
    return _judged_alone(rule, found)


def _judged_alone(rule: rules.Rule, found: Sequence[Found]) -> Judged:
    """What needs no history."""
    if isinstance(rule, rules.Between):
        return _bounded(found[0], rule)
    if isinstance(rule, rules.Equals):
        return _equal(_numbers(found), rule)
    if isinstance(rule, rules.Holds):
        return _kept(_numbers(found), rule)
    if isinstance(rule, rules.NoRows):
        (rows,) = _numbers(found)
        told = "rows that break it: " + (number(rows) if rows else "none")
        return Judged(rows == 0, rows, told, high=0)
    message = f"{type(rule).__name__} is not judged here"
    raise TypeError(message)


def _numbers(found: Sequence[Found]) -> list[float]:
    return [each for each in found if isinstance(each, (int, float))]


def _bounded(found: Found, rule: rules.Between) -> Judged:
    low = -math.inf if rule.low is None else rule.low
    high = math.inf if rule.high is None else rule.high
    allowed = f"allowed {_bounds(rule.low, rule.high)}"
    if isinstance(found, Mapping):
        return of_groups(found, dict.fromkeys(found, (low, high)), low=rule.low, high=rule.high)
    measured = float(found or 0)
    return Judged(low <= measured <= high, measured, allowed, low=rule.low, high=rule.high)


def of_groups(
    found: Mapping[str, float],
    limits: Mapping[str, tuple[float, float]],
    *,
    low: float | None = None,
    high: float | None = None,
) -> Judged:
    """One verdict on many groups: it holds where it does for each; the worst is measured."""
    outside = {
        group: value
        for group, value in found.items()
        if group in limits and not limits[group][0] <= value <= limits[group][1]
    }
    if not outside:
        return Judged(
            holds=True, measured=None, detail=f"{len(found)} groups, all within", low=low, high=high
        )
    shown = "; ".join(
        f"{group}: {number(value)}, allowed {_bounds(*map(_finite, limits[group]))}"
        for group, value in list(outside.items())[:_MOST_SHOWN]
    )
    more = " …" if len(outside) > _MOST_SHOWN else ""
    told = f"{len(outside)} of {len(found)} groups are outside: {shown}{more}"
    return Judged(
        holds=False, measured=next(iter(outside.values())), detail=told, low=low, high=high
    )


def _changed(found: Found, rule: rules.Change, history: Sequence[Point]) -> Judged:
    if not history:
        return Judged(None, _plain(found), "the first run; the next one is compared with it")
    last = history[-1].numbers[0]
    baseline = f"the run of {history[-1].at:%Y-%m-%d %H:%M}"
    if isinstance(found, Mapping) and isinstance(last, Mapping):
        limits = {group: _around(value, rule) for group, value in last.items()}
        return of_groups(found, limits)._replace(baseline=baseline)
    before, measured = _plain(last), _plain(found)
    if before is None or measured is None:
        return Judged(None, measured, "the run before has no such number")
    low, high = _around(before, rule)
    told = f"{number(before)} in {baseline}, allowed {_bounds(_finite(low), _finite(high))}"
    return Judged(
        low <= measured <= high, measured, told,
        low=_finite(low), high=_finite(high), baseline=baseline,
    )  # fmt: skip


def _around(before: float, rule: rules.Change) -> tuple[float, float]:
    low = -math.inf if rule.low is None else before + rule.low * abs(before)
    high = math.inf if rule.high is None else before + rule.high * abs(before)
    return low, high


def _equal(found: list[float], rule: rules.Equals) -> Judged:
    wrong = []
    for own, other in zip(found[::2], found[1::2], strict=True):
        allowed = max(rule.tolerance, rule.share * abs(other))
        if not abs(own - other) <= allowed:
            wrong.append(
                f"{number(own)} against {number(other)}, a difference of {number(own - other)}"
                f" where {number(allowed)} is allowed"
            )
    other = found[1]
    allowed = max(rule.tolerance, rule.share * abs(other))
    told = "; ".join(wrong) or f"equals {number(other)}"
    return Judged(not wrong, found[0], told, low=other - allowed, high=other + allowed)


def _kept(found: list[float], rule: rules.Holds) -> Judged:
    looked_at, broken = found
    # Rows that may break it, so that 0.95 of 20 rows is 19 whatever floats make of it.
    most = math.floor(looked_at * (1 - rule.mostly) + 1e-9)
    allowed = "" if rule.mostly == 1 else f", {number(most)} are allowed"
    told = f"{number(broken)} of {number(looked_at)} rows break it{allowed}"
    return Judged(broken <= most, broken, told, low=0, high=most)


def _shifted(found: Sequence[Found], rule: rules.Shift, history: Sequence[Point]) -> Judged:
    if rule.is_paired:
        half = len(found) // 2
        present, before = tuple(found[:half]), [tuple(found[half:])]
        baseline = "the slice it is compared with"
    else:
        present, before = tuple(found), [p.numbers for p in history[-MOST_RUNS:]]
        baseline = f"{len(before)} earlier runs"
        if len(before) < FEWEST_RUNS:
            told = f"still learning: {len(before)} of {FEWEST_RUNS} runs"
            return Judged(None, None, told)
    measured = distances.distance(rule.statistic, present, before)
    told = f"moved by {measured:.4g}, at most {number(rule.at_most)} is allowed; against {baseline}"
    return Judged(
        measured <= rule.at_most, measured, told, low=0, high=rule.at_most, baseline=baseline
    )


def _same_columns(found: Found, rule: rules.SameColumns, history: Sequence[Point]) -> Judged:
    present = _columns(found)
    if rule.columns is not None:
        wanted, baseline = dict(rule.columns), "what was declared"
    elif history:
        wanted, baseline = _columns(history[-1].numbers[0]), "the run before"
    else:
        return Judged(None, None, "the first run; the next one is compared with it")
    gone = [name for name in wanted if name not in present]
    new = [] if rule.more_allowed else [name for name in present if name not in wanted]
    other = [
        f"{name} is {present[name]}, was {kind}"
        for name, kind in wanted.items()
        if kind is not None and name in present and present[name] != kind
    ]
    told = [f"missing: {', '.join(gone)}"] if gone else []
    told += [f"new: {', '.join(new)}"] if new else []
    wrong = len(gone) + len(new) + len(other)
    detail = "; ".join([*told, *other]) or f"{len(present)} columns as in {baseline}"
    return Judged(wrong == 0, float(wrong), detail, high=0, baseline=baseline)


def _columns(found: Found) -> dict[str, str | None]:
    """Columns and types from keys such as ``household_id integer``."""
    listed = found if isinstance(found, Mapping) else {}
    return {name: kind for name, _, kind in (key.partition("\t") for key in listed)}


def _plain(found: Found) -> float | None:
    return None if found is None or isinstance(found, Mapping) else float(found)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"{number(high or 0)} or less"
    if high is None:
        return f"{number(low)} or more"
    return f"{number(low)} to {number(high)}"

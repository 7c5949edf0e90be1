"""A program for the peers' own environment: one library on one series, in its own words.

    python _control_chart_peers.py LIBRARY measure 1x100 1x10000 ... -> seconds for each size
    python _control_chart_peers.py LIBRARY judge < vectors.json      -> {rule: [points]} for each

Each adapter takes the shortest way through a library's interface to an individuals chart with all
the Nelson rules it has, and nothing is drawn.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Fires = dict[int, list[int]]


def _estimated(x: np.ndarray) -> tuple[float, float]:
    return float(x.mean()), float(np.abs(np.diff(x)).mean()) / 1.1283791670955126


def pccpy(x: np.ndarray, known: tuple[float, float] | None) -> Any:
    from pccpy.rules import apply_tests

    center, sigma = known or _estimated(x)
    return apply_tests(x, center, sigma, range(1, 9))


def pccpy_fires(found: Any) -> Fires:
    return {rule: [int(i) + 1 for i in at] for rule, at in found.items()}


def capstat_core(x: np.ndarray, known: tuple[float, float] | None) -> Any:
    from capstat_core.control_charts import i_mr_chart
    from capstat_core.rules import nelson_rules

    center, sigma = known or (None, None)
    return nelson_rules(i_mr_chart(x, center=center, sigma=sigma).location)


def capstat_core_fires(found: Any) -> Fires:
    return _grouped((v.rule, v.point + 1) for v in found)


def pyqicharts(x: np.ndarray, known: tuple[float, float] | None) -> Any:
    from pyqicharts import nelson_rule_signals

    return nelson_rule_signals(x, *(known or _estimated(x)))


def pyqicharts_fires(found: Any) -> Fires:
    if not len(found):
        return {}
    column = "rule_id" if "rule_id" in found else "rule"
    pairs = zip(found[column], found["end_index"], strict=True)
    return _grouped((int(str(rule).lstrip("N")), int(at)) for rule, at in pairs)


def mfgqc(x: np.ndarray, known: tuple[float, float] | None) -> Any:
    from mfgqc.control_charts import _apply_rules

    return _apply_rules(x, *(known or _estimated(x)), "nelson", "I")


def mfgqc_fires(found: Any) -> Fires:
    return _grouped((int(v.rule.rpartition("_")[2]), v.point) for v in found)


def processbehavior(x: np.ndarray, known: tuple[float, float] | None) -> Any:
    import pandas as pd
    from processbehavior.signals.config import SignalConfig
    from processbehavior.signals.detector import SignalDetector

    center, sigma = known or _estimated(x)
    data = pd.DataFrame({"mean": x, "obs_id": np.arange(1, len(x) + 1)})
    stats = {"center": center, "upl": center + 3 * sigma, "lpl": center - 3 * sigma}
    config = SignalConfig(enabled_rules="all", min_observations=1)
    return SignalDetector().detect(data, stats, config, chart_type="X")


def processbehavior_fires(found: Any) -> Fires:
    if found.violations.empty:
        return {}
    theirs = {1: 1, 2: 5, 3: 6, 4: 2, 5: 3, 6: 4, 7: 7, 8: 8}  # Western Electric's numbers
    column = "rule" if "rule" in found.violations else "rule_name"
    pairs = zip(found.violations[column], found.violations["obs_id"], strict=True)
    return _grouped((theirs[int(str(rule)[-1])], int(at) + 1) for rule, at in pairs)


def pycontrolcharts(x: np.ndarray, known: tuple[float, float] | None) -> Any:
    if known is None:
        from pycontrolcharts import calc_xmr

        return calc_xmr(x.tolist())
    from pycontrolcharts import CustomLimits, run_tests_with_custom_limits

    center, sigma = known
    limits = CustomLimits(
        center_line=center, ucl=center + 3 * sigma, lcl=center - 3 * sigma,
        sigma_1_upper=center + sigma, sigma_1_lower=center - sigma,
        sigma_2_upper=center + 2 * sigma, sigma_2_lower=center - 2 * sigma,
    )  # fmt: skip
    return run_tests_with_custom_limits(x.tolist(), limits=limits)


def pycontrolcharts_fires(found: Any) -> Fires:
    numbers = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 5, 8: 5, 9: 6, 10: 6}
    return _grouped(
        (numbers[int(v["type"])], place)
        for place, listed in enumerate(found["violations"], 1)
        for v in listed
    )


def _grouped(pairs: Any) -> Fires:
    grouped: Fires = {}
    for rule, at in pairs:
        grouped.setdefault(rule, []).append(at)
    return grouped


def _measure(judge: Callable[..., Any], series: int, points: int) -> float:
    table = np.random.default_rng(7).normal(size=(series, points))
    judge(table[0][:100], None)  # the first call imports
    started = time.process_time()
    for row in table:
        judge(row, None)
    return time.process_time() - started


def main() -> None:
    """Measure or judge, as the arguments say."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    library, mode, *sizes = sys.argv[1:]
    judge, fires = globals()[library], globals()[f"{library}_fires"]
    if mode == "measure":
        answer: Any = [_measure(judge, *map(int, size.split("x"))) for size in sizes]
    else:
        found = [fires(judge(np.array(x, dtype=float), (0.0, 1.0))) for x in json.load(sys.stdin)]
        answer = [{str(rule): sorted(set(at)) for rule, at in each.items()} for each in found]
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

"""Draw one control chart from numbers in a file.

    python -m airflow_dataops.control_charts --chart individuals --rules nelson --input runs.json

Exit status 0 once the chart is drawn, with or without signals; 2 and one line for bad input.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from airflow_dataops.control_charts.chart import Chart
    from airflow_dataops.control_charts.observations import Observations
    from airflow_dataops.control_charts.phases import Process

CHARTS = (
    "individuals", "xbar_r", "xbar_s", "p", "np", "c", "u", "laney_p", "laney_u", "ewma", "cusum",
    "g", "t",
)  # fmt: skip
_ONLY_FOR = {
    "k": ("cusum",), "h": ("cusum",), "headstart": ("cusum",), "target": ("cusum", "ewma"),
    "weight": ("ewma",), "width": ("ewma",), "false_alarms": ("individuals",),
}  # fmt: skip


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    from airflow_dataops.control_charts.observations import UnusableData

    options = _parser().parse_args(arguments)
    try:
        _check(options)
        text = _drawn(options)
    except (UnusableData, ValueError) as error:
        return _refused(str(error))
    except (OSError, UnicodeDecodeError) as error:
        return _refused(f"{options.input}: {getattr(error, 'strerror', None) or error}")
    except ArithmeticError:
        return _refused("these numbers lie too far apart, or too near zero, to reckon with")
    except MemoryError:
        return _refused("the input does not fit into memory")
    return _write(text)


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(prog="control_charts", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--chart", required=True, choices=CHARTS)
    add("--rules", help="nelson, western_electric, or names joined by commas (nelson_1)")
    add("--baseline", type=int, metavar="N", help="limits from the first N points alone")
    add("--center", type=float, help="known centre: a mean, a rate per item or unit, a count")
    add("--sigma", type=float, help="known standard deviation of single values")
    add("--target", type=float, help="CUSUM: the mean in control; EWMA: the start")
    add("--k", type=float, help="CUSUM: tolerated deviation in sigma (0.5)")
    add("--h", type=float, help="CUSUM: limit in sigma (5)")
    add("--headstart", type=float, help="CUSUM: where the sums begin, in sigma (0)")
    add("--lambda", type=float, dest="weight", help="EWMA: weight of the newest point (0.2)")
    add("--width", type=float, help="EWMA: width of the limits (3)")
    add("--false-alarms", metavar="BUDGET", help="'1 per 200 runs': learn limits that keep it")
    add("--incident", action="append", default=[], metavar="NAME=FIRST-LAST",
        help="points to leave out of what is learned and judged")  # fmt: skip
    add("--holidays", metavar="DATES", help="dates of a kind of their own, joined by commas")
    add("--input", required=True, help="a JSON or CSV file, or - for standard input")
    add("--output", choices=("json", "text", "svg"), default="json")
    return parser


def _check(options: argparse.Namespace) -> None:
    import math

    for name, charts in _ONLY_FOR.items():
        if getattr(options, name) is not None and options.chart not in charts:
            spelled = "lambda" if name == "weight" else name.replace("_", "-")
            message = f"--{spelled} is for {' and '.join(charts)}, not for {options.chart}"
            raise ValueError(message)
    for name in ("center", "sigma", "target", "k", "h", "headstart", "weight", "width"):
        value = getattr(options, name)
        if value is not None and not (math.isfinite(value) and abs(value) <= 1e150):
            message = f"--{name} is {value}, not a finite number of at most 1e150"
            raise ValueError(message)
    if options.sigma is not None and options.sigma < 0:
        message = f"--sigma is {options.sigma:g}, which is negative"
        raise ValueError(message)
    if options.target is not None and options.center is not None:
        message = "--target and --center are two names of one thing here; give one"
        raise ValueError(message)
    _check_budget(options)


def _check_budget(options: argparse.Namespace) -> None:
    if options.false_alarms is None:
        for name in ("incident", "holidays"):
            if getattr(options, name):
                message = f"--{name} is about learning; give --false-alarms as well"
                raise ValueError(message)
        return
    for name in ("rules", "center", "sigma"):
        if getattr(options, name) is not None:
            message = f"--false-alarms learns rules and limits itself; leave --{name} out"
            raise ValueError(message)


def _drawn(options: argparse.Namespace) -> str:
    import numpy as np

    with np.errstate(over="raise", invalid="raise", divide="raise"):
        chart = _chart(options) if options.false_alarms is None else _budgeted(options)
    if options.output == "svg":
        from airflow_dataops.control_charts.svg import svg

        return svg(chart, baseline=options.baseline)
    if options.output == "text":
        from airflow_dataops.control_charts.terminal import text_chart

        return text_chart(chart, baseline=options.baseline)
    from airflow_dataops.control_charts.json_text import json_text

    return json_text(chart, baseline=options.baseline)


def _chart(options: argparse.Namespace) -> Chart:
    from airflow_dataops.control_charts.reading import observations
    from airflow_dataops.control_charts.rules import parse_rules

    rules = parse_rules(options.rules or "nelson_1")
    observed = observations(_read(options.input), options.chart)
    _check_baseline(options.baseline, len(observed))
    learned_from = observed if options.baseline is None else observed.first(options.baseline)
    return _process(learned_from, options).draw(observed, rules)


def _budgeted(options: argparse.Namespace) -> Chart:
    from airflow_dataops.control_charts.budgeted import (
        budgeted_chart,
        parse_holidays,
        parse_incident,
    )
    from airflow_dataops.control_charts.reading import observations

    incidents = [parse_incident(text) for text in options.incident]
    holidays = parse_holidays(options.holidays or "")
    observed = observations(_read(options.input), options.chart, holidays=holidays)
    _check_baseline(options.baseline, len(observed))
    return budgeted_chart(
        observed, options.false_alarms, baseline=options.baseline, incidents=incidents
    )


def _check_baseline(baseline: int | None, points: int) -> None:
    if baseline is not None and not 1 <= baseline <= points:
        message = f"--baseline is {baseline}; there are {points} points"
        raise ValueError(message)


def _process(observed: Observations, options: argparse.Namespace) -> Process:
    chart, center, sigma = options.chart, options.center, options.sigma
    if chart in ("cusum", "ewma"):
        return _weighted(observed, options)
    if chart in ("individuals", "xbar_r", "xbar_s"):
        from airflow_dataops.control_charts import variables

        if chart == "individuals":
            return variables.learn_individuals(observed, center, sigma)
        spread: Any = "range" if chart == "xbar_r" else "standard_deviation"
        return variables.learn_means(observed, spread, center, sigma)
    if chart == "t":
        from airflow_dataops.control_charts.rare_events import learn_time_between

        return learn_time_between(observed, center, sigma)
    if sigma is not None:
        message = f"the sigma of a {chart} chart follows from its centre; leave --sigma out"
        raise ValueError(message)
    if chart == "g":
        from airflow_dataops.control_charts.rare_events import learn_items_between

        return learn_items_between(observed, center)
    from airflow_dataops.control_charts.attributes import learn_counts

    return learn_counts(observed, chart, _rate(observed, chart, center))


def _rate(observed: Observations, chart: str, center: float | None) -> float | None:
    """What a known centre line says about one item or unit."""
    if center is None or chart != "np" or observed.sizes is None:
        return center
    if (observed.sizes != observed.sizes[0]).any():
        message = "the centre of an np chart varies with n; give --center on a p chart"
        raise ValueError(message)
    return center / float(observed.sizes[0])


def _weighted(observed: Observations, options: argparse.Namespace) -> Process:
    known = options.target if options.target is not None else options.center
    if options.chart == "ewma":
        from airflow_dataops.control_charts import ewma

        return ewma.learn_ewma(
            observed,
            center=known,
            sigma=options.sigma,
            weight=ewma.WEIGHT if options.weight is None else options.weight,
            width=ewma.WIDTH if options.width is None else options.width,
        )
    from airflow_dataops.control_charts.cusum import H, K, learn_cusum

    return learn_cusum(
        observed,
        target=known,
        sigma=options.sigma,
        k=K if options.k is None else options.k,
        h=H if options.h is None else options.h,
        headstart=options.headstart or 0.0,
    )


def _read(place: str) -> str:
    if place == "-":
        return sys.stdin.buffer.read().decode("utf-8")
    with open(place, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs a tenth of the start
        return file.read()


def _write(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read the first lines has seen enough; nothing is left to say at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _refused(why: str) -> int:
    sys.stderr.write(f"control_charts: {' '.join(why.split())}\n")
    return 2


if __name__ == "__main__":
    # No chart needs more than one thread of numpy, and each costs time to start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())

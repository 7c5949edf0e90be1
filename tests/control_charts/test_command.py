"""The command as a person or a script meets it: a process of its own, or its entrance."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from airflow_dataops.control_charts.__main__ import CHARTS, main

COMMAND = [sys.executable, "-m", "airflow_dataops.control_charts"]
SHIFTED = [10, 12, 11, 9, 10, 11, 10, 12, 9, 10, 30, 31]


def process(*options, text="", **environ):
    return subprocess.run(
        [*COMMAND, *options], input=text, env={**os.environ, **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_standard_input_and_a_signal_end_with_status_zero():
    done = process(
        *("--chart", "individuals", "--baseline", "10", "--input", "-"),
        text=json.dumps({"x": SHIFTED}),
    )
    assert (done.returncode, done.stderr) == (0, "")
    chart = json.loads(done.stdout)
    assert chart["signals"] == [11, 12]
    assert chart["baseline"] == 10
    assert chart["points"][10] == {"index": 11, "value": 30.0, "violations": ["nelson_1"]}
    assert chart["center"] == 10.4  # of the first ten


@pytest.mark.parametrize(
    "options",
    [
        ("--chart", "pie", "--input", "-"),
        ("--chart", "individuals"),
        ("--chart", "individuals", "--input", "/no/such/file"),
        ("--chart", "individuals", "--input", "/"),
        ("--chart", "individuals", "--input", "-", "--rules", "nelson_9"),
        ("--chart", "individuals", "--input", "-", "--baseline", "0"),
        ("--chart", "individuals", "--input", "-", "--baseline", "99"),
        ("--chart", "individuals", "--input", "-", "--sigma", "-1"),
        ("--chart", "individuals", "--input", "-", "--center", "nan"),
        ("--chart", "individuals", "--input", "-", "--lambda", "0.2"),
        ("--chart", "ewma", "--input", "-", "--lambda", "1.5"),
        ("--chart", "ewma", "--input", "-", "--target", "1", "--center", "2"),
        ("--chart", "cusum", "--input", "-", "--target", "10", "--h", "0"),
        ("--chart", "p", "--input", "-"),
    ],
    ids=" ".join,
)
def test_a_mistake_ends_with_status_two_and_one_line(options):
    done = process(*options, text=json.dumps({"x": SHIFTED, "counts": [1, 2]}))
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"control_charts: .+\n", done.stderr)


def test_it_starts_in_under_half_a_second(tmp_path):
    options = ("--chart", "individuals", "--rules", "nelson", "--input", "-")
    # Bytecode is compiled once, by whoever installs; a CPU that is shared tells no time.
    environ = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    process(*options, text='{"x": [1, 2, 3]}', **environ)
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = process(*options, text='{"x": [1, 2, 3]}', **environ)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.5


def test_it_loads_numpy_and_nothing_else_of_the_package():
    program = (
        "import sys; from airflow_dataops.control_charts.__main__ import main; "
        "main(['--chart', 'individuals', '--input', '-']); "
        "known = {'__main__', *sys.stdlib_module_names}; "
        "print(sorted({m.partition('.')[0] for m in sys.modules} - known), "
        "sorted(m for m in sys.modules if m.count('.') == 1 and m.startswith('airflow_d')), "
        "file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], input='{"x": [1, 2]}', check=True,
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stderr == "['airflow_dataops', 'numpy'] ['airflow_dataops.control_charts']\n"


def data_for(chart):
    if chart.startswith("xbar"):
        return {"subgroups": [[1, 2, 3], [2, 3, 5], [0, 2, 4]]}
    if chart in ("individuals", "ewma", "cusum", "t"):
        return {"x": [3, 4, 2, 5, 3, 40]}
    return {"counts": [3, 4, 2, 5, 3, 40], "n": 50}


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_has_the_promised_keys(charted, chart):
    drawn = charted(data_for(chart), "--chart", chart)
    for key in ("center", "sigma", "lcl", "ucl", "points", "signals"):
        assert key in drawn
    points = len(next(iter(data_for(chart).values())))
    assert [p["index"] for p in drawn["points"]] == list(range(1, points + 1))
    assert drawn["signals"] == [p["index"] for p in drawn["points"] if p["violations"]]
    assert {"ewma": ["z"], "cusum": ["high", "low"]}.get(chart, []) == [
        key for key in ("z", "high", "low") if key in drawn
    ]


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("output", ["text", "svg"])
def test_every_chart_can_be_drawn(tmp_path, capsys, chart, output):
    place = tmp_path / "data.json"
    place.write_text(json.dumps(data_for(chart)))
    options = ["--chart", chart, "--rules", "nelson", "--input", str(place)]
    assert main([*options, "--output", output]) == 0
    drawn = capsys.readouterr().out
    if output == "svg":
        assert ElementTree.fromstring(drawn).get("role") == "img"  # noqa: S314 - our own
    else:
        assert drawn.isascii()
        assert "UCL" in drawn


@pytest.mark.parametrize(
    ("chart", "text", "values"),
    [
        ("individuals", "x\n1\n\n2.5\n3\n", [1, 2.5, 3]),
        ("individuals", "day,x\nMon,1\nTue,\nWed,3\n", [1, None, 3]),
        ("individuals", "day,rows\nMon,10\nTue,20\nWed,30\n", [10, 20, 30]),
        ("p", "counts,n\n1,10\n3,20\n", [0.1, 0.15]),
        ("c", "day,defects\nMon,4\nTue,6\n", [4, 6]),
        ("xbar_r", "a,b\n1,3\n2,4\n", [2, 3]),
        ("xbar_s", "subgroup,x\n1,1\n1,3\n2,2\n2,4\n2,6\n", [2, 4]),
    ],
)
def test_csv_with_a_header_is_understood(tmp_path, capsys, chart, text, values):
    place = tmp_path / "data.csv"
    place.write_text(text)
    assert main(["--chart", chart, "--input", str(place)]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert [p["value"] for p in drawn["points"]] == values


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x\n1\ntwo\n3\n", "CSV row 3, column x: 'two' is not a number"),
        ("x,n\n1\n", "CSV row 2 has 1 cells, the header has 2"),
        ("1\n2\n3\n", "the CSV needs a header"),
        ("x\n", "the CSV has a header and no rows"),
        ("a,b\n1,2\n3,4\n", "which column? Name one 'x'; the CSV has a, b"),
    ],
)
def test_csv_that_is_wrong_is_refused_with_its_row(refused, text, why):
    assert why in refused(text, "--chart", "individuals")


def test_a_known_process_needs_no_baseline(charted):
    options = ("--chart", "individuals", "--center", "10", "--sigma", "1")
    chart = charted({"x": [14]}, *options)
    assert (chart["lcl"], chart["ucl"], chart["signals"]) == (7, 13, [1])


@pytest.mark.parametrize(
    ("chart", "center", "upper"),
    [("p", 0.2, 0.2 + 3 * 0.04), ("np", 20, 20 + 3 * 4), ("u", 0.25, 0.25 + 3 * 0.05)],
)
def test_a_known_centre_of_counts_sets_their_limits(charted, chart, center, upper):
    data = {"counts": [18, 41], "n": 100}
    drawn = charted(data, "--chart", chart, "--center", str(center))
    assert (drawn["center"], drawn["ucl"]) == pytest.approx((center, upper))
    assert drawn["signals"] == [2]


def test_a_known_centre_that_cannot_be_is_refused(refused):
    text = '{"counts": [18, 40], "n": [100, 90]}'
    assert "varies with n" in refused(text, "--chart", "np", "--center", "20")
    assert "impossible" in refused(text, "--chart", "p", "--center", "1.2")
    assert "leave --sigma out" in refused(text, "--chart", "p", "--sigma", "1")


def test_a_cusum_without_target_learns_both_from_the_baseline(charted):
    chart = charted({"x": SHIFTED}, "--chart", "cusum", "--baseline", "10")
    assert chart["center"] == 10.4
    assert chart["sigma"] == pytest.approx(14 / 9 / 1.128379, rel=1e-6)
    assert chart["ucl"] == pytest.approx(5 * chart["sigma"])
    assert chart["signals"] == [11, 12]


def test_cusum_limits_are_in_units_of_sigma(charted):
    options = ("--chart", "cusum", "--target", "0", "--k", "0.5", "--h", "4")
    units = charted({"x": [1, 2, 3]}, *options)
    tens = charted({"x": [10, 20, 30]}, *options, "--sigma", "10")
    assert units["high"] == [0.5, 2, 4.5]
    assert tens["high"] == [5, 20, 45]
    assert (units["ucl"], tens["ucl"]) == (4, 40)
    assert units["signals"] == tens["signals"] == [3]


def test_a_headstart_is_where_both_sums_begin(charted):
    options = ("--chart", "cusum", "--target", "0", "--k", "0.5", "--h", "4", "--headstart", "2")
    chart = charted({"x": [0, 0, 2]}, *options)
    assert chart["high"] == [1.5, 1, 2.5]
    assert chart["low"] == [1.5, 1, 0]


def test_run_rules_on_weighted_means_are_not_applied_and_the_answer_says_so(charted):
    chart = charted({"x": SHIFTED}, "--chart", "ewma", "--rules", "nelson")
    assert chart["rules"] == ["ewma_high", "ewma_low"]
    assert chart["notes"] == ["run rules do not apply to weighted means; only the limits were used"]


def test_ten_million_points_are_charted(tmp_path, capsys):
    place = tmp_path / "many.json"
    place.write_text(f'{{"x": [{"1,2," * 4_999_999}1,99]}}')
    assert main(["--chart", "individuals", "--rules", "nelson_1", "--input", str(place)]) == 0
    chart = json.loads(capsys.readouterr().out)
    assert chart["signals"] == [10_000_000]
    assert [p["index"] for p in chart["points"]] == [10_000_000]
    assert "of 10000000 in all" in chart["notes"][0]

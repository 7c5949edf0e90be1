"""Points are left out of a baseline by the name of an incident, never without one."""

from __future__ import annotations

import numpy as np
import pytest

from airflow_dataops.control_charts.incidents import Incident, relearn
from airflow_dataops.control_charts.learning import Learning
from airflow_dataops.control_charts.observations import series

QUIET = np.random.default_rng(1).normal(100, 2, 60)


def test_an_incident_does_not_widen_the_limits():
    broken = QUIET.copy()
    broken[10:13] = 0
    feed = Incident(name="feed was empty", first=11, last=13)
    with_it = relearn(series(broken)).baseline.process
    without = relearn(series(broken), incidents=[feed])
    assert without.left_out == (feed,)
    assert without.baseline.process.sigma < 3 < with_it.sigma
    # The points stay on the chart, as missing ones.
    assert np.isnan(without.baseline.observed.values[10:13]).all()


def test_after_a_change_the_process_is_learned_anew_and_the_reason_is_kept():
    moved = np.concatenate([QUIET[:30], QUIET[30:] + 50])
    old = Incident(name="before", first=2, last=3)
    anew = relearn(series(moved), since=31, reason="a second shop", incidents=[old])
    assert anew.reason == "a second shop"
    assert anew.left_out == ()
    assert anew.baseline.process.coefficients[0] == pytest.approx(150, abs=1.5)
    assert anew.baseline.monitor(series([150, 151])).chart().signals == []
    assert anew.baseline.monitor(series([100])).chart().signals == [1]


def test_soon_after_a_change_it_still_learns():
    anew = relearn(series(QUIET), since=56, reason="a new source")
    assert anew.baseline == Learning(seen=5, needed=8)


def test_points_are_not_left_out_without_a_word():
    with pytest.raises(ValueError, match="say why the 9 points before point 10"):
        relearn(series(QUIET), since=10)
    with pytest.raises(ValueError, match="an incident has a name"):
        Incident(name=" ", first=1, last=2)
    with pytest.raises(ValueError, match="1 <= first <= last"):
        Incident(name="x", first=3, last=2)
    with pytest.raises(ValueError, match="the history has points 1 to 60"):
        relearn(series(QUIET), since=61, reason="x")

"""Which pipelines of a round of tests may begin, wait, or are held up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.evidence import Standing
from airflow_dataops.domain.testing_round import Known, Turn, turns

WAVES = [{"load": (), "other": ()}, {"report": ("load",)}, {"mail": ("report", "other")}]
READ = Known(is_read=True)
GREEN = Known(standing=Standing.GREEN, is_read=True)
RED = Known(standing=Standing.RED, is_read=True)


def said(**known):
    everything = {name: READ for wave in WAVES for name in wave} | known
    return {one.pipeline: one.turn for one in turns(WAVES, everything)}


def test_the_first_may_begin_and_the_rest_wait():
    assert said() == {
        "load": Turn.READY,
        "other": Turn.READY,
        "report": Turn.WAITS,
        "mail": Turn.WAITS,
    }


def test_what_comes_after_a_green_one_may_begin():
    assert said(load=GREEN)["report"] is Turn.READY


def test_what_comes_after_one_that_is_not_green_is_held_up_and_so_is_what_comes_after_that():
    found = {one.pipeline: one for one in turns(WAVES, {"load": RED, "other": READ})}
    assert (found["report"].turn, found["report"].held_up_by) == (Turn.HELD_UP, ("load",))
    assert (found["mail"].turn, found["mail"].held_up_by) == (Turn.HELD_UP, ("report",))


def test_a_run_under_way_counts_before_the_one_that_is_over():
    running = Known(standing=Standing.RED, is_running=True)
    assert said(load=running)["load"] is Turn.RUNNING


def test_what_airflow_has_not_read_yet_does_not_begin():
    assert said(load=Known())["load"] is Turn.BEING_READ


def test_a_run_that_is_over_and_not_judged_yet_is_not_begun_again():
    assert said(load=Known(is_over=True, is_read=True))["load"] is Turn.BEING_JUDGED


STATES = st.sampled_from([Known(), READ, GREEN, RED, Known(is_running=True)])


@given(st.fixed_dictionaries({name: STATES for wave in WAVES for name in wave}))
def test_nothing_begins_before_all_that_comes_first_is_green(known):
    found = {one.pipeline: one.turn for one in turns(WAVES, known)}
    for wave in WAVES:
        for pipeline, after in wave.items():
            if found[pipeline] is Turn.READY:
                assert all(found[one] is Turn.GREEN for one in after)
    # Whatever has come of it, somebody can go on, or nothing is left to do.
    if not any(turn.is_over for turn in found.values()):
        assert {Turn.READY, Turn.RUNNING, Turn.BEING_READ} & set(found.values())

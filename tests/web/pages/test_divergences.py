"""How far branches are apart is counted beside the pages, which never wait for it."""

from __future__ import annotations

import threading

from airflow_dataops.domain.overview import Divergence
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.web.pages.divergences import Divergences
from tests.live_airflow import eventually

PAIR = ("retail", "c1", "c2")


def test_the_same_commit_is_not_apart():
    def never(*_):
        raise AssertionError

    same = Divergences().of(("retail", "c1", "c1"), never)
    assert same == Divergence(ahead=0, behind=0)


def test_a_page_does_not_wait_and_the_next_one_knows():
    may_end, asked = threading.Event(), []

    def count(ours, theirs):
        asked.append((ours, theirs))
        may_end.wait(10)
        return 3, 1

    known = Divergences()
    assert [known.of(PAIR, count), known.of(PAIR, count)] == [None, None]
    assert known.is_counting(PAIR)
    may_end.set()
    eventually("it is counted", lambda: known.of(PAIR, count))
    assert known.of(PAIR, count) == Divergence(ahead=3, behind=1)
    assert asked == [("c1", "c2")]


def test_a_repository_that_does_not_answer_is_left_alone_for_a_while():
    asked = []

    def count(*commits):
        asked.append(commits)
        message = "git does not answer"
        raise OutsideSystemError(message)

    known = Divergences()
    known.of(PAIR, count)
    eventually("it has failed", lambda: not known.is_counting(PAIR))
    assert known.of(PAIR, count) is None
    assert not known.is_counting(PAIR)
    assert asked == [("c1", "c2")]

"""No way leads an untested pipeline into a parent, short of an override that is written down.

People edit, push behind our back, run tests that fail, that say nothing or that were of something
else, mark successes by hand, delete tests, merge down and up, take merges back, and wait in the
queue, in any order. After each deed the gate says exactly what the oracle says: neither more may
land nor less.
"""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, assume, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from airflow_dataops.domain.merge_draft import Choice, Resolution
from airflow_dataops.errors import BranchMoved, InvalidRequest, MergeNotReady
from airflow_dataops.services import merging
from tests.web.gate_world import (
    EARLIER,
    FILE,
    FLAWS,
    NEVER,
    RED,
    TOGETHER,
    Here,
    Shown,
    a_of,
    b_of,
    down,
    pass_over,
    text,
    up,
)

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
_numbers = count()

# What is done, each once, in any order.
DEEDS = [
    *(("bring_what_was_not_really_tested", flaws) for flaws in (FLAWS[::2], FLAWS[1::2])),
    *(("be_overtaken_when_ready", is_elsewhere) for is_elsewhere in (True, False)),
    ("run_again_what_was_green", None),
    *(("have_a_colleague_run_it", is_red) for is_red in (True, False)),
    *(("merge_up", flaw) for flaw in (None, "is in error")),
    ("override", "fails"),
    ("forget_to_acknowledge", None),
    *(("merge_what_was_seen_before_somebody_pushed", is_mine) for is_mine in (True, False)),
    *(("wait_in_the_queue_with_a_colleague", flaw) for flaw in ("green", *TOGETHER)),
    *(("take_a_merge_back_from_under_later_work", is_said) for is_said in (True, False)),
]


class Gate(RuleBasedStateMachine):
    """A parent, a child, a colleague's kitchen beside it, one to test both; ``here`` has them."""

    here = None

    @initialize(deeds=st.permutations(DEEDS))
    def begin(self, deeds):
        # Hypothesis begins with the order as it is written, which is one of no interest.
        assume(deeds != DEEDS)
        self.left = deeds
        number = next(_numbers)
        self.parent = self.here.add(f"parent{number}", "demo_dev")
        self.child, self.beside, self.proving = (
            self.here.add(f"{name}{number}", self.parent.name)
            for name in ("child", "beside", "proving")
        )
        self.shown, self.merged_down = Shown(), None
        base = self.here.commit(self.parent, None, text(self.new(), self.new()))
        self.here.commit(self.child, base, None)

    def new(self):
        # No two examples write the same text: evidence of one counts in all.
        return next(_numbers)

    @precondition(lambda self: self.left)
    @rule()
    def do_the_next(self):
        deed, how = self.left.pop()
        note(f"{deed} {how}")
        getattr(self, deed)(how)
        self.check_gate()

    def bring_what_was_not_really_tested(self, flaws):
        earlier = self.edit()
        for flaw in flaws:
            self.run(self.child, flaw=flaw, commit=earlier if flaw == EARLIER else None)
            note(flaw)
            self.check_gate()

    def be_overtaken_when_ready(self, is_elsewhere):
        self.bring()
        if is_elsewhere:
            self.here.push(self.parent, f"{self.new()}", path="README.md")
        else:
            self.push_elsewhere(self.parent)

    def run_again_what_was_green(self, _):
        self.bring()
        self.run(self.beside, flaw="fails")
        self.check_gate()
        self.run(self.child, flaw="has its task marked by hand")
        self.check_gate()
        self.run(self.child, flaw="fails")

    def have_a_colleague_run_it(self, is_red):
        self.bring("fails" if is_red else "has its test marked by hand")
        self.run(self.beside)

    def merge_up(self, flaw):
        self.bring(flaw)
        before, there = self.here.tip(self.parent), self.here.at(self.here.tip(self.child))
        for deed in (merging.join, merging.merge):
            try:
                deed(up(self.parent, self.child), self.here.places)
            except MergeNotReady:
                assert self.here.tip(self.parent) == before
            else:
                assert self.shown.is_green(there, kitchens={self.child})

    def override(self, flaw):
        self.bring(flaw)
        before = self.here.tip(self.parent)
        asked = up(self.parent, self.child, overrides=True, reason="in a hurry")
        done = merging.merge(asked, self.here.places)
        for action, facts in (
            ("override gate", {"ours": before}),
            ("merge up", {"commit": done.commit}),
        ):
            [told] = self.here.told(self.parent, action, **facts)
            assert (told.by, told.reason) == ("chris", "in a hurry")
            assert told.details["overridden"].startswith("profit: red ")

    def forget_to_acknowledge(self, _):
        self.bring()
        with pytest.raises(MergeNotReady):
            merging.merge(up(self.parent, self.child, acknowledged=frozenset()), self.here.places)

    def merge_what_was_seen_before_somebody_pushed(self, is_mine):
        self.bring()
        seen = {"ours": self.here.tip(self.parent), "theirs": self.here.tip(self.child)}
        self.here.push(self.child if is_mine else self.parent, "x", path="README.md")
        with pytest.raises(BranchMoved):
            merging.merge(up(self.parent, self.child, **seen), self.here.places)

    def wait_in_the_queue_with_a_colleague(self, together):
        self.bring()
        tip = self.here.tip(self.parent)
        before, mine = self.here.at(tip), self.here.at(self.here.tip(self.child))
        self.here.commit(self.beside, tip, None)
        other = self.push_elsewhere(self.beside)
        self.run(self.beside, commit=other)
        for kitchen in (self.child, self.beside):
            merging.join(up(self.parent, kitchen), self.here.places)
        both = text(a_of(mine), b_of(self.here.at(other)))
        commit = self.here.commit(self.proving, tip, both)
        if together != NEVER:
            self.run(
                self.proving,
                flaw=None if together == "green" else together,
                commit=tip if together == EARLIER else commit,
            )
        merging.land_queue(pass_over(self.parent), self.here.places)
        # Both, or the first alone where the second makes it red, or none yet.
        expected = {"green": both, **dict.fromkeys(RED, mine)}.get(together, before)
        assert self.here.at(self.here.tip(self.parent)) == expected

    def take_a_merge_back_from_under_later_work(self, is_said_why):
        self.bring()
        merging.merge(up(self.parent, self.child), self.here.places)
        merge = self.here.places.book.of(self.parent)[0]
        before = self.push_elsewhere(self.parent)
        environment = self.here.places.environment(self.parent)
        asked = up(self.parent, self.child, reason="profit halved" if is_said_why else None)
        try:
            merging.revert(asked, merge, environment, self.here.places)
        except InvalidRequest:
            assert not is_said_why
            assert self.here.tip(self.parent) == before
            return
        assert is_said_why
        [told] = self.here.told(self.parent, "override gate", ours=before)
        assert told.details["overridden"].startswith("profit: ")

    def check_gate(self):
        """It is open for what was merged down and really passed, and for nothing else."""
        parent, child = self.here.tip(self.parent), self.here.tip(self.child)
        report = merging.preview(up(self.parent, self.child), self.here.places)
        if report.preview.is_nothing_new:
            return
        there = self.here.at(child)
        is_same = self.here.at(parent) == there
        has_shown = is_same or self.shown.is_green(there, kitchens={self.child})
        is_merged_down = self.here.merged(parent, child) == self.here.tree(child)
        assert report.gate.is_open == (is_merged_down and has_shown)

    def bring(self, flaw=None):
        """Merge down, edit, and run that: really, or with a flaw."""
        self.edit()
        self.run(self.child, flaw=flaw)

    def edit(self):
        """Merge down and edit; gives the commit before."""
        there = self.here.tip(self.parent)
        if there != self.merged_down:
            if merging.merge(down(self.parent, self.child), self.here.places).commit is None:
                self.keep_ours()
            self.merged_down = there
        before = self.here.tip(self.child)
        self.here.push(self.child, text(self.new(), b_of(self.here.at(before))))
        return before

    def push_elsewhere(self, kitchen):
        there = self.here.at(self.here.tip(kitchen))
        return self.here.push(kitchen, text(a_of(there), self.new()))

    def run(self, kitchen, *, flaw=None, commit=None):
        commit = commit or self.here.tip(self.child if kitchen is self.beside else kitchen)
        self.here.run(kitchen, commit, flaw=flaw)
        if flaw in {None, *RED, EARLIER}:
            self.shown.add(kitchen, self.here.at(commit), is_green=flaw not in RED)

    def keep_ours(self):
        asked = down(self.parent, self.child)
        given = Resolution(path=FILE, region=None, choice=Choice.OURS, by="chris", at=asked.now)
        merging.resolve(asked, [given], self.here.places)
        merging.complete(asked, self.here.places)


def test_nothing_untested_lands_without_a_recorded_override(retail, tmp_path):
    class GateHere(Gate):
        here = Here(retail, tmp_path)

    run_state_machine_as_test(
        GateHere,
        settings=settings(
            max_examples=1,
            stateful_step_count=len(DEEDS),
            derandomize=True,
            deadline=None,
            database=None,
            # What it takes to find a failure is in the failure; to look for a shorter one is dear.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

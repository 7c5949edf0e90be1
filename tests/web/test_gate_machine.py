"""No way leads an untested pipeline into a parent, short of an override that is written down.

People edit, push behind our back, test, test what they had before, mark successes by hand, delete
tests, revert, merge down and up, and wait in the queue, in any order. The oracle knows but this:
what was in a file when its tests last really passed. After each step the gate is asked whether the
kitchen could land now, so that a step that opens it wrongly is found without one that uses that.
"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import Choice, Resolution
from airflow_dataops.domain.staff import Person
from airflow_dataops.errors import MergeNotReady
from airflow_dataops.services import evidence, merging
from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.evidence_fixtures import TESTS, publish, run_tests
from tests.registry.airflow_rows import add_dag

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
FILE = "pipelines/profit/pipeline.py"
UNTESTED = 3  # of the contents, the one whose tests somebody deleted
CHRIS = Person(name="chris", roles=frozenset())
_numbers = count()


class Gate(RuleBasedStateMachine):
    """Two kitchens of a real repository and real tables; ``here`` is where they are."""

    here = None

    def __init__(self):
        super().__init__()
        # No two examples write the same text: evidence of one counts in all.
        number = self.number = next(_numbers)
        self.parent = self.here.add(f"parent{number}", "demo_dev")
        self.child = self.here.add(f"child{number}", self.parent.name)
        base = self.here.commit(self.parent.branch, None, self.content(0))
        self.here.commit(self.child.branch, base, None)
        add_dag(self.here.engine, f"{self.child.name}.profit", bundle="b")
        self.last_real = {}
        self.earlier = None

    @rule(number=st.integers(0, UNTESTED))
    def edit_or_revert(self, number):
        self.earlier = self.tip(self.child)
        self.here.commit(self.child.branch, self.earlier, self.content(number))

    @rule(number=st.integers(0, UNTESTED))
    def push_behind_our_back(self, number):
        self.here.commit(self.parent.branch, self.tip(self.parent), self.content(number))

    @rule()
    def push_something_else_behind_our_back(self):
        self.here.commit(self.parent.branch, self.tip(self.parent), "read me", path="README.md")

    @rule(number=st.integers(0, UNTESTED))
    def get_ready(self, number):
        self.merge_down()
        self.edit_or_revert(number)
        self.test(outcome=Outcome.PASS, late=False)
        self.join_queue()

    @invariant()
    def only_what_was_merged_down_and_really_passed_can_land(self):
        report = merging.preview(self.asked(Direction.UP), self.here.places)
        if report.preview.is_nothing_new or not report.gate.is_open:
            return
        parent, child = self.tip(self.parent), self.tip(self.child)
        merged = self.here.bare("merge-tree", "--write-tree", parent, child)
        assert merged == self.here.bare("rev-parse", f"{child}^{{tree}}")
        assert self.at(parent) == self.at(child) or self.last_real.get(self.at(child))

    @rule(outcome=st.sampled_from([Outcome.PASS, Outcome.FAIL, Outcome.ERROR]), late=st.booleans())
    def test(self, outcome, late):
        commit = self.earlier if late and self.earlier else self.tip(self.child)
        has_tests = self.at(commit) != self.content(UNTESTED)
        self.run(commit, outcome=outcome, tests=(TESTS,) if has_tests else ())
        self.last_real[self.at(commit)] = outcome is Outcome.PASS and has_tests

    @rule(task=st.sampled_from([TESTS, "load.copy"]))
    def mark_success_by_hand(self, task):
        self.run(self.tip(self.child), marked={task})

    @rule()
    def merge_down(self):
        done = merging.merge(self.asked(Direction.DOWN), self.here.places)
        if done.commit is None:
            self.keep_ours()

    @rule(overrides=st.booleans())
    def merge_up(self, overrides):
        before = self.at(self.tip(self.parent))
        try:
            merging.merge(self.asked(Direction.UP, overrides=overrides), self.here.places)
        except MergeNotReady:
            assert self.at(self.tip(self.parent)) == before
            return
        self.check_landed(before, overrides=overrides)

    @rule()
    def join_queue(self):
        try:
            merging.join(self.asked(Direction.UP), self.here.places)
        except MergeNotReady:
            return

    @rule()
    def land_queue(self):
        before = self.at(self.tip(self.parent))
        asked = merging.LandRequest(
            parent=self.parent,
            by=CHRIS,
            now=datetime.now(tz=UTC),
            source="test",
            new_id=lambda: str(uuid4()),
            acknowledged=frozenset([str(NOT_COMPARED)]),
        )
        merging.land_queue(asked, self.here.places)
        self.check_landed(before, overrides=False)

    def check_landed(self, before, *, overrides):
        after = self.at(self.tip(self.parent))
        if after == before or self.last_real.get(after):
            return
        assert overrides
        [told] = self.here.overrides(self.parent, self.tip(self.parent))
        assert told.startswith("profit: ")

    def keep_ours(self):
        given = Resolution(
            path=FILE, region=None, choice=Choice.OURS, by="chris", at=datetime.now(tz=UTC)
        )
        asked = self.asked(Direction.DOWN)
        merging.resolve(asked, [given], self.here.places)
        merging.complete(asked, self.here.places)

    def run(self, commit, **how):
        version = publish(self.here.copy, self.here.url, {self.child: commit})
        run_tests(self.here.engine, self.child, version, "profit", **how)
        now = datetime.now(tz=UTC)
        evidence.collect(self.child, self.here.evidence, now=now)

    def asked(self, direction, *, overrides=False):
        is_down = direction is Direction.DOWN
        return merging.MergeRequest(
            kitchen=self.child if is_down else self.parent,
            other=self.parent if is_down else self.child,
            direction=direction,
            by=CHRIS,
            now=datetime.now(tz=UTC),
            source="test",
            merge_id=str(uuid4()),
            acknowledged=frozenset([str(NOT_COMPARED)]),
            overrides=overrides,
            reason="in a hurry" if overrides else None,
        )

    def content(self, number):
        text = f"number = {self.number}, {number}"
        return f"@pipeline(shared_paths=[])\ndef profit():\n    {text}\n"

    def tip(self, kitchen):
        return self.here.bare("rev-parse", f"refs/heads/{kitchen.branch}")

    def at(self, commit):
        return self.here.bare("show", f"{commit}:{FILE}") + "\n"


class Here:
    """An installation, with kitchens as many as are wanted."""

    def __init__(self, site, folder):
        from airflow_dataops import places

        self.engine, self.copy = site.engine, folder / "bundle.git"
        self.bare, self.url = site.origins["retail"].bare, site.origins["retail"].url
        self.path = site.origins["retail"].path
        self.places = places.merge_places("retail")
        self.evidence = places.evidence_places("retail")

    def add(self, name, parent):
        from sqlalchemy.orm import Session

        from airflow_dataops import bootstrap
        from airflow_dataops.registry.models import KitchenRow

        registry = bootstrap.kitchen_registry()
        with Session(self.engine) as session, session.begin():
            session.add(
                KitchenRow(
                    id=f"id-of-{name}",
                    name=name,
                    project="retail",
                    environment="development",
                    branch=name,
                    parent_id=registry.kitchen(parent).id,
                    created_at=datetime(2026, 1, 1, tzinfo=UTC),
                    created_by="chris",
                    state="ready",
                )
            )
        return registry.kitchen(name)

    def commit(self, branch, above, text, *, path=FILE):
        """A commit on a branch with another text of the pipeline, or the same; its id."""
        from_ = f"from {above}\n" if above else ""
        file = f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" if text else ""
        head = f"commit refs/heads/{branch}\ncommitter P <p@example.com> 0 +0000\ndata 0\n"
        stream = f"{head}{from_}{file}"
        command = ["git", "-C", self.path, "fast-import", "--quiet", "--force"]
        subprocess.run(command, input=stream.encode(), check=True)
        return self.bare("rev-parse", f"refs/heads/{branch}")

    def overrides(self, kitchen, commit):
        """What the audit trail says was done without, of the merge that made a commit."""
        from airflow_dataops import bootstrap
        from airflow_dataops.domain.audit import AuditQuery

        entries = bootstrap.audit_trail().entries(AuditQuery(kitchen_id=kitchen.id))
        return [
            entry.details["overridden"]
            for entry in entries
            if entry.action == "merge up" and entry.details.get("commit") == commit
        ]


def test_nothing_untested_lands_without_a_recorded_override(retail, tmp_path):
    class GateHere(Gate):
        here = Here(retail, tmp_path)

    run_state_machine_as_test(
        GateHere,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

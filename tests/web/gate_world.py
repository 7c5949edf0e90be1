"""Kitchens of a real repository and real tables, and what their runs really showed.

What a test of the gate does to them, in small deeds; ``Shown`` is the oracle, which knows nothing
of input trees, evidence or gates: it remembers which text was run where, and what came of it.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.staff import Person
from airflow_dataops.services import evidence, merging
from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.evidence_fixtures import TESTS, publish, run_tests
from tests.registry.airflow_rows import add_clearing, add_dag

FILE = "pipelines/profit/pipeline.py"
COPY = "load.copy"
CHRIS = Person(name="chris", roles=frozenset())
SEEN = frozenset([str(NOT_COMPARED)])

# Runs that show a failure, and runs that show nothing at all.
RED = {
    "fails": {"outcome": Outcome.FAIL},
    "is in error": {"outcome": Outcome.ERROR},
    "fails, and the run is set to success": {"outcome": Outcome.FAIL, "state": "success"},
    "is in error, and the run is set to success": {"outcome": Outcome.ERROR, "state": "success"},
    "has no test": {"tests": ()},
    "skips the test": {"states": {TESTS: "skipped"}, "marked": {TESTS}},
}
VOID = {
    "has its test marked by hand": {"marked": {TESTS}},
    "has its task marked by hand": {"marked": {COPY}},
    "is cleared in part": {},
    "is pinned to no version": {},
}
EARLIER = "is of what was there before"
FLAWS = [*RED, *VOID, EARLIER]
NEVER = "never tested"
# What two kitchens' work may come to when it is run together, beside green.
TOGETHER = [NEVER, "fails", "has its test marked by hand"]


def text(a, b):
    """A pipeline with two places that merge by themselves."""
    between = "".join(f"    line_{number} = {number}\n" for number in range(7))
    return f"@pipeline(shared_paths=[])\ndef profit():\n    a = {a}\n{between}    b = {b}\n"


def a_of(content):
    """What a text has at its first place."""
    return content.partition("a = ")[2].split()[0]


def b_of(content):
    """What a text has at its second place."""
    return content.rpartition("b = ")[2].split()[0]


@dataclass
class Shown:
    """The last that runs of each kitchen showed of each text, in the order of the runs."""

    runs: list = field(default_factory=list)

    def add(self, kitchen, content, *, is_green):
        self.runs.append((kitchen, content, is_green))

    def is_green(self, content, *, kitchens):
        about = [(by, green) for by, told, green in self.runs if told == content]
        own = [green for by, green in about if by in kitchens]
        return bool((own or [green for _, green in about] or [False])[-1])


class Here:
    """An installation, with kitchens as many as are wanted."""

    def __init__(self, site, folder):
        from airflow_dataops import places

        self.engine, self.copy = site.engine, folder / "bundle.git"
        origin = site.origins["retail"]
        self.bare, self.url, self.path = origin.bare, origin.url, origin.path
        self.places = places.merge_places("retail")
        self.evidence = places.evidence_places("retail")
        self.versions = {}

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
        add_dag(self.engine, f"{name}.profit", bundle="b")
        return registry.kitchen(name)

    def commit(self, kitchen, above, content, *, path=FILE):
        """A commit on a kitchen's branch with another text at a path, or the same; its id."""
        from_ = f"from {above}\n" if above else ""
        file = f"M 100644 inline {path}\ndata {len(content)}\n{content}\n" if content else ""
        head = f"commit refs/heads/{kitchen.branch}\ncommitter P <p@example.com> 0 +0000\ndata 0\n"
        command = ["git", "-C", self.path, "fast-import", "--quiet", "--force"]
        subprocess.run(command, input=f"{head}{from_}{file}".encode(), check=True)
        return self.tip(kitchen)

    def push(self, kitchen, content, *, path=FILE):
        return self.commit(kitchen, self.tip(kitchen), content, path=path)

    def tip(self, kitchen):
        return self.bare("rev-parse", f"refs/heads/{kitchen.branch}")

    def at(self, commit):
        return self.bare("show", f"{commit}:{FILE}") + "\n"

    def tree(self, commit):
        return self.bare("rev-parse", f"{commit}^{{tree}}")

    def merged(self, ours, theirs):
        """The tree that merging two commits makes; with conflicts None."""
        try:
            return self.bare("merge-tree", "--write-tree", ours, theirs)
        except subprocess.CalledProcessError:
            return None

    def run(self, kitchen, commit, *, flaw=None):
        """A finished run of a kitchen at a commit, and what it is evidence of."""
        how = RED.get(flaw) or VOID.get(flaw) or {}
        version = None
        if flaw != "is pinned to no version":
            version = self.versions.get((kitchen.id, commit))
            version = version or publish(self.copy, self.url, {kitchen: commit})
            self.versions[kitchen.id, commit] = version
        run_id = run_tests(self.engine, kitchen, version, "profit", **how)
        if flaw == "is cleared in part":
            later = datetime.now(tz=UTC)
            add_clearing(self.engine, f"{kitchen.name}.profit", run_id, at=later)
        evidence.collect(kitchen, self.evidence, now=datetime.now(tz=UTC))

    def told(self, kitchen, action, **details):
        """What the audit trail says of a kitchen, of entries with these details."""
        from airflow_dataops import bootstrap
        from airflow_dataops.domain.audit import AuditQuery

        entries = bootstrap.audit_trail().entries(AuditQuery(kitchen_id=kitchen.id))
        return [
            entry
            for entry in entries
            if entry.action == action and details.items() <= entry.details.items()
        ]


def request(kitchen, other, direction, **how):
    """A merge that Chris asks for, who acknowledges all that is taken away."""
    return merging.MergeRequest(
        kitchen=kitchen,
        other=other,
        direction=direction,
        by=CHRIS,
        now=datetime.now(tz=UTC),
        source="test",
        merge_id=str(uuid4()),
        **{"acknowledged": SEEN, **how},
    )


def pass_over(parent, *, tested_in=()):
    """A pass over a queue that Chris asks for."""
    return merging.LandRequest(
        parent=parent,
        by=CHRIS,
        now=datetime.now(tz=UTC),
        source="test",
        new_id=lambda: str(uuid4()),
        acknowledged=SEEN,
        tested_in=tuple(tested_in),
    )


def up(parent, child, **how):
    return request(parent, child, Direction.UP, **how)


def down(parent, child, **how):
    return request(child, parent, Direction.DOWN, **how)

"""A process that merges is killed, or its repository goes away, at any point of what it does.

Afterwards the branch is at the old commit or at the new one; asked again, the merge is made once,
and tables and repository agree.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import Choice, MergeState, Resolution
from airflow_dataops.domain.staff import Person
from airflow_dataops.errors import DataOpsError, MergeNotFound
from airflow_dataops.services import merging
from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.web.dying import deaths, in_child
from tests.web.test_merges import PROFIT, conflicting, lines, push, street, tip  # noqa: F401

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POINTS = 9  # of each deed: 27 in all


class Deed:
    """A merge that can be asked for again and again."""

    def __init__(self, site, direction):
        from airflow_dataops import bootstrap, merge_places

        self.site, self.direction = site, direction
        registry = bootstrap.kitchen_registry()
        child, parent = registry.kitchen("dev_kitchen"), registry.kitchen("demo_dev")
        self.into, self.other = (parent, child) if direction is Direction.UP else (child, parent)
        self.places = merge_places.merge_places("retail")
        self.new_places = lambda: merge_places.merge_places("retail")
        self.tables = Path(site.engine.url.database)

    def request(self, now=NOW):
        is_up = self.direction is Direction.UP
        return merging.MergeRequest(
            kitchen=self.into,
            other=self.other,
            direction=self.direction,
            by=Person(name="chris"),
            now=now,
            source="test",
            merge_id=str(uuid4()),
            reason="monday",
            acknowledged=frozenset({str(NOT_COMPARED)} if is_up else ()),
            overrides=is_up,
        )

    def do(self, now=NOW, places=None):
        merging.merge(self.request(now), places or self.places)

    def remember(self):
        self.said_before = self.times_said()
        self.site.engine.dispose()
        shutil.copy(self.tables, self.tables.with_suffix(".before"))
        self.before = tip(self.site, self.into.branch)
        self.theirs = tip(self.site, self.other.branch)

    def begin_anew(self):
        self.site.engine.dispose()
        # What a process has learnt of its copy of the repository, another one has not.
        self.places = self.new_places()
        # What a killed process had not brought to the file itself belongs to the file before.
        for beside in self.tables.parent.glob(f"{self.tables.name}-*"):
            beside.unlink()
        shutil.copy(self.tables.with_suffix(".before"), self.tables)
        self.site.origin.bare("update-ref", f"refs/heads/{self.into.branch}", self.before)

    def check_old_or_new(self):
        now = tip(self.site, self.into.branch)
        parents = self.site.origin.bare("log", "-1", "--format=%P", now)
        assert now == self.before or parents == f"{self.before} {self.theirs}"

    def check_made_once(self):
        now = tip(self.site, self.into.branch)
        assert self.site.origin.bare("log", "-1", "--format=%P", now) == (
            f"{self.before} {self.theirs}"
        )
        last = self.places.book.of(self.into)[0]
        assert (last.state, last.commit) == (MergeState.DONE, now)
        assert self.places.book.under_way(self.into, self.other) is None
        assert self.times_said() == self.said_before + 1
        self.site.origin.bare("fsck", "--connectivity-only")

    def times_said(self):
        query = text(
            "select count(*) from dataops_audit where action like 'merge %' and kitchen = :kitchen"
        )
        with self.site.engine.connect() as connection:
            return connection.execute(query, {"kitchen": self.into.name}).scalar()


class Completion(Deed):
    """Of a draft in which everything is decided."""

    def do(self, now=NOW, places=None):
        try:
            merging.complete(self.request(now), places or self.places)
        except MergeNotFound:
            # Whoever died had made it; this look wrote that down.
            assert self.places.book.of(self.into)[0].state is MergeState.DONE


@pytest.fixture(params=["down", "up", "complete"])
def deed(request, street):  # noqa: F811 - the fixture
    if request.param == "complete":
        conflicting(street)
        found = Completion(street, Direction.DOWN)
        merging.merge(found.request(), found.places)
        region = Resolution(path=PROFIT, region=1, choice=Choice.OURS, by="padma", at=NOW)
        merging.resolve(found.request(), [region], found.places)
        rest = merging.draft(found.request(), found.places).open_places
        more = [replace(region, region=number) for _, number in rest]
        if more:
            merging.resolve(found.request(), more, found.places)
    else:
        push(street, "dev_kitchen", {PROFIT: lines(line_3="line_3 = 'padma'\n")})
        if request.param == "down":
            push(street, "demo_dev", {"b.txt": "b"})
        found = Deed(street, Direction(request.param))
    found.remember()
    return found


def test_killed_at_any_point_it_is_made_once_or_not_at_all(deed, tmp_path):
    # What a process finds out once, this one knows before; so does the first child, which makes
    # the copy of the repository.
    deed.do()
    deed.begin_anew()
    assert in_child(deed.site, deed.do) == 0
    for _ in deaths(deed, POINTS, tmp_path / "calls"):
        deed.check_old_or_new()
        # The repository's own processes were killed, too; what these leave is its owner's.
        for lock in deed.site.origin.path.rglob("*.lock"):
            lock.unlink()
        deed.do(NOW + timedelta(minutes=2))
        deed.check_made_once()


class Leaving:
    """A repository that goes away before a numbered call, and is back afterwards."""

    def __init__(self, repository, origin, at):
        self._repository, self._origin, self._left = repository, origin, at

    def __getattr__(self, name):
        method = getattr(self._repository, name)

        def call(*arguments, **named):
            self._left -= 1
            if self._left == 0:
                self._origin.path.rename(self._origin.path.with_suffix(".away"))
            return method(*arguments, **named)

        return call


def test_a_repository_that_goes_away_at_any_point_has_not_changed_or_says_so(deed):
    refusals = 0
    for point in range(1, 20):
        deed.begin_anew()
        leaving = Leaving(deed.places.repository, deed.site.origin, point)
        try:
            deed.do(places=replace(deed.places, repository=leaving))
        except DataOpsError:
            refusals += 1
        away = deed.site.origin.path.with_suffix(".away")
        if not away.exists():
            break
        away.rename(deed.site.origin.path)
        deed.check_old_or_new()
        deed.do(NOW + timedelta(minutes=2))
        deed.check_made_once()
    assert refusals >= 2

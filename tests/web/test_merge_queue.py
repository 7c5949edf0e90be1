"""The merge queue through the REST API: many kitchens land in one pass, and none untested."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.evidence_fixtures import publish, run_tests
from tests.registry.airflow_rows import add_dag
from tests.web.test_merges import ask, push, tip

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
SEEN = [str(NOT_COMPARED)]
DEV = "/kitchens/demo_dev/merge-queue"


def code(name, number=0, *, alone=True):
    paths = "(shared_paths=[])" if alone else ""
    return f"@pipeline{paths}\ndef {name}():\n    number = {number}\n"


def file_of(name):
    return f"pipelines/{name}/pipeline.py"


class Street:
    """Kitchens cut from the same parent, each with a pipeline of its own."""

    def __init__(self, site, folder, *, alone=True):
        self.site, self.alone, self.copy = site, alone, folder / "bundle.git"
        self.site.origin = site.origins["retail"]

    def build(self, names):
        # That of every branch of these tests may use all of it.
        files = {file_of("profit"): code("profit")}
        files |= {file_of(name): code(name, alone=self.alone) for name in names}
        base = self.site.origin.commit(files, branch="demo_dev", source="main")
        for name in names:
            self.add(name, base)

    def add(self, name, base):
        """A kitchen of carl's, written without the way that leads there."""
        from sqlalchemy.orm import Session

        from airflow_dataops import bootstrap
        from airflow_dataops.registry.models import KitchenRow

        parent = bootstrap.kitchen_registry().kitchen("demo_dev")
        with Session(self.site.engine) as session, session.begin():
            session.add(
                KitchenRow(
                    id=f"id-of-{name}",
                    name=name,
                    project="retail",
                    environment="development",
                    branch=name,
                    parent_id=parent.id,
                    created_at=datetime(2026, 1, 1, tzinfo=UTC),
                    created_by="carl",
                    state="ready",
                )
            )
        self.site.origin.bare("update-ref", f"refs/heads/{name}", base)

    def kitchen(self, name):
        from airflow_dataops import bootstrap

        return bootstrap.kitchen_registry().kitchen(name)

    def edit(self, name, files):
        return push(self.site, name, files)

    def edit_all(self, contents):
        """A commit on the branch of each kitchen; all of them at once, by kitchen."""
        base = tip(self.site, "demo_dev")
        stream = "".join(
            f"commit refs/heads/{name}\ncommitter P <p@example.com> 0 +0000\ndata 0\n"
            f"from {base}\nM 100644 inline {file_of(name)}\ndata {len(text)}\n{text}\n"
            for name, text in contents.items()
        )
        command = ["git", "-C", self.site.origin.path, "fast-import", "--quiet", "--force"]
        subprocess.run(command, input=stream.encode(), check=True)
        return {name: tip(self.site, name) for name in contents}

    def run(self, in_, *pipelines, outcome=Outcome.PASS):
        kitchen = self.kitchen(in_)
        version = publish(self.copy, self.site.origin.url, {kitchen: tip(self.site, in_)})
        for pipeline in pipelines:
            add_dag(self.site.engine, f"{in_}.{pipeline}", bundle="kitchens-development")
            run_tests(self.site.engine, kitchen, version, pipeline, outcome=outcome)

    def ready(self, name, number=1):
        self.edit(name, {file_of(name): code(name, number, alone=self.alone)})
        self.run(name, name)
        self.join(name)

    def join(self, name, status=200):
        return ask(self.site, "POST", f"/kitchens/{name}/merge/up/queue", by="chris", status=status)

    def land(self, *, by="chris", status=200, **body):
        return ask(
            self.site, "POST", f"{DEV}/land", by=by, status=status, acknowledged=SEEN, **body
        )

    def number(self, name):
        text = self.site.origin.bare("show", f"demo_dev:{file_of(name)}")
        return int(text.rpartition(" ")[2])


@pytest.fixture
def street(retail, tmp_path):
    return Street(retail, tmp_path)


def names_of(entries):
    return [one["kitchen"] for one in entries]


def test_twenty_kitchens_on_different_pipelines_land_in_one_pass(street):
    names = [f"k{number}" for number in range(20)]
    street.build(names)
    tips = street.edit_all({name: code(name, 7) for name in names})
    kitchens = {street.kitchen(name): commit for name, commit in tips.items()}
    version = publish(street.copy, street.site.origin.url, kitchens)
    for kitchen in kitchens:
        add_dag(street.site.engine, f"{kitchen.name}.{kitchen.name}", bundle="b")
        run_tests(street.site.engine, kitchen, version, kitchen.name)
        street.join(kitchen.name)
    before = tip(street.site, "demo_dev")
    done = street.land()
    assert names_of(done["landed"]) == names
    assert (done["waiting"], done["sent_back"], done["candidate"]) == ([], [], None)
    assert tip(street.site, "demo_dev") == done["commit"]
    assert {street.number(name) for name in names} == {7}
    # A merge commit for each, one on top of the other, in one push.
    log = street.site.origin.bare("log", "--first-parent", "--format=%s", f"{before}..demo_dev")
    assert log.splitlines() == [f"Merge {name} into demo_dev" for name in reversed(names)]
    history = ask(street.site, "GET", "/kitchens/demo_dev/history", by="chris")
    merged = [one["details"]["merged"] for one in history if one["action"] == "merge up"]
    assert sorted(merged) == sorted(names)


def test_only_those_that_are_ready_may_wait(street):
    street.build(["one", "two"])
    street.edit("one", {file_of("one"): code("one", 1)})
    assert "one: never tested" in street.join("one", status=409)["missing"][0]
    street.run("one", "one")
    street.join("one")
    assert names_of(ask(street.site, "GET", DEV, by="chris")) == ["one"]
    assert "has all of it already" in street.join("two", status=409)["detail"]
    ask(street.site, "DELETE", "/kitchens/one/merge/up/queue", by="chris", status=204)
    assert ask(street.site, "GET", DEV, by="chris") == []
    gone = ask(street.site, "DELETE", "/kitchens/one/merge/up/queue", by="chris", status=404)
    assert "does not wait" in gone["detail"]


def test_whoever_pushes_while_waiting_joins_again(street):
    street.build(["one", "two"])
    street.ready("one")
    street.ready("two")
    street.edit("one", {file_of("one"): code("one", 9)})
    done = street.land()
    assert names_of(done["landed"]) == ["two"]
    assert [(one["kitchen"], one["detail"]) for one in done["sent_back"]] == [
        ("one", "its branch has moved since it joined; join again")
    ]
    assert street.number("one") == 0


def test_those_that_conflict_with_each_other_land_one_after_the_other(street):
    street.build(["one", "two"])
    for number, name in enumerate(["one", "two"], start=1):
        street.edit(name, {"shared.txt": f"{name}\n"})
        street.ready(name, number)
    done = street.land()
    assert names_of(done["landed"]) == ["one"]
    [back] = done["sent_back"]
    assert back["kitchen"] == "two"
    assert "conflicts with demo_dev: shared.txt; airflow dataops merge down two" in back["detail"]


class TestTogether:
    """Pipelines that may use the whole branch: tested together, or not landed together."""

    @pytest.fixture
    def street(self, retail, tmp_path):
        street = Street(retail, tmp_path, alone=False)
        street.build(["one", "two", "three"])
        street.add("proving", tip(street.site, "demo_dev"))
        # Each kitchen's evidence is about a tree that nobody will run.
        for name in ("one", "two"):
            street.edit(name, {file_of(name): code(name, 1, alone=False)})
            street.run(name, "one", "two", "three")
            street.join(name)
        return street

    def test_the_candidate_is_tested_once_and_then_lands(self, street):
        before = tip(street.site, "demo_dev")
        done = street.land()
        assert (names_of(done["landed"]), done["candidate"]["kitchens"]) == ([], ["one", "two"])
        assert (done["candidate"]["untested"], done["candidate"]["tested_in"]) == ([], None)
        staged = street.land(test_in="proving")["candidate"]
        assert (staged["untested"], staged["tested_in"]) == (["one", "three", "two"], "proving")
        # The candidate stays where it is while it is tested.
        there = tip(street.site, "proving")
        assert street.land(test_in="proving")["candidate"]["tested_in"] == "proving"
        assert tip(street.site, "proving") == there
        assert tip(street.site, "demo_dev") == before
        street.run("proving", "one", "two", "three")
        assert names_of(street.land(test_in="proving")["landed"]) == ["one", "two"]
        assert (street.number("one"), street.number("two")) == (1, 1)
        tree = "{}^{{tree}}".format
        assert (
            street.site.origin.bare("rev-parse", tree("demo_dev"), tree("proving")).count(
                street.site.origin.bare("rev-parse", tree(there))
            )
            == 2
        )

    def test_a_batch_that_is_red_is_split_and_who_is_red_alone_is_sent_back(self, street):
        street.land(test_in="proving")
        street.run("proving", "one", "three")
        street.run("proving", "two", outcome=Outcome.FAIL)
        # Together they are red; "one" alone was green in its own kitchen, on exactly that tree.
        done = street.land(test_in="proving")
        assert names_of(done["landed"]) == ["one"]
        # On top of it, "two" makes the tree that was red.
        [back] = done["sent_back"]
        assert back["kitchen"] == "two"
        assert "two: red in proving" in back["detail"]
        assert street.number("two") == 0

    def test_a_kitchen_with_work_of_its_own_is_no_place_to_test(self, street):
        street.edit("proving", {"mine.txt": "mine\n"})
        refused = street.land(test_in="proving", status=422)
        assert "has work of its own" in refused["detail"]
        other = street.land(test_in="demo_production", status=403)
        assert "may not merge down into" in other["detail"]


def test_a_pass_takes_the_right_to_merge(street):
    street.build(["one"])
    street.ready("one")
    refused = street.land(by="gus", status=403)
    assert "may not merge up into" in refused["detail"]

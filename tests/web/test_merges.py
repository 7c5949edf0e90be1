"""Merges through the REST API: previewed, made, refused, resolved, completed, abandoned."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.git_fixtures import Origin

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
DOWN, UP = "/kitchens/dev_kitchen/merge/down", "/kitchens/dev_kitchen/merge/up"
PROFIT = "pipelines/profit/pipeline.py"
LINES = [f"line_{number} = {number}\n" for number in range(20)]


def lines(**changed):
    return "".join(changed.get(f"line_{n}", line) for n, line in enumerate(LINES))


@pytest.fixture
def street(retail):
    """Padma's kitchen and its parent, at the same commit."""
    retail.origin = retail.origins["retail"]
    commit = retail.origin.commit({PROFIT: lines()}, branch="demo_dev", source="main")
    retail.origin.bare("update-ref", "refs/heads/dev_kitchen", commit)
    return retail


def push(site, branch, files):
    """A colleague's push to a kitchen's branch, from a clone."""
    tip = site.origin.bare("rev-parse", f"refs/heads/{branch}")
    site.origin._git("-C", site.origin.work, "fetch", "--quiet", site.origin.path, branch)
    return site.origin.commit(files, branch=branch, source=tip)


def conflicting(site):
    ours = push(
        site, "dev_kitchen", {PROFIT: lines(line_3="line_3 = 'padma'\n", line_15="p = 1\n")}
    )
    theirs = push(site, "demo_dev", {PROFIT: lines(line_3="line_3 = 'chris'\n", line_15="c = 1\n")})
    return ours, theirs


def ask(site, method, path, *, status=200, by="padma", **body):
    answer = site.ask(method, path, by=by, json=body if method != "GET" else None)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def tip(site, branch):
    return site.origin.bare("rev-parse", f"refs/heads/{branch}")


def file_at(site, commit, path=PROFIT):
    return site.origin.bare("show", f"{commit}:{path}") + "\n"


def actions(site, kitchen, by="padma"):
    found = ask(site, "GET", f"/kitchens/{kitchen}/history", by=by)
    return [(one["by"], one["action"], one["details"].get("merged")) for one in found]


def forget_requests(site):
    with site.engine.begin() as connection:
        connection.execute(text("delete from dag_priority_parsing_request"))


def parsing_requests(site):
    with site.engine.begin() as connection:
        query = text("select bundle_name from dag_priority_parsing_request")
        return list(connection.scalars(query))


def test_a_preview_changes_nothing_and_says_what_would_become_of_each_file(street):
    theirs = push(street, "demo_dev", {"pipelines/new/pipeline.py": "two = 2\n"})
    before = street.origin.bare("for-each-ref")
    found = ask(street, "GET", f"{DOWN}/preview")
    assert (found["kitchen"], found["merged"]) == ("dev_kitchen", "demo_dev")
    assert found["theirs"] == theirs
    assert found["files"] == [
        {"path": "pipelines/new/pipeline.py", "change": "added", "before": None}
    ]
    assert found["tree"] == street.origin.bare("rev-parse", f"{theirs}^{{tree}}")
    assert found["conflicts"] == found["missing"] == []
    assert street.origin.bare("for-each-ref") == before


def test_down_without_work_of_ones_own_is_the_parents_line(street):
    theirs = push(street, "demo_dev", {"a.txt": "a"})
    done = ask(street, "POST", DOWN)
    assert (done["state"], done["commit"]) == ("done", theirs)
    assert tip(street, "dev_kitchen") == theirs
    assert actions(street, "dev_kitchen")[0] == ("padma", "merge down", "demo_dev")
    assert ask(street, "POST", DOWN)["state"] == "nothing new"


def test_both_sides_work_is_in_a_merge_down_with_its_author(street):
    ours = push(street, "dev_kitchen", {PROFIT: lines(line_3="line_3 = 'padma'\n")})
    theirs = push(street, "demo_dev", {PROFIT: lines(line_15="line_15 = 'chris'\n")})
    forget_requests(street)
    done = ask(street, "POST", DOWN, reason="weekly")
    commit = tip(street, "dev_kitchen")
    assert done["commit"] == commit
    assert street.origin.bare("log", "-1", "--format=%P|%an|%s|%b", commit) == (
        f"{ours} {theirs}|padma|Merge demo_dev into dev_kitchen|weekly"
    )
    assert "padma" in file_at(street, commit)
    assert "chris" in file_at(street, commit)
    assert parsing_requests(street) == ["kitchens-development"]


def test_up_needs_to_be_merged_down_first_and_a_right_on_the_parent(street):
    push(street, "dev_kitchen", {"a.txt": "a"})
    parents = push(street, "demo_dev", {"b.txt": "b"})
    refused = ask(street, "POST", UP, status=409, by="chris")
    assert "airflow dataops merge down dev_kitchen" in refused["missing"][0]
    assert tip(street, "demo_dev") == parents
    merged = ask(street, "POST", DOWN)["commit"]
    # carl is a cook in the kitchen, and nobody in its parent.
    assert "carl may not merge up into" in ask(street, "POST", UP, status=403, by="carl")["detail"]
    # This server builds no pipelines: that nothing was compared is said, and has to be seen.
    hurry = {"override": True, "reason": "nothing of it is tested here"}
    unseen = ask(street, "POST", UP, status=409, by="chris", **hurry)["missing"]
    assert [line.partition(";")[0] for line in unseen] == [str(NOT_COMPARED).partition(";")[0]]
    seen = [str(NOT_COMPARED)]
    delivered = ask(street, "POST", UP, by="chris", acknowledged=seen, **hurry)["commit"]
    assert street.origin.bare("log", "-1", "--format=%P|%an", delivered) == (
        f"{parents} {merged}|chris"
    )
    tree = f"{merged}^{{tree}}"
    assert street.origin.bare("rev-parse", f"{delivered}^{{tree}}", tree).split()[0] == (
        street.origin.bare("rev-parse", tree)
    )
    assert actions(street, "demo_dev", by="chris")[0] == ("chris", "merge up", "dev_kitchen")


def test_what_was_looked_at_is_merged_or_nothing(street):
    push(street, "demo_dev", {"a.txt": "a"})
    seen = ask(street, "GET", f"{DOWN}/preview")
    newer = push(street, "demo_dev", {"a.txt": "behind our back"})
    before = tip(street, "dev_kitchen")
    refused = ask(street, "POST", DOWN, status=409, ours=seen["ours"], theirs=seen["theirs"])
    assert refused["type"] == "urn:airflow-dataops:problem:branch-moved"
    assert newer[:12] in refused["detail"]
    assert tip(street, "dev_kitchen") == before


def test_a_repository_that_refuses_is_quoted_and_nothing_has_changed(street):
    push(street, "demo_dev", {"a.txt": "a"})
    hook = street.origin.path / "hooks" / "update"
    hook.write_text("#!/bin/sh\necho 'signed commits only, ask ops' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = tip(street, "dev_kitchen")
    refused = ask(street, "POST", DOWN, status=409)
    assert "signed commits only, ask ops" in refused["detail"]
    assert tip(street, "dev_kitchen") == before
    assert "merge down" not in [action for _, action, _ in actions(street, "dev_kitchen")]
    hook.unlink()
    assert ask(street, "POST", DOWN)["state"] == "done"


class TestConflicts:
    def resolve(self, site, *given, by="padma", status=200):
        return ask(
            site, "POST", f"{DOWN}/resolutions", by=by, status=status, resolutions=list(given)
        )

    def test_a_conflict_is_a_draft_with_the_three_texts_of_each_region(self, street):
        ours, theirs = conflicting(street)
        opened = ask(street, "POST", DOWN)
        assert (opened["state"], opened["commit"]) == ("open", None)
        [conflict] = opened["conflicts"]
        assert (conflict["path"], conflict["kind"], conflict["regions"]) == (PROFIT, "edit/edit", 2)
        draft = ask(street, "GET", DOWN, by="carl")
        assert (draft["ours"], draft["theirs"]) == (ours, theirs)
        [one] = draft["conflicts"]
        assert [(r["base"], r["ours"], r["theirs"]) for r in one["regions"]] == [
            ("line_3 = 3\n", "line_3 = 'padma'\n", "line_3 = 'chris'\n"),
            ("line_15 = 15\n", "p = 1\n", "c = 1\n"),
        ]
        assert one["clean"] == ["".join(LINES[:3]), "".join(LINES[4:15]), "".join(LINES[16:])]
        assert draft["open"] == [{"path": PROFIT, "region": 1}, {"path": PROFIT, "region": 2}]

    def test_people_decide_together_and_the_merge_is_what_they_decided(self, street):
        ours, theirs = conflicting(street)
        ask(street, "POST", DOWN)
        self.resolve(street, {"path": PROFIT, "region": 1, "choice": "theirs"})
        waiting = ask(street, "POST", f"{DOWN}/complete", status=409)
        assert waiting["missing"] == [f"{PROFIT}, region 2, is open"]
        own = {"path": PROFIT, "region": 2, "choice": "own", "text": "both = 1"}
        draft = self.resolve(street, own, by="carl")
        assert draft["open"] == []
        decided = [r["decided"]["by"] for r in draft["conflicts"][0]["regions"]]
        assert decided == ["padma", "carl"]
        done = ask(street, "POST", f"{DOWN}/complete")
        assert file_at(street, done["commit"]) == lines(
            line_3="line_3 = 'chris'\n", line_15="both = 1\n"
        )
        parents = street.origin.bare("log", "-1", "--format=%P", tip(street, "dev_kitchen"))
        assert parents == f"{ours} {theirs}"
        assert ask(street, "GET", DOWN, status=404)["title"] == "Merge not found"
        [over] = ask(street, "GET", "/kitchens/dev_kitchen/merges")
        assert (over["state"], over["ended_by"], over["commit"]) == (
            "done",
            "padma",
            done["commit"],
        )

    @pytest.mark.parametrize(
        ("given", "status", "says"),
        [
            ({"path": "none.py", "choice": "ours"}, 422, "nothing is in conflict at 'none.py'"),
            ({"path": PROFIT, "region": 3, "choice": "ours"}, 422, "it has regions 1 to 2"),
            ({"path": PROFIT, "region": 1, "choice": "own"}, 422, "an own text goes with"),
            ({"path": PROFIT, "region": 1, "choice": "mine"}, 422, "choice"),
        ],
    )
    def test_a_decision_that_cannot_be_is_refused_with_what_can(self, street, given, status, says):
        conflicting(street)
        ask(street, "POST", DOWN)
        good = {"path": PROFIT, "region": 2, "choice": "ours"}
        assert says in self.resolve(street, good, given, status=status)["detail"]
        assert len(ask(street, "GET", DOWN)["open"]) == 2

    @pytest.mark.parametrize(
        ("own", "says"),
        [
            ("def broken(:", f"{PROFIT}:4: this is no Python"),
            ("<<<<<<< ours\nx = 1\n", f"{PROFIT}:4: a conflict marker is left in it"),
        ],
    )
    def test_a_file_that_cannot_be_read_is_not_merged(self, street, own, says):
        conflicting(street)
        ask(street, "POST", DOWN)
        self.resolve(
            street,
            {"path": PROFIT, "region": 1, "choice": "own", "text": own},
            {"path": PROFIT, "region": 2, "choice": "both"},
        )
        before = tip(street, "dev_kitchen")
        assert says in ask(street, "POST", f"{DOWN}/complete", status=409)["detail"]
        assert tip(street, "dev_kitchen") == before

    def test_a_push_behind_our_back_keeps_the_draft_and_what_is_decided(self, street):
        conflicting(street)
        ask(street, "POST", DOWN)
        self.resolve(street, {"path": PROFIT, "choice": "ours"})
        newer = push(street, "dev_kitchen", {"b.txt": "b"})
        assert ask(street, "GET", DOWN)["moved"] == newer
        refused = ask(street, "POST", f"{DOWN}/complete", status=409)
        assert "somebody pushed to branch 'dev_kitchen' meanwhile" in refused["detail"]
        assert tip(street, "dev_kitchen") == newer
        # Asked again, the draft goes on from there.
        assert ask(street, "POST", DOWN)["ours"] == newer
        assert ask(street, "GET", DOWN)["open"] == []
        done = ask(street, "POST", f"{DOWN}/complete")
        assert file_at(street, done["commit"], "b.txt") == "b\n"

    def test_what_was_decided_about_another_conflict_is_open_again(self, street):
        conflicting(street)
        ask(street, "POST", DOWN)
        self.resolve(street, {"path": PROFIT, "choice": "ours"})
        push(street, "demo_dev", {PROFIT: lines(line_3="line_3 = 'chris again'\n", line_15="c\n")})
        ask(street, "POST", DOWN)
        assert len(ask(street, "GET", DOWN)["open"]) == 2

    def test_an_abandoned_draft_leaves_the_branches_alone_and_can_be_begun_anew(self, street):
        ours, _ = conflicting(street)
        ask(street, "POST", DOWN)
        ask(street, "POST", f"{DOWN}/abandon", status=204, reason="after the holidays")
        ask(street, "GET", DOWN, status=404)
        assert tip(street, "dev_kitchen") == ours
        assert actions(street, "dev_kitchen")[0] == ("padma", "abandon merge", "demo_dev")
        assert ask(street, "POST", DOWN)["state"] == "open"

    @pytest.mark.parametrize(("choice", "stays"), [("ours", True), ("theirs", False)])
    def test_a_file_that_one_side_deleted_stays_or_goes_as_decided(self, street, choice, stays):
        push(street, "dev_kitchen", {PROFIT: lines(line_3="line_3 = 'padma'\n")})
        street.origin._git("-C", street.origin.work, "checkout", "-qB", "demo_dev", "main")
        parent = tip(street, "demo_dev")
        street.origin._git("-C", street.origin.work, "reset", "--quiet", "--hard", parent)
        street.origin._git("-C", street.origin.work, "rm", "--quiet", PROFIT)
        street.origin.commit({"a.txt": "a"}, branch="demo_dev")
        [conflict] = ask(street, "POST", DOWN)["conflicts"]
        assert conflict["kind"] == "delete/modify"
        self.resolve(street, {"path": PROFIT, "choice": choice})
        done = ask(street, "POST", f"{DOWN}/complete")
        listed = street.origin.bare("ls-tree", "-r", "--name-only", done["commit"])
        assert (PROFIT in listed) is stays


def test_the_copy_of_the_repository_is_made_anew_where_it_is_broken(street, tmp_path):
    push(street, "demo_dev", {"a.txt": "a"})
    ask(street, "GET", f"{DOWN}/preview")
    [copy] = (tmp_path / "installation" / "merges").glob("*.git")
    for pack in [*copy.rglob("*.pack"), *(copy / "objects").glob("??/*")]:
        pack.chmod(0o600)
        pack.write_bytes(b"broken")
    assert ask(street, "POST", DOWN)["state"] == "done"


@pytest.mark.parametrize("branch", ["demo_dev", "dev_kitchen"])
def test_a_branch_deleted_behind_our_back_is_named(street, branch):
    street.origin.bare("update-ref", "-d", f"refs/heads/{branch}")
    refused = ask(street, "GET", f"{DOWN}/preview", status=422)
    assert f"no branch {branch!r} any more" in refused["detail"]


def test_branches_without_a_common_commit_are_told_apart_from_conflicts(street, tmp_path):
    (tmp_path / "other").mkdir()
    other = Origin(tmp_path / "other")
    other.commit({"x": "x"})
    street.origin.bare("fetch", "--quiet", other.path, "+main:dev_kitchen")
    refused = ask(street, "GET", f"{DOWN}/preview", status=422)
    assert "have no commit in common" in refused["detail"]


def test_the_top_of_the_tree_has_nothing_to_merge_with(street):
    refused = ask(
        street, "GET", "/kitchens/demo_production/merge/up/preview", status=422, by="eric"
    )
    assert "no parent" in refused["detail"]


PIPELINE = """\
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow_dataops import pipeline, stage, table

sales = table("redshift", "sales")


@pipeline(schedule="0 6 * * 1")
def profit():
    with stage("load") as load:
        EmptyOperator(task_id="copy")
        load.test({tests})
"""
ROWS = "sales.row_count().between(10, 100, name='rows'{})"
SUM = "sales.sum('value').within_control_limits(name='sum')"


def test_what_a_merge_up_takes_away_has_to_be_acknowledged(street, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__MERGE_BUILD_SECONDS", "120")
    push(street, "demo_dev", {PROFIT: PIPELINE.format(tests=f"{ROWS.format('')}, {SUM}")})
    ask(street, "POST", DOWN)
    weaker = ROWS.format(", on_violation='warn'")
    push(street, "dev_kitchen", {PROFIT: PIPELINE.format(tests=weaker)})
    found = ask(street, "GET", f"{UP}/preview", by="chris")
    assert [(one["text"], one["takes_away"]) for one in found["meaning"]] == [
        ("profit: test removed: load: sum", True),
        ("profit: test weakened: load: rows: on_violation fail becomes warn", True),
        ("profit: tool not declared: redshift", False),
    ]
    before = tip(street, "demo_dev")
    first = [found["meaning"][0]["text"]]
    hurry = {"override": True, "reason": "nothing of it is tested here"}
    refused = ask(street, "POST", UP, by="chris", acknowledged=first, status=409, **hurry)
    assert len(refused["missing"]) == 1
    assert "on_violation fail becomes warn; who merges has to acknowledge" in refused["detail"]
    assert tip(street, "demo_dev") == before
    both = [one["text"] for one in found["meaning"][:2]]
    assert ask(street, "POST", UP, by="chris", acknowledged=both, **hurry)["state"] == "done"
    [entry, *_] = ask(street, "GET", "/kitchens/demo_dev/history", by="chris")
    assert entry["details"]["acknowledged"] == "; ".join(both)
    # Code that does not build is nobody's to acknowledge.
    push(street, "dev_kitchen", {PROFIT: "import airflow\nprofit = nothing\n"})
    refused = ask(street, "POST", UP, by="chris", acknowledged=both, status=409, **hurry)
    assert "pipelines/profit: does not build: NameError" in refused["detail"]


@pytest.mark.parametrize(("arrived", "state"), [(True, "done"), (False, "abandoned")])
def test_whose_push_nobody_heard_of_is_found_out_at_the_repository(street, arrived, state):
    before = tip(street, "dev_kitchen")
    theirs = push(street, "demo_dev", {"a.txt": "a"})
    ask(street, "POST", DOWN)
    # As a server leaves it that dies while it pushes.
    with street.engine.begin() as connection:
        connection.execute(
            text(
                "update dataops_merge set state = 'pushing', ended_at = null, details ="
                """ '{"conflicts": "0", "pushing since": "2026-01-01T00:00:00+00:00"}'"""
            )
        )
    if not arrived:
        street.origin.bare("update-ref", "refs/heads/dev_kitchen", before)
    again = ask(street, "POST", DOWN)
    assert again["state"] == ("nothing new" if arrived else "done")
    assert tip(street, "dev_kitchen") == theirs
    past = ask(street, "GET", "/kitchens/dev_kitchen/merges")
    assert state in {one["state"] for one in past}

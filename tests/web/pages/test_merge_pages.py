"""The page of a merge: what it says before, and what its buttons do."""

from __future__ import annotations

import re

import pytest

from tests.web.pages.conftest import Visitor
from tests.web.test_merge_gate import edit, run, tested  # noqa: F401 - a fixture
from tests.web.test_merges import (  # noqa: F401 - street is a fixture
    PROFIT,
    ask,
    conflicting,
    file_at,
    lines,
    push,
    street,
    tip,
)

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
DOWN, UP = "/kitchens/dev_kitchen/merge/down", "/kitchens/dev_kitchen/merge/up"


def commits(text):
    return dict(re.findall(r'name="(ours|theirs)" value="([0-9a-f]{40})"', text))


def test_the_page_is_there_before_anything_was_looked_at(street):  # noqa: F811
    page = Visitor(street, "padma").get(DOWN)
    assert page.status_code == 200
    assert "Merge demo_dev down into dev_kitchen" in page.text
    assert f'hx-get="/dataops/pages{DOWN}/preview" hx-trigger="load"' in page.text


def test_what_is_merged_is_what_was_shown_and_the_page_says_that_it_is_done(street):  # noqa: F811
    padma = Visitor(street, "padma")
    theirs = push(street, "demo_dev", {"a.txt": "a\n"})
    shown = padma.get(f"{DOWN}/preview").text
    assert commits(shown) == {"ours": tip(street, "dev_kitchen"), "theirs": theirs}
    answer = padma.post(DOWN, data=commits(shown) | {"reason": "weekly"})
    assert (answer.status_code, tip(street, "dev_kitchen")) == (303, theirs)
    after = padma.get(answer.headers["location"]).text
    assert "<strong>Merged.</strong> demo_dev is in dev_kitchen" in after
    assert "weekly" in after
    assert "there is nothing to merge" in padma.get(f"{DOWN}/preview").text


def test_what_has_moved_since_it_was_shown_is_not_merged(street):  # noqa: F811
    padma = Visitor(street, "padma")
    push(street, "demo_dev", {"a.txt": "a\n"})
    shown = commits(padma.get(f"{DOWN}/preview").text)
    push(street, "demo_dev", {"b.txt": "b\n"})
    before = tip(street, "dev_kitchen")
    answer = padma.post(DOWN, data=shown)
    assert answer.status_code == 409
    assert "This cannot be done now" in answer.text
    assert tip(street, "dev_kitchen") == before


def test_a_conflict_opens_a_draft_and_leads_to_where_it_is_decided(street):  # noqa: F811
    padma = Visitor(street, "padma")
    conflicting(street)
    shown = padma.get(f"{DOWN}/preview").text
    assert "git cannot merge 1 path by itself" in shown
    assert PROFIT in shown
    answer = padma.post(DOWN, data=commits(shown))
    assert answer.headers["location"].endswith(f"{DOWN}/conflicts")
    under_way = padma.get(f"{DOWN}/preview").text
    assert "0 of 2 places in conflict are decided" in under_way
    assert f'href="/dataops/pages{DOWN}/conflicts"' in under_way
    front = padma.get("/").text
    assert f'href="/dataops/pages{DOWN}">demo_dev into dev_kitchen</a>' in front
    assert padma.post(f"{DOWN}/abandon").status_code == 303
    assert "under way" not in padma.get(f"{DOWN}/preview").text


def test_a_file_shows_what_changes_in_it_line_by_line(street):  # noqa: F811
    padma = Visitor(street, "padma")
    push(street, "demo_dev", {PROFIT: lines(line_3="line_3 = '<script>alert(1)</script>'\n")})
    shown = commits(padma.get(f"{DOWN}/preview").text)
    page = padma.get(f"{DOWN}/files/1", params=shown).text
    assert '<td class="at">4</td><td class="at"></td><td class="sign">' in page
    assert '<td class="text">line_3 = 3</td>' in page
    assert "line_3 = &#39;&lt;script&gt;alert(1)&lt;/script&gt;&#39;" in page
    found = ask(street, "GET", f"{DOWN}/files/1")
    assert [(one["kind"], one["before"], one["after"]) for one in found["lines"][4:6]] == [
        ("removed", 4, None),
        ("added", None, 4),
    ]
    assert padma.get(f"{DOWN}/files/2", params=shown).status_code == 422
    push(street, "demo_dev", {"b.txt": "b\n"})
    assert padma.get(f"{DOWN}/files/1", params=shown).status_code == 409


def test_up_waits_for_its_tests_and_is_one_button_when_they_are_green(tested):  # noqa: F811
    padma, chris = Visitor(tested, "padma"), Visitor(tested, "chris")
    edit(tested)
    shown = chris.get(f"{UP}/preview").text
    assert "something is missing" in shown
    assert "never tested as it would run" in shown
    assert 'href="/dataops/pages/kitchens/dev_kitchen/testing?changed=true"' in shown
    assert "Merge without these tests" in shown  # chris owns the environment
    assert 'name="override"' not in padma.get(f"{UP}/preview").text
    round_ = padma.get("/kitchens/dev_kitchen/testing?changed=true").text
    assert "0 of 1 green" in round_
    run(tested)
    assert "1 of 1 green" in padma.get("/kitchens/dev_kitchen/testing?changed=true").text
    shown = chris.get(f"{UP}/preview").text
    [seen] = re.findall(r'name="acknowledged.1" value="([^"]*)"', shown)
    assert "override" not in shown
    answer = chris.post(UP, data=commits(shown) | {"acknowledged.1": seen})
    assert answer.headers["location"].endswith(f"{UP}?done=true")
    assert "number = 1" in file_at(tested, tip(tested, "demo_dev"))


def test_an_override_takes_its_right_and_a_reason(tested):  # noqa: F811
    chris = Visitor(tested, "chris")
    edit(tested)
    shown = chris.get(f"{UP}/preview").text
    [seen] = re.findall(r'name="acknowledged.1" value="([^"]*)"', shown)
    asked = commits(shown) | {"acknowledged.1": seen, "override": "yes"}
    assert chris.post(UP, data=asked).status_code == 422
    assert chris.post(UP, data=asked | {"reason": "prices are wrong"}).status_code == 303
    [entry, *_] = ask(tested, "GET", "/kitchens/demo_dev/history", by="chris")
    assert entry["reason"] == "prices are wrong"


def test_a_kitchen_waits_in_the_queue_and_leaves_it(tested):  # noqa: F811
    padma = Visitor(tested, "padma")
    edit(tested)
    run(tested)
    assert "No kitchen waits" in padma.get(f"{UP}/preview").text
    assert padma.post(f"{UP}/queue", data={"to": "join"}).status_code == 303
    assert "dev_kitchen is number 1 of 1" in padma.get(f"{UP}/preview").text
    assert padma.post(f"{UP}/queue", data={"to": "leave"}).status_code == 303
    assert "No kitchen waits" in padma.get(f"{UP}/preview").text


def test_who_may_not_merge_reads_why_and_gets_no_button(street):  # noqa: F811
    push(street, "demo_dev", {"a.txt": "a\n"})
    shown = Visitor(street, "gus").get(f"{DOWN}/preview").text
    assert "You may look, and not merge." in shown
    assert "<form" not in shown


def test_a_merge_is_taken_back_from_where_it_is_listed(tested):  # noqa: F811
    chris = Visitor(tested, "chris")
    before = tip(tested, "demo_dev")
    edit(tested)
    run(tested)
    shown = chris.get(f"{UP}/preview").text
    [seen] = re.findall(r'name="acknowledged.1" value="([^"]*)"', shown)
    chris.post(UP, data=commits(shown) | {"acknowledged.1": seen})
    assert "number = 1" in file_at(tested, tip(tested, "demo_dev"))
    [listed] = re.findall(
        r'href="/dataops/pages(/kitchens/demo_dev/merges/[^"]*)"', chris.get(UP).text
    )
    plan = chris.get(listed).text
    assert PROFIT in plan
    asked = commits(plan) | {"reason": "wrong prices"}
    assert Visitor(tested, "gus").post(listed, data=asked).status_code in {403, 404}
    assert chris.post(listed, data=asked).status_code == 303
    assert "number = 0" in file_at(tested, tip(tested, "demo_dev"))
    assert "was taken back" in chris.get(listed).text
    assert tip(tested, "demo_dev") != before


def test_what_is_on_its_way_says_for_whom_it_waits(tested):  # noqa: F811
    edit(tested)
    page = Visitor(tested, "chris").get("/environments/development/release").text
    assert f'href="/dataops/pages{UP}">dev_kitchen into demo_dev</a>' in page
    assert "1 commit" in page
    assert "waits for" in page


def test_taking_back_says_what_is_now_and_what_then_will_be(street):  # noqa: F811
    chris = Visitor(street, "chris")
    push(street, "dev_kitchen", {"own.txt": "own\n"})
    push(street, "demo_dev", {"a.txt": "a\n"})
    ask(street, "POST", DOWN, reason="weekly")
    (merged,) = ask(street, "GET", "/kitchens/dev_kitchen/merges")
    page = f"/kitchens/dev_kitchen/merges/{merged['id']}/revert"
    shown = chris.get(page).text
    assert '<th scope="row" class="mono">a.txt</th><td>as merged</td><td>deleted</td>' in shown
    assert "commits that came" not in shown
    push(street, "dev_kitchen", {"later.txt": "later\n"})
    assert "1 commit that came after it stays" in chris.get(page).text

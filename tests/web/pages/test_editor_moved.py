"""A kitchen's branch moves while two people decide about conflicts in their browsers."""

from __future__ import annotations

import pytest

from tests.web.pages.conflict_scene import DOWN, KINDS, PROFIT, SQL, begin, plain
from tests.web.pages.test_editor import EDITOR, decided, open_file, ready, result, until_saved
from tests.web.test_merges import push

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
NOTES = "notes.txt"
CASES = {
    NOTES: (plain("base\n"), plain("ours\n"), plain("theirs\n")),
    PROFIT: KINDS[PROFIT],
    SQL: KINDS[SQL],
}


@pytest.fixture
def scene(lived_in):
    lived_in.origin = lived_in.origins["retail"]
    begin(lived_in, CASES)
    return lived_in


def write(page, text):
    """Write a file's first region by hand."""
    result(page).locator(".merge-region").first.click()
    for keys in ("Home", "Shift+End", "Delete"):
        page.keyboard.press(keys)
    page.keyboard.type(text)


def take_theirs_and_complete(page, path):
    open_file(page, path)
    page.keyboard.press("Alt+t")
    until_saved(page)
    page.locator('[data-part="complete"][aria-disabled="false"]').click()
    with page.expect_navigation():
        page.get_by_role("button", name="Complete", exact=True).click()


def moved(site):
    """A colleague's push, after which one of the files is in conflict about something else."""
    return push(site, "dev_kitchen", {NOTES: "ours, again\n", "new.txt": "new\n"})


def content(site, path):
    return site.origin.bare("show", f"dev_kitchen:{path}")


def test_the_merge_goes_on_from_there_and_nothing_typed_is_lost(browse, scene):
    padma = ready(browse(f"{EDITOR}?path={PROFIT}", by="padma"), PROFIT)
    carl = ready(browse(f"{EDITOR}?path={SQL}", by="carl"), SQL)
    write(carl, "select 4 -- carl")
    until_saved(carl)
    open_file(carl, NOTES)
    write(carl, "what carl makes of it")
    until_saved(carl)
    said = padma.get_by_text("dev_kitchen has moved on")
    assert said.is_hidden()

    moved(scene)
    for keys in ("Alt+t", "Alt+n", "Alt+t", "Alt+n", "Alt+t"):
        padma.keyboard.press(keys)
    padma.get_by_text("all 5 decided").wait_for()
    # Said as soon as something is decided, without loading the page again.
    said.wait_for()
    assert padma.locator('[data-part="complete"]').get_attribute("aria-disabled") == "true"
    padma.get_by_role("link", name="See what the merge is now").first.click()
    padma.get_by_text("Since then somebody pushed to dev_kitchen").wait_for()
    # Carl is in the middle of a word when it goes on, and it is on its way to nobody yet.
    carl.context.set_offline(True)
    carl.keyboard.type(", and more")
    carl.locator('[data-part="saved"]', has_text="not saved").wait_for()
    padma.get_by_role("button", name="Go on from there").click()
    padma.locator("#merge-editor[data-ready]").wait_for()
    carl.context.set_offline(False)

    kept = carl.get_by_label(f"What you wrote in {NOTES}")
    kept.last.wait_for()
    assert [one.input_value() for one in kept.all()] == [
        "what carl makes of it\n",
        "what carl makes of it, and more\n",
    ]
    open_file(carl, SQL)
    assert "select 4 -- carl" in result(carl).inner_text()
    assert carl.get_by_label(f"What you wrote in {SQL}").count() == 0
    padma.get_by_text("1 of 5 open").wait_for()
    take_theirs_and_complete(padma, NOTES)
    assert content(scene, SQL) == "select 4 -- carl\nfrom orders"
    assert content(scene, NOTES) == "theirs"
    assert content(scene, "new.txt") == "new"
    assert 'owner = "chris"' in content(scene, PROFIT)
    carl.get_by_role("button", name="I have it").click()
    carl.reload()
    assert kept.count() == 0


def test_completing_says_what_moved_and_leads_to_the_merge_as_it_is_now(browse, scene):
    page = ready(browse(f"{EDITOR}?path={NOTES}", by="padma"), NOTES)
    given = [{"path": path, "region": None, "choice": "ours"} for path in CASES]
    scene.ask("POST", f"{DOWN}/resolutions", by="padma", json={"resolutions": given})
    page.get_by_text("all 5 decided").wait_for()
    page.locator('[data-part="complete"][aria-disabled="false"]').click()
    page.get_by_role("dialog").wait_for()
    now = moved(scene)
    page.get_by_role("button", name="Complete", exact=True).click()
    said = page.get_by_role("dialog").get_by_role("alert")
    said.get_by_text("somebody pushed to branch 'dev_kitchen' meanwhile").wait_for()
    assert scene.origin.bare("rev-parse", "refs/heads/dev_kitchen") == now
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("link").click()
    page.get_by_role("button", name="Go on from there").click()
    page.locator("#merge-editor[data-ready]").wait_for()
    # About the two files whose conflicts are the same, it stays decided.
    page.get_by_text("1 of 5 open").wait_for()


def test_a_decision_about_commits_that_the_merge_has_left_is_refused(scene):
    before = scene.ask("GET", f"{DOWN}/decisions", by="padma").json()
    moved(scene)
    assert scene.ask("POST", DOWN, by="padma", json={}).json()["state"] == "open"
    given = {
        "resolutions": [{"path": SQL, "region": 1, "choice": "ours"}],
        "ours": before["ours"],
        "theirs": before["theirs"],
    }
    for address in ("decisions", "resolutions"):
        refused = scene.ask("POST", f"{DOWN}/{address}", by="padma", json=given)
        assert (refused.status_code, refused.json()["title"]) == (409, "Branch moved")
    assert decided(scene) == []
    now = scene.ask("GET", f"{DOWN}/decisions", by="padma").json()
    given |= {"ours": now["ours"], "theirs": now["theirs"]}
    assert scene.ask("POST", f"{DOWN}/decisions", by="padma", json=given).status_code == 200
    assert [one[:3] for one in decided(scene)] == [(SQL, 1, "ours")]

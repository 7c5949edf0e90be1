"""The conflict editor in a browser: decided by mouse and by keys, together, and kept."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.web.pages.conflict_scene import DOWN, KINDS, PROFIT, SQL, YAML, begin
from tests.web.pages.scene import PAGES

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
EDITOR = f"{DOWN}/conflicts"
# What is decided in the page, and what the command line would send for the same.
CHOSEN = {
    PROFIT: [(1, "theirs", None), (2, "both", None), (3, "ours", None)],
    SQL: [(1, "own", "select 4 -- both\n")],
    YAML: [(None, "theirs", None)],
    "deleted.py": [(None, "theirs", None)],
    "windows.txt": [(1, "both", None)],
    "logo.bin": [(None, "ours", None)],
    "link": [(None, "base", None)],
    "library": [(None, "theirs", None)],
    "run.sh": [(None, "theirs", None)],
    "emptied.py": [(None, "ours", None)],
    "latin.txt": [(1, "theirs", None)],
    "no_end.txt": [(1, "both", None)],
}


@pytest.fixture
def scene(lived_in):
    begin(lived_in)
    return lived_in


def ready(page, path):
    page.locator(f'#merge-editor[data-ready="{path}"]').wait_for()
    return page


def decided(site):
    answer = site.ask("GET", f"{DOWN}/decisions", by="padma").json()
    return [(one["path"], one["region"], one["choice"], one["by"]) for one in answer["decisions"]]


def until_saved(page):
    page.locator('[data-part="saved"]', has_text="saved").filter(has_not_text="not").wait_for()


def open_file(page, path):
    page.locator(f"a[title={path!r}]").click()
    ready(page, path)


def result(page):
    return page.get_by_label("Result of", exact=False)


def complete(page):
    page.locator('[data-part="complete"][aria-disabled="false"]').click()
    page.get_by_label("Reason").fill("decided in the page")
    with page.expect_navigation():
        page.get_by_role("button", name="Complete", exact=True).click()


def tree(site):
    return site.origins["retail"].bare("rev-parse", "refs/heads/dev_kitchen^{tree}")


def by_command_line(site):
    """The tree that the same choices come to where no page is involved."""
    begin(site)
    given = [
        {"path": path, "region": region, "choice": choice, "text": text}
        for path, choices in CHOSEN.items()
        for region, choice, text in choices
    ]
    assert site.ask("POST", f"{DOWN}/resolutions", by="padma", json={"resolutions": given})
    done = site.ask("POST", f"{DOWN}/complete", by="padma", json={})
    assert done.status_code == 200, done.text
    return tree(site)


def test_every_kind_is_decided_by_mouse_and_comes_to_what_the_command_line_comes_to(browse, scene):
    assert set(CHOSEN) == set(KINDS)
    page = browse(EDITOR, by="padma")
    for path, choices in CHOSEN.items():
        open_file(page, path)
        for region, choice, text in choices:
            if region is not None and region > 1:
                page.get_by_role("button", name="Next", exact=True).click()
            if region is None:
                page.locator(f'[data-whole="{choice}"]').click()
            elif choice == "own":
                result(page).locator(".merge-region").first.click()
                for keys in ("Home", "Shift+End", "Delete"):
                    page.keyboard.press(keys)
                page.keyboard.type(text.removesuffix("\n"))
            else:
                page.get_by_role("button", name=f"Region {region}: take {choice}").last.click()
        until_saved(page)
    page.get_by_text("all 14 decided").wait_for()
    complete(page)
    made = tree(scene)
    assert made == by_command_line(scene)


def test_every_kind_is_decided_by_keys_alone(browse, scene):
    page = browse(EDITOR, by="padma")
    page.locator("#merge-editor[data-ready]").wait_for()
    region_keys = ["Alt+t", "Alt+o", "Alt+b"]
    for step in range(14):
        if step:
            page.keyboard.press("Alt+n")
        page.locator(".merge-files a:not(.is-done)[aria-current]").wait_for()
        left = page.inner_text('[data-part="total"]')
        if page.get_attribute("#merge-editor", "data-regions") == "yes":
            page.keyboard.press(region_keys[step % 3])
        else:
            page.locator('[data-whole="theirs"]').focus()
            page.keyboard.press("Enter")
        page.wait_for_function(
            "before => document.querySelector('[data-part=total]').textContent !== before", arg=left
        )
    page.get_by_text("all 14 decided").wait_for()
    page.locator('[data-part="complete"][aria-disabled="false"]').focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.get_by_label("Reason").focus()
    page.keyboard.type("by keys")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert scene.ask("GET", DOWN, by="padma").status_code == 404
    assert "by keys" in scene.origins["retail"].bare("log", "-1", "--format=%b", "dev_kitchen")


def test_two_people_see_each_other_decide_and_a_reload_loses_nothing(browse, scene):
    padma = ready(browse(f"{EDITOR}?path={PROFIT}", by="padma"), PROFIT)
    carl = ready(browse(f"{EDITOR}?path={PROFIT}", by="carl"), PROFIT)
    padma.get_by_role("button", name="Region 1: take theirs").last.click()
    carl.get_by_text("1 · theirs · padma").wait_for()
    carl.get_by_text("13 of 14 open").wait_for()
    carl.keyboard.press("Alt+n")
    carl.keyboard.press("Alt+b")
    padma.get_by_text("2 · both · carl").wait_for()
    # What is typed is saved, and is there after a reload in the middle.
    result(carl).locator(".merge-current").first.click()
    carl.keyboard.press("Home")
    carl.keyboard.type("my_")
    until_saved(carl)
    carl.reload()
    ready(carl, PROFIT)
    assert "my_" in result(carl).inner_text()
    padma.get_by_text("2 · written by hand · carl").wait_for()
    assert [who for *_, who in decided(scene)][:2] == ["padma", "carl"]
    # Undoing takes the decision back, for both.
    padma.get_by_role("button", name="Undo", exact=True).click()
    carl.keyboard.press("Alt+ArrowDown")
    carl.get_by_text("1 · undecided").wait_for()


@pytest.mark.usefixtures("scene")
def test_going_to_the_next_region_leaves_the_marks_of_all_others_as_they_are(browse):
    page = ready(browse(f"{EDITOR}?path={PROFIT}", by="padma"), PROFIT)
    marked = result(page).locator(".merge-current")
    assert marked.all_inner_texts() == ["line_5 = 5"]
    page.evaluate("window.bars = [...document.querySelectorAll('.merge-bar')].slice(0, 2)")
    page.keyboard.press("Alt+ArrowDown")
    page.get_by_text("region 2 of 3", exact=True).wait_for()
    assert marked.all_inner_texts() == ["line_31 = 31"]
    # Made anew, a bar would be another element.
    assert page.evaluate("window.bars.map((bar) => bar.isConnected)") == [True, True]


def test_the_first_file_is_asked_for_once_with_the_page_and_its_odd_name_as_well(browse, scene):
    odd = "it's (50%) ümlaut & more!~*.txt"
    begin(scene, {odd: KINDS[SQL], "another.txt": KINDS[SQL]})
    page = browse(DOWN, by="padma")
    asked = []
    page.on("request", lambda request: asked.append(request.url.partition("/merge/")[2]))
    page.goto(f"{PAGES}{EDITOR}?path={quote(odd)}")
    page.locator("#merge-editor[data-ready]").wait_for()
    page.wait_for_load_state("networkidle")
    assert len([one for one in asked if one.startswith("down/conflict?")]) == 1
    assert asked.count("down/decisions?after=0") == 1


@pytest.mark.usefixtures("scene")
def test_what_the_checks_find_is_shown_at_its_line_and_keeps_it_open(browse):
    page = ready(browse(f"{EDITOR}?path={PROFIT}", by="padma"), PROFIT)
    for keys in ("Alt+o", "Alt+n", "Alt+o", "Alt+n", "Alt+o", "Alt+ArrowDown"):
        page.keyboard.press(keys)
    page.keyboard.type("def broken(:\n")
    said = page.locator(".merge-complaint")
    said.wait_for()
    assert said.inner_text().startswith("this is no Python")
    page.get_by_role("button", name=f"{PROFIT}:5").wait_for()
    page.keyboard.press("Control+z")
    said.wait_for(state="detached")


def test_who_may_only_look_decides_nothing(browse, scene):
    page = ready(browse(f"{EDITOR}?path={PROFIT}", by="gus"), PROFIT)
    assert page.locator("[data-choose], [data-whole], .merge-offer").count() == 0
    page.keyboard.press("Alt+t")
    result(page).click()
    page.keyboard.type("nothing")
    page.keyboard.press("Alt+j")
    page.locator(".merge-base").first.wait_for()
    assert decided(scene) == []


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_use_the_editor(browse, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = ready(browse(f"{EDITOR}?path={PROFIT}", by="padma", theme=theme), PROFIT)
    page.keyboard.press("Alt+b")
    page.keyboard.press("Alt+j")
    until_saved(page)
    violations = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["html"][:200] for node in one["nodes"]])
        for one in violations
        if one["impact"] in {"serious", "critical"}
    ]
    assert serious == []

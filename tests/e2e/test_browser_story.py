"""Padma, Chris and Eric at work in their own browsers, on a whole Airflow and its own pages."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.browser import chromium
from tests.live_airflow import PROJECT, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service, pytest.mark.browser]
PAGES = "/plugin/kitchens/dataops/pages"
SLOW_MS = 120_000
FIRST = "pipelines/first_table/pipeline.py"
_AUTHOR = ("-c", "user.name=Padma", "-c", "user.email=padma@example.com")


class Seat:
    """A person before a browser of their own, signed in by Airflow's own form."""

    def __init__(self, browser, live, who):
        self.live, self.who = live, who
        self.context = browser.new_context(base_url=live.airflow.url, locale="en-US")
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self):
        self.page.goto("/")
        self.page.wait_for_url("**/auth/login**")
        self.page.fill("input[name=username]", self.who)
        self.page.fill("input[name=password]", self.live.airflow.password(self.who))
        self.page.keyboard.press("Enter")
        self.page.get_by_role("link", name="Kitchens").first.click()
        self.frame.get_by_role("heading", name="Overview", exact=True).wait_for()

    @property
    def frame(self):
        """Our page in Airflow's own."""
        return self.page.frame_locator("iframe[title]").first

    def at(self, path):
        """Go where an address leads that somebody sent."""
        self.page.goto(f"{PAGES}{path}")
        self.frame.locator("main").wait_for()
        return self.frame

    def press(self, name, *, role="button", exact=True):
        self.frame.get_by_role(role, name=name, exact=exact).first.click()

    def sees(self, text, *, within=30_000):
        from playwright.sync_api import Error

        main = self.frame.locator("main")
        try:
            main.get_by_text(text).first.wait_for(timeout=within)
        except Error:
            pytest.fail(f"{self.page.url} does not say {text!r} but\n{main.inner_text()}")

    def offers(self, name, *, role="button"):
        return self.frame.get_by_role(role, name=name).count() > 0


@pytest.fixture(scope="module")
def seats(live_airflow):
    with chromium() as browser:
        seats = {who: Seat(browser, live_airflow, who) for who in ("padma", "chris", "eric")}
        for seat in seats.values():
            seat.sign_in()
        yield seats
    assert {who: seat.complaints for who, seat in seats.items()} == {who: [] for who in seats}


@pytest.fixture(scope="module")
def work(tmp_path_factory, live_airflow):
    """Changes files on a branch, from a clone as people have it."""

    def push(branch, change):
        folder = tmp_path_factory.mktemp("clone") / branch
        origin = str(live_airflow.branches.path)
        _git("clone", "--quiet", "--branch", branch, origin, str(folder))
        change(folder)
        _git("add", "--all", at=folder)
        _git("commit", "--quiet", "-m", "Change", at=folder)
        _git("push", "--quiet", at=folder)

    return push


def _git(*words, at=None):
    where = ("-C", str(at)) if at else ()
    done = subprocess.run(
        ["git", *where, *_AUTHOR, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _sells(folder):
    shutil.copytree(PROJECT / "story", folder, dirs_exist_ok=True)


def _names_the_task(name):
    def change(folder):
        file = folder / FIRST
        file.write_text(file.read_text().replace('"make"', f'"{name}"'))

    return change


def test_work_goes_from_a_new_kitchen_to_an_enabled_schedule_and_back(seats, work):
    padma, chris, eric = seats["padma"], seats["chris"], seats["eric"]
    _joins(padma, chris)
    _makes_a_kitchen_and_tests_it(padma, work)
    _merges(chris, "story", "demo_dev")
    chris.at("/kitchens/demo_dev")
    chris.frame.get_by_role("link", name="sold", exact=True).first.wait_for()
    # Production is Eric's alone.
    for seat in (padma, chris):
        seat.at("/kitchens/demo_dev/merge/up")
        seat.sees("What it takes")
        assert not seat.offers("Merge into demo_production")
    _merges(eric, "demo_dev", "demo_production")
    _enables(eric, chris)
    # Taken back as one: code and schedule.
    _takes_back(eric, "demo_dev", "that was a rehearsal")
    eventually("it is out of production", lambda: not eric.live.has_dag("demo_production.sold"))
    _takes_back(chris, "story", "it was one")


def _joins(padma, chris):
    # Who is on no staff sees kitchens that all may see, and can make none.
    padma.at("/kitchens")
    assert not padma.offers("Create a kitchen", role="link")
    chris.at("/kitchens/demo_dev/staff").get_by_label("Who").fill("padma")
    chris.frame.get_by_label("Role").select_option("cook")
    chris.press("Put on staff")
    chris.frame.get_by_role("button", name="Take off padma").wait_for()


def _makes_a_kitchen_and_tests_it(padma, work):
    padma.at("/kitchens")
    padma.press("Create a kitchen", role="link")
    padma.frame.get_by_label("Name").fill("story")
    padma.press("Create")
    padma.frame.get_by_role("heading", name="story was created").wait_for(timeout=SLOW_MS)
    work("story", _sells)
    padma.press("Open story", role="link")
    padma.press("Test it", role="link")
    padma.sees("0 of ", within=SLOW_MS)
    padma.at("/kitchens/story/testing?changed=true")
    padma.sees("0 of 1 green", within=SLOW_MS)
    padma.press("Run the tests")
    padma.sees("1 of 1 green", within=SLOW_MS)


def _merges(seat, kitchen, into):
    """What came up, with two clicks; it is there within seconds."""
    seat.at(f"/kitchens/{kitchen}/merge/up")
    seat.sees("pipeline added")
    seat.press(f"Merge into {into}")
    seat.frame.get_by_role("link", name="take back", exact=False).first.wait_for(timeout=SLOW_MS)
    eventually(f"it is in {into}", lambda: seat.live.has_dag(f"{into}.sold"))


def _enables(eric, chris):
    switch = "Schedule of demo_production.sold"
    chris.at("/schedules?q=demo_production.sold")
    chris.sees("demo_production")
    assert chris.frame.get_by_role("switch", name=switch, disabled=False).count() == 0
    eric.at("/schedules?q=demo_production.sold")
    eric.frame.get_by_role("switch", name=switch).click()
    eric.frame.locator(f"[role=switch][aria-label='{switch}'][aria-checked=true]").wait_for()


def _takes_back(seat, kitchen, reason):
    seat.at(f"/kitchens/{kitchen}/merge/up")
    seat.press("take back", role="link", exact=False)
    seat.frame.get_by_label("Reason").fill(reason)
    seat.press("Take it back")
    heading = f"The merge of {kitchen} was taken back"
    seat.frame.get_by_role("heading", name=heading).wait_for(timeout=SLOW_MS)


def test_two_who_changed_the_same_line_decide_in_the_editor(seats, work):
    padma, chris = seats["padma"], seats["chris"]
    work("story", _names_the_task("make_tables"))
    work("demo_dev", _names_the_task("make_rows"))
    padma.at("/kitchens/story/merge/down")
    padma.press("Begin, and decide about the conflicts")
    editor = padma.frame
    editor.get_by_role("button", name="Region 1: take theirs").last.click(timeout=SLOW_MS)
    padma.sees("all 1 decided")
    # Whoever may merge sees what she decided, and who it was.
    chris.at("/kitchens/story/merge/down/conflicts")
    chris.sees("all 1 decided")
    chris.sees("padma")
    padma.press("Complete the merge…")
    editor.get_by_role("dialog").wait_for()
    editor.get_by_role("button", name="Complete", exact=True).click()
    editor.get_by_role("heading", name="Merge demo_dev down into story").wait_for(timeout=SLOW_MS)
    origin = padma.live.branches.path
    merged = _git("show", f"story:{FIRST}", at=origin)
    assert 'task_id="make_rows"' in merged
    parents = _git("log", "-1", "--format=%P %an", "story", at=origin).split()
    assert (len(parents), parents[-1]) == (3, "padma")
    # The other tests of this folder find demo_dev as it was.
    work("demo_dev", lambda folder: (folder / FIRST).write_text(
        (folder / FIRST).read_text().replace("make_rows", "make")
    ))  # fmt: skip


def test_an_address_a_reload_and_the_way_back_lead_to_the_same_page(seats):
    chris = seats["chris"]
    chris.at("/kitchens?q=demo_dev")
    chris.press("demo_dev", role="link")
    chris.frame.get_by_role("heading", name="demo_dev").wait_for()
    assert chris.page.url.endswith("/kitchens/demo_dev")
    chris.page.reload()
    chris.frame.get_by_role("heading", name="demo_dev").wait_for()
    chris.at("/kitchens?q=demo_dev")
    chris.press("demo_dev", role="link")
    chris.frame.get_by_role("heading", name="demo_dev").wait_for()
    chris.page.go_back()
    chris.frame.get_by_role("heading", name="Kitchens", exact=True).wait_for()


def test_airflows_theme_is_ours(seats):
    chris = seats["chris"]
    chris.at("/kitchens")
    airflows = (
        "() => { const box = document.body.appendChild(document.createElement('div'));"
        " box.style.background = 'var(--chakra-colors-bg)';"
        " const colour = getComputedStyle(box).backgroundColor; box.remove(); return colour }"
    )
    ours = "() => getComputedStyle(document.body).backgroundColor"
    colours = {}
    for theme in ("light", "dark"):
        chris.page.evaluate(f"localStorage.theme = '{theme}'")
        chris.page.reload()
        body = chris.frame.locator("body")
        body.wait_for()
        colours[theme] = chris.page.evaluate(airflows)
        eventually("the page has it, too", lambda: body.evaluate(ours) == colours[theme])  # noqa: B023
    assert colours["light"] != colours["dark"]


def test_extra_links_of_airflows_own_pages_lead_to_the_kitchen(seats):
    chris = seats["chris"]
    chris.page.goto("/dags/demo_dev.profitability")
    chris.page.get_by_role("link", name="Kitchen", exact=True).click()
    chris.frame.get_by_role("heading", name="demo_dev").first.wait_for()


def test_who_is_signed_out_is_told_and_can_sign_in(seats, live_airflow):
    page = seats["padma"].context.browser.new_context(base_url=live_airflow.airflow.url).new_page()
    page.goto(f"{PAGES}/kitchens")
    page.wait_for_url("**/auth/login**")
    page.goto("/dataops/pages/kitchens")
    assert (
        "signed out" in page.inner_text("main").lower()
        or "sign in" in page.inner_text("main").lower()
    )
    page.context.close()

"""Pages in a real browser: by keyboard, in Airflow's frame, in both themes, without a script."""

from __future__ import annotations

import re

import pytest

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
CHART = (
    "/kitchens/dev_kitchen/tests/chart?pipeline=profitability&stage=collect"
    "&test=rows%20of%20transactions"
)
ALL_PAGES = (
    "/",
    "/kitchens",
    "/kitchens?q=no_such",
    "/create",
    "/kitchens/dev_kitchen",
    "/kitchens/dev_kitchen/staff",
    "/kitchens/dev_kitchen/delete",
    "/kitchens/dev_kitchen/tests",
    "/kitchens/dev_kitchen/settings",
    "/dags/dev_kitchen.profitability/runs/scheduled__1",
    CHART,
    "/schedules",
    "/kitchens/none_such",
)
SEARCH = "input[type=search]"


def colour(frame, name="background-color"):
    return frame.evaluate(f"getComputedStyle(document.body).getPropertyValue('{name}')")


@pytest.mark.parametrize(
    ("theme", "rules"),
    # A page differs in its colours alone.
    [("light", {}), ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})],
    ids=["light", "dark"],
)
def test_everybody_can_use_every_page(browse, theme, rules, lived_in):
    from axe_playwright_python.sync_playwright import Axe

    operation = lived_in.ask("GET", "/kitchens/dev_kitchen/operation", by="padma").json()["id"]
    page = browse("/", by="padma", theme=theme)
    found = {}
    for path in (*ALL_PAGES, f"/operations/{operation}"):
        page.goto(f"/dataops/pages{path}")
        violations = Axe().run(page, options=rules).response["violations"]
        if serious := [
            (one["id"], [node["html"][:160] for node in one["nodes"]])
            for one in violations
            if one["impact"] in {"serious", "critical"}
        ]:
            found[path] = serious
    assert found == {}


def test_a_kitchen_comes_and_goes_by_keyboard_alone(browse):
    page = browse("/kitchens", by="padma")

    def press(name, *, role="link"):
        page.get_by_role(role, name=name, exact=True).focus()
        page.keyboard.press("Enter")

    press("Create a kitchen")
    page.get_by_label("Name").focus()
    page.keyboard.type("typed_kitchen")
    page.keyboard.press("Tab")
    page.keyboard.type("demo_dev")
    page.keyboard.press("Tab")
    page.keyboard.type("DATA-118")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="typed_kitchen was created").wait_for()
    press("Open typed_kitchen")
    press("Delete…")
    page.get_by_label("Reason").focus()
    page.keyboard.type("typed enough")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="typed_kitchen was deleted").wait_for()
    assert "typed enough" in page.inner_text("main")


def test_focus_is_seen_and_the_content_is_one_key_away(browse):
    page = browse("/kitchens", by="padma")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = "getComputedStyle(document.activeElement)"
    assert page.evaluate("document.activeElement.innerText") == "Create a kitchen"
    assert page.evaluate(f"{focused}.outlineStyle") == "solid"


def test_a_search_changes_the_list_and_the_address_alone(browse):
    page = browse("/kitchens", by="padma")
    page.focus(SEARCH)
    page.keyboard.type("dev_k")
    page.get_by_text("1 kitchens").or_(page.get_by_text("1 kitchen", exact=True)).wait_for()
    assert page.evaluate("document.activeElement.name") == "q"
    assert page.url.endswith("q=dev_k") or "q=dev_k&" in page.url
    page.reload()
    assert page.input_value(SEARCH) == "dev_k"
    assert page.locator("tbody tr").count() == 1


class TestSwitch:
    def test_who_may_turns_it_on_and_off_in_place(self, browse):
        page = browse("/schedules?q=dev_kitchen", by="carl")
        switch = page.get_by_role("switch", name="Schedule of dev_kitchen.profitability")
        assert switch.get_attribute("aria-checked") == "false"
        for expected in ("true", "false"):
            switch.focus()
            page.keyboard.press("Space")
            page.locator(
                f"[id='switch-dev_kitchen.profitability'][aria-checked={expected}]"
            ).wait_for()
            assert page.evaluate("document.activeElement.id") == "switch-dev_kitchen.profitability"
        assert page.url.endswith("/schedules?q=dev_kitchen")

    def test_who_may_not_is_told_who_may(self, browse):
        page = browse("/schedules?q=dev_kitchen", by="padma")
        switch = page.get_by_role("switch", name="Schedule of dev_kitchen.profitability")
        assert switch.get_attribute("aria-disabled") == "true"
        switch.focus()
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text("lists carl").wait_for()
        assert switch.get_attribute("aria-checked") == "false"


class TestInAirflow:
    def test_colours_are_airflows_and_follow_its_switch(self, browse):
        page = browse("/plugin/kitchens", by="padma")
        frame = page.frames[1]
        frame.wait_for_selector("h1")
        assert colour(frame) == "rgb(255, 250, 240)"
        button = "getComputedStyle(document.querySelector('.button-main')).backgroundColor"
        frame.goto("/dataops/pages/kitchens")
        assert frame.evaluate(button) == "rgb(122, 0, 0)"
        page.evaluate("localStorage.theme = 'dark'; document.documentElement.className = 'dark'")
        frame.wait_for_function("document.documentElement.classList.contains('dark')")
        assert colour(frame) == "rgb(26, 10, 10)"
        assert colour(frame, "color") == "rgb(240, 240, 240)"

    def test_a_pipeline_is_opened_in_airflows_own_page(self, browse):
        page = browse("/plugin/kitchens", by="padma")
        page.frames[1].goto("/dataops/pages/kitchens/dev_kitchen")
        page.frames[1].get_by_role("link", name="forecast", exact=True).click()
        page.get_by_text("/dags/dev_kitchen.forecast").wait_for()
        assert page.url.endswith("/dags/dev_kitchen.forecast")

    def test_a_search_shows_in_airflows_address_bar(self, browse):
        page = browse("/plugin/kitchens", by="padma")
        page.frames[1].goto("/dataops/pages/kitchens")
        page.frames[1].fill(SEARCH, "dev_k")
        page.wait_for_url(re.compile(r"/plugin/kitchens/dataops/pages/kitchens\?q=dev_k"))

    def test_who_is_signed_out_is_led_to_airflows_login(self, browse):
        page = browse("/plugin/kitchens", by=None)
        page.frames[1].get_by_role("link", name="Sign in").click()
        page.wait_for_url(re.compile(r"/api/v2/auth/login\?next=http.*plugin.*kitchens"))
        assert page.title() == "Sign in"


def test_by_itself_the_theme_is_airflows_choice_or_the_systems(browse):
    page = browse("/kitchens", by="padma", theme="system", color_scheme="dark")
    dark = colour(page)
    assert page.evaluate("document.documentElement.className") == "dark"
    page.emulate_media(color_scheme="light")
    page.locator("html.light").wait_for()
    assert colour(page) == "rgb(255, 255, 255)" != dark


def test_back_leads_back(browse):
    page = browse("/kitchens", by="padma")
    page.get_by_role("link", name="dev_kitchen", exact=True).click()
    page.get_by_role("heading", name="dev_kitchen").first.wait_for()
    page.go_back()
    page.get_by_role("heading", name="Kitchens", exact=True).wait_for()


def test_pages_work_without_a_script(browse):
    page = browse("/create?parent=demo_dev", by="padma", java_script_enabled=False)
    page.get_by_label("Name").fill("without_script")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("heading", name="without_script was created").wait_for()
    page.get_by_role("link", name="Schedules").click()
    page.fill(SEARCH, "demo_production")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("2 schedules").wait_for()


def test_what_people_write_runs_nowhere(browse):
    payload = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    page = browse("/create?parent=demo_dev", by="padma")
    page.get_by_text("More").click()
    page.get_by_label("Name").fill("told")
    page.get_by_label("Reason").fill(payload)
    page.get_by_role("button", name="Create").click()
    page.get_by_role("heading", name="told was created").wait_for()
    assert payload in page.inner_text("main")
    assert page.title() == "Creating told · Kitchens"


def test_nothing_comes_from_elsewhere(browse, url):
    asked = []
    page = browse("/", by="padma")
    page.on("request", lambda request: asked.append(request.url))
    for path in ALL_PAGES:
        page.goto(f"/dataops/pages{path}")
    assert asked
    assert [one for one in asked if not one.startswith(url)] == []

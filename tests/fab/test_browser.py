"""The pages in a real browser where FAB signs people in."""

from __future__ import annotations

import pytest

from tests.browser import chromium
from tests.fab.conftest import PASSWORD

pytestmark = [pytest.mark.airflow, pytest.mark.browser]
PAGES = "/plugin/kitchens/dataops/pages"


@pytest.fixture(scope="module")
def signed_in(cluster):
    """Opens Airflow for somebody, by FAB's own form."""
    with chromium() as browser:

        def signed_in(who):
            page = browser.new_context(base_url=cluster.url).new_page()
            page.set_default_timeout(60_000)
            page.goto("/")
            page.fill("input[name=username]", who)
            page.fill("input[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.get_by_role("link", name="Kitchens").first.click()
            page.frame_locator("iframe[title]").first.get_by_role(
                "heading", name="Overview"
            ).wait_for()
            return page

        yield signed_in


def listed(page):
    page.goto(f"{PAGES}/kitchens")
    frame = page.frame_locator("iframe[title]").first
    frame.locator("tbody tr").first.wait_for()
    return frame, frame.locator("tbody").inner_text()


def test_a_member_sees_the_private_kitchen_and_may_change_it(signed_in):
    page = signed_in("una")
    frame, shown = listed(page)
    assert "soup" in shown
    frame.get_by_role("link", name="soup", exact=True).click()
    frame.get_by_role("link", name="Staff", exact=True).click()
    frame.get_by_role("button", name="Put on staff").wait_for()


def test_somebody_else_neither_sees_it_nor_can_go_there(signed_in):
    page = signed_in("padma")
    frame, shown = listed(page)
    assert "demo_production" in shown
    assert "soup" not in shown
    page.goto(f"{PAGES}/kitchens/soup")
    frame.get_by_role("heading").first.wait_for()
    assert "soup" not in frame.locator("h1").inner_text()

"""The machine's own Chromium, for tests, pictures and measurements."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that is closed at the end."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium")
    assert found, "chromium is not installed; `make chromium` does it, or says what to do"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()

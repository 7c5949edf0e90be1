"""The conflict editor in a browser: a file of 5,000 lines with 200 conflicts.

A real merge in a real repository, served by our app and opened in Debian's Chromium. *First
paint* is from the navigation's start until a frame with the file in it was painted; *typing* and
*next conflict* from the key until the frame after it was painted. The limit beside them is the
browser itself: a ``<textarea>`` with the same text.

    python -m benchmarks.editor [--quick]
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _report
from tests.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES, CONFLICTS = 5_000, 200
GOAL_FIRST_PAINT_MS, GOAL_KEY_MS, GOAL_BYTES = 1_000, 50, 250_000
# From a key until the frame after it is painted, measured where it happens.
_WATCH = """
window.__keys = [];
addEventListener("keydown", () => {
  const begin = performance.now();
  requestAnimationFrame(() => setTimeout(() => __keys.push(performance.now() - begin)));
}, true);
addEventListener("DOMContentLoaded", () => {
  const editor = document.getElementById("merge-editor");
  if (!editor) return;
  new MutationObserver(() => {
    if (!editor.dataset.ready || window.__painted) return;
    window.__painted = -1;
    requestAnimationFrame(() => setTimeout(() => { window.__painted = performance.now() }));
  }).observe(editor, { attributes: true, attributeFilter: ["data-ready"] });
});
"""
_PLAIN = "data:text/html,<textarea rows=40 cols=90></textarea>"


def main() -> None:
    """Make the merge, open it, press keys, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 openings, 40 keys")
    quick = parser.parse_args().quick
    openings, keys = (3, 40) if quick else (15, 200)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="dataops-editor-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url, cookie, content = stack.enter_context(_served(folder))
        browser = stack.enter_context(chromium())
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([cookie])
        context.add_init_script(_WATCH)
        page = context.new_page()
        address = f"{url}/dataops/pages/kitchens/dev_kitchen/merge/down/conflicts?path=big.py"
        paints = [_opened(page, address) for _ in range(openings)]
        _judge_keys(page, keys, content)
        _report.line(measure="first paint", lines=LINES, conflicts=CONFLICTS,
                     median_ms=_report.median(paints), p95_ms=_report.p95(paints))  # fmt: skip
        slowest = _report.p95(paints)
        _report.verdict("first paint of the editor, p95 ms", slowest,
                        goal=f"<= {GOAL_FIRST_PAINT_MS}",
                        met=slowest <= GOAL_FIRST_PAINT_MS)  # fmt: skip
        _weigh(context, url, address)


def _opened(page: Any, address: str) -> float:
    page.goto(address)
    page.wait_for_function("() => window.__painted > 0")
    return float(page.evaluate("window.__painted"))


def _judge_keys(page: Any, keys: int, content: str) -> None:
    def pressed(key: str) -> float:
        page.evaluate("__keys.length = 0")
        page.keyboard.press(key)
        page.wait_for_function("() => window.__keys.length > 0")
        return float(page.evaluate("__keys[0]"))

    found = {"next conflict": [pressed("Alt+ArrowDown") for _ in range(keys)]}
    found["typing"] = [pressed("x") for _ in range(keys)]
    found["a decision"] = [pressed("Alt+t") for _ in range(min(keys, 40))]
    page.goto(_PLAIN)
    page.evaluate(_WATCH)
    page.evaluate("text => { document.querySelector('textarea').value = text }", content)
    page.locator("textarea").focus()
    plain = [pressed("x") for _ in range(keys)]
    _report.line(system="browser", measure="typing into a <textarea> with the same text",
                 median_ms=_report.median(plain), p95_ms=_report.p95(plain))  # fmt: skip
    for measure, taken in found.items():
        slow = _report.p95(taken)
        _report.line(measure=measure, median_ms=_report.median(taken), p95_ms=slow)
        _report.verdict(f"{measure}, p95 ms from key to paint", slow, goal=f"<= {GOAL_KEY_MS}",
                        met=slow <= GOAL_KEY_MS)  # fmt: skip


def _weigh(context: Any, url: str, address: str) -> None:
    html = context.request.get(address).text()
    files = re.findall(r'(?:href|src)="([^"]+\?v=[^"]+)"', html)
    bodies = [html.encode(), *(context.request.get(f"{url}{file}").body() for file in files)]
    weight = sum(len(gzip.compress(body)) for body in bodies)
    _report.verdict("the editor's page with script and style, bytes gzipped", weight,
                    goal=f"<= {GOAL_BYTES}", met=weight <= GOAL_BYTES)  # fmt: skip


def _served(folder: Path) -> Any:
    from contextlib import contextmanager

    os.environ["AIRFLOW_HOME"] = str(folder)
    # The installation of the tests of the pages: real tables and repositories in a folder.
    from tests.web import conftest
    from tests.web.pages import conflict_scene, scene, screenshots
    from tests.web.pages.conftest import cookie, served

    screenshots._prepare(folder)  # noqa: SLF001

    @contextmanager
    def serve() -> Iterator[tuple[str, Any, str]]:
        with conftest.opened(folder) as site, served(site.client.app) as url:
            scene.staff_retail(site)
            cases = {"big.py": tuple(conflict_scene.plain(_text(side)) for side in "bot")}
            conflict_scene.begin(site, cases)
            yield url, cookie("padma", url), _text("o")

    return serve()


def _text(side: str) -> str:
    """A Python file; each 25th line is another on each side."""
    every = LINES // CONFLICTS
    return "".join(
        f"value_{number} = compute({number}, name='{side if number % every == 0 else 'same'}')\n"
        for number in range(LINES)
    )


if __name__ == "__main__":
    main()

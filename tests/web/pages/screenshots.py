"""Pictures of every page: light and dark, wide and narrow, into ``docs/images/``.

python -m tests.web.pages.screenshots [FOLDER]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
WIDTHS, HEIGHT = (1440, 1024), 810
# Before somebody begins the merge that the editor is pictured with.
BEFORE = {
    "merge_up": "/kitchens/dev_kitchen/merge/up",
    "merge_conflict": "/kitchens/padma_forecast/merge/down",
    "testing": "/kitchens/dev_kitchen/testing?changed=true",
    "release": "/environments/development/release",
}
PAGES = {
    "overview": "/",
    "kitchens": "/kitchens",
    "create": "/create?parent=demo_dev",
    "kitchen": "/kitchens/dev_kitchen",
    "tests": "/kitchens/dev_kitchen/tests",
    "chart": "/kitchens/dev_kitchen/tests/chart?pipeline=profitability&stage=collect"
    "&test=rows%20of%20transactions",
    "settings": "/kitchens/dev_kitchen/settings",
    "run": "/dags/dev_kitchen.profitability/runs/scheduled__1",
    "staff": "/kitchens/dev_kitchen/staff",
    "delete": "/kitchens/padma_forecast/delete",
    "conflicts": "/kitchens/dev_kitchen/merge/down/conflicts?path=pipelines/profit/pipeline.py",
    "schedules": "/schedules",
    "not_there": "/kitchens/none_such",
}


def main() -> None:
    """Make an installation, live in it, and picture it."""
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    into.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="dataops-pictures-"))
    os.environ["AIRFLOW_HOME"] = str(folder)
    try:
        _prepare(folder)
        _picture(folder, into)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path) -> None:
    from tests.airflow_fixtures import airflow_environment
    from tests.git_fixtures import Origin
    from tests.web import conftest

    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=airflow_environment(folder, f"sqlite:///{folder / 'airflow.db'}"),
        check=True,
        capture_output=True,
    )
    for project in conftest.PROJECTS:
        (folder / project).mkdir()
        Origin(folder / project).commit({"pipelines/profit/pipeline.py": "one = 1\n"})


def _picture(folder: Path, into: Path) -> None:
    from tests.browser import chromium
    from tests.web import conftest
    from tests.web.pages.conflict_scene import begin
    from tests.web.pages.conftest import served
    from tests.web.pages.scene import live_in, staff_retail, work_in

    with conftest.opened(folder) as site, served(site.client.app) as url:
        os.environ["AIRFLOW__DATAOPS__MERGE_BUILD_SECONDS"] = "60"  # of this process alone
        staff_retail(site)
        live_in(site)
        work_in(site)
        operation = site.ask("GET", "/kitchens/dev_kitchen/operation", by="padma").json()["id"]
        pages = {**PAGES, "operation": f"/operations/{operation}", "signed_out": "/"}
        with chromium() as browser:
            _shoot_all(browser, url, BEFORE, into)
            begin(site)
            _shoot_all(browser, url, pages, into)


def _shoot_all(browser, url, pages, into) -> None:
    for theme in ("light", "dark"):
        for width in WIDTHS:
            _shoot(browser, url, pages, into, theme=theme, width=width)


def _shoot(browser, url, pages, into, *, theme, width) -> None:
    from tests.web.pages.conftest import cookie

    for name, path in pages.items():
        context = browser.new_context(viewport={"width": width, "height": HEIGHT})
        context.add_init_script(f"localStorage.theme = '{theme}'")
        if name != "signed_out":
            context.add_cookies([cookie("padma", url)])
        page = context.new_page()
        page.goto(f"{url}/dataops/pages{path}")
        if name == "conflicts":
            page.locator("#merge-editor[data-ready]").wait_for()
        page.wait_for_selector("[aria-busy=true]", state="detached")
        page.screenshot(path=into / f"{name}-{theme}-{width}.png")
        context.close()


if __name__ == "__main__":
    main()

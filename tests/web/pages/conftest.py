"""The pages before people: answered in this process, and by a server to a real browser."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager

import pytest

from tests import browser
from tests.web.conftest import opened, token
from tests.web.pages.scene import PAGES, live_in
from tests.web.pages.shell import shell


class Visitor:
    """A person who asks for pages without a browser."""

    def __init__(self, site, name):
        self.site, self.name = site, name

    def get(self, path, **how):
        return self._ask("GET", path, **how)

    def post(self, path, *, data=None, **how):
        return self._ask("POST", path, data=data or {}, **how)

    def _ask(self, method, path, **how):
        address = path if path.startswith(PAGES) else f"{PAGES}{path}"
        headers = {**self.site.bearer(self.name), **how.pop("headers", {})}
        if how.get("data") == {}:
            headers |= {"content-type": "application/x-www-form-urlencoded"}
        return self.site.client.request(
            method, address, headers=headers, follow_redirects=False, **how
        )


@pytest.fixture(scope="module")
def lived_in(retail_installation, tmp_path_factory):
    """The retail installation with pipelines, runs, schedules and alerts; shared by a file."""
    folder = tmp_path_factory.mktemp("lived-in") / "installation"
    shutil.copytree(retail_installation, folder)
    with opened(folder) as site:
        live_in(site)
        yield site


@pytest.fixture
def as_(lived_in):
    """A person before the lived-in installation, by name; None is nobody."""
    return lambda name: Visitor(lived_in, name)


@contextmanager
def served(app):
    """An app at an address of this machine."""
    import uvicorn

    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def cookie(name, url):
    """What Airflow's login leaves in a browser."""
    return {"name": "_token", "value": token(name), "url": url, "sameSite": "Lax"}


@pytest.fixture(scope="module")
def chromium():
    """Debian's browser; ``make test`` installs it."""
    with browser.chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def url(lived_in):
    """Where the lived-in installation is served."""
    with served(shell(lived_in.client.app)) as url:
        yield url


@pytest.fixture
def browse(chromium, url):
    """Opens a page in a browser of somebody's own; whatever the page complains of fails."""
    contexts, complaints = [], []

    def browse(path, *, by, theme="light", **how):
        context = chromium.new_context(base_url=url, **how)
        contexts.append(context)
        if by is not None:
            context.add_cookies([cookie(by, url)])
        context.add_init_script(f"localStorage.theme ??= '{theme}'")
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_bad(said) else None)
        page.goto(path if path.startswith("/plugin") else f"{PAGES}{path}")
        return page

    yield browse
    for context in contexts:
        context.close()
    assert complaints == []


def _is_bad(said):
    # Of refusals the browser says so itself, of a network that a test takes away, and of the frame
    # that Airflow makes.
    expected = (
        "the server responded with", "ERR_INTERNET_DISCONNECTED",
        "allow-same-origin for its sandbox",
    )  # fmt: skip
    return said.type in {"error", "warning"} and not any(one in said.text for one in expected)

"""Renames, folders in the way and mixed line ends, decided in a browser by mouse and by keys alone.

Each tree is that of the same choices sent to the REST API, and the one written down here.
"""

from __future__ import annotations

import subprocess

import pytest

from tests.web.pages.conflict_scene import DOWN, begin, plain
from tests.web.pages.test_editor import EDITOR, open_file, result, tree, until_saved

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


def named(word):
    """A file unlike all others, so that git finds it under its new name."""
    return plain("".join(f"{word}_{number} = {number}\n" for number in range(30)))


# Base, ours (dev_kitchen), theirs (demo_dev).
CASES = {
    # Renamed by both, each to another name.
    "old.py": (named("old"), None, None),
    "ours.py": (None, named("old"), None),
    "theirs.py": (None, None, named("old")),
    # Renamed by them, deleted by us.
    "gone.py": (named("gone"), None, None),
    "kept.py": (None, None, named("gone")),
    # A folder that we renamed, and in which they made a new file.
    "lib/one.py": (named("one"), None, named("one")),
    "lib/two.py": (named("two"), None, named("two")),
    "core/one.py": (None, named("one"), None),
    "core/two.py": (None, named("two"), None),
    "lib/new.py": (None, None, plain("new = 1\n")),
    # A folder whose files we took apart: git cannot tell where their new one belongs.
    "split/one.py": (named("a"), None, named("a")),
    "split/two.py": (named("b"), None, named("b")),
    "left/one.py": (None, named("a"), None),
    "right/two.py": (None, named("b"), None),
    "split/new.py": (None, None, plain("three = 3\n")),
    # A file of ours where they have a folder.
    "thing": (None, plain("a file\n"), None),
    "thing/inner.py": (None, None, plain("inner = 1\n")),
    # Lines that end as Windows has it beside others.
    "mixed.txt": (
        plain(b"one\r\ntwo\nthree\r\n"),
        plain(b"one\r\nours\nthree\r\n"),
        plain(b"one\r\ntheirs\r\nthree\r\n"),
    ),
}
UNTOUCHED = {"core/one.py", "core/two.py", "left/one.py", "right/two.py", "split/new.py"}
# By path: the region, the choice, the text. Then what is there afterwards, beside UNTOUCHED.
ONE_WAY = (
    {
        "old.py": (None, "ours", None),
        "ours.py": (None, "ours", None),
        "theirs.py": (None, "ours", None),
        "kept.py": (None, "theirs", None),
        "core/new.py": (None, "theirs", None),
        "split": (None, "ours", None),
        "thing": (None, "theirs", None),
        "mixed.txt": (1, "both", None),
    },
    {"ours.py", "kept.py", "core/new.py", "thing/inner.py", "mixed.txt"},
    b"one\r\nours\ntheirs\r\nthree\r\n",
)
THE_OTHER_WAY = (
    {
        "old.py": (None, "base", None),
        "ours.py": (None, "theirs", None),
        "theirs.py": (None, "theirs", None),
        "kept.py": (None, "ours", None),
        "core/new.py": (None, "ours", None),
        "split": (None, "ours", None),
        "thing": (None, "ours", None),
        "mixed.txt": (1, "own", "mine\n"),
    },
    {"old.py", "theirs.py", "thing", "mixed.txt"},
    b"one\r\nmine\nthree\r\n",
)


@pytest.fixture
def scene(lived_in):
    answer = begin(lived_in, CASES)
    assert {one["path"] for one in answer["conflicts"]} == set(ONE_WAY[0])
    return lived_in


def by_mouse(page, path, region, choice, text):
    open_file(page, path)
    if region is None:
        page.locator(f'[data-whole="{choice}"]').click()
    elif text is None:
        page.get_by_role("button", name=f"Region {region}: take {choice}").last.click()
    else:
        result(page).locator(".merge-region").first.click()
        write(page, text)


def by_keys(page, path, region, choice, text):
    walk_to(page, f"a[title={path!r}]")
    page.keyboard.press("Enter")
    page.locator(f'#merge-editor[data-ready="{path}"]').wait_for()
    if region is None:
        walk_to(page, f'[data-whole="{choice}"]')
        page.keyboard.press("Enter")
    elif text is None:
        page.keyboard.press({"both": "Alt+b"}[choice])
    else:
        page.keyboard.press("Alt+n")
        write(page, text)


def write(page, text):
    for keys in ("Home", "Shift+End", "Delete"):
        page.keyboard.press(keys)
    page.keyboard.type(text.removesuffix("\n"))


def walk_to(page, selector):
    """Press Tab until something has the focus; whoever has no mouse gets there no other way."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"no key leads to {selector}")


def complete_by_mouse(page):
    page.locator('[data-part="complete"][aria-disabled="false"]').click()
    with page.expect_navigation():
        page.get_by_role("button", name="Complete", exact=True).click()


def complete_by_keys(page):
    page.locator('[data-part="complete"][aria-disabled="false"]').wait_for()
    walk_to(page, '[data-part="complete"]')
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    walk_to(page, '[data-part="confirm"]')
    with page.expect_navigation():
        page.keyboard.press("Enter")


def by_rest(site, chosen):
    begin(site, CASES)
    given = [
        {"path": path, "region": region, "choice": choice, "text": text}
        for path, (region, choice, text) in chosen.items()
    ]
    site.ask("POST", f"{DOWN}/resolutions", by="padma", json={"resolutions": given})
    done = site.ask("POST", f"{DOWN}/complete", by="padma", json={})
    assert done.status_code == 200, done.text
    return tree(site)


@pytest.mark.parametrize("way", [ONE_WAY, THE_OTHER_WAY], ids=["one way", "the other way"])
@pytest.mark.parametrize(
    ("decide", "complete"),
    [(by_mouse, complete_by_mouse), (by_keys, complete_by_keys)],
    ids=["mouse", "keys"],
)
def test_it_comes_to_what_the_rest_api_comes_to(browse, scene, decide, complete, way):
    chosen, there, mixed = way
    page = browse(EDITOR, by="padma")
    page.locator("#merge-editor[data-ready]").wait_for()
    for path, choice in chosen.items():
        decide(page, path, *choice)
        until_saved(page)
    page.get_by_text("all 8 decided").wait_for()
    complete(page)
    origin = scene.origins["retail"]
    listed = origin.bare("ls-tree", "-r", "--name-only", "dev_kitchen").splitlines()
    assert set(listed) == UNTOUCHED | there
    assert blob(origin, "mixed.txt") == mixed
    made = tree(scene)
    assert made == by_rest(scene, chosen)


@pytest.mark.usefixtures("scene")
def test_of_a_folder_that_went_two_ways_only_what_can_be_decided_is_offered(browse):
    page = browse(f"{EDITOR}?path=split", by="padma")
    page.locator('#merge-editor[data-ready="split"]').wait_for()
    offered = page.locator("[data-whole]:visible")
    assert [one.get_attribute("data-whole") for one in offered.all()] == ["ours", "open"]
    # A key asks for what no button offers: it is refused here, and nothing waits to be saved.
    page.keyboard.press("Alt+t")
    page.get_by_text("ours leaves its files where they are").wait_for()
    page.locator('[data-whole="ours"]').click()
    page.get_by_text("7 of 8 open").wait_for()
    until_saved(page)


def blob(origin, path):
    return subprocess.run(
        ["git", "cat-file", "blob", f"dev_kitchen:{path}"],
        cwd=origin.path, capture_output=True, check=True,
    ).stdout  # fmt: skip

"""Each conflict is decided in the page and on the command line, and comes to the same bytes.

The conflicts are those that the merges in the object database are tested on.
"""

from __future__ import annotations

import json
import re
from itertools import cycle, islice
from random import Random

import pytest

from tests.adapters.test_merge_corpus import BASE, DEEDS, FILES, NAMED, WITHOUT_FILES, side
from tests.cli.laptop import _laptops, laptop
from tests.web.conftest import token
from tests.web.pages.conflict_scene import DOWN, abandon, lay_out, plain
from tests.web.pages.test_editor import EDITOR, result, until_saved

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
_ = _laptops, laptop  # fixtures
OF_REGIONS = ["theirs", "both", "own", "base", "emptied", "ours"]
OF_FILES = ["theirs", "own", "base", "both", "ours"]
KEYS = {"theirs": "Alt+t", "ours": "Alt+o", "both": "Alt+b", "base": "Alt+a"}
TYPED = ["né = 1", "two"]  # nothing after its last line
MORE = {
    "mixed line ends": (
        {"a": plain(b"one\r\ntwo\nthree\r\n")},
        {"a": plain(b"one\r\nours\nthree\r\n")},
        {"a": plain(b"one\r\ntheirs\r\nthree\r\n")},
    ),
    "Windows, no line at the end": (
        {"a": plain(b"one\r\ntwo")},
        {"a": plain(b"one\r\nours")},
        {"a": plain(b"one\r\ntheirs\r\n")},
    ),
    "no UTF-8 on both sides": (
        {"a": plain(b"one\ntwo\nthree\nfour\n")},
        {"a": plain(b"one\n\xe9 ours\nthree\nfour\n")},
        {"a": plain(b"one\n\xff theirs\nthree\nf\xf6ur\n")},
    ),
    "lines that end as on old Macs": (
        {"a": plain(b"one\rtwo\nthree\n")},
        {"a": plain(b"one\rours\nthree\n")},
        {"a": plain(b"one\rtheirs\nthree\n")},
    ),
    "all of it, without a line": ({"a": plain(b"x")}, {"a": plain(b"y")}, {"a": plain(b"z")}),
}
NAMED_CONFLICTS = {name: sides for name, (*sides, kinds) in NAMED.items() if kinds}
CASES = NAMED_CONFLICTS | {name: sides for name, (*sides, _) in WITHOUT_FILES.items()} | MORE


def is_still(sides):
    """Whether nothing is gone, so that git looks for no new name of it, whatever is beside it."""
    base, ours, theirs = map(set, sides)
    return base <= ours and base <= theirs


def in_folders(cases):
    """Several cases as one, each in a folder of its own."""
    return [
        {
            f"{at:02}/{path}": entry
            for at, one in enumerate(cases)
            for path, entry in one[side].items()
        }
        for side in range(3)
    ]


def unchecked(tree):
    """With names of files that may be put together to anything, without being Python or YAML."""
    return {re.sub(r"\.(py|yaml)$", ".txt", path): entry for path, entry in tree.items()}


def generated(seed):
    random = Random(seed)  # noqa: S311 - of a corpus

    def deeds():
        return [
            (random.choice(DEEDS), random.choice(FILES), random.randrange(13)) for _ in range(4)
        ]

    return [BASE, side(BASE, deeds()), side(BASE, deeds())]


@pytest.fixture
def scene(lived_in):
    lived_in.origin = lived_in.origins["retail"]
    return lived_in


@pytest.fixture
def padma(laptop, url):
    laptop.log_in(url, token("padma"))
    return laptop


def begin(site, sides):
    abandon(site)
    lay_out(site, *map(unchecked, sides))
    answer = site.ask("POST", DOWN, by="padma", json={}).json()
    assert answer.get("state") == "open", answer
    return [
        site.ask("GET", f"{DOWN}/conflict", by="padma", params={"path": one["path"]}).json()
        for one in answer["conflicts"]
    ]


def plan(files, first):
    """What is decided about each place, as the command line has it: path, region, choice, text."""
    of_regions = islice(cycle(OF_REGIONS), first, None)
    of_files = islice(cycle(OF_FILES), first, None)
    for file in files:
        regions = file["regions"]
        if not regions or has_marks(file) or next(of_files) == "own":
            yield (file["path"], *whole(file, of_files))
            continue
        for region in regions:
            choice = next(of_regions)
            while choice in {"own", "emptied"} and not can_be_typed(file, region, choice):
                choice = next(of_regions)
            yield (file["path"], region["number"], *decision(file, region, choice))


def whole(file, choices):
    """A decision about all of a file that can be made about it."""
    has_text = file["is_exact"] and file["sides"]
    can_be = {"ours", "theirs", "base"} if file["sides"] else {"ours"}
    can_be |= {"both"} if file["regions"] and not has_marks(file) else set()
    can_be |= {"own"} if has_text else set()
    choice = next(choice for choice in choices if choice in can_be)
    return None, choice, ends_of(file).join(TYPED) if choice == "own" else None


def has_marks(file):
    """Whether what git merged looks as if a conflict was left in it, which is not completed."""
    return any("<<<<<<<" in text for text in file["clean"])


def can_be_typed(file, region, choice):
    return file["is_exact"] and (choice == "own" or region["base"])


def decision(file, region, choice):
    if choice == "emptied":
        return "own", ""
    if choice != "own":
        return choice, None
    is_last = region["number"] == len(file["regions"]) and not file["clean"][-1]
    return "own", ends_of(file).join([*TYPED, *([] if is_last else [""])])


def ends_of(file):
    """How lines of a file end that somebody types."""
    texts = [*file["clean"], *(one[side] for one in file["regions"] for side in file["sides"])]
    every = "".join(texts)
    return "\r\n" if "\r\n" in every and "\n" not in every.replace("\r\n", "") else "\n"


def in_the_page(page, files, planned):
    page.locator("#merge-editor[data-ready]").wait_for()
    shown = {file["path"]: file for file in files}
    for path, region, choice, text in planned:
        if (
            json.loads(page.locator("a[aria-current][data-path]").get_attribute("data-path"))
            != path
        ):
            open_file(page, path)
        if region is None:
            decide_file(page, choice, text)
        else:
            decide_region(page, shown[path]["regions"][region - 1], choice, text)
    until_saved(page)
    page.locator('[data-part="total"]', has_text="decided").wait_for()
    page.locator('[data-part="complete"][aria-disabled="false"]').click()
    with page.expect_navigation():
        page.get_by_role("button", name="Complete", exact=True).click()


def open_file(page, path):
    page.evaluate(
        """path => [...document.querySelectorAll("a[data-path]")]
             .find((one) => JSON.parse(one.dataset.path) === path).click()""",
        path,
    )
    page.wait_for_function(
        "path => document.getElementById('merge-editor').dataset.ready === path", arg=path
    )


def decide_file(page, choice, text):
    page.locator(f'[data-whole="{choice}"]').click()
    if text is not None:
        page.locator('[data-part="where"]', has_text="written by hand").wait_for()
        result(page).click()
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        page.keyboard.type("\n".join(TYPED))


def decide_region(page, region, choice, text):
    number = region["number"]
    for _ in range(100):
        if page.inner_text('[data-part="where"]').startswith(f"region {number} of"):
            break
        page.keyboard.press("Alt+ArrowDown")
    # To its first line, where a region before it may have left the cursor.
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowDown")
    if text is None:
        page.keyboard.press(KEYS[choice])
        return
    for _ in range(len(region["base"].splitlines())):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Delete" if region["base"] else "Home")
    if text:
        page.keyboard.type("\n".join(TYPED))


def on_the_command_line(laptop, planned, folder):
    own = folder / "own.txt"
    for path, region, choice, text in planned:
        words = ["dev_kitchen", path, choice]
        words += ["--region", str(region)] if region else []
        if text is not None:
            own.write_bytes(text.encode())
            words += ["--file", str(own)]
        done = laptop.dataops("merge", "resolve", *words)
        assert done.code == 0, done.stderr
    done = laptop.dataops("merge", "complete", "dev_kitchen")
    assert done.code == 0, done.stderr


def check(browse, scene, laptop, folder, *, sides, first):
    files = begin(scene, sides)
    planned = list(plan(files, first))
    in_the_page(browse(EDITOR, by="padma"), files, planned)
    made = entries(scene)
    begin(scene, sides)
    on_the_command_line(laptop, planned, folder)
    assert entries(scene) == made


def entries(site):
    """All that the kitchen's branch has: mode, id and path, for whoever reads a failure."""
    return site.origin.bare("ls-tree", "-r", "dev_kitchen").splitlines()


STILL = [sides for sides in CASES.values() if is_still(sides)]
MOVING = {name: sides for name, sides in CASES.items() if not is_still(sides)}


@pytest.mark.parametrize("first", range(3))
def test_what_stays_where_it_is(browse, scene, padma, tmp_path, first):
    check(browse, scene, padma, tmp_path, sides=in_folders(STILL), first=2 * first)


@pytest.mark.parametrize("name", MOVING)
def test_what_moves_or_goes(browse, scene, padma, tmp_path, name):
    first = list(MOVING).index(name)
    check(browse, scene, padma, tmp_path, sides=MOVING[name], first=first)


# Those of the first ten in which something is in conflict.
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6, 9])
def test_what_is_generated(browse, scene, padma, tmp_path, seed):
    check(browse, scene, padma, tmp_path, sides=generated(seed), first=seed)

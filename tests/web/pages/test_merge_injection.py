"""Nothing that comes with a branch becomes a part of the page that merges it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.web.pages.conftest import Visitor
from tests.web.pages.test_injection import PAYLOADS, Skeleton
from tests.web.test_merges import ask, push, street, tip  # noqa: F401 - street is a fixture

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
DOWN = "/kitchens/dev_kitchen/merge/down"
# git takes no path with an empty step, nor one that ends with a slash.
NAMES = [payload.replace("//", "/ /").strip("/") for payload in PAYLOADS]
HARMLESS = [f"{'a/' * name.count('/')}file {number}" for number, name in enumerate(NAMES)]
WRITTEN = ("reason", "opened_by", "ended_by")


def previewed(site, names):
    """The page of a merge that adds files of these names, and has as many in conflict."""
    before = {branch: tip(site, branch) for branch in ("demo_dev", "dev_kitchen")}
    both = {f"both/{name}.txt": f"{name}\n" for name in names}
    push(site, "dev_kitchen", {path: f"ours {text}" for path, text in both.items()})
    push(site, "demo_dev", both)
    conflicts = Visitor(site, "padma").get(f"{DOWN}/preview")
    for branch, commit in before.items():
        site.origin.bare("update-ref", f"refs/heads/{branch}", commit)
    push(site, "demo_dev", {f"new/{name}.txt": f"{name}\n" for name in names})
    files = Visitor(site, "padma").get(f"{DOWN}/preview")
    differences = [
        Visitor(site, "padma").get(f"{DOWN}/files/{number}") for number in range(1, len(names) + 1)
    ]
    site.origin.bare("update-ref", "refs/heads/demo_dev", before["demo_dev"])
    answers = [conflicts, files, *differences]
    assert {answer.status_code for answer in answers} == {200}
    return [Skeleton(answer.text) for answer in answers]


def test_names_and_contents_of_files_stay_text(street):  # noqa: F811
    expected = previewed(street, HARMLESS)
    conflicts, files, *differences = shown = previewed(street, NAMES)
    assert [one.tags for one in shown] == [one.tags for one in expected]
    for name in NAMES:
        assert conflicts.says(f"both/{name}.txt"), name
        assert files.says(f"new/{name}.txt"), name
        assert any(one.says(name) for one in differences), name


def test_what_people_wrote_of_merges_stays_text(street):  # noqa: F811
    push(street, "demo_dev", {"a.txt": "a\n"})
    ask(street, "POST", DOWN, reason="weekly")
    padma = Visitor(street, "padma")

    def shown(value):
        with street.engine.begin() as connection:
            for column in WRITTEN:
                connection.execute(
                    text(f"update dataops_merge set {column} = :value"),  # noqa: S608
                    {"value": value},
                )
        return Skeleton(padma.get(DOWN).text)

    expected = shown("harmless").tags
    for payload in PAYLOADS:
        found = shown(payload)
        assert found.tags == expected, payload
        assert found.says(payload)


def test_who_made_commits_and_how_they_named_them_stays_text(street):  # noqa: F811
    padma, origin = Visitor(street, "padma"), street.origin
    at = ("-C", origin.work)
    push(street, "dev_kitchen", {"a.txt": "a\n"})

    def shown(author, title):
        words = (f"--author={author} <somebody@example.com>", "--message", title)
        origin._git(*at, "commit", "--quiet", "--allow-empty", *words)
        origin._git(*at, "push", "--quiet", "--force", origin.path, "HEAD:refs/heads/dev_kitchen")
        page = Skeleton(padma.get("/environments/development/release").text)
        origin._git(*at, "reset", "--quiet", "--hard", "HEAD~1")
        return page

    expected = shown("harmless", "harmless").tags
    for payload in PAYLOADS:
        # git itself takes these two letters out of a name.
        name = payload.translate(str.maketrans("", "", "<>")).strip(" .,:;'\"")
        found = shown(f"a {name} z", f"{payload} as a title")
        assert found.tags == expected, payload
        assert found.says(f"a {name} z"), name
        assert found.says(f"{payload} as a title"), payload


def test_names_of_branches_stay_text(street):  # noqa: F811
    padma, tried = Visitor(street, "padma"), 0
    before = tip(street, "dev_kitchen")

    def shown(branch):
        street.origin.bare("update-ref", f"refs/heads/{branch}", before)
        with street.engine.begin() as connection:
            connection.execute(
                text("update dataops_kitchen set branch = :branch where name = 'dev_kitchen'"),
                {"branch": branch},
            )
        pages = [padma.get(path) for path in ("/kitchens/dev_kitchen", DOWN, f"{DOWN}/preview")]
        assert {page.status_code for page in pages} == {200}, branch
        return [Skeleton(page.text) for page in pages]

    push(street, "demo_dev", {"b.txt": "b\n"})
    expected = [page.tags for page in shown("harmless")]
    for payload in PAYLOADS:
        # What git takes as a branch's name.
        branch = payload.translate(str.maketrans("", "", " :*?[~^\\")).replace("//", "/")
        kitchen, *rest = shown(branch.strip("-/."))
        assert [kitchen.tags, *(page.tags for page in rest)] == expected, branch
        assert kitchen.says(branch.strip("-/."))
        tried += 1
    assert tried == len(PAYLOADS)


def test_enough_is_tried():
    assert len(PAYLOADS) * (6 + len(WRITTEN)) >= 60

"""Names, contents, people and git's words in the editor stay text, whatever they say."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.web.pages.conflict_scene import DOWN, begin, plain
from tests.web.pages.test_injection import PAYLOADS, Skeleton

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
EDITOR = f"{DOWN}/conflicts"
# In each of: the name, the three texts, an own text, who opened the merge, who decided.
PLACES = 7
# CodeMirror itself puts empty pictures beside its widgets.
STRANGE = (
    *("img:not(.cm-widgetBuffer)", "svg", "iframe", "script", "meta", "style"),
    *("[onload]", "[onerror]", "[onfocus]", "[hx-get]", "a[href^=javascript]"),
)
SUFFIXES = (".py", ".sql", ".yaml", "")


def path_of(number, payload):
    return f"{number} {payload}{SUFFIXES[number % len(SUFFIXES)]}"


def cases(payloads):
    return {
        path_of(number, payload): (
            plain(f"a\n{payload} base\nb\n"),
            plain(f"a\n{payload} ours\nb\n"),
            plain(f"a\n{payload} theirs\nb\n"),
        )
        for number, payload in enumerate(payloads)
    }


def written(site, payloads):
    """A merge with each payload in a file of its own, decided by somebody of that name."""
    begin(site, cases(payloads))
    decided = [
        {"path": path_of(number, payload), "region": 1, "choice": "own", "text": f"{payload} own\n"}
        for number, payload in enumerate(payloads)
    ]
    answer = site.ask("POST", f"{DOWN}/decisions", by="padma", json={"resolutions": decided})
    assert answer.status_code == 200, answer.text
    with site.engine.begin() as connection:
        connection.execute(text("update dataops_merge set opened_by = :who"), {"who": payloads[0]})
        for number, payload in enumerate(payloads):
            connection.execute(
                text("update dataops_resolution set by = :who where path = :path"),
                {"who": payload, "path": path_of(number, payload)},
            )


def test_names_stay_text_in_what_the_server_sends(lived_in, as_):
    harmless = [f"harmless {number}" for number in range(len(PAYLOADS))]

    def skeleton(payloads):
        begin(lived_in, {name.replace("/", "-"): sides for name, sides in cases(payloads).items()})
        answer = as_("padma").get(EDITOR)
        assert answer.status_code == 200
        return Skeleton(answer.text)

    expected, shown = skeleton(harmless), skeleton(PAYLOADS)
    assert sorted(shown.tags) == sorted(expected.tags)
    for payload in PAYLOADS:
        assert shown.says(payload.replace("/", "-")), payload


def test_nothing_that_people_write_runs_in_the_editor(browse, lived_in):
    written(lived_in, PAYLOADS)
    page = browse(EDITOR, by="padma")
    ran = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    links = page.locator(".merge-files a")
    assert links.count() == len(PAYLOADS)
    shown = []
    for number, payload in enumerate(PAYLOADS):
        name = path_of(number, payload)
        page.evaluate(
            "name => [...document.querySelectorAll('a[data-path]')]"
            ".find(link => JSON.parse(link.dataset.path) === name).click()",
            name,
        )
        page.wait_for_function(
            "name => document.getElementById('merge-editor').dataset.ready === name", arg=name
        )
        text_of_page = page.inner_text("#merge-editor")
        # A separator of lines is shown as a sign.
        words = payload.lstrip("\u2028")
        shown.append([f"{words} {part}" in text_of_page for part in ("own", "ours", "theirs")])
        assert page.locator(f"#merge-editor :is({', '.join(STRANGE)})").count() == 0
    assert ran == []
    assert all(all(parts) for parts in shown), shown


def test_enough_is_tried():
    assert len(PAYLOADS) * PLACES >= 60

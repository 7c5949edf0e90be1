"""The editor's script without a browser: its unit tests, and its joining beside the server's."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dataops.domain.merge import Conflict, ConflictKind, FileVersion, ThreeWayFile
from airflow_dataops.domain.merge_draft import Choice, ConflictPath, Resolution, resolved
from airflow_dataops.domain.merge_text import Region

ROOT = Path(__file__).parents[3]
ISLAND = ROOT / "ui" / "island.py"
LARGEST_GZIPPED_BYTES = 250_000
LINES = st.lists(st.sampled_from(["a\n", "b\r\n", "\n", "é = 1\n"]), max_size=3).map("".join)
# The last line of a file alone may have no end; a text that people write may.
TEXTS = st.tuples(LINES, st.sampled_from(["", "x", "y\r"])).map("".join)
CHOICES = st.sampled_from([one for one in Choice if one is not Choice.OPEN])
_SCRIPT = """
import { merged } from "./src/model.js";
const cases = JSON.parse(await new Promise((done) => {
  let all = ""; process.stdin.on("data", (part) => { all += part }).on("end", () => done(all));
}));
console.log(JSON.stringify(cases.map(({ file, decided }) => {
  const { text, places } = merged(file, (number) => decided[number - 1]);
  return [text, places.every(({ from, to }) => from <= to && to <= text.length)];
})));
"""


@st.composite
def cases(draw):
    number = draw(st.integers(1, 4))
    clean = [draw(LINES) for _ in range(number)]
    clean.append(draw(TEXTS))
    regions = [
        {"number": at + 1, "base": draw(LINES), "ours": draw(LINES), "theirs": draw(TEXTS)}
        for at in range(number)
    ]
    decided = []
    for _ in range(number):
        choice = draw(CHOICES)
        decided.append({"choice": choice, "text": draw(TEXTS) if choice is Choice.OWN else None})
    return {"file": {"clean": clean, "regions": regions}, "decided": decided}


def test_the_unit_tests_of_the_island_pass():
    done = subprocess.run(
        [sys.executable, str(ISLAND), "test"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 0" not in done.stdout


def test_the_page_shows_what_the_server_makes_of_the_same_choices():
    made = []

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(cases())
    def collect(case):
        made.append(case)

    collect()
    command, _ = runpy.run_path(str(ISLAND))["_command"]("node")
    answer = subprocess.run(
        [*command, "--input-type=module", "--eval", _SCRIPT],
        input=json.dumps(made),
        cwd=ROOT / "ui",
        capture_output=True,
        text=True,
        check=True,
    )
    shown = json.loads(answer.stdout)
    assert [text for text, _ in shown] == [on_server(case) for case in made]
    assert all(is_placed for _, is_placed in shown)


def on_server(case):
    """The file as the server writes it."""
    file, version = case["file"], FileVersion(mode="100644", blob="1")
    parts = [file["clean"][0]]
    for region, clean in zip(file["regions"], file["clean"][1:], strict=True):
        parts += [
            Region(base=region["base"], ours=region["ours"], theirs=region["theirs"]),
            clean,
        ]
    three = ThreeWayFile(path="a", base=version, ours=version, theirs=version)
    conflict = Conflict(
        file=three, kind=ConflictKind.EDIT_EDIT, regions=len(file["regions"]), said=(), shown="a"
    )
    path = ConflictPath(path="a", target="a", conflicts=(conflict,), parts=tuple(parts))
    now = datetime.now(tz=UTC)
    given_ = [
        Resolution(path="a", region=number, by="p", at=now, **one)
        for number, one in enumerate(case["decided"], start=1)
    ]
    return resolved([path], given_)["a"].content.decode()


def test_the_page_of_the_editor_is_small():
    import gzip

    static = ROOT / "airflow_dataops" / "web" / "static"
    files = ("built/editor.js", "editor.css", "pages.css", "pages.js", "theme.js")
    sent = [static / name for name in files] + [*static.glob("htmx*.js")]
    assert sum(len(gzip.compress(one.read_bytes())) for one in sent) < LARGEST_GZIPPED_BYTES


def test_nothing_built_and_no_registry_is_in_the_sources():
    listed = subprocess.run(
        ["git", "ls-files", "ui", "airflow_dataops/web/static"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "node_modules" not in listed
    assert "built" not in listed
    assert "resolved" not in (ROOT / "ui" / "package-lock.json").read_text()

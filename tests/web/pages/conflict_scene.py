"""A merge under way with a conflict of every kind in it, for the editor."""

from __future__ import annotations

import os
import subprocess

from tests.merge_repositories import FILE, LINK, PROGRAM, SUBMODULE, _commit

PROFIT, SQL, YAML = "pipelines/profit/pipeline.py", "sql/orders.sql", "pipelines/report.yaml"
LINES = [f"line_{number} = {number}\n" for number in range(1, 61)]
ONE, TWO, THREE = (sign.encode() * 40 for sign in "123")
DOWN = "/kitchens/dev_kitchen/merge/down"


def text(changed=None, lines=LINES):
    return (FILE, "".join((changed or {}).get(n, line) for n, line in enumerate(lines)).encode())


def plain(content):
    return (FILE, content if isinstance(content, bytes) else content.encode())


# Base, ours (dev_kitchen), theirs (demo_dev).
KINDS = {
    PROFIT: (
        text(),
        text({4: 'owner = "padma"\n', 30: "rate = 0.2\n", 50: "", 51: ""}),
        text({4: 'owner = "chris"\n', 30: "rate = 0.3\nmore = 1\n", 50: "five = 5\n"}),
    ),
    SQL: (
        plain("select 1\nfrom orders\n"),
        plain("select 2 -- padma\nfrom orders\n"),
        plain("select 3 -- chris\nfrom orders\n"),
    ),
    YAML: (None, plain("a: 1\nb: 2\n"), plain("a: 1\nb: 3\n")),
    "deleted.py": (text(), None, text({4: "x = 'theirs'\n"})),
    "windows.txt": (
        plain(b"one\r\ntwo\r\nthree\r\n"),
        plain(b"one\r\nours\r\nthree\r\n"),
        plain(b"one\r\ntheirs\r\nthree\r\n"),
    ),
    "logo.bin": (plain(b"\0one"), plain(b"\0two"), plain(b"\0three!")),
    "link": ((LINK, b"x"), (LINK, b"y"), (LINK, b"z")),
    "library": ((SUBMODULE, ONE), (SUBMODULE, TWO), (SUBMODULE, THREE)),
    "run.sh": (None, plain("echo\n"), (PROGRAM, b"echo\n")),
    "emptied.py": (text(), plain(b""), text({3: "y = 1\n"})),
    "latin.txt": (
        text(),
        text({4: "caf\u00e9 ours\n"}),
        (FILE, text({4: "caf\u00e9 theirs\n"})[1].decode().encode("latin-1")),
    ),
    "no_end.txt": (plain("a\nb"), plain("a\nours"), plain("a\ntheirs\n")),
}


def trees(cases):
    """The three trees of paths with what base, ours and theirs have there."""
    return [
        {path: sides[at] for path, sides in cases.items() if sides[at] is not None}
        for at in range(3)
    ]


def lay_out(site, base, ours, theirs):
    """Put three trees under the kitchen and its parent."""
    origin = site.origins["retail"]
    stream = b"".join([
        _commit("conflict-base", base, parents=[]),
        _commit("dev_kitchen", ours, parents=["conflict-base"]),
        _commit("demo_dev", theirs, parents=["conflict-base"]),
    ])  # fmt: skip
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"],
        cwd=origin.path,
        input=stream,
        check=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
    )


def begin(site, cases=KINDS):
    """A merge under way, of which nothing is decided."""
    abandon(site)
    lay_out(site, *trees(cases))
    answer = site.ask("POST", DOWN, by="padma", json={})
    assert answer.json().get("state") == "open", answer.text
    return answer.json()


def abandon(site):
    site.ask("POST", f"{DOWN}/abandon", by="padma", json={})

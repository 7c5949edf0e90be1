"""Repositories with many three-way cases in them, and what ``git merge`` makes of each."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field

FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
_ENVIRONMENT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Padma",
    "GIT_AUTHOR_EMAIL": "padma@example.com",
    "GIT_COMMITTER_NAME": "Padma",
    "GIT_COMMITTER_EMAIL": "padma@example.com",
    "LC_ALL": "C",
}
_PUT_BESIDE = re.compile(r"~(HEAD|[0-9a-f]{40})(?=$|/)")


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What became of a merge: a tree, or regions by path in conflict.

    Where git cannot tell to which folder a file goes, there is neither.
    """

    tree: str | None
    conflicts: dict[str, int] = field(default_factory=dict)


class CaseRepository:
    """A clone with a work tree; each case is a base commit with two on top of it."""

    def __init__(self, folder):
        self.path = folder
        self._count = 0
        self.git("init", "--quiet", "--initial-branch=main", folder, at=folder.parent)

    def add(self, base, ours, theirs):
        """Names of the two commits of a case; trees are ``{path: (mode, content)}``."""
        case = f"c{self._count}"
        self._count += 1
        stream = b"".join(
            [
                _commit(f"{case}-base", base, parents=[]),
                _commit(f"{case}-ours", ours, parents=[f"{case}-base"]),
                _commit(f"{case}-theirs", theirs, parents=[f"{case}-base"]),
            ]
        )
        self.import_(stream)
        return f"{case}-ours", f"{case}-theirs"

    def commit(self, name, tree, *, parents=()):
        """A commit under a branch of its own."""
        self.import_(_commit(name, tree, parents=list(parents)))
        return name

    def import_(self, stream):
        self.git("fast-import", "--quiet", "--force", data=stream)

    def merge(self, ours, theirs):
        """Merge with ``git merge`` in the work tree."""
        ours, theirs = self.git("rev-parse", ours, theirs).decode().split()
        self.git("read-tree", "--reset", "-u", ours)
        self.git("update-ref", "--no-deref", "HEAD", ours)
        done = self.run("merge", "--no-edit", theirs)
        if done.returncode == 0:
            return Merged(tree=self.git("rev-parse", "HEAD^{tree}").decode().strip())
        listed = self.git("ls-files", "-u", "-z").decode("utf-8", "surrogateescape")
        assert listed or b"CONFLICT" in done.stdout, done.stdout + done.stderr
        paths = {entry.partition("\t")[2] for entry in listed.split("\0") if entry}
        conflicts = {}
        for path in sorted(paths):
            shown = _PUT_BESIDE.sub("", path)
            conflicts[shown] = max(conflicts.get(shown, 0), self._regions(path))
        self._clean_up()
        return Merged(tree=None, conflicts=conflicts)

    def git(self, *words, data=None, at=None):
        done = self.run(*words, data=data, at=at)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def run(self, *words, data=None, at=None):
        return subprocess.run(
            ["git", *map(str, words)],
            cwd=at or self.path,
            env=_ENVIRONMENT,
            input=data,
            capture_output=True,
            check=False,
        )

    def _regions(self, path):
        file = self.path / path
        if file.is_symlink() or not file.is_file():
            return 0
        marked = _marks(file.read_bytes())
        # What looks like a mark may have been there before.
        before = self.run("show", f"HEAD:{path}").stdout if marked else b""
        return marked - _marks(before)

    def _clean_up(self):
        self.git("reset", "--quiet", "--hard")
        # What a merge puts beside a path is not git's to remove.
        self.git("clean", "--quiet", "-ffdx")


def _marks(content):
    return len(re.findall(rb"^<{7,} HEAD", content, re.MULTILINE))


def _commit(name, tree, *, parents):
    lines = [f"commit refs/heads/{name}", "committer P <p@example.com> 1500000000 +0000", "data 0"]
    lines += [f"{'merge' if at else 'from'} refs/heads/{p}" for at, p in enumerate(parents)]
    head = "\n".join([*lines, "deleteall", ""]).encode()
    return head + b"".join(_file(path, *entry) for path, entry in tree.items()) + b"\n"


def _file(path, mode, content):
    name = b'"' + b"".join(b"\\%03o" % byte for byte in os.fsencode(path)) + b'"'
    if mode == SUBMODULE:
        return b"M 160000 %s %s\n" % (content, name)
    return b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), name, len(content), content)

"""Merges in a large repository: ours against the git commands that do the least.

    python -m benchmarks.merges [--quick]

The repository has 10,000 files, 2,000 commits and 300 branches (with ``--quick`` a tenth). The
limit is git itself, started from Python: ``merge-tree`` for a preview, and ``cat-file`` of what is
in conflict; ``merge-tree``, ``commit-tree`` and ``update-ref`` for a merge. Nothing with a work
tree comes near: a ``git worktree add`` of it takes 250 ms and more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._report import alternate, line, median, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 1.5
_ENVIRONMENT = {
    **os.environ,
    "GIT_AUTHOR_NAME": "benchmark",
    "GIT_AUTHOR_EMAIL": "benchmark@example.com",
    "GIT_COMMITTER_NAME": "benchmark",
    "GIT_COMMITTER_EMAIL": "benchmark@example.com",
}
_WHOLE_SECONDS = 5
_PIPELINE = """from airflow.providers.standard.operators.empty import EmptyOperator
from airflow_dataops import pipeline, stage

@pipeline(schedule="0 {cron} * * 1", timezone="UTC", shared_paths=[])
def {name}():
    with stage("load"):
        EmptyOperator(task_id="copy") >> EmptyOperator(task_id="count")
"""
_BODY = b"".join(b"select %d from sales\n" % number for number in range(40))


def main(*, quick: bool) -> None:
    """Make the repository and measure."""
    files, commits, branches = (1_000, 200, 30) if quick else (10_000, 2_000, 300)
    rounds = 5 if quick else 25
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "large.git"
        _git(repository, "init", "--quiet", "--bare", repository)
        _git(repository, "fast-import", "--quiet", data=_history(files, commits, branches))
        _git(repository, "repack", "-adq")
        line(files=files, commits=commits, branches=branches, loadavg=os.getloadavg()[0])
        for measure, theirs in (("preview", "clean"), ("preview, 50 conflicts", "conflicting")):
            _compare(
                measure,
                {
                    "ours": lambda theirs=theirs: _our_preview(repository, theirs),
                    "git": lambda theirs=theirs: _bare_preview(repository, theirs),
                },
                rounds,
            )
        _compare(
            "merge",
            {
                "ours": lambda: _our_merge(repository),
                "git": lambda: _bare_merge(repository),
            },
            rounds,
        )
        _whole_preview(Path(folder), rounds=3)


def _whole_preview(folder: Path, *, rounds: int) -> None:
    """Files, relation, what is built before and after, and what each pipeline is built from."""
    changed, pipelines = 500, 20
    repository = folder / "pipelines.git"
    _git(repository, "init", "--quiet", "--bare", repository)
    _git(repository, "fast-import", "--quiet", data=_pipelines(changed, pipelines))
    times = [_timed(lambda n=n: _our_whole_preview(repository, folder, n))() for n in range(rounds)]
    seconds = median(times)
    line(measure="whole preview", files=changed, pipelines=pipelines, seconds=seconds)
    ratio = seconds / _WHOLE_SECONDS
    goal = f"at most {_WHOLE_SECONDS} s"
    verdict("whole preview", ratio, goal=goal, met=ratio <= 1)


def _our_whole_preview(repository: Path, folder: Path, number: int) -> None:
    from airflow_dataops.adapters.git_repository.merge_repository import MergeRepository
    from airflow_dataops.adapters.tree_outlines import BuiltOutlines
    from airflow_dataops.domain.input_tree import changed_inputs
    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse
    from airflow_dataops.domain.merge_meaning import meanings

    # Each time another kitchen: nothing that was built before is remembered.
    kitchen = KitchenAtParse(
        id=f"k{number}", name=f"k{number}", project="retail", environment="development",
        owner="padma", schema="k", prefix="k/", dags_folder="dags", readable_kitchens=[], tools={},
    )  # fmt: skip
    merges = MergeRepository(folder / "copy.git", url=str(repository))
    tips = merges.tips(["main", "dev"])
    found, files = merges.preview(tips["main"], tips["dev"])
    merges.contains(found.theirs, within=found.ours)
    with merges.laid_out(found, paths=()) as trees:
        before, after = BuiltOutlines(limit_seconds=60).of(trees, kitchen)
    said = meanings(before, after, tools=[])
    ours, merged = merges.inputs(found, dags_folder="dags")
    inputs = changed_inputs(ours, merged) if merged is not None else None
    if len(files) != 500 or after.broken or inputs is None or not inputs.pipelines or not said:  # noqa: PLR2004 - of this benchmark
        raise SystemExit(f"{len(files)} files, {after.broken}, {said[:3]}")  # noqa: EM102


def _pipelines(files: int, pipelines: int) -> bytes:
    """Two branches that differ in some files of each pipeline, its Python among them."""
    parts = []
    for branch, cron in (("main", 5), ("dev", 6)):
        parts.append(_head(branch, None if branch == "main" else "main"))
        for number in range(files):
            name = f"p{number % pipelines}"
            path = f"pipelines/{name}/q{number}.sql"
            content = _BODY + b"-- %d\n" % cron
            if number < pipelines:
                path = f"pipelines/{name}/pipeline.py"
                content = _PIPELINE.format(name=name, cron=cron).encode()
            parts.append(
                b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
            )
    return b"".join(parts)


def _compare(measure: str, systems: dict[str, Callable[[], object]], rounds: int) -> None:
    measured = alternate({name: _timed(do) for name, do in systems.items()}, rounds=rounds)
    milliseconds = {f"{name}_ms": median(times) * 1_000 for name, times in measured.items()}
    line(measure=measure, **milliseconds)
    ratio = milliseconds["ours_ms"] / milliseconds["git_ms"]
    verdict(measure, ratio, goal=f"at most {_MOST} x git", met=ratio <= _MOST)


def _timed(do: Callable[[], object]) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        do()
        return time.perf_counter() - began

    return run


def _our_preview(repository: Path, theirs: str) -> None:
    from airflow_dataops.adapters.git_repository import previews
    from airflow_dataops.adapters.git_repository.merging import ObjectDatabase

    database = ObjectDatabase(repository)
    found = previews.preview(database, *database.pin("main", theirs))
    conflicts = 50 if theirs == "conflicting" else 0
    if len(found.conflicts) != conflicts:
        raise SystemExit(f"{len(found.conflicts)} conflicts, expected {conflicts}")  # noqa: EM102


def _bare_preview(repository: Path, theirs: str) -> None:
    ours, theirs = _git(repository, "rev-parse", "main", theirs).decode().split()
    words = ("merge-tree", "--write-tree", "-z", ours, theirs)
    tree, *entries = _git(repository, *words, may_be={0, 1}).decode().split("\0")
    staged = [entry.partition("\t") for entry in entries if "\t" in entry]
    if staged:
        # How many regions there are, and of what kind, is seen in the contents alone.
        asked = [about.split(" ")[1] for about, _, _ in staged]
        asked += {f"{tree}:{path}" for _, _, path in staged}
        _git(repository, "cat-file", "--batch", data="\n".join(asked).encode())


def _our_merge(repository: Path) -> None:
    from airflow_dataops.adapters.git_repository.merging import ObjectDatabase

    database = ObjectDatabase(repository)
    ours, theirs = database.pin("main", "clean")
    with database.writing() as merging:
        tree = merging.merge(ours, theirs).tree
        commit = _commit(merging.run, tree, ours, theirs)
        merging.run("update-ref", "refs/heads/merged", commit)


def _commit(run: Callable[..., bytes], tree: str, ours: str, theirs: str) -> str:
    words = ("commit-tree", tree, "-p", ours, "-p", theirs, "-m", "Merge")
    return run(*words).decode().strip()


def _bare_merge(repository: Path) -> None:
    ours, theirs = _git(repository, "rev-parse", "main", "clean").decode().split()
    tree = _git(repository, "merge-tree", "--write-tree", ours, theirs).decode().split()[0]
    commit = _commit(lambda *words: _git(repository, *words), tree, ours, theirs)
    _git(repository, "update-ref", "refs/heads/merged", commit)


def _git(
    repository: Path, *words: object, data: bytes | None = None, may_be: set[int] | None = None
) -> bytes:
    done = subprocess.run(
        ["git", *map(str, words)],
        cwd=repository if repository.exists() else None,
        env=_ENVIRONMENT,
        input=data,
        capture_output=True,
        check=False,
    )
    if done.returncode not in (may_be or {0}):
        raise SystemExit(done.stderr.decode())
    return done.stdout


def _history(files: int, commits: int, branches: int) -> bytes:
    """All of it as git fast-import reads it."""
    parts = [_head("main"), *(_file(number, _BODY) for number in range(files))]
    for commit in range(commits):
        if commit == commits - 50:
            parts.append(b"reset refs/heads/base\nfrom refs/heads/main\n\n")
        parts += [_head("main"), _file(commit * 7 % files, _BODY + b"-- %d\n" % commit)]
    for branch in range(branches):
        parts += [_head(f"kitchen_{branch}", "main"), _file(branch, b"-- of its own\n" + _BODY)]
    # Two sides of one merge each: in other files, and in fifty the same lines.
    for number in range(50):
        parts += [
            _head("clean", "base" if not number else None),
            _file(files - 1 - number, _BODY + b"-- clean\n"),
        ]
    parts += [
        _head("conflicting", "base"),
        *(_file(n, b"-- theirs\n" + _BODY) for n in range(50)),
    ]
    parts += [_head("main"), *(_file(n, b"-- ours\n" + _BODY) for n in range(50))]
    return b"".join(parts)


def _head(branch: str, source: str | None = None) -> bytes:
    head = f"commit refs/heads/{branch}\ncommitter B <b@example.com> 1500000000 +0000\ndata 0\n"
    return (head + (f"from refs/heads/{source}\n" if source else "")).encode()


def _file(number: int, content: bytes) -> bytes:
    path = f"pipelines/p{number % 300}/f{number}.sql"
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)


if __name__ == "__main__":
    os.environ.update(_ENVIRONMENT)
    main(quick="--quick" in sys.argv[1:])

"""What the pipelines of a tree are built from, read from a repository's objects.

Two git commands for a tree of any size: one lists it, one reads the files that say something of
the others. What a content says is remembered by its id, which never says anything else.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from airflow_dataops.domain.input_tree import TreeInputs, always_read, inputs_of, pipeline_folder
from airflow_dataops.domain.kitchen_at_parse import PIPELINE_PYTHON, PIPELINE_YAML, PIPELINES
from airflow_dataops.specs import shared_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from airflow_dataops.adapters.git_repository.merging import Merging
    from airflow_dataops.domain.input_tree import PipelineInputs
    from airflow_dataops.specs.shared_paths import Mentions

Found = TypeVar("Found")
_FILES = (PIPELINE_PYTHON, PIPELINE_YAML)
_LINK = "120000"
_MOST_REMEMBERED = 20_000
_declared: dict[tuple[str, str], tuple[str, ...] | None] = {}
_mentions: dict[tuple[str, str], Mentions] = {}
_dag_files: dict[tuple[str, str], bool] = {}


class _Entry(NamedTuple):
    """What a tree has at a path."""

    mode: str
    kind: str
    id: str


class _Tree:
    """A tree's listing, and the contents that it was asked for."""

    def __init__(self, merging: Merging, tree: str) -> None:
        self._merging = merging
        self.id = merging.run("rev-parse", f"{tree}^{{tree}}").decode().strip()
        listed = merging.run("ls-tree", "-r", "-t", "-z", "--full-tree", self.id)
        self.entries = dict(_entries(listed))
        self.ids = {path: entry.id for path, entry in self.entries.items()}

    def below(self, places: Iterable[str]) -> Iterator[str]:
        """Files at some paths, or below them."""
        wanted = tuple(places)
        folders = tuple(f"{place}/" for place in wanted)
        for path, entry in self.entries.items():
            if entry.kind == "blob" and (path in wanted or path.startswith(folders)):
                yield path

    def remembered(
        self,
        about: dict[tuple[str, str], Found],
        files: Mapping[str, Callable[[bytes], Found]],
    ) -> dict[str, Found]:
        """What is to be known of files, by path; only contents that are new are read."""
        found: dict[str, Found] = {}
        for path in files:
            # Not asked for first: another thread may have all forgotten in between.
            with suppress(KeyError):
                found[path] = about[path, self.ids[path]]
        new = [path for path in files if path not in found]
        blobs = self._merging.read(self.ids[path] for path in new)
        if len(about) > _MOST_REMEMBERED:
            about.clear()
        for path in new:
            blob = blobs[self.ids[path]]
            found[path] = files[path](blob.content if blob is not None else b"")
            about[path, self.ids[path]] = found[path]
        return found


def tree_inputs(merging: Merging, tree: str, *, dags_folder: str) -> TreeInputs:
    """What all pipelines of a commit or tree are built from.

    Args:
        merging: of the repository that has it.
        tree: its id.
        dags_folder: of the branch, with ordinary DAG files; ``.`` for all of it.
    """
    found = _Tree(merging, tree)
    declared = _declarations(found)
    pipelines = {name: _inputs(found, name, paths, dags_folder) for name, paths in declared.items()}
    return TreeInputs(tree=found.id, pipelines=pipelines, ordinary=_ordinary(found, dags_folder))


def _declarations(tree: _Tree) -> dict[str, tuple[str, ...] | None]:
    """The shared paths of each pipeline of a tree."""
    files: dict[str, str] = {}
    for path in tree.below([PIPELINES]):
        folder, _, file = path.rpartition("/")
        if file in _FILES and folder.count("/") == 1:
            files[path] = folder.partition("/")[2]
    readers = {
        path: partial(_declared_in, path.rpartition("/")[2], name) for path, name in files.items()
    }
    read = tree.remembered(_declared, readers)
    return {name: read[path] for path, name in files.items()}


def _declared_in(file: str, name: str, content: bytes) -> tuple[str, ...] | None:
    return shared_paths.declared_in(file, content, pipeline=name)


def _inputs(
    tree: _Tree, name: str, declared: tuple[str, ...] | None, dags_folder: str
) -> PipelineInputs:
    unknown: list[str] = []
    if declared is not None:
        covered = {*always_read(name), *declared}
        files = list(tree.below(covered))
        found = tree.remembered(
            _mentions, {path: partial(shared_paths.mentions, path) for path in files}
        )
        folders = ("",) if dags_folder == "." else ("", dags_folder)
        unknown = shared_paths.undeclared(
            found.values(),
            covered=covered,
            known=tree.ids,
            folders=folders,
            beside=pipeline_folder(name),
        )
        # A link leads to files that its own id says nothing of.
        unknown += [path for path in files if tree.entries[path].mode == _LINK]
    return inputs_of(name, tree=tree.id, declared=declared, ids=tree.ids, undeclared=unknown)


def _ordinary(tree: _Tree, dags_folder: str) -> dict[str, str]:
    """Files in which Airflow would look for DAGs."""
    everywhere = dags_folder == "."
    paths = tree.below([dags_folder]) if not everywhere else iter(tree.entries)
    files = [
        path
        for path in paths
        if path.endswith(".py")
        and not path.startswith(f"{PIPELINES}/")
        and tree.entries[path].kind == "blob"
    ]
    found = tree.remembered(_dag_files, dict.fromkeys(files, _may_hold_dags))
    return {path: tree.ids[path] for path in files if found[path]}


def _may_hold_dags(content: bytes) -> bool:
    """Airflow's own rule for files that it looks at."""
    text = content.lower()
    return b"dag" in text and b"airflow" in text


def _entries(listed: bytes) -> Iterator[tuple[str, _Entry]]:
    for line in listed.decode("utf-8", "surrogateescape").split("\0"):
        about, _, path = line.partition("\t")
        if path:
            mode, kind, id_ = about.split(" ")
            yield path, _Entry(mode, kind, id_)

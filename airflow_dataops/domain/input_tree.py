"""What a pipeline is built from, as an id: the same id is the same files, in any commit.

A pipeline that declares ``shared_paths`` is built from its own folder and those paths; one that
declares none may read anything, so it is built from the whole tree. Somebody else's merge then
voids the evidence of the second, and leaves that of the first alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_dataops.domain.kitchen_at_parse import PIPELINES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineInputs:
    """What one pipeline of a tree is built from.

    Attributes:
        input_tree: the id.
        paths: below which its files lie; None for the whole tree.
        why_whole: why it is the whole tree although paths are declared; empty where it is not.
    """

    name: str
    input_tree: str
    paths: tuple[str, ...] | None
    why_whole: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeInputs:
    """What all pipelines of a tree are built from.

    Attributes:
        tree: git's id of the whole.
        pipelines: by name.
        ordinary: content ids of ordinary DAG files by path; they have no data tests.
    """

    tree: str
    pipelines: Mapping[str, PipelineInputs] = field(default_factory=dict)
    ordinary: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedInputs:
    """How two trees differ for those who run them.

    Attributes:
        pipelines: those of the second tree that are new or built from something else.
        removed: names of pipelines that the second tree has not.
        ordinary: paths of ordinary DAG files that are new or changed in it.
        removed_ordinary: paths of those that it has not.
    """

    pipelines: tuple[PipelineInputs, ...] = ()
    removed: tuple[str, ...] = ()
    ordinary: tuple[str, ...] = ()
    removed_ordinary: tuple[str, ...] = ()


def pipeline_folder(name: str) -> str:
    """Where a pipeline's own files lie."""
    return f"{PIPELINES}/{name}"


def always_read(name: str) -> tuple[str, ...]:
    """Paths that every pipeline is built from, besides those that it declares."""
    # Python imports a package's own file before anything in it.
    return (pipeline_folder(name), f"{PIPELINES}/__init__.py")


def inputs_of(
    name: str,
    *,
    tree: str,
    declared: Sequence[str] | None,
    ids: Mapping[str, str],
    undeclared: Sequence[str] = (),
) -> PipelineInputs:
    """What a pipeline is built from.

    Args:
        name: the pipeline's.
        tree: git's id of the whole tree.
        declared: its shared paths; None where it declares none.
        ids: git's ids of what is at its paths; those that nothing is at are missing.
        undeclared: what its files read, as far as that is seen, and do not declare.
    """
    if declared is None:
        return _whole(name, tree, "")
    absent = [path for path in declared if path not in ids]
    if absent:
        return _whole(name, tree, f"it declares {', '.join(absent)}, which is not there")
    if undeclared:
        return _whole(name, tree, f"it uses {', '.join(undeclared)} and does not declare it")
    paths = sorted({*always_read(name), *declared} & set(ids))
    content = "".join(f"{path}\0{ids[path]}\0" for path in paths)
    return PipelineInputs(name=name, input_tree=_digest(name, content), paths=tuple(paths))


def changed_inputs(before: TreeInputs, after: TreeInputs) -> ChangedInputs:
    """How a tree differs from the one before, for those who run it."""
    changed = [
        inputs
        for name, inputs in sorted(after.pipelines.items())
        if name not in before.pipelines or before.pipelines[name].input_tree != inputs.input_tree
    ]
    return ChangedInputs(
        pipelines=tuple(changed),
        removed=tuple(sorted(set(before.pipelines) - set(after.pipelines))),
        ordinary=tuple(
            path
            for path, blob in sorted(after.ordinary.items())
            if before.ordinary.get(path) != blob
        ),
        removed_ordinary=tuple(sorted(set(before.ordinary) - set(after.ordinary))),
    )


def _whole(name: str, tree: str, why: str) -> PipelineInputs:
    digest = _digest(name, f"\0{tree}")
    return PipelineInputs(name=name, input_tree=digest, paths=None, why_whole=why)


def _digest(name: str, content: str) -> str:
    # Paths may hold what is no UTF-8.
    told = f"{name}\0{content}".encode("utf-8", "surrogateescape")
    return hashlib.sha256(told).hexdigest()

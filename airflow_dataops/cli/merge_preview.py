"""What merging one commit into another would come to, in any git repository.

    python -m airflow_dataops.cli.merge_preview [--json] REPOSITORY OURS THEIRS

Neither Airflow nor a kitchen is needed, and nothing is changed: not even an object is written to
the repository. ``airflow dataops merge preview REPOSITORY OURS THEIRS`` is the same.

Exit codes: 0 the preview was made, with conflicts or without; 1 it could not be made, and standard
error says why; 2 a command line that cannot be meant so. With ``--exit-code``, conflicts are 1,
and what could not be made is 3.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.cli.answers import printable
from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.merge import Conflict, FileChange, MergePreview

_CONFLICTS, _FAILED, _FAILED_OF_THREE = 1, 1, 3
_MOST_FILES_SHOWN = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the preview; gives the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        return show_preview(asked)
    except DataOpsError as error:
        sys.stderr.write(f"error: {error}\n")
        return _FAILED_OF_THREE if asked.exit_code else _FAILED


def show_preview(asked: argparse.Namespace) -> int:
    """Print the preview that a command line asks for; gives the exit code."""
    from airflow_dataops.adapters.git_repository import merging, previews

    database = merging.ObjectDatabase.around(Path(asked.repository))
    ours, theirs = database.pin(asked.ours, asked.theirs)
    with database.looking() as attempt:
        preview = previews.preview_in(attempt, ours, theirs)
        files = previews.changes(attempt, preview, preview.tree) if preview.tree else []
    if asked.json:
        print(json.dumps(as_json(preview, files), indent=2))
    else:
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        print("\n".join(readable(preview, files)))
    return _CONFLICTS if asked.exit_code and preview.conflicts else 0


def as_json(preview: MergePreview, files: Sequence[FileChange]) -> dict[str, object]:
    """A preview for programs.

    A path that is no UTF-8 has each of its other bytes as one of U+DC80 to U+DCFF, as Python's
    file functions do.
    """
    return {
        "ours": preview.ours,
        "theirs": preview.theirs,
        "tree": preview.tree,
        "conflicts": [
            {
                "path": conflict.shown,
                "kind": str(conflict.kind),
                "regions": conflict.regions,
                "said": list(conflict.said),
            }
            for conflict in preview.conflicts
        ],
        "files": [
            {"path": file.path, "change": file.change}
            | ({"before": file.before} if file.before is not None else {})
            for file in files
        ],
    }


def readable(preview: MergePreview, files: Sequence[FileChange]) -> list[str]:
    """A preview for people, line by line."""
    short = {name: commit[:12] for name, commit in (("o", preview.ours), ("t", preview.theirs))}
    if preview.conflicts:
        lines = [f"{short['t']} does not merge into {short['o']} by itself; a person decides about"]
        return lines + [_line_of(conflict) for conflict in preview.conflicts]
    if not files:
        return [f"{short['t']} brings nothing new into {short['o']}; tree {preview.tree}"]
    lines = [f"{short['t']} merges into {short['o']} by itself; tree {preview.tree}"]
    for file in files[:_MOST_FILES_SHOWN]:
        was = f" (was {printable(file.before)})" if file.before is not None else ""
        lines.append(f"  {file.change:8} {printable(file.path)}{was}")
    if len(files) > _MOST_FILES_SHOWN:
        lines.append(f"  and {len(files) - _MOST_FILES_SHOWN} more; --json lists all")
    return lines


def _line_of(conflict: Conflict) -> str:
    places = f", {conflict.regions} region{'s' * (conflict.regions != 1)}"
    return f"  {conflict.kind:14} {printable(conflict.shown)}{places if conflict.regions else ''}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_dataops.cli.merge_preview",
        description="What merging THEIRS into OURS would come to. Nothing is changed.",
        epilog="Put -- before names that begin with a dash.",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--exit-code", action="store_true", help="1 with conflicts, 3 if it failed")
    parser.add_argument("repository", help="folder of any git repository: a clone, or a bare one")
    parser.add_argument("ours", help="branch, tag or commit that is merged into")
    parser.add_argument("theirs", help="branch, tag or commit that is merged")
    return parser


if __name__ == "__main__":
    sys.exit(main())

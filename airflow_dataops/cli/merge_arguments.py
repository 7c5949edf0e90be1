"""Arguments of ``airflow dataops merge``; nothing heavy, as in ``definition``."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

_BODIES = "airflow_dataops.cli.merge"
_KITCHEN = Arg(("kitchen",), help="Name of the kitchen; its parent is the other one")
_REASON = Arg(("--reason",), help="Why, for the audit trail and the commit")
_SEEN = (
    Arg(
        ("--ours",),
        help="Commit that the kitchen merged into was at in a preview; if not, nothing is done",
        metavar="COMMIT",
    ),
    Arg(("--theirs",), help="The same of the kitchen that is merged", metavar="COMMIT"),
)
_PREVIEW = (
    Arg(
        ("what",),
        help="A kitchen, or of any git repository: REPOSITORY OURS THEIRS",
        nargs="+",
        metavar="KITCHEN | REPOSITORY OURS THEIRS",
    ),
    Arg(("--up",), help="Of the kitchen into its parent; default: down", action="store_true"),
    Arg(("--json",), help="For programs", action="store_true"),
    Arg(("--exit-code",), help="Leave with 1 if there are conflicts", action="store_true"),
)
_ACKNOWLEDGE = Arg(
    ("--acknowledge",),
    help="Say that what the merge takes away may go: tests removed or weakened, schedules",
    action="store_true",
    dest="acknowledges",
)
_OVERRIDE = Arg(
    ("--override",),
    help="Merge what is not green on exactly what will run; takes a right and a --reason",
    action="store_true",
    dest="overrides",
)
_PARENT = Arg(("kitchen",), help="Name of the kitchen that they are to be merged into")
_LAND = (
    _ACKNOWLEDGE,
    Arg(
        ("--in",),
        help="A kitchen cut from the parent for that, with no work of its own: what has to be "
        "tested together is tested there, and landed then",
        metavar="KITCHEN",
        dest="test_in",
    ),
    Arg(("--follow",), help="Show what each task comes to, too", action="store_true"),
)
_PROPOSED = Arg(
    ("--up",),
    help="The merge of the kitchen into its parent that is proposed at the repository's host",
    action="store_true",
)
_RESOLVE = (
    Arg(("path",), help="Path in conflict, as status lists it"),
    Arg(
        ("choice",),
        help="Whose version it is to be; own: that of --file; open: as nobody decided",
        choices=("ours", "theirs", "both", "base", "own", "open"),
    ),
    Arg(
        ("--region",),
        help="Of its text, counted from 1; default: the path as a whole",
        type=int,
        metavar="NUMBER",
    ),
    Arg(("--file",), help="Where your own text is; - for standard input", metavar="FILE"),
)


def merge_group() -> GroupCommand:
    """The commands about merges."""
    return GroupCommand(
        name="merge",
        help="Merges of kitchens with their parents",
        subcommands=(
            _command("preview", "Show what a merge would come to; changes nothing", _PREVIEW),
            _command(
                "down",
                "Merge the parent into the kitchen",
                (_KITCHEN, *_SEEN, _REASON, ARG_OUTPUT),
            ),
            _command(
                "up",
                "Merge the kitchen into its parent",
                (_KITCHEN, *_SEEN, _ACKNOWLEDGE, _OVERRIDE, _REASON, ARG_OUTPUT),
            ),
            _command(
                "status",
                "Show the merge under way, or what a merge up takes and what of it is there",
                (_KITCHEN, ARG_OUTPUT),
            ),
            _command("resolve", "Decide about a path or region in conflict", (_KITCHEN, *_RESOLVE)),
            _command(
                "complete",
                "Make the merge as it was decided",
                (_KITCHEN, _ACKNOWLEDGE, _REASON, ARG_OUTPUT),
            ),
            _queue(),
            *_reverts(),
            _command(
                "abandon",
                "End the merge under way without merging; with --up, close its pull request",
                (_KITCHEN, _PROPOSED, _REASON),
            ),
        ),
    )


def _reverts() -> tuple[ActionCommand, ActionCommand]:
    body = "airflow_dataops.cli.merge_revert"
    into = Arg(("kitchen",), help="Name of the kitchen that was merged into")
    merge = Arg(
        ("merge",),
        help="Id of the merge, as history lists it; default: the last one that holds",
        nargs="?",
    )
    dry_run = Arg(("--dry-run",), help="Only say what would be done", action="store_true")
    return (
        ActionCommand(
            name="history",
            help="List merges into a kitchen, and what took them back",
            func=lazy_load_command(f"{body}.history"),
            args=(into, ARG_OUTPUT),
        ),
        ActionCommand(
            name="revert",
            help="Take a merge back as one unit: code, schedules, baselines, where alerts go",
            func=lazy_load_command(f"{body}.revert"),
            args=(into, merge, dry_run, _REASON, ARG_OUTPUT),
        ),
    )


def _queue() -> GroupCommand:
    body = "airflow_dataops.cli.merge_queue"
    return GroupCommand(
        name="queue",
        help="Kitchens that wait to be merged into the same parent, together",
        subcommands=tuple(
            ActionCommand(name=name, help=text, func=lazy_load_command(f"{body}.{name}"), args=args)
            for name, text, args in (
                ("list", "Show who waits", (_PARENT, ARG_OUTPUT)),
                ("join", "Have a kitchen wait that is ready", (_KITCHEN, _REASON)),
                ("leave", "Have it wait no longer", (_KITCHEN,)),
                ("land", "Merge as many as can be", (_PARENT, *_LAND, _REASON, ARG_OUTPUT)),
            )
        ),
    )


def _command(name: str, text: str, takes: tuple[Arg, ...]) -> ActionCommand:
    body = lazy_load_command(f"{_BODIES}.{name}")
    return ActionCommand(name=name, help=text, func=body, args=takes)

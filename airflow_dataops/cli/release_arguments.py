"""Arguments of ``airflow dataops release``; nothing heavy, as in ``definition``."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

_ENVIRONMENT = Arg(("environment",), help="Name of the release environment")


_EXPORT = (
    Arg(("kitchen",), help="Name of the kitchen that was merged into"),
    Arg(
        ("merge",),
        help="Id of the merge, as `merge history` lists it; default: the last one",
        nargs="?",
    ),
    Arg(("--format",), help="json or html", choices=("json", "html"), default="json"),
    Arg(("--file",), help="Where to write it; default: standard output", metavar="FILE"),
)


def evidence_group() -> GroupCommand:
    """The commands about what merges were grounded on."""
    return GroupCommand(
        name="evidence",
        help="What merges were grounded on, for auditors",
        subcommands=(
            ActionCommand(
                name="export",
                help="Write all that is known of a merge into one file",
                func=lazy_load_command("airflow_dataops.cli.release.export_evidence"),
                args=_EXPORT,
            ),
        ),
    )


def release_group() -> GroupCommand:
    """The commands about work on its way into an environment."""
    return GroupCommand(
        name="release",
        help="Work on its way into a release environment",
        subcommands=(
            ActionCommand(
                name="show",
                help="Show what kitchens have that their parents there have not, and who has it",
                func=lazy_load_command("airflow_dataops.cli.release.show"),
                args=(_ENVIRONMENT, ARG_OUTPUT),
            ),
        ),
    )

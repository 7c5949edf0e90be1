"""Arguments of ``airflow dataops work`` and of hand-offs; nothing heavy, as in ``definition``."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

HAND_OFF = (
    Arg(("--to",), help="Name of the user who has it from then on", required=True),
    Arg(("--note",), help="What they should know; also for the audit trail"),
)
_KITCHEN = Arg(("kitchen",), help="Name of the kitchen that the work was begun in")
_ALL = Arg(("--all",), help="Also what is scheduled or was dropped", action="store_true")


def work_group() -> GroupCommand:
    """The commands about pieces of work, from order to enabled schedule."""
    body = "airflow_dataops.cli.work"
    return GroupCommand(
        name="work",
        help="Pieces of work, from the ticket to the enabled schedule",
        subcommands=(
            ActionCommand(
                name="list",
                help="Show where each piece of work stands, with whom, and for how long",
                func=lazy_load_command(f"{body}.list_work"),
                args=(_ALL, ARG_OUTPUT),
            ),
            ActionCommand(
                name="show",
                help="Show each step that a piece of work took, and how long that was",
                func=lazy_load_command(f"{body}.show_work"),
                args=(_KITCHEN, ARG_OUTPUT),
            ),
        ),
    )

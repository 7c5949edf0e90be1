"""Arguments of ``airflow dataops release``; nothing heavy, as in ``definition``."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

_ENVIRONMENT = Arg(("environment",), help="Name of the release environment")


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

"""Arguments of ``airflow dataops``; the bodies are loaded with the command that is run.

Airflow imports this for every command line, its own included: nothing heavy at module level.
"""

from __future__ import annotations

from airflow.cli.cli_config import (
    ARG_OUTPUT,
    ActionCommand,
    Arg,
    CLICommand,
    GroupCommand,
    lazy_load_command,
)

_ENVIRONMENT = Arg(("environment",), help="Name of the release environment")
_PLATFORM = Arg(
    ("--platform",),
    help="Check this installation instead: middleware, secrets backend, bundles, tables, policy",
    action="store_true",
)
_ENVIRONMENT_OR_ALL = Arg(
    ("environment",), help="Name of the release environment; default: all", nargs="?"
)
_KITCHEN = Arg(("kitchen",), help="Name of the kitchen, in snake_case")
_FROM = Arg(("--from",), help="Kitchen to cut it from", dest="parent", metavar="KITCHEN")
_IN = Arg(
    ("--environment",),
    help="Release environment it points to; default: that of the kitchen it is cut from",
)
_LOCAL = Arg(
    ("--local",),
    help="Do every step in this process, with the vault logins this host has",
    action="store_true",
    required=True,
)
_REASON = Arg(("--reason",), help="Why, for the audit trail")
_SETTINGS = (
    Arg(("--ends",), help="When it is deleted: 2026-12-31T00:00Z; default: it stays"),
    Arg(("--for",), help="How long it lives: 8h, 14d or 2w", dest="lasts", metavar="TIME"),
    Arg(("--pinned",), help="Keep it after its end", action="store_true"),
    Arg(("--private",), help="Show it to its staff alone", action="store_true"),
    Arg(("--ticket",), help="Ticket that it belongs to: DATA-117"),
    Arg(("--slack-channel",), help="Where its alerts go: #kitchen-alerts"),
    Arg(
        ("--pipelines",),
        help="Pipelines it shows besides those changed against its parent: a,b; default: all",
    ),
    Arg(
        ("--staff",),
        help="Who else works in it, head, cook or guest: padma:cook, role:analysts:guest; "
        "may be given several times",
        action="append",
        metavar="WHO:ROLE",
    ),
    _REASON,
)

_DRY_RUN = Arg(("--dry-run",), help="Only say what would be done", action="store_true")


def get_dataops_cli_commands() -> list[CLICommand]:
    """The command group that Airflow adds to its own."""
    return [
        GroupCommand(
            name="dataops",
            help="Kitchens and their release environments",
            subcommands=(
                GroupCommand(
                    name="environment",
                    help="Release environments",
                    subcommands=_environment_commands(),
                ),
                GroupCommand(name="kitchen", help="Kitchens", subcommands=_kitchen_commands()),
                ActionCommand(
                    name="setup-roles",
                    help="Make the roles that kitchens need in Airflow; say who sees too much",
                    func=lazy_load_command("airflow_dataops.cli.roles.set_up_roles"),
                    args=(_DRY_RUN, ARG_OUTPUT),
                ),
            ),
        )
    ]


def _environment_commands() -> tuple[ActionCommand, ...]:
    body = "airflow_dataops.cli.environment"
    return (
        ActionCommand(
            name="list",
            help="List the release environments that are declared",
            func=lazy_load_command(f"{body}.list_environments"),
            args=(ARG_OUTPUT,),
        ),
        ActionCommand(
            name="show",
            help="Show one release environment",
            func=lazy_load_command(f"{body}.show_environment"),
            args=(_ENVIRONMENT, ARG_OUTPUT),
        ),
        ActionCommand(
            name="check",
            help="Reach the vault and open every declared tool; shows no secret",
            func=lazy_load_command(f"{body}.check_environments"),
            args=(_ENVIRONMENT_OR_ALL, _PLATFORM, ARG_OUTPUT),
        ),
    )


def _kitchen_commands() -> tuple[ActionCommand, ...]:
    body = "airflow_dataops.cli.kitchen"
    return (
        ActionCommand(
            name="create",
            help="Create a kitchen: branch, schema, DAGs",
            func=lazy_load_command(f"{body}.create_kitchen"),
            args=(_KITCHEN, _FROM, _IN, *_SETTINGS, _LOCAL),
        ),
        ActionCommand(
            name="list",
            help="List the kitchens",
            func=lazy_load_command(f"{body}.list_kitchens"),
            args=(ARG_OUTPUT,),
        ),
        ActionCommand(
            name="refresh",
            help="Have a kitchen's branch read now instead of at the next interval",
            func=lazy_load_command(f"{body}.refresh_kitchen"),
            args=(_KITCHEN,),
        ),
        ActionCommand(
            name="delete",
            help="Delete a kitchen with its branch and its schema",
            func=lazy_load_command(f"{body}.delete_kitchen"),
            args=(_KITCHEN, _REASON, _LOCAL),
        ),
    )

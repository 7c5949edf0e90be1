"""Arguments of ``airflow dataops schedule``; nothing heavy, as in ``definition``."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

_BODIES = "airflow_dataops.cli.schedule"
_KITCHEN = Arg(("kitchen",), help="Name of the kitchen")
_ANY_KITCHEN = Arg(("kitchen",), help="Name of the kitchen; default: all", nargs="?")
_PIPELINE = Arg(("pipeline",), help="Name of the pipeline: that of its folder")
_REASON = Arg(("--reason",), help="Why, for the audit trail")
_SET = (
    Arg(
        ("cron",),
        help="Cron expression: '0 6 * * 1' is Mondays at six; in quotes, for the shell's sake",
        nargs="?",
    ),
    Arg(
        ("--timezone",),
        help="IANA name: America/Chicago; default: what the code says, else UTC",
        metavar="NAME",
    ),
    Arg(("--none",), help="Take the schedule away", action="store_true", dest="takes_away"),
)
_EXPECTED = (
    Arg(
        ("--schedule",),
        help="What you take the code to say; if it says something else, nothing is enabled",
        metavar="CRON",
    ),
    Arg(("--timezone",), help="The timezone of --schedule; default: UTC", metavar="NAME"),
)


def schedule_group() -> GroupCommand:
    """The commands about schedules."""
    return GroupCommand(
        name="schedule",
        help="When pipelines run by themselves",
        subcommands=(
            _command(
                "list",
                "List pipelines with their schedules, and what is enabled",
                (_ANY_KITCHEN, ARG_OUTPUT),
            ),
            _command(
                "set",
                "Write a schedule into a pipeline's code: a commit of yours on the branch",
                (_KITCHEN, _PIPELINE, *_SET, _REASON, ARG_OUTPUT),
            ),
            _command(
                "enable",
                "Have a pipeline run on the schedule that its code says",
                (_KITCHEN, _PIPELINE, *_EXPECTED, _REASON, ARG_OUTPUT),
            ),
            _command(
                "disable",
                "Have a pipeline run by hand alone",
                (_KITCHEN, _PIPELINE, _REASON),
            ),
        ),
    )


def _command(name: str, text: str, takes: tuple[Arg, ...]) -> ActionCommand:
    body = lazy_load_command(f"{_BODIES}.{name}_schedule{'s' if name == 'list' else ''}")
    return ActionCommand(name=name, help=text, func=body, args=takes)

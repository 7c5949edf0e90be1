"""Arguments of ``airflow dataops report``; nothing heavy, as in ``definition``."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

_WEEKLY = (
    Arg(("--kitchen",), help="Name of a kitchen"),
    Arg(("--environment",), help="Name of a release environment: all its kitchens that you see"),
    Arg(("--week",), help="Such as 2026-W47; default: the last one that is over", metavar="WEEK"),
    Arg(
        ("--format",),
        help="text, json, html or pdf",
        choices=("text", "json", "html", "pdf"),
        default="text",
    ),
    Arg(("--file",), help="Where to write it; default: standard output", metavar="FILE"),
)


def report_group() -> GroupCommand:
    """The commands about reports."""
    return GroupCommand(
        name="report",
        help="What happened in a kitchen or an environment",
        subcommands=(
            ActionCommand(
                name="weekly",
                help="Write what a week came to: runs, data tests, quality, merges, cycle time",
                func=lazy_load_command("airflow_dataops.cli.report.weekly"),
                args=_WEEKLY,
            ),
        ),
    )

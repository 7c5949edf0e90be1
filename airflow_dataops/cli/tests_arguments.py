"""Arguments of ``airflow dataops tests``; nothing heavy, as in ``definition``."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

_BODIES = "airflow_dataops.cli.tests"
_KITCHEN = Arg(("kitchen",), help="Name of the kitchen")
_PIPELINE = Arg(("pipeline",), help="Name of the pipeline: that of its folder")
_STAGE = Arg(("stage",), help="Name of the stage")
_TEST = Arg(("test",), help="Name of the test, as results show it")
_ANY_TEST = Arg(("--test",), help="Name of the test; default: all of the stage", metavar="NAME")
_SINCE = Arg(("--since",), help="First moment: 2026-03-01, or with a time", required=True)
_REASON = Arg(("--reason",), help="Why; people read it on the chart", required=True)
_NARROW = (
    Arg(("--pipeline",), help="Of this pipeline alone", metavar="NAME"),
    Arg(("--stage",), help="Of this stage alone", metavar="NAME"),
    Arg(("--run-id",), help="Of this run alone", metavar="ID"),
)
_ONE = (_KITCHEN, _PIPELINE, _STAGE, _TEST)


def tests_group() -> GroupCommand:
    """The commands about data tests."""
    return GroupCommand(
        name="tests",
        help="What data tests said, and what their charts learn from",
        subcommands=(
            _command(
                "results",
                "Show what data tests said, the last run first",
                (_KITCHEN, *_NARROW, ARG_OUTPUT),
            ),
            _command(
                "history",
                "Show the points that the next run of a test is compared with",
                (*_ONE, ARG_OUTPUT),
            ),
            ActionCommand(
                name="explain",
                help="Print the SQL that the data tests of a branch's files ask",
                func=lazy_load_command("airflow_dataops.cli.tests_explain.explain"),
                args=(
                    Arg(("folder",), help="Folder of a checked out branch"),
                    Arg(("--pipeline",), help="Of this pipeline alone", metavar="NAME"),
                    Arg(
                        ("--dialect",), choices=("postgres", "redshift"), default="postgres",
                        help="Of which warehouse; default: postgres",
                    ),
                ),
            ),
            ActionCommand(
                name="suggest",
                help="Look at a table and print a file with tests that it speaks for",
                func=lazy_load_command("airflow_dataops.cli.tests_suggest.suggest"),
                args=(
                    _KITCHEN,
                    Arg(("table",), help="The table, as the kitchen's code names it"),
                    Arg(("--tool",), help="Where it is; default: the kitchen's only warehouse"),
                    Arg(("--where",), help="SQL: look at these rows alone", metavar="SQL"),
                    Arg(
                        ("--format",), choices=("yaml", "python"), default="yaml",
                        help="Of the file; default: yaml",
                    ),
                    Arg(
                        ("--pipeline",), metavar="NAME",
                        help="The pipeline that the file declares; default: TABLE_tests",
                    ),
                    Arg(("--to",), metavar="FILE", help="Write a new file instead of printing it"),
                ),
            ),
            _command(
                "chart",
                "Draw the points of a test",
                (
                    *_ONE,
                    Arg(
                        ("--format",), choices=("text", "svg", "png"), default="text",
                        help="Of the drawing; default: text",
                    ),
                    Arg(("--to",), metavar="FILE", help="Write a file instead of printing"),
                ),
            ),
            _command(
                "quality",
                "Show the share of tests that pass, of the kitchen and of each pipeline",
                (
                    _KITCHEN,
                    Arg(("--pipeline",), help="Of this pipeline alone", metavar="NAME"),
                    Arg(("--history",), action="store_true", help="Each day, the last one first"),
                    Arg(("--days",), help="As many days back; default: 90", metavar="N"),
                    ARG_OUTPUT,
                ),
            ),
            _command(
                "incident",
                "Leave points out of what charts learn from",
                (
                    _KITCHEN, _PIPELINE, _STAGE, _ANY_TEST, _SINCE,
                    Arg(("--until",), help="Last moment; default: it goes on"), _REASON,
                ),
            ),
            _command(
                "rebaseline",
                "Have charts learn from later points alone",
                (_KITCHEN, _PIPELINE, _STAGE, _ANY_TEST, _SINCE, _REASON),
            ),
        ),
    )  # fmt: skip


def _command(name: str, text: str, takes: tuple[Arg, ...]) -> ActionCommand:
    return ActionCommand(
        name=name, help=text, func=lazy_load_command(f"{_BODIES}.{name}"), args=takes
    )

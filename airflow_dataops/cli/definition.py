"""Arguments of ``airflow dataops``; the bodies are loaded with the command that is run.

Airflow imports this for every command line, its own included: nothing heavy at module level.
"""

from __future__ import annotations

from argparse import BooleanOptionalAction

from airflow.cli.cli_config import (
    ARG_OUTPUT,
    ActionCommand,
    Arg,
    CLICommand,
    GroupCommand,
    lazy_load_command,
)

from airflow_dataops.cli.approval_arguments import approval_group
from airflow_dataops.cli.merge_arguments import merge_group
from airflow_dataops.cli.release_arguments import evidence_group, release_group
from airflow_dataops.cli.report_arguments import report_group
from airflow_dataops.cli.schedule_arguments import schedule_group
from airflow_dataops.cli.tests_arguments import tests_group
from airflow_dataops.cli.work_arguments import HAND_OFF, work_group

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
    help="On the server's own host: do it in this process, with the vault logins this host has, "
    "instead of through the REST API",
    action="store_true",
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


_YES = Arg(("--yes", "-y"), help="Do not ask whether you mean it", action="store_true")
_NO_WAIT = Arg(("--no-wait",), help="Return once the work is under way", action="store_true")
_CHANGES = (
    Arg(("--ends",), help="When it is deleted: 2026-12-31T00:00Z; never"),
    Arg(("--for",), help="How long it lives from now on: 8h or 14d", dest="lasts", metavar="TIME"),
    Arg(("--pinned",), help="Keep it after its end, or not", action=BooleanOptionalAction),
    Arg(("--shared",), help="Show it to everybody, or to its staff", action=BooleanOptionalAction),
    Arg(("--ticket",), help="Ticket that it belongs to: DATA-117; none"),
    Arg(("--slack-channel",), help="Where its alerts go: #kitchen-alerts; none: as elsewhere"),
    Arg(("--pipelines",), help="Pipelines it shows besides those changed: a,b; all"),
    _REASON,
)
_STAFF = (
    Arg(
        ("--add",),
        help="Put somebody on the staff as head, cook or guest, or give another role; may be "
        "given several times",
        action="append",
        metavar="WHO:ROLE",
    ),
    Arg(
        ("--remove",),
        help="Take somebody off the staff; may be given several times",
        action="append",
        metavar="WHO",
    ),
    _REASON,
)
_CREDENTIALS = (
    Arg(("tool",), help="Name of the tool, for example redshift"),
    Arg(("--ttl",), help="How long it is to last: 30m, 8h; default: as the server says"),
    _REASON,
    Arg(
        ("-o", "--output"),
        help="Output format; env: lines for eval, with the variables that psql and others read",
        choices=("table", "json", "yaml", "plain", "env"),
        default="table",
    ),
)
_DATE = Arg(("--date",), help="The day that the run is about: 2026-11-30; default: today")
_RUN = (
    Arg(("pipeline",), help="Name of the pipeline: that of its folder"),
    Arg(
        ("--push",),
        help="First push the present commit of your clone to the kitchen's branch, and wait "
        "until Airflow has read it",
        action="store_true",
    ),
    _DATE,
    Arg(
        ("--follow",),
        help="Show what each task comes to until the run is over, or return at once",
        action=BooleanOptionalAction,
        default=True,
    ),
)
_TEST = (
    Arg(
        ("--changed",),
        help="Only pipelines that are built from something else than the parent's",
        action="store_true",
    ),
    _DATE,
    Arg(("--follow",), help="Show what each task comes to, too", action="store_true"),
)
_LOGIN = (
    Arg(("--url",), help="Address of Airflow's API server; default: that of the last login"),
    Arg(("--username",), help="Your name in Airflow; default: that of the last login"),
    Arg(
        ("--password-stdin",),
        help="Read the password from standard input instead of asking for it",
        action="store_true",
    ),
    Arg(("--show",), help="Show who is logged in where, until when", action="store_true"),
    ARG_OUTPUT,
)
_AUDIT = (
    Arg(("--since",), help="From then on: 2026-11-01T00:00Z, or 7d ago"),
    Arg(("--until",), help="Before then: 2026-12-01T00:00Z, or 12h ago"),
    Arg(("--kitchen",), help="What was done to kitchens of this name, also former ones"),
    Arg(("--format",), help="How to write it", choices=("json", "csv"), default="json"),
)

_ALERTS = (
    Arg(("--kitchen",), help="Of this kitchen alone; default: of all that are yours"),
    Arg(("--undelivered",), help="Those that nobody was told of", action="store_true"),
    ARG_OUTPUT,
)


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
                *_other_groups(),
                _adopt_command(),
                ActionCommand(
                    name="setup-roles",
                    help="Make the roles that kitchens need in Airflow; say who sees too much",
                    func=lazy_load_command("airflow_dataops.cli.roles.set_up_roles"),
                    args=(_DRY_RUN, ARG_OUTPUT),
                ),
            ),
        )
    ]


def _adopt_command() -> ActionCommand:
    return ActionCommand(
        name="adopt",
        help="Say what existing DAG files need before they run in a kitchen",
        func=lazy_load_command("airflow_dataops.cli.adopt.adopt"),
        args=(
            Arg(("folder",), help="Folder with DAG files, as Airflow reads it"),
            Arg(
                ("--check",),
                help="Only look; there is nothing else to do: files are adopted by committing "
                "them to a kitchen's branch",
                action="store_true",
                required=True,
            ),
            ARG_OUTPUT,
        ),
    )


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
    bodies = {
        "create": ("kitchen_life.create_kitchen", "Create a kitchen: branch, schema, logins, DAGs"),
        "list": ("kitchen_api.list_kitchens", "Draw the tree of kitchens"),
        "show": ("kitchen_api.show_kitchen", "Show a kitchen, its staff and its parts"),
        "change": ("kitchen_api.change_kitchen", "Change a kitchen's settings"),
        "delete": ("kitchen_life.delete_kitchen", "Delete a kitchen with all it holds"),
        "staff": ("kitchen_api.staff_kitchen", "Show or change who works in a kitchen"),
        "run": ("kitchen_run.run_pipeline", "Run a pipeline and follow it, after a push"),
        "test": ("kitchen_testing.test_kitchen", "Run its pipelines in order; what is green?"),
        "hand-off": ("work.hand_off", "Hand its work to somebody, who may cook there then"),
        "history": ("kitchen_api.show_history", "Show who did what to a kitchen"),
        "credentials": ("credentials.get_credentials", "Get a login that ends by itself"),
        "refresh": (
            "kitchen_api.refresh_kitchen",
            "Have a kitchen's branch read now instead of at the next interval",
        ),
    }
    take = {
        "create": (_KITCHEN, _FROM, _IN, *_SETTINGS, _NO_WAIT, ARG_OUTPUT, _LOCAL),
        "list": (ARG_OUTPUT, _LOCAL),
        "show": (_KITCHEN, ARG_OUTPUT),
        "change": (_KITCHEN, *_CHANGES, ARG_OUTPUT),
        "delete": (_KITCHEN, _YES, _REASON, _NO_WAIT, ARG_OUTPUT, _LOCAL),
        "staff": (_KITCHEN, *_STAFF, ARG_OUTPUT),
        "run": (_KITCHEN, *_RUN, ARG_OUTPUT),
        "test": (_KITCHEN, *_TEST, ARG_OUTPUT),
        "hand-off": (_KITCHEN, *HAND_OFF, ARG_OUTPUT),
        "history": (_KITCHEN, ARG_OUTPUT),
        "credentials": (_KITCHEN, *_CREDENTIALS),
        "refresh": (_KITCHEN, _LOCAL),
    }
    return tuple(
        _command(name, f"airflow_dataops.cli.{body}", text, take[name])
        for name, (body, text) in bodies.items()
    )


def _other_groups() -> tuple[CLICommand, ...]:
    cli = "airflow_dataops.cli"
    operation = Arg(("operation",), help="Its id, as create and delete tell it")
    show = _command(
        "show",
        f"{cli}.kitchen_life.show_operation",
        "Show a creation or deletion with its steps",
        (operation, ARG_OUTPUT),
    )
    export = _command(
        "export", f"{cli}.audit.export_audit", "Write the audit trail, newest first", _AUDIT
    )
    alerts = _command(
        "list", f"{cli}.alerts.list_alerts", "Show what people were told of, newest first", _ALERTS
    )
    return (
        _command("login", f"{cli}.login.login", "Log in to the REST API of kitchens", _LOGIN),
        _command("logout", f"{cli}.login.logout", "Forget the login of this host", ()),
        schedule_group(),
        tests_group(),
        merge_group(),
        release_group(),
        report_group(),
        evidence_group(),
        approval_group(),
        work_group(),
        GroupCommand(name="operation", help="Creations and deletions", subcommands=(show,)),
        GroupCommand(name="audit", help="Who did what", subcommands=(export,)),
        GroupCommand(name="alerts", help="What people were told in Slack", subcommands=(alerts,)),
    )


def _command(name: str, body: str, text: str, takes: tuple[Arg, ...]) -> ActionCommand:
    return ActionCommand(name=name, help=text, func=lazy_load_command(body), args=takes)

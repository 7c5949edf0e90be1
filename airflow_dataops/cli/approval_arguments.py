"""Arguments of ``airflow dataops approval``; nothing heavy, as in ``definition``."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

_BODIES = "airflow_dataops.cli.approval"
_ID = Arg(("approval",), help="Id of what waits, as list shows it")
_WHY = Arg(("--reason",), help="Why, for the audit trail")
_WHY_NOT = Arg(("--reason",), help="Why not, for the audit trail", required=True)


def approval_group() -> GroupCommand:
    """The commands about what waits for a second person."""
    return GroupCommand(
        name="approval",
        help="Merges and schedules that wait for approval",
        subcommands=(
            _command("list", "show_waiting", "Show what waits, the longest first", (ARG_OUTPUT,)),
            _command("give", "give", "Approve what somebody else asked for", (_ID, _WHY)),
            _command("refuse", "refuse", "Refuse it", (_ID, _WHY_NOT)),
        ),
    )


def _command(name: str, body: str, text: str, takes: tuple[Arg, ...]) -> ActionCommand:
    func = lazy_load_command(f"{_BODIES}.{body}")
    return ActionCommand(name=name, help=text, func=func, args=takes)

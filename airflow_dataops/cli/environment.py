"""Bodies of ``airflow dataops environment``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from airflow_dataops import config
from airflow_dataops.cli.answers import command, show_table

if TYPE_CHECKING:
    from airflow_dataops.domain.release_environment import ReleaseEnvironment


@command
def list_environments(arguments: Any) -> None:
    """List what the environments file declares."""
    rows = [
        {
            "environment": environment.name,
            "project": environment.project,
            "owner": environment.owner or "",
            "protected": "yes" if environment.protected else "no",
            "base_kitchen": environment.base_kitchen.name,
            "tools": ", ".join(sorted(environment.tools)),
        }
        for environment in config.environments().environments()
    ]
    show_table(rows, output=arguments.output)


@command
def show_environment(arguments: Any) -> None:
    """Show one environment, a line per fact; where its logins are, never what they are."""
    environment = config.environments().environment(arguments.environment)
    rows = [{"what": what, "value": value} for what, value in _facts(environment)]
    show_table(rows, output=arguments.output)


@command
def check_environments(arguments: Any) -> None:
    """Check vaults and tools, or the platform; exit code 1 if anything is not in order."""
    from airflow_dataops.cli import checks

    if arguments.platform:
        found = checks.check_platform()
    else:
        declared = config.environments()
        chosen = (
            [declared.environment(arguments.environment)]
            if arguments.environment
            else declared.environments()
        )
        found = [row for environment in chosen for row in checks.check_environment(environment)]
    show_table([row.as_row() for row in found], output=arguments.output)
    if not all(row.is_in_order for row in found):
        sys.exit(1)


def _facts(environment: ReleaseEnvironment) -> list[tuple[str, str]]:
    vault, base = environment.vault, environment.base_kitchen
    facts = [
        ("environment", environment.name),
        ("project", environment.project),
        ("owner", environment.owner or ""),
        ("protected", "yes" if environment.protected else "no"),
        ("base kitchen", f"{base.name} on branch {base.branch}"),
        ("queue", environment.queue or ""),
        ("pool", environment.pool),
        ("active runs of a DAG", str(environment.max_active_runs or "")),
        ("tasks of a run", str(environment.max_tasks_per_run or "")),
        ("readable kitchens", ", ".join(environment.readable_kitchens)),
        *((f"pool {name}", pool) for name, pool in environment.pools.items()),
        ("schedules enabled by", ", ".join(environment.schedules_enabled_by)),
        ("approved by", ", ".join(environment.approvals.by) if environment.approvals else ""),
        ("vault", f"{vault.kind} at {vault.url}, mount {vault.mount}"),
        ("vault timeout", f"{vault.timeout_seconds:g} s"),
    ]
    for tool in environment.tools.values():
        traits = ["schema per kitchen"] if tool.schema_per_kitchen else []
        traits += ["dynamic login"] if tool.dynamic else []
        traits += [f"bucket {tool.bucket}"] if tool.bucket else []
        facts.append((f"tool {tool.name}", ", ".join(traits)))
    facts += [(f"alerts {kind}", place) for kind, place in environment.alerts.items()]
    return facts

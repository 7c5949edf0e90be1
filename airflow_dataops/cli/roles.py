"""Body of ``airflow dataops setup-roles``."""

from __future__ import annotations

import sys
from typing import Any

from airflow_dataops.cli.answers import command, show_table


@command
def set_up_roles(arguments: Any) -> None:
    """Make the roles that kitchens need in Airflow, and say who sees more than kitchens show."""
    from airflow_dataops import access

    findings = access.set_up_roles(dry_run=arguments.dry_run)
    rows = [{"what": f.what, "found": f.found, "to_do": f.to_do} for f in findings]
    show_table(rows, output=arguments.output)
    if arguments.dry_run:
        print("nothing was changed", file=sys.stderr)

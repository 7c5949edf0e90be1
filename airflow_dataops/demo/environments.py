"""The demo's release environments, and the environments file that declares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PROJECT = "retail"
# Folder of an environment's SFTP login that holds the kitchens' own.
KITCHENS_FOLDER = "/kitchens"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEnvironment:
    """One release environment of the demo.

    Attributes:
        aws_account: twelve digits; each environment has an account of its own.
        is_sampled: gets a sample with hashed ids instead of the real data.
    """

    name: str
    owner: str
    base_kitchen: str
    branch: str
    aws_account: str
    is_protected: bool = False
    is_sampled: bool = True

    @property
    def warehouse_database(self) -> str:
        """Database that holds the environment's schemas."""
        return f"warehouse_{self.name}"

    @property
    def warehouse_login(self) -> str:
        """Login that owns that database."""
        return f"etl_{self.name}"

    @property
    def provision_login(self) -> str:
        """Login that makes and unmakes kitchens in that database."""
        return f"provision_{self.name}"

    @property
    def vault_login(self) -> str:
        """Login under which the vault issues logins to that database."""
        return f"vault_{self.name}"

    @property
    def bucket(self) -> str:
        """The environment's bucket in the object store."""
        return f"acme-{self.name}"

    @property
    def slack_channel(self) -> str:
        """Channel of the environment, without its ``#``."""
        return self.name

    @property
    def sftp_login(self) -> str:
        """The partner's login for this environment."""
        return f"partner_{self.name}"


# A step of work with what its ticket says of it, and with whose it is from then on.
_TICKETS = {
    "transitions": {
        "work": "In Progress",
        "merged": "In Review",
        "released": "Ready",
        "scheduled": "Done",
    },
    "assignees": {"released": "eric"},
}

_KNOWN = {
    environment.name: environment
    for environment in (
        DemoEnvironment(
            name="production",
            owner="eric",
            base_kitchen="demo_production",
            branch="main",
            aws_account="111111111111",
            is_protected=True,
            is_sampled=False,
        ),
        DemoEnvironment(
            name="development",
            owner="chris",
            base_kitchen="demo_dev",
            branch="demo_dev",
            aws_account="222222222222",
        ),
    )
}


def demo_environments(names: Sequence[str]) -> list[DemoEnvironment]:
    """The demo's environments of these names.

    Raises:
        ValueError: the demo has no such environment.
    """
    unknown = sorted(set(names) - set(_KNOWN))
    if unknown:
        message = f"the demo has no environment {unknown[0]!r}; it has {', '.join(sorted(_KNOWN))}"
        raise ValueError(message)
    return [_KNOWN[name] for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultLogin:
    """Where the vault is and which files hold an environment's AppRole login."""

    url: str
    role_id_file: Path
    secret_id_file: Path


def database_mount(environment: str) -> str:
    """Mount of the vault's database engine that issues an environment's logins."""
    return f"{environment}-database"


def environments_text(
    repository: Path,
    environments: Sequence[DemoEnvironment],
    logins: Mapping[str, VaultLogin],
    *,
    jira_url: str | None = None,
) -> str:
    """Text of the environments file; it names the files of the logins and holds no secret."""
    declared = {e.name: _declaration(e, logins[e.name]) for e in environments}
    if jira_url is not None:
        for environment in environments:
            # Work is done in kitchens, and a protected environment has its base kitchen alone.
            if not environment.is_protected:
                declared[environment.name]["tickets"] = {"url": jira_url, **_TICKETS}
    project = {"repository": str(repository), "environments": declared}
    return yaml.safe_dump({"projects": {PROJECT: project}}, sort_keys=False)


def _declaration(environment: DemoEnvironment, login: VaultLogin) -> dict[str, Any]:
    protected = {"protected": True} if environment.is_protected else {}
    # A protected environment has its base kitchen alone, which works with the shared login.
    dynamic = {} if environment.is_protected else {"dynamic": True}
    limits = {} if environment.is_protected else {"max_active_runs": 4, "max_tasks_per_run": 5_000}
    return {
        **protected,
        "owner": environment.owner,
        "vault": {
            "kind": "hashicorp",
            "url": login.url,
            "mount": environment.name,
            "database_mount": database_mount(environment.name),
            "role_id_file": str(login.role_id_file),
            "secret_id_file": str(login.secret_id_file),
            "timeout_seconds": 3,
        },
        "base_kitchen": {"name": environment.base_kitchen, "branch": environment.branch},
        "schedules_enabled_by": [environment.owner],
        "queue": environment.name,
        "provision_queue": f"{environment.name}-provision",
        **limits,
        "tools": {
            "redshift": {"schema_per_kitchen": True, **dynamic},
            "s3": {"bucket": environment.bucket},
            "sftp": {"folder": KITCHENS_FOLDER},
            "slack": {},
        },
        "alerts": {"slack_channel": f"#{environment.slack_channel}"},
    }

"""The only place that derives a dag_id, schema, bucket prefix or vault path.

A kitchen's name becomes a part of all of them, so it is restricted to what every one of these
systems takes without quoting.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from airflow_dataops.errors import InvalidName

# PostgreSQL keeps 63 bytes of an identifier; pending and sample schemas add up to 15 of their own.
MAX_KITCHEN_NAME = 48
MAX_PIPELINE_NAME = 150
# The one file of a kitchen that Airflow reads; the factory builds its DAGs from there.
LOADER_FILE = "dataops_kitchen.py"
# Our own DAGs live in this namespace; no kitchen may have it.
PLATFORM = "dataops"
RESERVED_KITCHEN_NAMES = frozenset(
    {"airflow", PLATFORM, "default", "information_schema", "public", "pipelines"}
)
# Tasks reach our own API through a connection of this name.
RESERVED_TOOL_NAMES = frozenset({"dataops"})

# A stage that publishes keeps its tasks in a group of this name; by it the server knows them.
TO_PUBLISH = "to_publish"
PENDING = "__pending"

_BRANCH = re.compile(r"[A-Za-z0-9](?:/?[A-Za-z0-9_-]|\.(?!\.))*\Z")
_SNAKE_CASE = re.compile(r"[a-z][a-z0-9_]*\Z")


def check_kitchen_name(name: str) -> str:
    """Give the name back if a kitchen may have it.

    Raises:
        InvalidName: not snake case, too long, or reserved.
    """
    _check_snake_case("kitchen", name, MAX_KITCHEN_NAME)
    if name in RESERVED_KITCHEN_NAMES or name.startswith("pg_") or name.endswith(PENDING):
        rule = "this name is reserved"
        raise InvalidName(name, kind="kitchen", rule=rule)
    return name


def check_pipeline_name(name: str) -> str:
    """Give the name back if a pipeline may have it: snake case, at most 150 characters."""
    return _check_snake_case("pipeline", name, MAX_PIPELINE_NAME)


def check_stage_name(name: str) -> str:
    """Give the name back if a stage may have it: snake case, at most 100 characters."""
    return _check_snake_case("stage", name, 100)


def check_environment_name(name: str) -> str:
    """Give the name back if a release environment or a project may have it."""
    return _check_snake_case("release environment", name, MAX_KITCHEN_NAME)


def check_tool_name(name: str) -> str:
    """Give the name back if a tool may have it; it is used as a connection id."""
    _check_snake_case("tool", name, 100)
    if name in RESERVED_TOOL_NAMES:
        rule = "this name is reserved"
        raise InvalidName(name, kind="tool", rule=rule)
    return name


def check_branch_name(name: str) -> str:
    """Give the name back if git takes it as a branch and a command line as an argument."""
    parts = name.split("/")
    if not _BRANCH.match(name) or any(
        p.startswith(".") or p.endswith((".", ".lock")) for p in parts
    ):
        rule = "use letters, digits and ._/- with a letter or digit first"
        raise InvalidName(name, kind="branch", rule=rule)
    return name


def dag_id(kitchen: str, pipeline: str) -> str:
    """Name of a pipeline's DAG in a kitchen: ``dev_kitchen.profitability``."""
    return f"{kitchen}.{pipeline}"


def kitchen_of_dag(dag_id: str) -> str | None:
    """Kitchen whose namespace a DAG id lies in; None for an id without a namespace."""
    kitchen, dot, pipeline = dag_id.partition(".")
    return kitchen if dot and kitchen and pipeline else None


def is_in_namespace(dag_id: str, kitchen: str) -> bool:
    """Whether a kitchen may declare this DAG id."""
    return kitchen_of_dag(dag_id) == kitchen


def in_kitchen(name: str, kitchen: str) -> str:
    """What a DAG, asset or alias is called in Airflow, whose author gave it this name."""
    return name if is_in_namespace(name, kitchen) else f"{kitchen}.{name}"


def asset_uri(uri: str, kitchen: str) -> str:
    """URI of an asset in Airflow; it wants one to be one asset's only, so the kitchen is in it."""
    own = f"{PLATFORM}://{kitchen}/"
    return uri if uri.startswith(own) else own + quote(uri, safe="")


def loader_file(kitchen: str) -> str:
    """Path, inside its environment's bundle, of the file that declares a kitchen's DAGs."""
    return f"{kitchen}/{LOADER_FILE}"


def schema(kitchen: str) -> str:
    """Schema that a kitchen's tables live in."""
    return kitchen


def pending_schema(schema: str) -> str:
    """Schema of the tables that a kitchen's stages have written and not published yet."""
    return f"{schema}{PENDING}"


def writes_pending(task_id: str) -> bool:
    """Whether a task writes tables that its stage publishes when they have passed its tests."""
    stage, _, inside = task_id.partition(".")
    return bool(stage) and inside.startswith(f"{TO_PUBLISH}.")


def bucket_prefix(kitchen: str) -> str:
    """Key prefix of a kitchen's objects; ends with a slash."""
    return f"{kitchen}/"


def branch(kitchen: str) -> str:
    """Branch that is cut for a new kitchen."""
    return kitchen


def kitchen_secret(kitchen: str, tool: str) -> str:
    """Vault path of a tool's credential that one kitchen alone has."""
    return f"kitchens/{kitchen}/{tool}"


def kitchen_secrets(kitchen: str) -> str:
    """Vault path below which a kitchen's own secrets lie; ends with a slash."""
    return f"kitchens/{kitchen}/"


def tool_secret(tool: str) -> str:
    """Vault path of a tool's credential that all kitchens of the environment share."""
    return f"tools/{tool}"


def kitchen_variable(kitchen: str, key: str) -> str:
    """Vault path of an Airflow variable that one kitchen alone has."""
    return f"kitchens/{kitchen}/variables/{key}"


def variable(key: str) -> str:
    """Vault path of an Airflow variable that all kitchens of the environment share."""
    return f"variables/{key}"


def provision_secret(tool: str) -> str:
    """Vault path of the login with which kitchens are made and unmade in a tool."""
    return f"provision/{tool}"


def pull_request_secret(host: str) -> str:
    """Vault path of the token for pull requests at a host; out of reach of kitchens' tasks."""
    return f"provision/{host}"


def ticket_secret() -> str:
    """Vault path of the login at Jira; out of reach of kitchens' tasks."""
    return "provision/jira"


def repository_secret() -> str:
    """Vault path of the login at a project's repository; out of reach of kitchens' tasks."""
    return "provision/git"


def database_role(kitchen: str) -> str:
    """Role that owns a kitchen's schema; 56 bytes at most, PostgreSQL keeps 63."""
    return f"kitchen_{kitchen}"


def vault_role(environment: str, kitchen: str, tool: str) -> str:
    """Role of the vault's database engine that issues logins of a kitchen in a tool."""
    return f"{environment}.{kitchen}.{tool}"


def folder(base: str, kitchen: str) -> str:
    """A kitchen's own folder below a tool's; ends with a slash."""
    return f"{base.rstrip('/')}/{kitchen}/"


def bucket_mark(prefix: str) -> str:
    """Key, outside of a kitchen's prefix, of the object that says whose the prefix is."""
    return f".{PLATFORM}/{prefix}kitchen"


def folder_mark(folder: str) -> str:
    """File beside a kitchen's folder that says whose the folder is."""
    base, _, kitchen = folder.rstrip("/").rpartition("/")
    return f"{base}/.{PLATFORM}-{kitchen}"


def access_role(kitchen: str, role: str) -> str:
    """Airflow's role that lets a kitchen's staff into Airflow's own pages."""
    return f"kitchen {kitchen} {role}"


def owner_role(environment: str) -> str:
    """Airflow's role that shows an environment's own DAGs to its owner; FAB keeps 64 letters."""
    return f"{PLATFORM} {environment} owner"


def provision_dag(environment: str) -> str:
    """DAG that makes and unmakes kitchens on an environment's workers."""
    return dag_id(PLATFORM, f"{environment}.provision")


def janitor_dag(environment: str) -> str:
    """DAG that warns about kitchens past their end, and deletes them."""
    return dag_id(PLATFORM, f"{environment}.janitor")


def manifest_ref(version: str) -> str:
    """Git reference under which a version of an environment's kitchens is published."""
    return f"refs/dataops/manifests/{version}"


def merge_copy(project: str, url: str) -> str:
    """Folder of a host's copy of a project's repository, in which kitchens are merged."""
    from hashlib import sha256

    # The address may hold a password, and is no name of a folder.
    return f"{project}-{sha256(url.encode()).hexdigest()[:12]}.git"


def _check_snake_case(kind: str, name: str, longest: int) -> str:
    if not _SNAKE_CASE.match(name):
        rule = "use small letters, digits and underscores, a letter first (snake_case)"
        raise InvalidName(name, kind=kind, rule=rule)
    if len(name) > longest:
        rule = f"it has {len(name)} characters, at most {longest} are allowed"
        raise InvalidName(name, kind=kind, rule=rule)
    return name

"""What Airflow reads to find our parts: options, commands, tables, secrets backend, bundle."""

from __future__ import annotations


def get_provider_info() -> dict[str, object]:
    """Provider metadata in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-dataops",
        "name": "DataOps",
        "description": "Kitchens, vault identity, data tests and merges for Apache Airflow.",
        "versions": ["0.1.0"],
        "integrations": [
            {
                "integration-name": "DataOps",
                "external-doc-url": "https://pypi.org/project/airflow-provider-dataops/",
                "tags": ["software"],
            }
        ],
        "bundles": [
            {
                "integration-name": "DataOps",
                "python-modules": ["airflow_dataops.bundles.kitchens"],
            }
        ],
        "connection-types": [
            {
                "connection-type": "kitchen_redshift",
                "hook-class-name": "airflow_dataops.adapters.kitchen_redshift.KitchenRedshiftHook",
            }
        ],
        "cli": ["airflow_dataops.cli.definition.get_dataops_cli_commands"],
        "db-managers": ["airflow_dataops.registry.db_manager.DataOpsDBManager"],
        "notifications": ["airflow_dataops.notifications.kitchen.KitchenNotifier"],
        "secrets-backends": ["airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend"],
        "config": {"dataops": {"description": _SECTION, "options": _OPTIONS}},
    }


_SECTION = "Kitchens: git branches that run their pipelines in release environments."

_OPTIONS = {
    "environments_file": {
        "description": (
            "The file that declares projects and their release environments.\n"
            "A relative path starts at the folder of airflow.cfg's installation (AIRFLOW_HOME).\n"
            "Empty: this installation has no kitchens.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "/opt/airflow/environments.yaml",
        "default": "",
    },
    "next_secrets_backend": {
        "description": (
            "Class of the secrets backend that answers whoever is no task of a kitchen:\n"
            "Airflow has one slot for a secrets backend, and ours takes it.\n"
            "Empty: Airflow goes on to environment variables and its own tables.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "airflow.providers.hashicorp.secrets.vault.VaultBackend",
        "default": "",
    },
    "next_secrets_backend_kwargs": {
        "description": "Arguments of next_secrets_backend, as a JSON object.\n",
        "version_added": "0.1.0",
        "type": "string",
        # They may hold a login; Airflow then hides them and takes them from a command, too.
        "sensitive": True,
        "example": '{"connections_path": "connections", "url": "https://vault.example.com"}',
        # Empty for "no arguments": Airflow fills braces in defaults as format fields.
        "default": "",
    },
    "serves_kitchens": {
        "description": (
            "Set in the environment of a dag-processor or triggerer that serves kitchens alone:\n"
            "every credential that is asked for there is refused.\n"
        ),
        "version_added": "0.1.0",
        "type": "boolean",
        "example": "True",
        "default": "False",
    },
    "parse_environment": {
        "description": (
            "Names of environment variables of the dag-processor, with commas between them, that\n"
            "kitchens' files may read while they are parsed. Of Airflow's own they see those that\n"
            "hold no secret.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "COMPANY_REGION",
        "default": "",
    },
    "vault_cache_seconds": {
        "description": (
            "How long an API server may answer with a credential that it has read from a vault,\n"
            "0 to 60 seconds. Who asks is checked at every request all the same.\n"
        ),
        "version_added": "0.1.0",
        "type": "integer",
        "example": "30",
        "default": "60",
    },
    "dynamic_login_seconds": {
        "description": (
            "How long a login lasts that a vault issues to one try of a task (tools marked\n"
            "dynamic), 300 to 86400 seconds; at least as long as the longest task. It is taken\n"
            "back when the try ends.\n"
        ),
        "version_added": "0.1.0",
        "type": "integer",
        "example": "28800",
        "default": "86400",
    },
    "api_url": {
        "description": (
            "Where workers reach the API server, for our own API.\n"
            "Empty: [core] execution_api_server_url without its /execution.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "https://airflow.example.com",
        "default": "",
    },
    "token_key": {
        "description": (
            "Signs the tokens that tasks show to our own API: a random text of at least 64\n"
            "characters, the same on all API servers, and none of Airflow's keys.\n"
            "Needed where kitchens are made.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "sensitive": True,
        "example": "the output of: openssl rand -hex 64",
        "default": "",
    },
    "webhook_secret": {
        "description": (
            "The secret of your git host's webhook: with it, a push is read at once instead of\n"
            "at the next interval; and that of your Jira's, which says that a ticket was changed.\n"
            "A random text of at least 32 characters; empty: nobody may call.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "sensitive": True,
        "example": "the output of: openssl rand -hex 32",
        "default": "",
    },
    "merge_folder": {
        "description": (
            "Folder on an API server's host for copies of the projects' repositories, in which\n"
            "kitchens are merged. They are caches: one that is lost is made anew. Relative to\n"
            "AIRFLOW_HOME.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "/var/lib/airflow/merges",
        "default": "dataops_merges",
    },
    "merge_build_seconds": {
        "description": (
            "How long building the pipelines of a merge may take, 0 to 600 seconds. They are\n"
            "built on the API server's host, by its user of the operating system, to say what\n"
            "becomes of tests and schedules. 0: none are built, and whoever merges up has to\n"
            "acknowledge that nothing was compared.\n"
        ),
        "version_added": "0.1.0",
        "type": "integer",
        "example": "120",
        "default": "0",
    },
    "warn_before_end_days": {
        "description": (
            "How many days before its end a temporary kitchen is shown as ending soon, and its\n"
            "staff is warned, 0 to 90.\n"
        ),
        "version_added": "0.1.0",
        "type": "integer",
        "example": "7",
        "default": "3",
    },
    "life_cycle_hooks": {
        "description": (
            "Functions that have a say when kitchens come and go: import paths with commas\n"
            "between them. Each is called as hook(event, moment), with the moment 'before' or\n"
            "'after'; before, it refuses by returning the reason or by raising.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "acme.kitchens.needs_ticket, acme.kitchens.tell_billing",
        "default": "",
    },
    "merge_hooks": {
        "description": (
            "Functions that have a say when kitchens are merged, called as those of\n"
            "life_cycle_hooks are, with a MergeEvent.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "acme.merges.needs_ticket",
        "default": "",
    },
    "data_test_seconds": {
        "description": (
            "How long one statement of a data test may take before the warehouse ends it.\n"
        ),
        "version_added": "0.1.0",
        "type": "integer",
        "example": "600",
        "default": "3600",
    },
    "keep_evidence_days": {
        "description": (
            "How many days evidence is kept, 90 at least: what finished runs said of the files\n"
            "that they ran, and what merges came to. Kitchens, DAGs and runs may be gone before.\n"
            "Each environment's janitor removes what is older.\n"
        ),
        "version_added": "0.1.0",
        "type": "integer",
        "example": "730",
        "default": "3650",
    },
    "keep_results_days": {
        "description": (
            "How many days what data tests said is kept, 30 at least. Charts learn from it, and\n"
            "a merge's gate reads it. Each environment's janitor removes what is older.\n"
        ),
        "version_added": "0.1.0",
        "type": "integer",
        "example": "365",
        "default": "730",
    },
    "life_cycle_hook_seconds": {
        "description": (
            "How long one call of a hook may take, 1 to 60 seconds. One that takes longer before\n"
            "a creation, deletion or merge refuses it.\n"
        ),
        "version_added": "0.1.0",
        "type": "integer",
        "example": "5",
        "default": "10",
    },
    "report_font": {
        "description": (
            "File of the TrueType or OpenType font that reports are written with as PDF, on the\n"
            "API server's host. Without one, letters outside of Latin-1 are shown as ?.\n"
        ),
        "version_added": "0.1.0",
        "type": "string",
        "example": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "default": "",
    },
    "weekly_reports": {
        "description": (
            "Whether each environment's janitor has the last week told in the environment's\n"
            "channel: runs, data tests, quality, merges, cycle time.\n"
        ),
        "version_added": "0.1.0",
        "type": "boolean",
        "example": "True",
        "default": "False",
    },
}

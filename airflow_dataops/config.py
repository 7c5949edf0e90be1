"""The ``[dataops]`` section of airflow.cfg, read when it is asked for.

Nothing is read on import: Airflow imports providers while its own configuration is still
being set up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops import config_options as options
from airflow_dataops.config_options import SECTION
from airflow_dataops.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.configuration import AirflowConfigParser

    from airflow_dataops.domain.release_environment import Projects

# HMAC with SHA-512 wants a key as long as its sum.
_SHORTEST_KEY_BYTES = 64
_SHORTEST_WEBHOOK_BYTES = 32
_MERGE_FOLDER = "dataops_merges"
KITCHEN_BUNDLE = "airflow_dataops.bundles.kitchens.KitchenBundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What operations decided for this installation.

    Attributes:
        environments_file: None where the installation has no kitchens.
        next_secrets_backend: class path of the backend for whoever is no task of a kitchen.
        serves_kitchens: this process works for kitchens alone and gives out no credential.
        parse_environment: further variables that kitchens' files see while they are parsed.
        dynamic_login_seconds: how long a task's login lasts that its vault issued.
        api_url: where tasks reach the API server; None where Airflow's own setting says it.
        token_key: signs what tasks show to our API; the same on all API servers.
        webhook_secret: signs what git hosts call; None where none may.
        warn_before_end_days: how long before its end a kitchen's staff is warned.
        life_cycle_hooks: import paths of functions that have a say when kitchens come and go.
        merge_hooks: the same, when kitchens are merged.
        life_cycle_hook_seconds: how long one of them may take.
        data_test_seconds: how long one statement of a data test may take.
        keep_evidence_days: how long what runs were evidence of is kept, and what merges came to.
        weekly_reports: whether the week is told in each environment's channel.
        report_font: the file of the font that reports are written with as PDF.
        keep_results_days: how long what data tests said is kept.
        merge_folder: where this host keeps its copies of projects' repositories.
        merge_build_seconds: how long building a merge's pipelines may take; 0: none are built.
    """

    environments_file: Path | None = None
    next_secrets_backend: str | None = None
    next_secrets_backend_kwargs: Mapping[str, object] = field(default_factory=dict, repr=False)
    serves_kitchens: bool = False
    parse_environment: frozenset[str] = frozenset()
    vault_cache_seconds: int = options.LONGEST_VAULT_CACHE_SECONDS
    dynamic_login_seconds: int = options.LONGEST_LOGIN_SECONDS
    api_url: str | None = None
    token_key: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    warn_before_end_days: int = options.DAYS_OF_NOTICE
    life_cycle_hooks: tuple[str, ...] = ()
    merge_hooks: tuple[str, ...] = ()
    life_cycle_hook_seconds: int = options.HOOK_SECONDS
    data_test_seconds: int = options.TEST_SECONDS
    keep_evidence_days: int = options.DAYS_OF_EVIDENCE
    weekly_reports: bool = False
    report_font: Path | None = None
    keep_results_days: int = options.DAYS_OF_RESULTS
    merge_folder: Path = Path(_MERGE_FOLDER)
    merge_build_seconds: int = 0


def settings() -> Settings:
    """The section as it is now.

    Raises:
        ConfigurationError: an option has a value that it cannot have; names the option.
    """
    from airflow.configuration import conf

    return Settings(
        environments_file=_environments_file(conf),
        next_secrets_backend=options.written(conf, "next_secrets_backend") or None,
        next_secrets_backend_kwargs=options.json_object(conf, "next_secrets_backend_kwargs"),
        serves_kitchens=options.serves_kitchens(conf),
        parse_environment=options.parse_environment(conf),
        vault_cache_seconds=options.vault_cache_seconds(conf),
        dynamic_login_seconds=options.dynamic_login_seconds(conf),
        api_url=options.written(conf, "api_url") or None,
        token_key=options.written(conf, "token_key") or None,
        webhook_secret=options.written(conf, "webhook_secret") or None,
        warn_before_end_days=options.warn_before_end_days(conf),
        life_cycle_hooks=options.hooks(conf, "life_cycle_hooks"),
        merge_hooks=options.hooks(conf, "merge_hooks"),
        life_cycle_hook_seconds=options.life_cycle_hook_seconds(conf),
        data_test_seconds=options.data_test_seconds(conf),
        keep_evidence_days=options.keep_evidence_days(conf),
        weekly_reports=options.weekly_reports(conf),
        report_font=options.report_font(conf),
        keep_results_days=options.keep_results_days(conf),
        merge_folder=Path(options.written(conf, "merge_folder") or _MERGE_FOLDER),
        merge_build_seconds=options.merge_build_seconds(conf),
    )


def vault_cache_seconds() -> int:
    """That setting alone: asked for with each credential, it must not cost what all of them do.

    Raises:
        ConfigurationError: it has a value that it cannot have.
    """
    from airflow.configuration import conf

    return options.vault_cache_seconds(conf)


def dynamic_login_seconds() -> int:
    """That setting alone.

    Raises:
        ConfigurationError: it has a value that it cannot have.
    """
    from airflow.configuration import conf

    return options.dynamic_login_seconds(conf)


def merge_folder() -> Path:
    """That folder itself; a relative one lies in Airflow's home."""
    from airflow.configuration import AIRFLOW_HOME, conf

    return _below(AIRFLOW_HOME, options.written(conf, "merge_folder") or _MERGE_FOLDER)


def merge_build_seconds() -> int:
    """That setting alone.

    Raises:
        ConfigurationError: it is no number from 0 to 600.
    """
    from airflow.configuration import conf

    return options.merge_build_seconds(conf)


def report_font() -> Path | None:
    """That file alone."""
    from airflow.configuration import conf

    return options.report_font(conf)


def warn_before_end_days() -> int:
    """That setting alone.

    Raises:
        ConfigurationError: it has a value that it cannot have.
    """
    from airflow.configuration import conf

    return options.warn_before_end_days(conf)


def api_url() -> str:
    """Where workers reach the API server, without a slash at its end.

    Raises:
        ConfigurationError: neither we nor Airflow were told, or it is no URL.
    """
    from airflow.configuration import conf

    execution = str(conf.get("core", "execution_api_server_url", fallback="") or "").strip()
    url = options.written(conf, "api_url") or execution.rstrip("/").removesuffix("/execution")
    if not url:
        message = (
            f"[{SECTION}] api_url is not set, and neither is [core] execution_api_server_url; name "
            "the address at which workers reach the API server, for example api_url = "
            "https://airflow.example.com"
        )
        raise ConfigurationError(message)
    if not url.startswith(("http://", "https://")):
        message = f"[{SECTION}] api_url is {url!r}; begin it with http:// or https://"
        raise ConfigurationError(message)
    return url.rstrip("/")


def token_key() -> str:
    """What tasks' tokens for our API are signed with.

    Raises:
        ConfigurationError: it is not set, or too short to be a secret.
    """
    from airflow.configuration import conf

    key = options.written(conf, "token_key")
    if len(key.encode()) < _SHORTEST_KEY_BYTES:
        what = "is too short" if key else "is not set"
        message = (
            f"[{SECTION}] token_key {what}, so tasks get no token for our API; give all API servers"
            f" the same random text of at least {_SHORTEST_KEY_BYTES} characters, for example from:"
            " openssl rand -hex 64"
        )
        raise ConfigurationError(message)
    return key


def webhook_secret() -> str | None:
    """What git hosts sign their calls with; None where none may call.

    Raises:
        ConfigurationError: it is too short to be a secret.
    """
    from airflow.configuration import conf

    secret = options.written(conf, "webhook_secret")
    if secret and len(secret.encode()) < _SHORTEST_WEBHOOK_BYTES:
        message = (
            f"[{SECTION}] webhook_secret is too short: a random text of at least "
            f"{_SHORTEST_WEBHOOK_BYTES} characters, for example from: openssl rand -hex 32"
        )
        raise ConfigurationError(message)
    return secret or None


def has_environments() -> bool:
    """Whether this installation names a file that declares release environments."""
    from airflow.configuration import conf

    return _environments_file(conf) is not None


def environments() -> Projects:
    """What the environments file declares at this moment; read again when the file changed.

    Raises:
        ConfigurationError: no file is configured, or there is none where it should be.
        SpecError: the file is wrong.
    """
    from airflow.configuration import conf

    path = _environments_file(conf)
    if path is None:
        message = (
            f"[{SECTION}] environments_file is not set, so no release environment is known; name "
            "the file that declares them, for example environments_file = "
            "/opt/airflow/environments.yaml"
        )
        raise ConfigurationError(message)
    try:
        stat = path.stat()
    except OSError as error:
        message = (
            f"[{SECTION}] environments_file names {path}, which cannot be read "
            f"({error.strerror}); write the file or correct the option"
        )
        raise ConfigurationError(message) from error
    return _load(path, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


def pages_url() -> str | None:
    """Where people's browsers find Airflow; None where Airflow was not told."""
    from airflow.configuration import conf

    return str(conf.get("api", "base_url", fallback="") or "").strip() or None


def auth_manager() -> str:
    """Class path of Airflow's auth manager."""
    from airflow.configuration import conf

    return str(conf.get("core", "auth_manager", fallback="") or "")


def kitchen_bundles() -> Mapping[str, str]:
    """Release environment of each configured kitchens' bundle, by the bundle's name.

    Read from ``[dag_processor] dag_bundle_config_list``, so a scheduler or an API server knows it
    only when its configuration holds that list.
    """
    from airflow.configuration import conf

    return _kitchen_bundles(conf.get("dag_processor", "dag_bundle_config_list", fallback="") or "")


@lru_cache(maxsize=4)
def _kitchen_bundles(configured: str) -> Mapping[str, str]:
    bundles = json.loads(configured) if configured.strip() else []
    return {
        bundle["name"]: (bundle.get("kwargs") or {}).get("environment", "")
        for bundle in bundles
        if bundle.get("classpath") == KITCHEN_BUNDLE
    }


@lru_cache(maxsize=4)
def _load(path: Path, _state: tuple[int, int, int]) -> Projects:
    from airflow_dataops.specs.environment_file import load_environments

    return load_environments(path)


def _environments_file(conf: AirflowConfigParser) -> Path | None:
    from airflow.configuration import AIRFLOW_HOME

    text = options.written(conf, "environments_file")
    return _below(AIRFLOW_HOME, text) if text else None


@lru_cache(maxsize=4)
def _below(airflow_home: str, path: str) -> Path:
    # Processes of one installation have different working folders, so that is no place to start.
    return Path(airflow_home, Path(path).expanduser())


def data_test_seconds() -> int:
    """That setting alone.

    Raises:
        ConfigurationError: it is no number of seconds.
    """
    from airflow.configuration import conf

    return options.data_test_seconds(conf)

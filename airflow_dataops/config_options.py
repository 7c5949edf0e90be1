"""How each option of the ``[dataops]`` section is read, and which values it can have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.configuration import AirflowConfigParser

SECTION = "dataops"
LONGEST_BUILD_SECONDS = 600
LONGEST_VAULT_CACHE_SECONDS = 60
SHORTEST_LOGIN_SECONDS, LONGEST_LOGIN_SECONDS = 300, 86400
DAYS_OF_NOTICE, MOST_DAYS_OF_NOTICE = 3, 90
HOOK_SECONDS, MOST_HOOK_SECONDS = 10, 60
TEST_SECONDS = 3600
DAYS_OF_EVIDENCE, FEWEST_DAYS_OF_EVIDENCE = 3_650, 90
DAYS_OF_RESULTS, FEWEST_DAYS_OF_RESULTS, MOST_DAYS_OF_RESULTS = 730, 30, 36_500


def written(conf: AirflowConfigParser, option: str) -> str:
    """An option as it is written, without space around it; empty where it is not."""
    return str(conf.get(SECTION, option, fallback="") or "").strip()


def serves_kitchens(conf: AirflowConfigParser) -> bool:
    """Whether this process works for kitchens alone."""
    from airflow.exceptions import AirflowConfigException

    try:
        return bool(conf.getboolean(SECTION, "serves_kitchens", fallback=False))
    except (AirflowConfigException, ValueError) as error:
        message = f"[{SECTION}] serves_kitchens is no yes or no; write True or False"
        raise ConfigurationError(message) from error


def parse_environment(conf: AirflowConfigParser) -> frozenset[str]:
    """Which further variables a kitchen's file sees while it is parsed."""
    names = {name.strip() for name in written(conf, "parse_environment").split(",")} - {""}
    if any(name.startswith("AIRFLOW_") for name in names):
        message = (
            f"[{SECTION}] parse_environment names variables of Airflow's own; kitchens' files see "
            "those of them that hold no secret, name only yours"
        )
        raise ConfigurationError(message)
    return frozenset(names)


def vault_cache_seconds(conf: AirflowConfigParser) -> int:
    """How long what a vault said is kept."""
    text = written(conf, "vault_cache_seconds") or str(LONGEST_VAULT_CACHE_SECONDS)
    if not text.isdecimal() or int(text) > LONGEST_VAULT_CACHE_SECONDS:
        message = (
            f"[{SECTION}] vault_cache_seconds is {text!r}; write a whole number of seconds, "
            f"0 to {LONGEST_VAULT_CACHE_SECONDS}"
        )
        raise ConfigurationError(message)
    return int(text)


def dynamic_login_seconds(conf: AirflowConfigParser) -> int:
    """How long a task's issued login lasts."""
    text = written(conf, "dynamic_login_seconds") or str(LONGEST_LOGIN_SECONDS)
    if not text.isdecimal() or not SHORTEST_LOGIN_SECONDS <= int(text) <= LONGEST_LOGIN_SECONDS:
        message = (
            f"[{SECTION}] dynamic_login_seconds is {text!r}; write a whole number of seconds, "
            f"{SHORTEST_LOGIN_SECONDS} to {LONGEST_LOGIN_SECONDS}"
        )
        raise ConfigurationError(message)
    return int(text)


def warn_before_end_days(conf: AirflowConfigParser) -> int:
    """How long before its end a kitchen's staff is warned."""
    text = written(conf, "warn_before_end_days") or str(DAYS_OF_NOTICE)
    if not text.isdecimal() or int(text) > MOST_DAYS_OF_NOTICE:
        message = (
            f"[{SECTION}] warn_before_end_days is {text!r}; write a whole number of days, "
            f"0 to {MOST_DAYS_OF_NOTICE}"
        )
        raise ConfigurationError(message)
    return int(text)


def hooks(conf: AirflowConfigParser, option: str) -> tuple[str, ...]:
    """Import paths of functions that have a say in what an option is about."""
    parts = (part.strip() for part in written(conf, option).split(","))
    paths = tuple(part for part in parts if part)
    for path in paths:
        names = path.split(".")
        if len(names) == 1 or not all(name.isidentifier() for name in names):
            message = (
                f"[{SECTION}] {option} holds {path!r}, which is no import path; write "
                "package.module.function, several with commas between them"
            )
            raise ConfigurationError(message)
    return paths


def life_cycle_hook_seconds(conf: AirflowConfigParser) -> int:
    """How long one of them may take."""
    text = written(conf, "life_cycle_hook_seconds") or str(HOOK_SECONDS)
    if not text.isdecimal() or not 1 <= int(text) <= MOST_HOOK_SECONDS:
        message = (
            f"[{SECTION}] life_cycle_hook_seconds is {text!r}; write a whole number of seconds, "
            f"1 to {MOST_HOOK_SECONDS}"
        )
        raise ConfigurationError(message)
    return int(text)


def merge_build_seconds(conf: AirflowConfigParser) -> int:
    """How long building a merge's pipelines may take; 0: none are built."""
    text = written(conf, "merge_build_seconds") or "0"
    if not text.isdecimal() or int(text) > LONGEST_BUILD_SECONDS:
        message = (
            f"[{SECTION}] merge_build_seconds is {text!r}; use a number of seconds from 0 (build "
            f"no pipelines of merges) to {LONGEST_BUILD_SECONDS}"
        )
        raise ConfigurationError(message)
    return int(text)


def data_test_seconds(conf: AirflowConfigParser) -> int:
    """How long one statement of a data test may take."""
    text = written(conf, "data_test_seconds") or str(TEST_SECONDS)
    if not text.isdecimal() or not int(text):
        message = f"[{SECTION}] data_test_seconds is {text!r}; write a whole number of seconds"
        raise ConfigurationError(message)
    return int(text)


def weekly_reports(conf: AirflowConfigParser) -> bool:
    """Whether the week is told in each environment's channel."""
    text = (written(conf, "weekly_reports") or "False").strip().lower()
    if text not in {"true", "false"}:
        message = f"[{SECTION}] weekly_reports is {text!r}; write True or False"
        raise ConfigurationError(message)
    return text == "true"


def report_font(conf: AirflowConfigParser) -> Path | None:
    """The file of the font that reports are written with as PDF."""
    text = written(conf, "report_font")
    return Path(text) if text else None


def keep_results_days(conf: AirflowConfigParser) -> int:
    """How long what data tests said is kept."""
    text = written(conf, "keep_results_days") or str(DAYS_OF_RESULTS)
    if not text.isdecimal() or not FEWEST_DAYS_OF_RESULTS <= int(text) <= MOST_DAYS_OF_RESULTS:
        message = (
            f"[{SECTION}] keep_results_days is {text!r}; write a whole number of days, "
            f"{FEWEST_DAYS_OF_RESULTS} to {MOST_DAYS_OF_RESULTS}: charts learn from them, and a "
            "merge's gate reads them"
        )
        raise ConfigurationError(message)
    return int(text)


def keep_evidence_days(conf: AirflowConfigParser) -> int:
    """How long evidence is kept."""
    text = written(conf, "keep_evidence_days") or str(DAYS_OF_EVIDENCE)
    if not text.isdecimal() or not FEWEST_DAYS_OF_EVIDENCE <= int(text) <= MOST_DAYS_OF_RESULTS:
        message = (
            f"[{SECTION}] keep_evidence_days is {text!r}; write a whole number of days, "
            f"{FEWEST_DAYS_OF_EVIDENCE} to {MOST_DAYS_OF_RESULTS}: a merge's gate reads it, and "
            "so do auditors"
        )
        raise ConfigurationError(message)
    return int(text)


def json_object(conf: AirflowConfigParser, option: str) -> Mapping[str, object]:
    """An option whose value is an object."""
    # The value is never shown: it may hold the other backend's login.
    text = written(conf, option) or "{}"
    message = f'[{SECTION}] {option} is no JSON object; write one, for example {{"url": "…"}}'
    try:
        value: object = json.loads(text)
    except ValueError:
        # Without its cause, which quotes the value.
        raise ConfigurationError(message) from None
    if not isinstance(value, dict):
        raise ConfigurationError(message)
    return value

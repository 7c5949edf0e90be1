"""Where the wheels that the demo takes programs and data from are installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from airflow_dataops.errors import ConfigurationError


def wheel_directory(package: str) -> Path:
    """Directory of a package, found without importing it: some of them do much on import.

    Raises:
        ConfigurationError: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        message = f"{package} is missing: pip install 'airflow-provider-dataops[demo]'"
        raise ConfigurationError(message)
    return Path(spec.origin).parent

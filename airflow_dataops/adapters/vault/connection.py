"""How requests get to a vault: over kept connections, and only so many at once.

The API server answers Airflow's requests in a pool of 40 threads. Whoever asks a hung vault holds
one of them for seconds; without a limit those who ask would soon hold all of them, and requests
that need no vault would wait behind.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACES = 12
# A vault that answers frees a place within milliseconds.
_PATIENCE_SECONDS = 0.1


class Crowded(requests.RequestException):
    """As many requests wait for the vault as may."""


class WaitingRoom:
    """Places for those who wait for one vault."""

    def __init__(
        self, *, places: int = _PLACES, patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        self._places = places
        self._patience_seconds = patience_seconds
        self._free = threading.BoundedSemaphore(places)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            Crowded: none becomes free; the vault is hung or far too slow.
        """
        if not self._free.acquire(timeout=self._patience_seconds):
            message = f"{self._places} requests wait for it already; try again in a minute"
            raise Crowded(message)
        try:
            yield
        finally:
            self._free.release()


def session(url: str) -> requests.Session:
    """Kept connections to a vault, as many as threads of the API server may use at once."""
    made = requests.Session()
    # The proxies and certificates that the environment names are looked up here, once: to do so
    # at every request takes a fifth of its time.
    named = made.merge_environment_settings(url, {}, None, True, None)  # noqa: FBT003
    made.proxies, made.verify = named["proxies"], named["verify"]
    made.trust_env = False
    adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=40, max_retries=0)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made

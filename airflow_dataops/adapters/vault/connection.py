"""How requests get to a vault: over kept connections, and only so many at once.

The API server answers Airflow's requests in a pool of 40 threads. Whoever asks a hung vault holds
one of them for seconds; without a limit those who ask would soon hold all of them, and requests
that need no vault would wait behind. A time limit for each word of an answer is no limit for the
answer: a vault that says one at a time is cut off.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACES = 12
# A vault that answers frees a place within milliseconds.
_PATIENCE_SECONDS = 0.1
# A look-up may take a login and a reading, and is refused within ten seconds.
_LONGEST_EXCHANGE_SECONDS = 4.0


class Crowded(requests.RequestException):
    """As many requests wait for the vault as may."""


class Redirected(requests.RequestException):
    """The vault's answer points to another place, where a login is not carried."""


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
    adapter = _Adapter(pool_connections=1, pool_maxsize=40, max_retries=0)
    made.hooks["response"] = [_stay]
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made


def _stay(response: requests.Response, **_: object) -> None:
    # requests would go on with the vault's own header, and a login's parts, to any host.
    if response.is_redirect:
        response.close()
        message = "it points to another address; name the node that answers, or what balances them"
        raise Redirected(message)


class _Cut:
    """A connection whose socket is shut when one exchange takes too long."""

    _cutter: threading.Timer | None = None

    def request(self, *words: Any, **options: Any) -> None:
        super().request(*words, **options)  # type: ignore[misc]
        # A closing answer takes the socket away from the connection, so it is held here.
        held: socket.socket = self.sock  # type: ignore[attr-defined]
        self._cutter = threading.Timer(_LONGEST_EXCHANGE_SECONDS, _shut, [held])
        self._cutter.daemon = True
        self._cutter.start()

    def is_over(self) -> None:
        """The answer was read."""
        if self._cutter is not None:
            self._cutter.cancel()


class _Connection(_Cut, HTTPConnection):
    pass


class _SecureConnection(_Cut, HTTPSConnection):
    pass


class _Telling:
    """A pool that tells a connection when its exchange is over."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.is_over()
        super()._put_conn(conn)  # type: ignore[misc]


class _Pool(_Telling, HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(_Telling, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Takes connections from these pools, straight or through a proxy."""

    def init_poolmanager(self, *words: Any, **options: Any) -> None:
        super().init_poolmanager(*words, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


def _shut(held: socket.socket) -> None:
    # The plain socket's way: an encrypted one would first drop what another thread reads with.
    with suppress(OSError):
        socket.socket.shutdown(held, socket.SHUT_RDWR)

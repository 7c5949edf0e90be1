"""Asking a server past its restart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from airflow_dataops.errors import ApiUnreachable, RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

_Answer = TypeVar("_Answer")
SERVERS_FAULT = 500


def ask_patiently(
    ask: Callable[[], _Answer], *, seconds: float, pause: float, note: Callable[[str], None]
) -> _Answer:
    """Ask again and again while the server does not answer, or answers that it is in trouble.

    Args:
        ask: may be repeated.
        seconds: until it is given up.
        pause: seconds between two tries.
        note: is told once what is waited for.

    Raises:
        RequestRefused: the server refuses, or its trouble lasts.
        ApiUnreachable: it does not come back.
    """
    given_up_at = time.monotonic() + seconds
    is_noted = False
    while True:
        try:
            return ask()
        except (ApiUnreachable, RequestRefused) as error:
            is_refusal = isinstance(error, RequestRefused) and error.status < SERVERS_FAULT
            if is_refusal or time.monotonic() > given_up_at:
                raise
            if not is_noted:
                note(f"{error}; waiting for it")
                is_noted = True
            time.sleep(pause)

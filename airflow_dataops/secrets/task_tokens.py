"""Tokens with which the platform's tasks call our own API.

Airflow gives tasks no token that anybody but its own execution API takes. Ours says which try of
which task instance asks. It lasts minutes, since each lookup of the connection mints a new one;
whether that try still runs is for the reader to ask the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_dataops.errors import CredentialRefused

if TYPE_CHECKING:
    from airflow_dataops.domain.identity import KitchenTask

AUDIENCE = "dataops"
_ALGORITHM = "HS512"
_LASTS = timedelta(minutes=10)
# Two API servers' clocks may differ a little.
_LEEWAY_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClaims:
    """Which try of which task a token was minted for."""

    task_instance: str
    try_number: int
    dag_id: str
    kitchen_id: str
    environment: str


def mint(task: KitchenTask, task_instance: str) -> str:
    """A token for a task whose identity was just established.

    Raises:
        ConfigurationError: this installation has no key to sign with.
    """
    import jwt

    from airflow_dataops import config

    now = datetime.now(tz=UTC)
    claims = {
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + _LASTS,
        "sub": task_instance,
        "try": task.try_number,
        "dag": task.dag_id,
        "kitchen": task.kitchen_id,
        "environment": task.environment,
    }
    return jwt.encode(claims, config.token_key(), algorithm=_ALGORITHM)


def read(token: str) -> TaskClaims:
    """What a token says, if it is one of ours and not too old.

    Raises:
        CredentialRefused: it is not; says why, and nothing of the token.
        ConfigurationError: this installation has no key to check with.
    """
    import jwt

    from airflow_dataops import config

    key = config.token_key()
    required = ["aud", "iat", "exp", "sub", "try", "dag", "kitchen", "environment"]
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=AUDIENCE,
            leeway=_LEEWAY_SECONDS,
            options={"require": required},
        )
    except jwt.ExpiredSignatureError:
        message = "the task's token is too old; look the connection up again, it brings a new one"
        raise CredentialRefused(message) from None
    except jwt.PyJWTError as error:
        message = f"this is no token of a task: {type(error).__name__}"
        raise CredentialRefused(message) from None
    return TaskClaims(
        task_instance=claims["sub"],
        try_number=claims["try"],
        dag_id=claims["dag"],
        kitchen_id=claims["kitchen"],
        environment=claims["environment"],
    )

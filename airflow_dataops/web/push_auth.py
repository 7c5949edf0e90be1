"""Whether a git host's or a tracker's call is genuine: signed with a secret that only we have.

GitHub, Gitea, Forgejo and Jira sign the body (HMAC with SHA-256); GitLab sends the secret itself.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from fastapi import Request

from airflow_dataops.errors import CredentialRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNATURES = ("x-hub-signature-256", "x-gitea-signature", "x-forgejo-signature")
# Jira's name for it; GitHub sends a weaker one under it, beside its own.
_JIRAS, _METHOD = "x-hub-signature", "sha256="
_SHARED = "x-gitlab-token"


async def signed(request: Request) -> None:
    """Let a call pass that the git host made.

    Raises:
        CredentialRefused: this installation takes no calls, or the call is not genuine.
    """
    from airflow_dataops import config

    secret = config.webhook_secret()
    if secret is None:
        message = "[dataops] webhook_secret is not set, so no git host and no tracker may call here"
        raise CredentialRefused(message)
    if not is_genuine(await request.body(), request.headers, secret=secret):
        message = (
            "the call carries no signature with this installation's secret; give the git host or "
            "tracker the text of [dataops] webhook_secret as the webhook's secret"
        )
        raise CredentialRefused(message)


def is_genuine(body: bytes, headers: Mapping[str, str], *, secret: str) -> bool:
    """Whether a call was made by who has the secret.

    Args:
        body: as it came, byte for byte.
        headers: by their names in lower case.
        secret: shared with the git host.
    """
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    for name in _SIGNATURES:
        if given := headers.get(name):
            return _is_same(given.removeprefix("sha256="), expected)
    if (given := headers.get(_JIRAS, "")).startswith(_METHOD):
        return _is_same(given.removeprefix(_METHOD), expected)
    return _is_same(headers.get(_SHARED, ""), secret)


def _is_same(given: str, expected: str) -> bool:
    # In the same time wherever they differ.
    return hmac.compare_digest(given.encode(), expected.encode())

"""Refusals that stop Airflow's lookup chain and reach the worker as a plain HTTP answer.

Airflow asks its secrets backends in turn and swallows every exception but its own
``AirflowSecretsBackendAccessDenied``; the execution API turns that one into a 500, which workers
retry five times. An exception that is a 4xx answer as well ends the chain and the request.
"""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowSecretsBackendAccessDenied
from fastapi import HTTPException


class Refused(AirflowSecretsBackendAccessDenied, HTTPException):
    """HTTP 403: who asks may not have it, and no other backend is asked."""

    def __init__(self, reason: str) -> None:
        HTTPException.__init__(self, 403, detail={"reason": "access_denied", "message": reason})
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class NotThere(AirflowSecretsBackendAccessDenied, HTTPException):
    """HTTP 404: the kitchen's vault has no such variable, and no other backend is asked."""

    def __init__(self, reason: str) -> None:
        HTTPException.__init__(self, 404, detail={"reason": "not_found", "message": reason})
        self.reason = reason

    def __str__(self) -> str:
        return self.reason

"""The object store as a process of its own: moto with its access checks switched on.

Started as a script, on its own (it imports nothing of this package): the setup is read as JSON
from standard input, the keys that were made are written as one line of JSON to standard output.

moto alone would let everybody do everything: it checks access only after a number of requests,
and its own pages (``/moto-api``) switch that off again without a login. Here accounts are made
inside the process before the first request, every request is checked, and requests are refused
that are unsigned, for its own pages, or for anything but S3 and STS. Requests are answered one at a
time: moto's tables are not made for threads, and a request beside another may fail with a 500.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_HOST = "127.0.0.1"
_REFUSAL = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
)
_SIGNATURE = "AWS4-HMAC-SHA256 Credential="


def main() -> None:
    """Serve until a signal ends the process."""
    setup = json.load(sys.stdin)
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"
    os.environ["MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS"] = "false"
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    keys = {
        account["name"]: _provide_account(account, setup["region"]) for account in setup["accounts"]
    }
    server = make_server(
        _HOST,
        setup["port"],
        checked(one_at_a_time(DomainDispatcherApplication(create_backend_app))),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    sys.stdout.write(json.dumps(keys) + "\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # from here on nobody reads what is written there
    server.serve_forever()


def checked(application: Callable[..., Any]) -> WSGIApplication:
    """The application behind the checks that moto lacks."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # moto takes the account from this header if it is there, not from the key.
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        if _is_acceptable(environ):
            response: Iterable[bytes] = application(environ, start_response)
            return response
        start_response("403 Forbidden", [("Content-Type", "application/xml")])
        return [_REFUSAL]

    return answer


def one_at_a_time(application: Callable[..., Any]) -> WSGIApplication:
    """The application, called by one thread at a time.

    The request is read before and the answer written after, so that nobody waits for a slow client.
    """
    turn = threading.Lock()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_chunked = environ.get("wsgi.input_terminated", False)
        length = -1 if is_chunked else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with turn:
            return list(application(environ, start_response))

    return answer


def _is_acceptable(environ: WSGIEnvironment) -> bool:
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    scope = authorization.removeprefix(_SIGNATURE).partition(",")[0].split("/")
    return (
        authorization.startswith(_SIGNATURE)
        and scope[3:] in (["s3", "aws4_request"], ["sts", "aws4_request"])
        and not environ.get("PATH_INFO", "").startswith("/moto-api")
        and environ.get("HTTP_HOST", "").startswith(_HOST)
    )


def _provide_account(account: Mapping[str, str], region: str) -> dict[str, str]:
    """A bucket, and a user whose key reaches that bucket alone."""
    from moto.iam.models import iam_backends
    from moto.s3.models import s3_backends

    bucket = f"arn:aws:s3:::{account['bucket']}"
    s3_backends[account["id"]]["aws"].create_bucket(account["bucket"], region)
    iam = iam_backends[account["id"]]["aws"]
    iam.create_user(region, account["user"])
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": [bucket, f"{bucket}/*"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(account["user"], "own_bucket", policy)
    key = iam.create_access_key(account["user"])
    return {"access_key": key.access_key_id, "secret_key": key.secret_access_key}


if __name__ == "__main__":
    main()

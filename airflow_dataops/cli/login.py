"""Bodies of ``airflow dataops login`` and ``logout``."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import UTC, datetime
from typing import Any

from airflow_dataops.cli import login_file
from airflow_dataops.cli.answers import command, say_aside, show_table
from airflow_dataops.errors import ApiUnreachable, NotLoggedIn, RequestRefused, UsageError

_LONGEST_PASSWORD = 10_000


@command
def login(arguments: Any) -> None:
    """Get a token of Airflow's for a password, and keep it; or show the present login."""
    if arguments.show:
        _show(arguments.output)
        return
    url = _url(arguments.url)
    username = _username(arguments, url)
    password = _password(arguments, username, url)
    token = _token(url, username, password)
    kept = login_file.Login(url=url, token=token, username=username)
    name = _name_there(kept)
    kept = login_file.Login(url=url, token=token, username=name or username)
    file = login_file.store(kept)
    until = f" until {_moment(kept.ends_at)}" if kept.ends_at else ""
    print(f"logged in to {url} as {kept.username}{until}; kept in {file}")
    _warn_of_variables()


@command
def logout(_arguments: Any) -> None:
    """Forget the login of this host."""
    was_there = login_file.forget()
    print("logged out" if was_there else "you were not logged in")
    _warn_of_variables()


def _show(output: str) -> None:
    present = login_file.present(datetime.now(tz=UTC))
    fact = {
        "user": present.username or "(whoever the token is for)",
        "server": present.url,
        "until": _moment(present.ends_at) if present.ends_at else "unknown",
        "from": present.source,
    }
    show_table([fact], output=output)


def _url(asked: str | None) -> str:
    named = asked or os.environ.get(login_file.URL_VARIABLE, "").strip()
    url = login_file.checked_url(named or None)
    if url is not None:
        return url
    kept = _kept()
    if kept is None:
        message = "which server? name it with --url, for example --url https://airflow.example.com"
        raise UsageError(message)
    return kept.url


def _kept() -> login_file.Login | None:
    """The last login, whatever is wrong with it otherwise."""
    try:
        return login_file.stored()
    except NotLoggedIn:
        return None


def _username(arguments: Any, url: str) -> str:
    if arguments.username:
        return str(arguments.username)
    kept = _kept()
    if kept is not None and kept.url == url and kept.username:
        return kept.username
    if arguments.password_stdin or not sys.stdin.isatty():
        message = "whose password is it? name yourself with --username"
        raise UsageError(message)
    print(f"Username for {url}: ", end="", file=sys.stderr, flush=True)
    username = sys.stdin.readline().strip()
    if not username:
        message = "no username was given"
        raise UsageError(message)
    return username


def _password(arguments: Any, username: str, url: str) -> str:
    if arguments.password_stdin:
        password = sys.stdin.readline(_LONGEST_PASSWORD).rstrip("\r\n")
    elif sys.stdin.isatty():
        password = getpass.getpass(f"Password of {username} at {url}: ", stream=sys.stderr)
    else:
        message = (
            "there is no terminal to ask for the password on; pipe it in with --password-stdin"
        )
        raise UsageError(message)
    if not password:
        message = "no password was given"
        raise UsageError(message)
    return password


def _token(url: str, username: str, password: str) -> str:
    """Airflow's own token; both its auth managers have this route.

    Raises:
        NotLoggedIn: name or password is wrong.
    """
    from airflow_dataops.cli.api_client import ApiClient
    from airflow_dataops.cli.api_models import TokenAnswer

    asked = {"username": username, "password": password}
    nobody = login_file.Login(url=url, token="")
    with ApiClient(nobody) as api:
        try:
            answer = api.request("POST", "/auth/token", body=asked)
        except NotLoggedIn:
            message = f"{url} does not know {username!r} with this password"
            raise NotLoggedIn(message) from None
        except RequestRefused as error:
            if error.status not in {404, 405}:
                raise
            message = (
                f"{url} gives no token for a password (status {error.status} at /auth/token): is "
                "it Airflow's API server? Where users log in elsewhere, set "
                f"{login_file.TOKEN_VARIABLE} to a token that you get there"
            )
            raise ApiUnreachable(message) from error
        return api.read(TokenAnswer, answer).access_token


def _name_there(kept: login_file.Login) -> str | None:
    """What our API calls this person; None, with a warning, where it is not to be had."""
    from airflow_dataops.cli.api_client import ApiClient
    from airflow_dataops.cli.api_models import MeAnswer

    try:
        with ApiClient(kept, warns=False) as api:
            return api.one(MeAnswer, "GET", "me").name
    except (ApiUnreachable, RequestRefused, NotLoggedIn) as error:
        say_aside(
            f"warning: Airflow took the password, but its DataOps API did not answer: {error}"
        )
        return None


def _warn_of_variables() -> None:
    if os.environ.get(login_file.TOKEN_VARIABLE, "").strip():
        say_aside(
            f"warning: {login_file.TOKEN_VARIABLE} is set and is used instead of any login; "
            "unset it to use this one"
        )


def _moment(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else ""

"""Where the login of ``airflow dataops login`` is kept: one file that its owner alone reads."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow_dataops.errors import NotLoggedIn, UsageError

URL_VARIABLE = "DATAOPS_API_URL"
TOKEN_VARIABLE = "DATAOPS_TOKEN"  # noqa: S105 - the name of a variable
_LOG_IN = "run `airflow dataops login`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A person's token for one API server.

    Attributes:
        url: the address of Airflow's API server, without a slash at its end.
        username: empty where only the token is known.
        source: where it was found, in the words of a message.
    """

    url: str
    token: str = field(repr=False)
    username: str = ""
    source: str = ""

    @property
    def ends_at(self) -> datetime | None:
        """When the token ends by itself; None where it does not say."""
        return _end_of(self.token)


def path() -> Path:
    """The file, whether it is there or not."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    # An address that is no absolute path is to be ignored, says the XDG specification.
    folder = Path(base) if base.startswith("/") else Path.home() / ".config"
    return folder / "airflow-dataops" / "login.json"


def stored() -> Login | None:
    """What the file holds; None where there is no file.

    Raises:
        NotLoggedIn: the file is damaged, or others than its owner may read it.
    """
    file = path()
    try:
        with file.open(encoding="utf-8") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content: Any = json.loads(opened.read(100_000))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        message = f"the login in {file} cannot be read ({why}); {_LOG_IN}"
        raise NotLoggedIn(message) from None
    if mode & 0o077:
        message = (
            f"others may read {file}, so its token may be known to them; {_LOG_IN}, which makes a "
            "new one that is yours alone"
        )
        raise NotLoggedIn(message)
    facts = content if isinstance(content, dict) else {}
    url, token, username = (facts.get(name) for name in ("url", "token", "username"))
    if not (isinstance(url, str) and isinstance(token, str) and isinstance(username, str)):
        message = f"the login in {file} is damaged; {_LOG_IN}"
        raise NotLoggedIn(message)
    return Login(url=url, token=token, username=username, source=str(file))


def present(now: datetime) -> Login:
    """The login that commands use: the environment's variables, else the file.

    Raises:
        NotLoggedIn: there is none, or it has ended.
        UsageError: a variable's address cannot be one.
    """
    url = checked_url(os.environ.get(URL_VARIABLE, "").strip() or None)
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    login = _from_variables(url, token) if token else _from_file(url)
    if login.ends_at is not None and login.ends_at <= now:
        ended = f"{login.ends_at:%Y-%m-%d %H:%M} UTC"
        if token:
            message = f"the token in {TOKEN_VARIABLE} ended {ended}; set a new one, or {_LOG_IN}"
        else:
            message = f"your login to {login.url} ended {ended}; {_LOG_IN} again"
        raise NotLoggedIn(message)
    return login


def _from_variables(url: str | None, token: str) -> Login:
    if not token.isascii() or not token.isprintable() or " " in token:
        message = f"{TOKEN_VARIABLE} holds no token: it has blanks or other odd characters"
        raise NotLoggedIn(message)
    if url is None:
        kept = stored()
        if kept is None:
            message = f"{TOKEN_VARIABLE} is set and {URL_VARIABLE} is not; set both"
            raise NotLoggedIn(message)
        url = kept.url
    return Login(url=url, token=token, source=TOKEN_VARIABLE)


def _from_file(url: str | None) -> Login:
    login = stored()
    if login is None:
        message = (
            "you are not logged in; run `airflow dataops login --url https://<your Airflow>`, or "
            f"set {URL_VARIABLE} and {TOKEN_VARIABLE}"
        )
        raise NotLoggedIn(message)
    if url is not None and url != login.url:
        # Nobody but the server that issued a token may see it.
        message = (
            f"{URL_VARIABLE} names {url} and your login is for {login.url}; run `airflow dataops "
            f"login --url {url}`, or set {TOKEN_VARIABLE}"
        )
        raise NotLoggedIn(message)
    return login


def store(login: Login) -> Path:
    """Replace the file in one go; nobody else can read it at any moment, whatever the umask.

    Raises:
        UsageError: the file cannot be written.
    """
    file = path()
    content = {"url": login.url, "token": login.token, "username": login.username}
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp gives mode 0600 to its owner alone.
        descriptor, unfinished = tempfile.mkstemp(dir=file.parent, prefix=".login-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                json.dump(content, opened)
                opened.flush()
                os.fsync(opened.fileno())
            Path(unfinished).replace(file)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
    except OSError as error:
        message = f"the login cannot be kept in {file} ({error.strerror}); is that folder yours?"
        raise UsageError(message) from error
    return file


def forget() -> bool:
    """Delete the file; says whether there was one."""
    try:
        path().unlink()
    except FileNotFoundError:
        return False
    return True


def checked_url(url: str | None) -> str | None:
    """The address of an API server as it is kept, also if that of our API was given.

    Raises:
        UsageError: it cannot be one.
    """
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_address = parts.scheme in {"http", "https"} and host and url.isascii() and url.isprintable()
    if not is_address or " " in url or parts.query or parts.fragment:
        message = (
            f"{_without_login(url)!r} cannot be the address of an API server; write for example "
            "https://airflow.example.com"
        )
        raise UsageError(message)
    if "@" in parts.netloc:
        message = "an address with a user name or password in it is not taken; leave them out"
        raise UsageError(message)
    kept = url.rstrip("/")
    for ours in ("/dataops/api/v1", "/dataops"):
        kept = kept.removesuffix(ours)
    return kept.rstrip("/")


def is_overheard(url: str) -> bool:
    """Whether a token sent to this address crosses a network unencrypted."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False
    host = parts.hostname or ""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def _without_login(url: str) -> str:
    scheme, at, rest = url[:200].rpartition("@")
    return f"…@{rest}" if at and scheme else url[:200]


def _end_of(token: str) -> datetime | None:
    """What a JWT says of its end. Not verified: that is the server's part."""
    try:
        payload = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), tz=UTC)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None

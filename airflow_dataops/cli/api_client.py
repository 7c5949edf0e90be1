"""Ask the REST API, and say in one sentence what went wrong where it does.

Whatever answers in place of the API is named: a proxy's page, a login page, an Airflow without
our plugin.
"""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

from airflow_dataops.cli import login_file
from airflow_dataops.cli.answers import say_aside
from airflow_dataops.errors import ApiUnreachable, NotLoggedIn, RequestRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from pydantic import BaseModel

Answer = TypeVar("Answer", bound="BaseModel")

PREFIX = "/dataops/api/v1"
CONNECT_SECONDS = 10.0
# Cutting a branch on a slow git host is done while the client waits.
ANSWER_SECONDS = 120.0
_BEHIND_PROXY = frozenset({502, 503, 504})
_NO_SUCH_ROUTE = frozenset({404, 405})
# What Airflow says to a token that it does not know, beside 401.
_BAD_TOKEN = ("Invalid JWT token", "Not authenticated", "Token Expired")


class ApiClient:
    """The REST API of one server, asked with one person's token.

    Args:
        login: where, and with which token; without one, nothing but a login can be asked for.
        warns: of a way that others can listen on.
        answer_seconds: how long to wait for an answer.
    """

    def __init__(
        self,
        login: login_file.Login,
        *,
        warns: bool = True,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        import httpx

        # It tells of every request, where a command's answer is to stand alone.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        if warns and login_file.is_overheard(login.url):
            say_aside(
                f"warning: {login.url} is not encrypted; whoever listens on the way can read "
                "your password or token and act as you: use https"
            )
        self.login = login
        self._answer_seconds = answer_seconds
        headers = {"Accept": "application/json"}
        if login.token:
            headers["Authorization"] = f"Bearer {login.token}"
        timeout = httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS)
        self._http = httpx.Client(headers=headers, timeout=timeout, follow_redirects=False)

    @classmethod
    def of_present_login(cls) -> Self:
        """A client for whoever is logged in.

        Raises:
            NotLoggedIn: nobody is, or no more.
        """
        return cls(login_file.present(datetime.now(tz=UTC)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def one(self, model: type[Answer], method: str, *path: str, **how: Any) -> Answer:
        """Ask for one thing; ``how`` is what ``json`` takes."""
        return self.read(model, self.json(method, *path, **how))

    def several(self, model: type[Answer], method: str, *path: str, **how: Any) -> list[Answer]:
        """Ask for a list."""
        rows = self.json(method, *path, **how)
        if not isinstance(rows, list):
            raise _unreadable(self.login.url)
        return [self.read(model, row) for row in rows]

    def json(
        self,
        method: str,
        *path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request below our prefix and give the answer's JSON; None for an empty one.

        Args:
            method: of HTTP.
            path: its steps, unquoted.
            body: sent as JSON.
            query: parameters.

        Raises:
            NotLoggedIn: the token is not taken.
            RequestRefused: the API refuses.
            ApiUnreachable: it does not answer, or something else does.
        """
        steps = "/".join(_step(step) for step in path)
        return self.request(method, f"{PREFIX}/{steps}", body=body, query=query)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """The same below Airflow's own address."""
        return self._content(self._sent(method, path, body=body, query=query))

    def page(self, *path: str, query: Mapping[str, str]) -> str:
        """Get a page below our prefix: the HTML of it."""
        return self.file(*path, query=query, kind="text/html").decode()

    def file(self, *path: str, query: Mapping[str, str], kind: str) -> bytes:
        """Get a file of a media type below our prefix."""
        steps = "/".join(_step(step) for step in path)
        response = self._sent("GET", f"{PREFIX}/{steps}", body=None, query=query)
        is_it = response.headers.get("content-type", "").startswith(kind)
        # An attachment is ours; what a proxy shows in our place is none.
        if response.is_success and is_it and "content-disposition" in response.headers:
            return response.content
        self._content(response)
        raise _unreadable(self.login.url)

    def _sent(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None,
        query: Mapping[str, str] | None,
    ) -> httpx.Response:
        import httpx

        url = self.login.url
        try:
            return self._http.request(method, f"{url}{path}", json=body, params=query)
        except httpx.ConnectTimeout as error:
            message = f"{url} cannot be reached: no connection within {CONNECT_SECONDS:g} s"
            raise ApiUnreachable(message) from error
        except httpx.TimeoutException as error:
            message = (
                f"{url} did not answer within {self._answer_seconds:g} s; what was asked may be "
                "under way, and asking again does no harm"
            )
            raise ApiUnreachable(message) from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ApiUnreachable(_why_no_answer(error, url)) from error

    def read(self, model: type[Answer], answer: object) -> Answer:
        """An answer as what it should be.

        Raises:
            ApiUnreachable: it is something else.
        """
        from pydantic import ValidationError

        try:
            return model.model_validate(answer)
        except ValidationError:
            # Without its cause, which quotes the answer: it may hold a token.
            raise _unreadable(self.login.url) from None

    def _content(self, response: httpx.Response) -> Any:
        url, status = self.login.url, response.status_code
        if response.is_redirect:
            raise ApiUnreachable(_sent_elsewhere(response, url))
        answer = _json_of(response)
        is_problem = "problem+json" in response.headers.get("content-type", "")
        detail = _detail_of(answer)
        if status == 401 or (status == 403 and detail in _BAD_TOKEN):  # noqa: PLR2004 - HTTP's
            raise NotLoggedIn(self._not_taken())
        if response.is_success:
            if response.content and answer is None:
                raise ApiUnreachable(_somebody_else(response, url))
            return answer
        if status in _NO_SUCH_ROUTE and not is_problem and not _is_airflows(response):
            raise ApiUnreachable(_no_plugin(url, status))
        if detail is None:
            raise ApiUnreachable(_somebody_else(response, url))
        raise RequestRefused(detail, status=status)

    def _not_taken(self) -> str:
        if self.login.source == login_file.TOKEN_VARIABLE:
            return (
                f"{self.login.url} does not take the token in {login_file.TOKEN_VARIABLE}; set a "
                "new one, or unset it and run `airflow dataops login`"
            )
        return (
            f"{self.login.url} does not take your login (any more); run `airflow dataops login` "
            "again"
        )


def _step(step: str) -> str:
    """One step of a path. Never one that leads elsewhere, whatever a person typed as a name."""
    if step in {"", ".", ".."}:
        message = f"{step!r} is no name"
        raise UsageError(message)
    return quote(step, safe="")


def _unreadable(url: str) -> ApiUnreachable:
    message = (
        f"{url} answered with something that this command does not understand; are the server's "
        "and your version of airflow-provider-dataops the same?"
    )
    return ApiUnreachable(message)


def _json_of(response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        return None


def _detail_of(answer: object) -> str | None:
    """What a refusal says: as problem+json, as FastAPI does, or as FastAPI lists complaints."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    if isinstance(detail, str) and detail:
        return detail
    if isinstance(detail, list) and detail:
        return "; ".join(
            f"{'.'.join(str(step) for step in one.get('loc', ()))}: {one.get('msg')}"
            for one in detail
            if isinstance(one, dict)
        )
    return None


def _is_airflows(response: httpx.Response) -> bool:
    """Whether a route of Airflow's own said no, for which our plugin is not needed."""
    path = response.request.url.path
    return path.rpartition("/auth/")[2].startswith("token") or "/api/v2/" in path


def _why_no_answer(error: Exception, url: str) -> str:
    import httpx

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {url} is not trusted ({cause.verify_message}); name your "
                "organisation's certificates with SSL_CERT_FILE, or correct the address"
            )
        cause = cause.__cause__ or cause.__context__
    # The libraries' own words; none of them quotes a header.
    said = str(error).strip().splitlines()
    words = said[0] if said else type(error).__name__
    if isinstance(error, httpx.ConnectError):
        return f"{url} cannot be reached ({words}); does the API server run, is the address right?"
    return f"{url} gave no proper answer ({words}); is it the address of Airflow's API server?"


def _sent_elsewhere(response: httpx.Response, url: str) -> str:
    target = response.headers.get("location", "").partition("?")[0][:200]
    if url.startswith("http://") and target.startswith(f"https{url[4:]}/"):
        return f"{url} sends you to its encrypted address; use https{url[4:]}"
    return (
        f"{url} sends you elsewhere ({target or 'nowhere'}), as login pages of proxies do; give "
        "the address at which Airflow's API server itself answers"
    )


def _no_plugin(url: str, status: int) -> str:
    return (
        f"{url} has no DataOps API (status {status} below {PREFIX}): is airflow-provider-dataops "
        "installed in that Airflow, and is this the address of its API server?"
    )


def _somebody_else(response: httpx.Response, url: str) -> str:
    status = response.status_code
    if status in _BEHIND_PROXY:
        return f"{url} answers with status {status}: the API server behind it does not; try again"
    if response.is_success:
        return (
            f"{url} answered with a page instead of data: either airflow-provider-dataops is not "
            "installed in that Airflow, or a proxy's page stands in between"
        )
    return f"{url} answered with status {status} and not in the words of the DataOps API"

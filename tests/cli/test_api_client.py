"""Whatever answers in place of the REST API is named in one sentence."""

from __future__ import annotations

import logging
import socket
import threading

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import KitchenAnswer
from airflow_dataops.cli.login_file import TOKEN_VARIABLE, Login
from airflow_dataops.errors import ApiUnreachable, NotLoggedIn, RequestRefused
from tests.cli.laptop import serving

TOKEN = "a-token-that-nobody-is-to-see"  # noqa: S105 - opens nothing
PAGE = "<!doctype html><html><body>Welcome</body></html>"
PROBLEM = "application/problem+json"
ANSWERS = {
    "page": HTMLResponse(PAGE),
    "page404": HTMLResponse(PAGE, 404),
    "page502": HTMLResponse(PAGE, 502),
    "page403": HTMLResponse(PAGE, 403),
    "airflow404": JSONResponse({"detail": "Not Found"}, 404),
    "airflow405": JSONResponse({"detail": "Method Not Allowed"}, 405),
    "empty500": Response(status_code=500),
    "sso": RedirectResponse("https://sso.example.com/login?next=secret"),
    "cut": Response('{"name": "dev', media_type="application/json"),
    "other": JSONResponse({"name": "dev", "token": "quoted"}),
    "list": JSONResponse([]),
    "text": JSONResponse("hello"),
    "401": JSONResponse({"detail": "whatever"}, 401),
    "revoked": JSONResponse({"detail": "Invalid JWT token"}, 403),
    "problem": JSONResponse({"detail": "gus may not"}, 403, media_type=PROBLEM),
    "problem404": JSONResponse({"detail": "no kitchen named 'x'"}, 404, media_type=PROBLEM),
    "problem503": JSONResponse({"detail": "the vault is sealed"}, 503, media_type=PROBLEM),
    "complaints": JSONResponse({"detail": [{"loc": ["query", "since"], "msg": "is bad"}]}, 422),
}


@pytest.fixture(scope="module")
def impostors():
    """A server that answers below each name as somebody else would."""

    async def answer(request):
        if request.path_params["kind"] == "plain":
            return RedirectResponse(str(request.url).replace("http:", "https:"))
        return ANSWERS[request.path_params["kind"]]

    app = Starlette(routes=[Route("/{kind}/{rest:path}", answer, methods=["GET", "POST"])])
    with serving(app) as url:
        yield url


def ask(url, *, source="", **how):
    with ApiClient(Login(url=url, token=TOKEN, source=source), **how) as api:
        return api.one(KitchenAnswer, "GET", "kitchens", "x")


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        ("page", ApiUnreachable, "answered with a page instead of data: either"),
        ("page404", ApiUnreachable, "has no DataOps API (status 404 below /dataops/api/v1)"),
        ("page502", ApiUnreachable, "status 502: the API server behind it does not; try again"),
        ("page403", ApiUnreachable, "answered with status 403 and not in the words of"),
        ("airflow404", ApiUnreachable, "is airflow-provider-dataops installed in that Airflow"),
        ("airflow405", ApiUnreachable, "is airflow-provider-dataops installed in that Airflow"),
        ("empty500", ApiUnreachable, "answered with status 500"),
        ("sso", ApiUnreachable, "sends you elsewhere (https://sso.example.com/login), as login"),
        ("plain", ApiUnreachable, "sends you to its encrypted address; use https://127.0.0.1"),
        ("cut", ApiUnreachable, "answered with a page instead of data"),
        ("other", ApiUnreachable, "are the server's and your version"),
        ("list", ApiUnreachable, "are the server's and your version"),
        ("text", ApiUnreachable, "are the server's and your version"),
        ("401", NotLoggedIn, "does not take your login (any more); run `airflow dataops login`"),
        ("revoked", NotLoggedIn, "does not take your login (any more)"),
        ("problem", RequestRefused, "gus may not"),
        ("problem404", RequestRefused, "no kitchen named 'x'"),
        ("problem503", RequestRefused, "the vault is sealed"),
        ("complaints", RequestRefused, "query.since: is bad"),
    ],
)
def test_who_answers_instead_is_named(impostors, kind, error, said):
    with pytest.raises(error) as raised:
        ask(f"{impostors}/{kind}")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    for hidden in (TOKEN, "secret", "quoted", "<html"):
        assert hidden not in str(raised.value)


def test_a_token_of_the_environment_is_named_by_its_variable(impostors):
    with pytest.raises(NotLoggedIn, match=f"does not take the token in {TOKEN_VARIABLE}"):
        ask(f"{impostors}/401", source=TOKEN_VARIABLE)


def test_a_server_that_is_not_there_is_named():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(ApiUnreachable, match=r"cannot be reached \(.*refused.*\); does the API"):
        ask(url)


def test_a_name_that_nobody_has_is_named():
    with pytest.raises(ApiUnreachable, match=r"http://nobody\.invalid cannot be reached"):
        ask("http://nobody.invalid", warns=False)


def test_https_asked_of_a_server_without_it_is_named(impostors):
    with pytest.raises(ApiUnreachable, match=r"cannot be reached \(.*SSL.*\)"):
        ask(impostors.replace("http:", "https:"))


def test_a_certificate_that_is_not_trusted_is_named_and_can_be_trusted(self_signed, monkeypatch):
    certificate, key = self_signed

    async def answer(_request):
        return ANSWERS["problem"]

    app = Starlette(routes=[Route("/{path:path}", answer)])
    with serving(app, ssl_certfile=str(certificate), ssl_keyfile=str(key)) as served:
        url = served.replace("http:", "https:")
        with pytest.raises(ApiUnreachable, match=r"is not trusted \(self-signed certificate\)"):
            ask(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with pytest.raises(RequestRefused, match="gus may not"):
            ask(url)


@pytest.mark.parametrize(
    ("greeting", "said"),
    [(b"SSH-2.0-OpenSSH_9.6\r\n", "gave no proper answer"), (b"", "did not answer within 0.3 s")],
)
def test_a_server_of_another_kind_or_a_silent_one_is_named(greeting, said):
    over = threading.Event()

    def serve(listening):
        connection, _ = listening.accept()
        with connection:
            connection.sendall(greeting)
            over.wait(0 if greeting else 30)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            with pytest.raises(ApiUnreachable, match=said):
                ask(f"http://127.0.0.1:{listening.getsockname()[1]}", answer_seconds=0.3)
        finally:
            over.set()
            thread.join(30)


def test_only_a_way_that_others_can_listen_on_is_warned_of(capsys):
    for url in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "https://a.example"):
        ApiClient(Login(url=url, token=TOKEN))
    assert capsys.readouterr().err == ""
    ApiClient(Login(url="http://airflow.example.com", token=TOKEN))
    assert "http://airflow.example.com is not encrypted" in capsys.readouterr().err


def test_no_log_tells_of_requests_or_tokens(impostors, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(RequestRefused):
        ask(f"{impostors}/problem")
    assert [record for record in caplog.records if record.name.startswith("http")] == []
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(Login(url=impostors, token=TOKEN))

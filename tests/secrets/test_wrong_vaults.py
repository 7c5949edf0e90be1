"""What stands where the vault should be answers something else, or hardly: a refusal each time."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.secrets.conftest import refusal

pytestmark = [pytest.mark.airflow, pytest.mark.service]
LOGIN = json.dumps({"auth": {"client_token": "hunter2", "lease_duration": 60}}).encode()
ANSWERS = {
    "a page": b"<html>Sign in to the network</html>",
    "nothing": b"",
    "half of an answer": b'{"data": {"data": {"conn_type": "post',
    "a list": b"[1, 2]",
    "another form": b'{"data": null}',
    "a secret that is a text": b'{"data": {"data": "hunter3", "metadata": {"version": 1}}}',
    "letters of no encoding": b"\xff\xfe\x00{",
    "ten megabytes": b'{"data": "' + b"x" * 10_000_000,
}


class Answers:
    """A server in the vault's place; what it does with a request is changed by tests."""

    def __init__(self):
        self.login, self.secret = LOGIN, b"{}"
        self.redirect, self.seconds_between_bytes = None, 0.0
        self.over = threading.Event()
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    answers: Answers

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(self.answers.login)

    def do_GET(self):
        self.answer(self.answers.secret)

    def answer(self, body):
        self.answers.asked.append((self.path, self.headers.get("X-Vault-Token")))
        self.send_response(307 if self.answers.redirect else 200)
        if self.answers.redirect:
            self.send_header("Location", self.answers.redirect + self.path)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.write(body)

    def write(self, body):
        if not self.answers.seconds_between_bytes:
            self.wfile.write(body)
            return
        for byte in body:
            if self.answers.over.wait(self.answers.seconds_between_bytes):
                return
            self.wfile.write(bytes([byte]))

    def log_message(self, *_):
        pass


def served(answers, certificate=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Vault", (Handler,), {"answers": answers}))
    if certificate:
        encrypted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        encrypted.load_cert_chain(*certificate)
        server.socket = encrypted.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # the client goes away in the middle
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http{'s' * bool(certificate)}://127.0.0.1:{server.server_port}"
    answers.over.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def url(answers):
    yield from served(answers)


@pytest.fixture
def elsewhere():
    return Answers()


@pytest.fixture
def url_elsewhere(elsewhere):
    yield from served(elsewhere)


@pytest.fixture
def task(installation, url):
    installation.declare(lambda development: development["vault"].update(url=url))
    return installation.new_task()


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_no_secret_is_a_refusal(installation, task, answers, body):
    answers.secret = body
    refusal(installation, task)


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_no_login_is_a_refusal(installation, task, answers, body):
    answers.login = body
    refusal(installation, task)


def test_no_login_is_carried_to_where_an_answer_points(
    installation, task, answers, elsewhere, url_elsewhere
):
    answers.redirect = url_elsewhere
    assert "it points to another address" in refusal(installation, task)
    assert elsewhere.asked == []


@pytest.mark.parametrize("part", ["login", "secret"])
def test_one_byte_at_a_time_is_no_answer_either(installation, task, answers, part):
    answers.seconds_between_bytes = 0.5
    setattr(answers, part, LOGIN * 100)
    assert "did not answer" in refusal(installation, task)


@pytest.fixture
def encrypted_url(answers, self_signed, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(self_signed[0]))
    yield from served(answers, self_signed)


def test_nor_is_it_in_an_encrypted_answer(installation, answers, encrypted_url):
    installation.declare(lambda development: development["vault"].update(url=encrypted_url))
    answers.seconds_between_bytes, answers.secret = 0.5, LOGIN * 100
    assert "did not answer" in refusal(installation, installation.new_task())
    assert answers.asked


def test_nor_is_it_through_a_proxy(installation, answers, url, monkeypatch):
    monkeypatch.setenv("http_proxy", url)
    elsewhere = "http://vault.example.com"
    installation.declare(lambda development: development["vault"].update(url=elsewhere))
    answers.seconds_between_bytes, answers.secret = 0.5, LOGIN * 100
    assert "did not answer" in refusal(installation, installation.new_task())
    assert answers.asked[0][0].startswith(elsewhere)

"""Where no container can be run, the demo knows why."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from airflow_dataops.demo.containers import IMAGE, why_not


class Engine(BaseHTTPRequestHandler):
    """As much of a Docker Engine as is asked whether it has an image."""

    has_image = True
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.endswith("/version"):
            self.answer(200, {"ApiVersion": "1.41"})
        elif self.has_image:
            self.answer(200, {"Id": "sha256:1"})
        else:
            self.answer(404, {"message": f"No such image: {IMAGE}"})

    def do_POST(self):
        self.answer(500, {"message": "no route to the registry"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def engine(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Engine,), {}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
    yield server.RequestHandlerClass
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("engine")
def test_nothing_is_in_the_way_where_an_engine_has_the_image():
    assert why_not() is None


def test_an_engine_that_cannot_get_the_image_is_said_with_its_reason(engine):
    engine.has_image = False
    found = why_not()
    assert found is not None
    assert f"cannot get the image {IMAGE}" in found
    assert "no route to the registry" in found


def test_no_engine_is_said_with_what_to_do(monkeypatch):
    # Not a socket's file that is missing: Docker's library leaves that socket open.
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert why_not() == (
        "no Docker Engine answers on this machine (Debian: apt-get install docker.io)"
    )

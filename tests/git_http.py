"""A git host as teams have it: git's own server behind HTTP, which asks for a name and a token."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class GitHost:
    """A repository over HTTP.

    Attributes:
        logins: names and tokens that are let in.
        asked: the authorisation of each request, None where there was none.
        leads_to: another address, to which every request is sent on.
    """

    def __init__(self, repository):
        self.repository = repository
        self.logins = set()
        self.asked = []
        self.leads_to = None

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/{self.repository.name}"

    def refuse_pushes(self, saying):
        """Have the repository's hook say something and refuse."""
        hook = self.repository / "hooks" / "pre-receive"
        hook.write_text(f"#!/bin/sh\necho '{saying}' >&2\nexit 1\n")
        hook.chmod(0o755)


def _handler(host):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            header = self.headers.get("Authorization")
            host.asked.append(header)
            if host.leads_to:
                self.send_response(302)
                self.send_header("Location", host.leads_to + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif header in {_basic(*login) for login in host.logins}:
                self._serve()
            else:
                said = f"who is {header}?".encode()
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        do_POST = do_GET  # noqa: N815 - the standard library calls it so

        def _serve(self):
            path, _, query = self.path.partition("?")
            length = self.headers.get("Content-Length", "0")
            done = subprocess.run(
                ["git", "http-backend"],
                input=self.rfile.read(int(length)),
                capture_output=True,
                check=True,
                env={
                    "PATH": os.environ["PATH"],
                    "GIT_CONFIG_GLOBAL": os.devnull,
                    "GIT_PROJECT_ROOT": str(host.repository.parent),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "REQUEST_METHOD": self.command,
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "REMOTE_USER": "padma",
                    "REMOTE_ADDR": "127.0.0.1",
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": length,
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                },
            )
            head, _, body = done.stdout.partition(b"\r\n\r\n")
            fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
            status = dict(fields).get("Status", "200 OK")
            self.send_response(int(status.split()[0]))
            for name, value in fields:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def _basic(name, token):
    return f"Basic {base64.b64encode(f'{name}:{token}'.encode()).decode()}"

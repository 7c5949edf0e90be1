"""A double of Jira's REST API, as far as tickets take it: status, assignee and comments.

Started as a script it serves the demo on its own (it imports nothing of this package): the setup
is read as JSON from standard input: ``{"port": …, "token": …, "tickets": [key]}``. Tests start it
in their own process.

It answers as Jira documents it, and can be told to be down (``POST /double/mode``). A browser
sees the tickets at ``/``, a program at ``/double/tickets``.
"""

from __future__ import annotations

import base64
import html
import json
import re
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"
# Each status can be reached from the one before it, and any earlier one from each.
WORKFLOW = ("To Do", "In Progress", "In Review", "Ready", "Done")
# Of a user of the cloud with the name that the test gives; elsewhere a token stands by itself.
CLOUD_USER = "kitchens@example.com"
_ISSUE = re.compile(r"/rest/api/2/issue/([^/]+)(?:/(transitions|assignee|comment))?")
_OFF = {"down": 503, "limited": 429}

Answer = tuple[int, Any]


def reachable(status: str) -> list[str]:
    """Where a ticket can be moved from a status."""
    place = WORKFLOW.index(status)
    return [one for number, one in enumerate(WORKFLOW) if number != place and number <= place + 1]


@dataclass(kw_only=True)
class JiraDouble:
    """A server with some tickets; a context manager that serves in a thread.

    Attributes:
        token: opens it.
        mode: ``up``, ``down`` (503), ``limited`` (429), ``deaf`` (does what is asked, answers 502).
        is_cloud: users are known by ``accountId`` and log in by name, as in the cloud.
        tickets: status and account, by key.
        comments: by key, the oldest first.
        calls: method and path of each request.
    """

    token: str
    port: int = 0
    mode: str = "up"
    is_cloud: bool = False
    tickets: dict[str, list[Any]] = field(default_factory=lambda: {"DATA-117": ["To Do", None]})
    comments: dict[str, list[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"jira": self})
        self._server = ThreadingHTTPServer((HOST, self.port), handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def serve(self) -> None:
        """Serve until it is shut down."""
        self._server.serve_forever(poll_interval=0.02)

    def __enter__(self) -> JiraDouble:
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, login: str, body: Any) -> Answer:
        """What Jira answers to a request."""
        self.calls.append(f"{method} {path}")
        if self.mode in _OFF:
            return _OFF[self.mode], {}
        if login != self._login:
            return 401, {"errorMessages": ["You are not authenticated"]}
        found = _ISSUE.fullmatch(path)
        if not found or found[1] not in self.tickets:
            return 404, {"errorMessages": ["Issue Does Not Exist"]}
        read = self._read if method == "GET" else self._write
        answered = read(found[1], found[2], body)
        return (502, {}) if self.mode == "deaf" and method != "GET" else answered

    @property
    def _login(self) -> str:
        if not self.is_cloud:
            return f"Bearer {self.token}"
        return f"Basic {base64.b64encode(f'{CLOUD_USER}:{self.token}'.encode()).decode()}"

    @property
    def _user(self) -> str:
        return "accountId" if self.is_cloud else "name"

    def _read(self, key: str, part: str | None, _body: Any) -> Answer:
        status, account = self.tickets[key]
        if part == "comment":
            known = self.comments.get(key, [])
            return 200, {"comments": [{"body": text} for text in known], "total": len(known)}
        if part is not None:
            listed = [
                {"id": str(WORKFLOW.index(one)), "name": f"to {one}", "to": {"name": one}}
                for one in reachable(status)
            ]
            return 200, {"transitions": listed}
        assignee = {self._user: account} if account else None
        return 200, {"fields": {"status": {"name": status}, "assignee": assignee}}

    def _write(self, key: str, part: str | None, body: Any) -> Answer:
        ticket = self.tickets[key]
        if part == "comment":
            self.comments.setdefault(key, []).append(body["body"])
            return 201, {"body": body["body"]}
        if part == "transitions":
            wanted = WORKFLOW[int(body["transition"]["id"])]
            if wanted not in reachable(ticket[0]):
                return 400, {"errorMessages": ["no such transition"]}
            ticket[0] = wanted
        elif body.get(self._user) in {None, "nobody here"}:
            return 400, {"errors": {"assignee": "User does not exist"}}
        else:
            ticket[1] = body[self._user]
        return 204, None


class _Handler(BaseHTTPRequestHandler):
    jira: JiraDouble

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/":
            self._send(200, _page(self.jira).encode(), "text/html; charset=utf-8")
        elif path == "/double/tickets":
            told = {"tickets": self.jira.tickets, "comments": self.jira.comments}
            self._send(200, json.dumps(told).encode())
        else:
            self._serve()

    def do_POST(self) -> None:
        if self.path == "/double/mode":
            self.jira.mode = self._body()["name"]
            self._send(200, b"{}")
        else:
            self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        login = self.headers.get("Authorization", "")
        path = urlsplit(self.path).path
        status, told = self.jira.answer(self.command, path, login, self._body())
        self._send(status, b"" if told is None else json.dumps(told).encode())

    def _body(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        return json.loads(self.rfile.read(length) or "null")

    def _send(self, status: int, data: bytes, kind: str = "application/json") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:  # whoever asked did not wait
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Say nothing: what happened to a ticket is to be seen on the page."""


def _page(jira: JiraDouble) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(key)}<td>{html.escape(status)}<td>{html.escape(account or '')}"
        f"<td>{'<br>'.join(map(html.escape, jira.comments.get(key, [])))}"
        for key, (status, account) in sorted(jira.tickets.items())
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Jira of the demo</title>"
        "<style>body{font:15px sans-serif;max-width:60em;margin:2em auto}"
        "td,th{text-align:left;padding:.3em 1em .3em 0;white-space:pre-wrap}</style>"
        "<h1>Jira of the demo</h1><p>A double of Jira on this machine.</p>"
        f"<table><tr><th>ticket<th>status<th>assignee<th>comments{rows}</table>"
    )


def main() -> None:
    """Serve until a signal ends the process."""
    setup = json.load(sys.stdin)
    tickets: dict[str, list[Any]] = {key: [WORKFLOW[0], None] for key in setup["tickets"]}
    double = JiraDouble(token=setup["token"], port=setup["port"], tickets=tickets)
    sys.stdout.write(json.dumps({"url": double.url}) + "\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # from here on nobody reads what is written there
    double.serve()


if __name__ == "__main__":
    main()

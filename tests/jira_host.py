"""A double of Jira's REST API over real HTTP, as far as tickets take it."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

TOKEN = "token-of-these-tests"  # noqa: S105
# Each status can be reached from the one before it, and any earlier one from each.
WORKFLOW = ("To Do", "In Progress", "In Review", "Ready", "Done")


def reachable(status):
    place = WORKFLOW.index(status)
    return [one for number, one in enumerate(WORKFLOW) if number != place and number <= place + 1]


@dataclass(kw_only=True)
class JiraDouble:
    """A server with some tickets.

    Attributes:
        mode: ``up``, ``down`` (503), ``limited`` (429), ``deaf`` (does what is asked, answers 502).
        tickets: status and account, by key.
        calls: method and path of each request.
    """

    mode: str = "up"
    tickets: dict = field(default_factory=lambda: {"DATA-117": ["To Do", None]})
    calls: list = field(default_factory=list)

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method, path, token, body):
        self.calls.append(f"{method} {path}")
        if self.mode in {"down", "limited"}:
            return {"down": 503, "limited": 429}[self.mode], {}
        if token != f"Bearer {TOKEN}":
            return 401, {"errorMessages": ["You are not authenticated"]}
        found = re.fullmatch(r"/rest/api/2/issue/([^/]+)(?:/(transitions|assignee))?", path)
        if not found or found[1] not in self.tickets:
            return 404, {"errorMessages": ["Issue Does Not Exist"]}
        status, answer = self._of_ticket(method, self.tickets[found[1]], found[2], body)
        return (502, {}) if self.mode == "deaf" and method != "GET" else (status, answer)

    def _of_ticket(self, method, ticket, part, body):
        status, account = ticket
        if method == "GET" and part is None:
            assignee = {"name": account} if account else None
            return 200, {"fields": {"status": {"name": status}, "assignee": assignee}}
        if method == "GET":
            listed = [
                {"id": str(WORKFLOW.index(one)), "name": f"to {one}", "to": {"name": one}}
                for one in reachable(status)
            ]
            return 200, {"transitions": listed}
        if part == "transitions":
            wanted = WORKFLOW[int(body["transition"]["id"])]
            if wanted not in reachable(status):
                return 400, {"errorMessages": ["no such transition"]}
            ticket[0] = wanted
        elif body["name"] == "nobody here":
            return 400, {"errors": {"assignee": "User does not exist"}}
        else:
            ticket[1] = body["name"]
        return 204, None


def _handler(jira):
    class Handler(BaseHTTPRequestHandler):
        def _serve(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "null")
            path = urlsplit(self.path).path
            token = self.headers.get("Authorization")
            status, answer = jira.answer(self.command, path, token, body)
            text = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the server asks for these names

        def log_message(self, *_):
            pass

    return Handler

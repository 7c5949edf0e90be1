"""Doubles of GitHub and GitLab: real HTTP, over a real repository, as far as merges take them.

Both answer as their hosts document it and refuse what those refuse: a token that is unknown, a
branch that is not there, a second open request of the same two branches, a status said twice.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "token-of-these-tests"  # noqa: S105
REPOSITORY = "acme/pipelines"
LONGEST_STATUS = {"github": 140, "gitlab": 255}


class Refused(Exception):
    """What a host answers instead."""

    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


@dataclass(kw_only=True)
class Request:
    """A pull or merge request, and what became of it."""

    number: int
    head: str
    base: str
    title: str
    text: str
    state: str = "open"
    sha: str | None = None
    commit: str | None = None
    merged_by: str | None = None


@dataclass(kw_only=True)
class HostDouble:
    """A host with one repository.

    Attributes:
        mode: ``up``, ``down`` (500), ``limited`` (too many requests) or ``frozen`` (403).
        statuses: what was said beside commits, oldest first: commit, state, description.
        calls: method and path of each request.
        after: is called with each answered request's method and path.
    """

    origin: object
    mode: str = "up"
    requests: dict = field(default_factory=dict)
    statuses: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    after: object = None

    kind = ""
    api = ""

    def __enter__(self):
        self.lock = threading.Lock()
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

    @property
    def only(self):
        """The one request that there is."""
        (request,) = self.requests.values()
        return request

    def merge(self, number, *, by="eric", how="merge"):
        """What a person does on the host's page; gives the new tip of the base branch."""
        request = self.requests[number]
        ours, theirs = self.tip(request.base), self.tip(request.head)
        tree = self.origin.bare("merge-tree", "--write-tree", ours, theirs).split()[0]
        parents = ["-p", ours, *(["-p", theirs] if how == "merge" else [])]
        commit = self.origin.bare("commit-tree", tree, *parents, "-m", request.title)
        if how == "forward":
            commit = theirs
        self.origin.bare("update-ref", f"refs/heads/{request.base}", commit, ours)
        request.state, request.sha, request.commit = "merged", theirs, commit
        request.merged_by = by
        return commit

    def dismiss(self, number):
        """Close it on the host's page."""
        self.requests[number].sha = self.head(self.requests[number])
        self.requests[number].state = "closed"

    def status_of(self, commit):
        """The last one said beside a commit: state and description."""
        said = [(state, text) for of, state, text in self.statuses if of == commit]
        return said[-1] if said else None

    def answer(self, method, path, query, body, token):
        with self.lock:
            self.calls.append((method, path))
            if self.mode == "down":
                raise Refused(500, {"message": "Something went wrong"})
            if token != TOKEN:
                raise Refused(401, {"message": "Bad credentials"})
            if self.mode == "limited":
                raise Refused(*self.too_many)
            if self.mode == "frozen":
                raise Refused(403, {"message": "The repository is frozen until Monday"})
            for verb, pattern, act in self.routes():
                found = re.fullmatch(self.api + pattern, path)
                if verb == method and found:
                    return act(*found.groups(), query=query, body=body)
            raise Refused(404, {"message": "Not Found"})

    def tip(self, branch):
        return self.origin.bare("rev-parse", f"refs/heads/{branch}")

    def head(self, request):
        return request.sha or self.tip(request.head)

    def opened(self, *, head, base, title, text):
        number = len(self.requests) + 1
        self.requests[number] = Request(number=number, head=head, base=base, title=title, text=text)
        return self.requests[number]

    def open_ones(self, *, head, base):
        return [
            one
            for one in self.requests.values()
            if one.state == "open" and (head, base) == (one.head, one.base)
        ]

    def request(self, number):
        if int(number) not in self.requests:
            raise Refused(404, {"message": "404 Not found"})
        return self.requests[int(number)]

    def note(self, commit, state, description):
        if len(description) > LONGEST_STATUS[self.kind]:
            raise Refused(422, {"message": "description is too long"})
        self.origin.bare("cat-file", "-e", commit)
        self.statuses.append((commit, state, description))


class GithubDouble(HostDouble):
    """GitHub's REST API."""

    kind, api = "github", f"/repos/{REPOSITORY}"
    too_many = (403, {"message": "API rate limit exceeded for user ID 1."})

    def routes(self):
        return [
            ("GET", "/pulls", self._list),
            ("POST", "/pulls", self._open),
            ("GET", r"/pulls/(\d+)", self._show),
            ("PATCH", r"/pulls/(\d+)", self._edit),
            ("POST", r"/statuses/([0-9a-f]{40})", self._say),
        ]

    def _list(self, *, query, **_):
        owner, _, head = query["head"].partition(":")
        assert (owner, query["state"]) == ("acme", "open")
        return 200, [self._as_json(one) for one in self.open_ones(head=head, base=query["base"])]

    def _open(self, *, body, **_):
        for key in ("head", "base"):
            if body[key] not in self.origin.branches():
                raise self._invalid({"resource": "PullRequest", "field": key, "code": "invalid"})
        if self.open_ones(head=body["head"], base=body["base"]):
            said = f"A pull request already exists for acme:{body['head']}."
            raise self._invalid({"resource": "PullRequest", "code": "custom", "message": said})
        opened = self.opened(
            head=body["head"], base=body["base"], title=body["title"], text=body["body"]
        )
        return 201, self._as_json(opened)

    def _show(self, number, **_):
        return 200, self._as_json(self.request(number))

    def _edit(self, number, *, body, **_):
        request = self.request(number)
        request.title, request.text = (
            body.get("title", request.title),
            body.get("body", request.text),
        )
        if body.get("state") == "closed" and request.state == "open":
            self.dismiss(request.number)
        return 200, self._as_json(request)

    def _say(self, commit, *, body, **_):
        assert body["context"] == "dataops/gate"
        self.note(commit, body["state"], body["description"])
        return 201, {"state": body["state"], "context": body["context"]}

    def _invalid(self, error):
        return Refused(422, {"message": "Validation Failed", "errors": [error]})

    def _as_json(self, one):
        merged = one.state == "merged"
        return {
            "url": f"{self.url}{self.api}/pulls/{one.number}",
            "html_url": f"{self.url}/acme/pipelines/pull/{one.number}",
            "number": one.number,
            "state": "open" if one.state == "open" else "closed",
            "title": one.title,
            "body": one.text,
            "merged": merged,
            # GitHub tries every open one's merge, and tells the commit that came of it.
            "merge_commit_sha": one.commit or "f" * 40,
            "merged_by": {"login": one.merged_by} if merged else None,
            "head": {"ref": one.head, "sha": self.head(one)},
            "base": {"ref": one.base},
        }


class GitlabDouble(HostDouble):
    """GitLab's REST API."""

    kind, api = "gitlab", f"/api/v4/projects/{REPOSITORY}"
    too_many = (429, {"message": "429 Too Many Requests"})

    def routes(self):
        return [
            ("GET", "/merge_requests", self._list),
            ("POST", "/merge_requests", self._open),
            ("GET", r"/merge_requests/(\d+)", self._show),
            ("PUT", r"/merge_requests/(\d+)", self._edit),
            ("POST", r"/repository/commits/([0-9a-f]{40})/statuses", self._say),
            ("POST", r"/statuses/([0-9a-f]{40})", self._say),
        ]

    def _list(self, *, query, **_):
        assert query["state"] == "opened"
        found = self.open_ones(head=query["source_branch"], base=query["target_branch"])
        return 200, [self._as_json(one) for one in found]

    def _open(self, *, body, **_):
        head, base = body["source_branch"], body["target_branch"]
        if head not in self.origin.branches():
            raise Refused(400, {"message": {"source_branch": ["does not exist"]}})
        if self.open_ones(head=head, base=base):
            said = "Another open merge request already exists for this source branch: !1"
            raise Refused(409, {"message": [said]})
        opened = self.opened(head=head, base=base, title=body["title"], text=body["description"])
        return 201, self._as_json(opened)

    def _show(self, number, **_):
        return 200, self._as_json(self.request(number))

    def _edit(self, number, *, body, **_):
        request = self.request(number)
        request.title = body.get("title", request.title)
        request.text = body.get("description", request.text)
        if body.get("state_event") == "close" and request.state == "open":
            self.dismiss(request.number)
        return 200, self._as_json(request)

    def _say(self, commit, *, body, **_):
        assert body["name"] == "dataops/gate"
        # One that is over is followed by a new one; one that is not cannot begin again.
        before = self.status_of(commit)
        if before and before[0] == body["state"] == "pending":
            said = f"Cannot transition status via :run from :{body['state']}"
            raise Refused(400, {"message": said})
        self.note(commit, body["state"], body["description"])
        return 201, {"status": body["state"], "name": body["name"], "id": len(self.statuses)}

    def _as_json(self, one):
        state = "opened" if one.state == "open" else one.state
        who = {"username": one.merged_by} if one.merged_by else None
        is_forward = one.commit is not None and one.commit == one.sha
        return {
            "id": 1000 + one.number,
            "iid": one.number,
            "web_url": f"{self.url}/acme/pipelines/-/merge_requests/{one.number}",
            "state": state,
            "title": one.title,
            "description": one.text,
            "sha": self.head(one),
            "source_branch": one.head,
            "target_branch": one.base,
            "merge_commit_sha": None if is_forward else one.commit,
            "squash_commit_sha": None,
            "merge_user": who,
            "merged_by": who,
        }


DOUBLES = {"github": GithubDouble, "gitlab": GitlabDouble}


def _handler(double):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self):
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            bearer = self.headers.get("Authorization", "").split(" ")[-1]
            token = self.headers.get("PRIVATE-TOKEN") or bearer
            path = unquote(parts.path)
            try:
                status, answer = double.answer(self.command, path, query, body, token)
            except Refused as refused:
                status, answer = refused.status, refused.body
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            if double.after is not None:
                double.after(self.command, path)

        do_GET = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815 - the server's names

        def log_message(self, *_):
            """Say nothing."""

    return Handler

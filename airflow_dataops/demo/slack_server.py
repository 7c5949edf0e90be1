"""A double of Slack's Web API, as far as messages take it: what was posted, by channel.

Started as a script it serves the demo on its own (it imports nothing of this package): the setup
is read as JSON from standard input:
``{"port": …, "tokens": {token: bot}, "channels": [name], "only": {channel: bot}}``.
Tests start it in their own process.

It answers as Slack documents it, refuses what Slack refuses (unknown tokens and channels, blocks
that are too many or too long), and can be told to be down, slow, or to have had too much
(``POST /double/mode``). A browser sees the channels at ``/``.
"""

from __future__ import annotations

import html
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

HOST = "127.0.0.1"
LONGEST_TEXT, MOST_BLOCKS = 3000, 50
_LONGEST_MESSAGE = 40_000


@dataclass(kw_only=True)
class Mode:
    """How the double feels.

    Attributes:
        name: ``up``, ``down`` (500), ``limited`` (429) or ``slow``.
        seconds: of ``Retry-After``, or how slow.
    """

    name: str = "up"
    seconds: float = 0


@dataclass(kw_only=True)
class Workspace:
    """Channels and what was posted to them.

    Attributes:
        tokens: of bots, with their names.
        messages: by the channel's name without ``#``, in the order in which they came.
        only: channels that no other bot is in, with the bot that is.
        refused: methods that are refused, with the word for why.
        files: what was uploaded; ``channel`` and ``thread_ts`` once it is shown somewhere.
        url: where the double is.
    """

    tokens: dict[str, str]
    messages: dict[str, list[dict[str, Any]]]
    only: dict[str, str] = field(default_factory=dict)
    mode: Mode = field(default_factory=Mode)
    refused: dict[str, str] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, method: str, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """What Slack answers to a method."""
        if token not in self.tokens:
            return _refused("invalid_auth" if token else "not_authed")
        known = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "conversations.history": self._history,
            "conversations.list": self._list,
            "files.getUploadURLExternal": self._begin_upload,
            "files.completeUploadExternal": self._end_upload,
        }
        if method in self.refused:
            return _refused(self.refused[method])
        if method not in known:
            return _refused("unknown_method")
        with self.lock:
            return known[method](self.tokens[token], arguments)

    def _auth_test(self, bot: str, _arguments: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "team": "acme", "team_id": "T1", "user": bot, "user_id": f"U_{bot}"}

    def _post_message(self, bot: str, arguments: dict[str, Any]) -> dict[str, Any]:
        name = self._channel(arguments.get("channel", ""))
        if name is None:
            return _refused("channel_not_found")
        if self.only.get(name, bot) != bot:
            return _refused("not_in_channel")
        blocks = arguments.get("blocks") or []
        blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
        text, thread = arguments.get("text", ""), arguments.get("thread_ts")
        there = self.messages[name]
        if wrong := _wrong(text, blocks):
            return _refused(wrong)
        if thread is not None and thread not in {message["ts"] for message in there}:
            return _refused("thread_not_found")
        stamp = max(time.time(), float(there[-1]["ts"]) + 1e-6 if there else 0.0)
        message = {"ts": f"{stamp:.6f}", "text": text, "blocks": blocks, "user": f"U_{bot}"}
        if thread is not None:
            aloud = str(arguments.get("reply_broadcast", "")).lower() in {"true", "1"}
            message |= {"thread_ts": thread, "reply_broadcast": aloud}
        there.append(message)
        return {"ok": True, "channel": _id(name), "ts": message["ts"], "message": message}

    def _begin_upload(self, _bot: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if not arguments.get("filename") or not int(arguments.get("length", 0)):
            return _refused("invalid_arguments")
        name = f"F{len(self.files) + 1}"
        self.files[name] = {"name": arguments["filename"], "alt": arguments.get("alt_txt", "")}
        return {"ok": True, "file_id": name, "upload_url": f"{self.url}/upload/{name}"}

    def _end_upload(self, _bot: str, arguments: dict[str, Any]) -> dict[str, Any]:
        channel, thread = self._channel(arguments.get("channel_id", "")), arguments.get("thread_ts")
        if channel is None:
            return _refused("channel_not_found")
        if thread not in {message["ts"] for message in self.messages[channel]}:
            return _refused("invalid_thread_ts")
        listed = json.loads(arguments["files"])
        for each in listed:
            if "content" not in self.files.get(each["id"], {}):
                return _refused("file_not_found")
            shown = {"title": each["title"], "channel": channel, "thread_ts": thread}
            self.files[each["id"]] |= shown
        return {"ok": True, "files": listed}

    def _history(self, _bot: str, arguments: dict[str, Any]) -> dict[str, Any]:
        name = self._channel(arguments.get("channel", ""))
        if name is None:
            return _refused("channel_not_found")
        return {"ok": True, "messages": list(reversed(self.messages[name])), "has_more": False}

    def _list(self, _bot: str, _arguments: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "channels": [{"id": _id(n), "name": n} for n in self.messages]}

    def _channel(self, asked: str) -> str | None:
        for name in self.messages:
            if asked in {name, f"#{name}", _id(name)}:
                return name
        return None


class SlackDouble:
    """The double, serving in threads of this process; a context manager.

    Args:
        tokens: of bots, with their names.
        channels: names without ``#``.
        port: 0 for a free one.
    """

    def __init__(self, tokens: dict[str, str], channels: list[str], *, port: int = 0) -> None:
        self.workspace = Workspace(tokens=dict(tokens), messages={name: [] for name in channels})
        handler = type("Handler", (_Handler,), {"workspace": self.workspace})
        self._server = ThreadingHTTPServer((HOST, port), handler)
        self._server.daemon_threads = True
        self.workspace.url = self.url

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def base_url(self) -> str:
        """Where the SDK finds the API."""
        return f"{self.url}/api/"

    def serve(self) -> None:
        """Serve until it is shut down."""
        self._server.serve_forever(poll_interval=0.05)

    def __enter__(self) -> SlackDouble:
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    workspace: Workspace
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/api/"):
            self._answer_api({})
        elif self.path == "/double/messages":
            self._send(200, json.dumps(self.workspace.messages), "application/json")
        elif self.path == "/double/files":
            shown = {
                name: {what: said for what, said in file.items() if what != "content"}
                for name, file in self.workspace.files.items()
            }
            self._send(200, json.dumps(shown), "application/json")
        elif self.path.startswith("/files/"):
            content = self.workspace.files.get(self.path.rpartition("/")[2], {}).get("content")
            self._send(404 if content is None else 200, content or b"", "image/png")
        elif self.path == "/":
            self._send(200, page(self.workspace), "text/html; charset=utf-8")
        else:
            self._send(404, "nothing here", "text/plain")

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/upload/"):
            self.workspace.files[self.path.rpartition("/")[2]]["content"] = data
            self._send(200, f"OK - {len(data)}", "text/plain")
            return
        body = data.decode()
        is_json = "json" in self.headers.get("Content-Type", "")
        arguments = json.loads(body or "{}") if is_json else dict(parse_qsl(body))
        if self.path == "/double/mode":
            self.workspace.mode = Mode(**arguments)
            self._send(200, "{}", "application/json")
        else:
            self._answer_api(arguments)

    def _answer_api(self, arguments: dict[str, Any]) -> None:
        self.workspace.calls += 1
        mode = self.workspace.mode
        if mode.name == "down":
            self._send(503, "upstream connect error", "text/plain")
            return
        if mode.name == "limited":
            limited = json.dumps(_refused("ratelimited"))
            self._send(429, limited, "application/json", {"Retry-After": f"{mode.seconds:.0f}"})
            return
        if mode.name == "slow":
            time.sleep(mode.seconds)
        path, _, query = self.path.partition("?")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = {**dict(parse_qsl(query)), **arguments}
        answer = self.workspace.call(
            path.removeprefix("/api/"), token or str(asked.get("token", "")), asked
        )
        self._send(200, json.dumps(answer), "application/json; charset=utf-8")

    def _send(
        self, status: int, body: str | bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        data = body.encode() if isinstance(body, str) else body
        try:
            self.send_response(status)
            for name, value in {"Content-Type": kind, **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:  # whoever asked did not wait
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Say nothing: what was posted is to be seen on the page."""


def page(workspace: Workspace) -> str:
    """The channels as a page."""
    parts = []
    for name, messages in sorted(workspace.messages.items()):
        shown = "".join(
            _shown(message) + _pictures(workspace, name, message) for message in messages
        )
        shown = shown or "<p>nothing yet</p>"
        parts.append(f"<section><h2>#{html.escape(name)}</h2>{shown}</section>")
    return (
        "<!doctype html><meta charset=utf-8><title>Slack of the demo</title>"
        "<style>body{font:15px sans-serif;max-width:60em;margin:2em auto}"
        "article{border-left:4px solid #ccc;margin:.6em 0;padding:.2em .8em;white-space:pre-wrap}"
        ".answer{margin-left:2.5em}</style><h1>Slack of the demo</h1>"
        f"<p>A double of Slack on this machine.</p>{''.join(parts)}"
    )


def _shown(message: dict[str, Any]) -> str:
    lines = []
    for block in message["blocks"]:
        texts = [block.get("text"), *block.get("elements", ())]
        lines += [text["text"] for text in texts if text]
    kind = "answer" if "thread_ts" in message else "first"
    # As it was sent, Slack's own marks included: a page that interpreted them could hide one.
    return (
        f'<article class="{kind}">{html.escape(chr(10).join(lines) or message["text"])}</article>'
    )


def _pictures(workspace: Workspace, channel: str, message: dict[str, Any]) -> str:
    return "".join(
        f'<article class="answer"><img width=760 src="/files/{name}" '
        f'alt="{html.escape(each["alt"])}"></article>'
        for name, each in workspace.files.items()
        if (each.get("channel"), each.get("thread_ts")) == (channel, message["ts"])
    )


def _wrong(text: str, blocks: list[dict[str, Any]]) -> str | None:
    if not text and not blocks:
        return "no_text"
    if len(text) > _LONGEST_MESSAGE:
        return "msg_too_long"
    is_invalid = len(blocks) > MOST_BLOCKS or any(map(_is_invalid, blocks))
    return "invalid_blocks" if is_invalid else None


def _is_invalid(block: dict[str, Any]) -> bool:
    texts = [block.get("text"), *block.get("elements", ())]
    lengths = [len(text["text"]) for text in texts if text]
    return not lengths or min(lengths) == 0 or max(lengths) > LONGEST_TEXT


def _id(name: str) -> str:
    return f"C_{name.upper()}"


def _refused(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error}


def main() -> None:
    """Serve until a signal ends the process."""
    setup = json.load(sys.stdin)
    double = SlackDouble(setup["tokens"], setup["channels"], port=setup["port"])
    double.workspace.only = setup["only"]
    sys.stdout.write(json.dumps({"url": double.url}) + "\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # from here on nobody reads what is written there
    double.serve()


if __name__ == "__main__":
    main()

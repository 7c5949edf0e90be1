"""Airflow's command line on a laptop: no metadata database, no environments file, no settings."""

from __future__ import annotations

import json
import os
import pty
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from tests.airflow_fixtures import airflow_environment

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 60
LOADED_BEFORE = [
    f"airflow_dataops.cli.{module}"
    for module in ("audit", "credentials", "kitchen_api", "kitchen_life", "login", "api_client")
]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def rows(self):
        """The JSON it printed."""
        return json.loads(self.stdout)

    @property
    def said(self):
        """What it said on standard error, in one line."""
        return " ".join(self.stderr.split())


@dataclass(kw_only=True)
class Terminal:
    """A terminal with a command in it, as its user sees and feels it."""

    master: int
    text: str = ""
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def read(self):
        while True:
            try:
                read = os.read(self.master, 65536)
            except OSError:  # nobody holds the other end any more
                return
            with self._changed:
                self.text += read.decode("utf-8", "replace")
                self._changed.notify_all()

    def wait_for(self, words):
        with self._changed:
            seen = self._changed.wait_for(lambda: words in self.text, timeout=LONGEST_SECONDS)
        assert seen, self.plain[-1000:]

    def type(self, keys):
        os.write(self.master, keys.encode())

    @property
    def plain(self):
        """What was written, without colours and without lines that were written over."""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text)
        return "\n".join(
            line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")
        )


@dataclass(kw_only=True)
class Laptop:
    """A person's own computer."""

    folder: Path
    server: subprocess.Popen
    news: queue.Queue
    airflow_home: Path
    home: Path = field(init=False)
    _numbers: count = field(default_factory=count)
    _ended: dict = field(default_factory=dict)

    @property
    def login_file(self):
        return self.home / ".config" / "airflow-dataops" / "login.json"

    def dataops(self, *words, **how):
        """Run ``airflow dataops …`` to its end."""
        return self.finish(self.start(*words, **how))

    def start(self, *words, environ=None, stdin=None, **how):
        number = next(self._numbers)
        job = {
            "number": number,
            "words": ("dataops", *map(str, words)),
            "environ": {"HOME": str(self.home), "COLUMNS": "200", **(environ or {})},
            "die_at": None,
            "stdout": str(self.folder / f"{number}.out"),
            "stderr": str(self.folder / f"{number}.err"),
            **how,
        }
        if stdin is not None:
            job["stdin"] = str(self.folder / f"{number}.in")
            Path(job["stdin"]).write_text(stdin)
        self.server.stdin.write(json.dumps(job) + "\n")
        self.server.stdin.flush()
        return number

    def finish(self, number):
        while number not in self._ended:
            news = json.loads(self.news.get(timeout=LONGEST_SECONDS))
            self._ended[news["number"]] = news["code"]
        out, err = ((self.folder / f"{number}.{kind}").read_text() for kind in ("out", "err"))
        assert "Traceback" not in out + err, err
        return Outcome(code=self._ended[number], stdout=out, stderr=err)

    @contextmanager
    def at_terminal(self, *words, **how):
        """The terminal in which a command runs, and the number to wait for."""
        master, slave = pty.openpty()
        terminal = Terminal(master=master)
        environ = {"TERM": "xterm", **how.pop("environ", {})}
        number = self.start(*words, terminal=os.ttyname(slave), environ=environ, **how)
        reader = threading.Thread(target=terminal.read)
        reader.start()
        try:
            yield terminal, number
        finally:
            if number not in self._ended:
                terminal.type("\x03")
                self.finish(number)
            os.close(slave)
            reader.join(timeout=LONGEST_SECONDS)
            os.close(master)

    def log_in(self, url, token, username="padma"):
        """Be logged in, without asking anybody."""
        self.login_file.parent.mkdir(parents=True, exist_ok=True)
        self.login_file.write_text(json.dumps({"url": url, "token": token, "username": username}))
        self.login_file.chmod(0o600)


@contextmanager
def forked(environ, *modules, log):
    """The process that commands are forked from, and what it tells."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cli.fork_server", *modules],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # No file: what Python once took for one cannot become a terminal.
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        news = queue.Queue()
        readers = [
            threading.Thread(target=lambda: [news.put(line) for line in server.stdout]),
            threading.Thread(target=lambda: log.write_text(server.stderr.read())),
        ]
        for reader in readers:
            reader.start()
        try:
            while news.get(timeout=LONGEST_SECONDS).strip() != "ready":
                pass  # what Airflow prints while it is loaded
            yield server, news
        finally:
            server.stdin.close()
            server.wait(timeout=LONGEST_SECONDS)
            for reader in readers:
                reader.join(timeout=LONGEST_SECONDS)


@contextmanager
def serving(app, **how):
    """The address at which a real web server serves an app."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="error", lifespan="off", access_log=False, **how)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        until = time.monotonic() + LONGEST_SECONDS
        while not server.started:
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.01)
        try:
            yield url
        finally:
            server.should_exit = server.force_exit = True
            thread.join(timeout=LONGEST_SECONDS)


@pytest.fixture(scope="session")
def _laptops(tmp_path_factory):
    folder = tmp_path_factory.mktemp("laptops")
    airflow_home = folder / "airflow"
    airflow_home.mkdir()
    # The database that Airflow would use is not there, and no test may make it.
    environ = airflow_environment(airflow_home, f"sqlite:///{airflow_home / 'airflow.db'}")
    for name in ("DATAOPS_API_URL", "DATAOPS_TOKEN", "XDG_CONFIG_HOME"):
        environ.pop(name, None)
    environ["NO_PROXY"] = "*"
    with forked(environ, *LOADED_BEFORE, log=folder / "fork_server.log") as (server, news):
        yield Laptop(folder=folder, server=server, news=news, airflow_home=airflow_home)


@pytest.fixture
def laptop(_laptops):
    """A laptop on which nobody ever logged in."""
    _laptops.home = Path(tempfile.mkdtemp(dir=_laptops.folder, prefix="home-"))
    yield _laptops
    shutil.rmtree(_laptops.home)
    assert not list(_laptops.airflow_home.glob("airflow.db*"))

"""An S3-compatible source for benchmarks that is never the bottleneck.

It serves the files of a directory by ``/<bucket>/<key>`` with ranges, straight from the page
cache (``sendfile``); signatures are not checked. The demo's object store keeps everything in
memory and serves 26 MB/s: a load benchmark on it would measure the store.
"""

from __future__ import annotations

import argparse
import re
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Source(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, root: Path, *args: object) -> None:
        self._root = root
        super().__init__(*args)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _answer(self, *, has_body: bool) -> None:
        path = self._root / self.path.partition("?")[0].lstrip("/")
        size = path.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]), size - 1) if asked and asked[2] else size - 1
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", '"benchmark"')
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Last-Modified", "Mon, 02 Jan 2017 06:00:00 GMT")
        self.end_headers()
        if has_body:
            self.wfile.flush()
            with path.open("rb") as file:
                self.connection.sendfile(file, first, last - first + 1)


def main() -> None:
    """Serve until killed; the first line of the output is the port."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("root", type=Path)
    root = arguments.parse_args().root
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Source, root))
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()

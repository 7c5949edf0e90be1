"""PostgreSQL that answers Redshift's own driver: what of the protocol differs, and COPY from S3.

It proves that our SQL and the driver's calls go together, and nothing about Redshift itself: types,
isolation, keys that are not enforced and bytes of a varchar are PostgreSQL's here.
"""

from __future__ import annotations

import io
import re
import select
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field

import boto3
from pyarrow import csv, parquet

_COPY = re.compile(
    r"\s*copy\s+(?P<table>[^\s(]+)\s*(?P<columns>\([^)]*\))?\s+from\s+'s3://(?P<bucket>[^/]+)/"
    r"(?P<key>[^']*)'\s+(?P<rest>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_ONLY_REDSHIFTS = re.compile(
    r"\b(?:distkey|sortkey)\s*\([^)]*\)|\bdiststyle\s+\w+|\bencode\s+\w+", re.IGNORECASE
)
_DRIVERS_OWN = ("client_protocol_version", "driver_", "os_version", "plugin_name")
_SSL_REQUEST = 80877103


class RedshiftShim:
    """Listens on a port of this machine and speaks to one PostgreSQL server.

    Args:
        server: its host and port.
        s3_url: where COPY finds ``s3://``.
    """

    def __init__(self, server: tuple[str, int], s3_url: str) -> None:
        self._server = server
        self.s3_url = s3_url
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        # The statements that were prepared, as the driver sent them.
        self.statements: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server, suppress(EOFError, OSError):
            server.sendall(_start(client))
            _Session(self, _Wire(client), _Wire(server)).run()


class _Wire:
    """Messages of one side."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def fileno(self) -> int:
        return self.sock.fileno()

    def receive(self) -> tuple[bytes, bytes]:
        kind = _exactly(self.sock, 1)
        (size,) = struct.unpack("!i", _exactly(self.sock, 4))
        return kind, _exactly(self.sock, size - 4)

    def send(self, kind: bytes, body: bytes = b"") -> None:
        self.sock.sendall(kind + struct.pack("!i", len(body) + 4) + body)


@dataclass
class _Session:
    shim: RedshiftShim
    client: _Wire
    server: _Wire
    copies: dict[bytes, re.Match[str]] = field(default_factory=dict)

    def run(self) -> None:
        while True:
            ready, _, _ = select.select([self.client, self.server], [], [])
            if self.server in ready:
                self.client.send(*_as_redshift(*self.server.receive()))
            elif self.client in ready:
                self._from_client(*self.client.receive())

    def _from_client(self, kind: bytes, body: bytes) -> None:
        if kind == b"P":
            body = self._parse(body)
        copy = self.copies.get(body.split(b"\0")[1]) if kind == b"B" else None
        if copy is None or self._copy(copy):
            self.server.send(kind, body)

    def _parse(self, body: bytes) -> bytes:
        name, statement, rest = body.split(b"\0", 2)
        text = statement.decode()
        self.shim.statements.append(text)
        self.copies.pop(name, None)
        if copy := _COPY.match(text):
            self.copies[name] = copy
            text = "set dataops.copied = 'yes'"
        return b"\0".join((name, _ONLY_REDSHIFTS.sub("", text).encode(), rest))

    def _copy(self, copy: re.Match[str]) -> bool:
        """Carry a COPY out in the client's transaction; whether that worked."""
        try:
            data = self._object(copy)
        except Exception as error:  # noqa: BLE001 - the driver is told, as by Redshift
            told = f"S3ServiceException: {type(error).__name__}"
            self._run(f"do $$ begin raise exception '{told}'; end $$")
            return False
        header = ", header" if "ignoreheader" in copy["rest"].lower() else ""
        into = f"{copy['table']} {copy['columns'] or ''}"
        self.server.send(b"Q", f"copy {into} from stdin (format csv{header})\0".encode())
        kind, body = self.server.receive()
        if kind == b"G":
            self.server.send(b"d", data)
            self.server.send(b"c")
            kind, body = self.server.receive()
        return self._until_ready(kind, body)

    def _run(self, statement: str) -> None:
        self.server.send(b"Q", statement.encode() + b"\0")
        self._until_ready(*self.server.receive())

    def _until_ready(self, kind: bytes, body: bytes) -> bool:
        failed = None
        while kind != b"Z":
            failed = body if kind == b"E" else failed
            kind, body = self.server.receive()
        if failed is None:
            return True
        # The rest of what the driver sent is answered by one error, as a server would.
        while self.client.receive()[0] != b"S":
            pass
        self.client.send(b"E", failed)
        self.client.send(b"Z", body)
        return False

    def _object(self, copy: re.Match[str]) -> bytes:
        def credential(name: str) -> str | None:
            found = re.search(rf"{name}\s*=?\s*'?([^\s';]+)", copy["rest"], re.IGNORECASE)
            return found and found[1]

        client = boto3.client(
            "s3",
            endpoint_url=self.shim.s3_url,
            region_name="us-east-1",
            aws_access_key_id=credential("(?:aws_)?access_key_id"),
            aws_secret_access_key=credential("(?:aws_)?secret_access_key"),
        )
        try:
            data = client.get_object(Bucket=copy["bucket"], Key=copy["key"])["Body"].read()
        finally:
            client.close()
        if "parquet" not in copy["rest"].lower():
            return data
        out = io.BytesIO()
        table = parquet.read_table(io.BytesIO(data))
        csv.write_csv(table, out, csv.WriteOptions(include_header=False))
        return out.getvalue()


def _start(client: socket.socket) -> bytes:
    """The driver's first message without the parameters that only Redshift knows."""
    while True:
        (size,) = struct.unpack("!i", _exactly(client, 4))
        body = _exactly(client, size - 4)
        if struct.unpack("!i", body[:4])[0] != _SSL_REQUEST:
            break
        client.sendall(b"N")
    words = body[4:].rstrip(b"\0").split(b"\0")
    kept = b"".join(
        name + b"\0" + value + b"\0"
        for name, value in zip(words[::2], words[1::2], strict=True)
        if not name.decode().startswith(_DRIVERS_OWN)
    )
    body = body[:4] + kept + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def _as_redshift(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    if kind == b"R" and struct.unpack("!i", body[:4])[0] == 10:
        body = body[:-1]  # the driver takes the end of the list for one more mechanism
    elif kind == b"S" and body.startswith(b"server_version\0"):
        body = b"server_version\x008.0.2\0"
    return kind, body


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)

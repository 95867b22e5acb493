"""A PostgreSQL server for one run, from the system's package, on a free port of loopback.

pytest-postgresql cannot run as root, as a bare container does, nor outside of pytest, as a benchmark does.
"""

import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from testbed.ports import free_port

PACKAGE = "postgresql"
START_TIMEOUT_S = 60.0
QUICK: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
"""For tests: what is committed outlives a crash of the server, and need not outlive one of the machine."""

EMPTY = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
    LOOP PERFORM setval(name::regclass, 1, false); END LOOP;
END $$
"""
"""Without triggers and foreign keys, so in any order; rows are numbered from 1 again."""


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest version's; None: the package is not installed."""
    found = shutil.which("postgres")
    if found and shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(versions, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), default=None)


class Server:
    """A running server, which may be restarted. As root it runs as the user that the package has made."""

    def __init__(self, programs: Path, folder: Path, options: Mapping[str, str]) -> None:
        self._programs = programs
        self._folder = folder
        self._options = options
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._as_whom: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as_whom = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(folder, "postgres", "postgres")
        self.port = free_port()
        command = ("initdb", "-D", f"{folder}/data", "-U", "easel", "-A", "trust", "-E", "UTF8", "--locale=C")
        self._run(*command, "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **self._as_whom,
        )

    @property
    def pid(self) -> int:
        """Of the process that all others of the server come from."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "max_connections": "200",
            **self._options,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", f"{self._folder}/data", *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is for the tests alone, which stop the server in order
                **self._as_whom,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.conninfo("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends every session in order, SIGQUIT at once, as a crash does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(60)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    def conninfo(self, database: str) -> str:
        """For psycopg."""
        return f"postgresql://easel@127.0.0.1:{self.port}/{database}"

    def url(self, database: str) -> str:
        """For SQLAlchemy, and for `EASEL_DATABASE_URL`."""
        return f"postgresql+psycopg://easel@127.0.0.1:{self.port}/{database}"

    def create(self) -> str:
        """A new database; returns its name."""
        name = f"easel_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def empty(self, name: str) -> None:
        """Ends every session and deletes every row, which is ten times as quick as a new database."""
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with psycopg.connect(self.conninfo(name), autocommit=True) as connection:
            connection.execute(EMPTY)

    def execute(self, statement: str) -> None:
        """One statement outside of any transaction."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running(options: Mapping[str, str] = QUICK) -> Iterator[Server]:
    """A server for as long as the context lasts.

    Raises:
        LookupError: the package is not installed.
    """
    found = programs()
    if found is None:
        raise LookupError(f"this needs the Debian package {PACKAGE}")
    folder = Path(tempfile.mkdtemp(prefix="easel-postgres-"))
    try:
        server = Server(found, folder, options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""Databases for tests: SQLite files, and a PostgreSQL server of Debian's binaries started once a run.

``store`` runs a test on both kinds; ``sqlite_store`` on SQLite alone; ``postgres_server`` gives the server.
Each test gets a database of its own, copied from one that was made once.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from posology.store import MasterKey, MasterKeys, Store, init_store, open_store
from tests.ports import free_port

__all__ = ["TEST_KEYS", "Postgres", "find_postgres", "start_postgres"]

TEST_KEYS = MasterKeys((MasterKey(bytes(range(32))),), "test keys")
KINDS = ("sqlite", "postgresql")


def find_postgres() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest one installed."""
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return installed[-1] if installed else Path(on_path).resolve().parent if on_path else None


@dataclass
class Postgres:
    """A PostgreSQL server in a folder of its own, reached over loopback."""

    programs: Path
    folder: Path
    port: int
    fsync: bool
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def address(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def run(self, *command: str) -> None:
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*user, str(self.programs / command[0]), *command[1:]],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout[-500:]}{done.stderr[-500:]}")

    def start(self) -> None:
        fsync = "on" if self.fsync else "off"
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync={fsync}"
        # pg_ctl's server must not hold our pipes: its output goes to the log
        self.run(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"),
            "-o", options + " -c max_connections=200", "start",
        )  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def new_database(self, template: str = "template1") -> str:
        """Make an empty database, or a copy of one, and return its address."""
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def execute(self, statement: str) -> None:
        address = self.address("postgres").replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())


def _memory() -> str | None:
    """Return a folder in memory with room for some hundred databases, where there is one."""
    folder = Path("/dev/shm")
    roomy = folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 6 * 2**30
    return str(folder) if roomy else None


@contextmanager
def start_postgres(*, fsync: bool = False) -> Iterator[Postgres]:
    """Start a server on a free port and stop it at the end; skip where PostgreSQL is not installed."""
    programs = find_postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="posology-pg-", dir=None if fsync else _memory()))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = Postgres(programs, folder, free_port(), fsync)
    try:
        server.run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "--no-sync")
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Start PostgreSQL once for all tests."""
    with start_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> str:
    """Make a store once, to be copied; return its database's name."""
    init_store(postgres_server.address("made_store"), TEST_KEYS).close()
    return "made_store"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store once, to be copied; return its file."""
    file = tmp_path_factory.mktemp("made") / "store.db"
    init_store(f"sqlite:///{file}", TEST_KEYS).close()
    return file


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Name each kind of database in turn."""
    return str(request.param)


@pytest.fixture
def empty_database(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database that holds nothing."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
def store_address(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a new store that nobody has open."""
    if database_kind == "sqlite":
        file = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "store.db")
        return f"sqlite:///{file}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database(request.getfixturevalue("postgres_template"))


@pytest.fixture
def store(store_address: str) -> Iterator[Store]:
    """Open a new store: each test runs on SQLite and on PostgreSQL."""
    opened = open_store(store_address, TEST_KEYS)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """Open a new store on SQLite."""
    file = shutil.copy(sqlite_template, tmp_path / "sqlite_store.db")
    opened = open_store(f"sqlite:///{file}", TEST_KEYS)
    yield opened
    opened.close()

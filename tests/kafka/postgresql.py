"""A real PostgreSQL server from Debian's packages, on a socket in a folder: nobody else can reach it."""

import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg

from kafka.child import Child
from kafka.programs import postgresql_program, unprivileged

READY = r"database system is ready to accept connections"
FAST = signal.SIGINT
"""Asks it to end without waiting for its clients: a test may have left a connection open."""
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "50",
    # What a crash of the machine may lose, no test asks for; what a crash of the server may not, it does not.
    "fsync": "off",
    "lc_messages": "C",
}


class PostgreSQL:
    """A server with its data in a temporary folder of its own, whose name is kept in the folder.

    Its own, since the name of a socket has at most 107 bytes, and since root must leave the server to a user who
    cannot enter root's folders.
    """

    def __init__(self, folder: Path) -> None:
        self.user = unprivileged()
        self._child: Child | None = None
        self._where = folder / "where"
        if not self._where.exists():
            self._where.write_text(self._set_up())
        self.place = Path(self._where.read_text())

    def _set_up(self) -> str:
        place = tempfile.mkdtemp(prefix="pg-")
        if self.user:
            shutil.chown(place, self.user, self.user)
        initdb = postgresql_program("initdb")
        assert initdb, "to be asked for where it is here"
        options = ("--auth=trust", "--username=gateway", "--encoding=UTF8", "--locale=C", "--no-sync")
        run = subprocess.run(
            [initdb, *options, f"--pgdata={place}/data"],
            cwd=place,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return place

    def start(self) -> None:
        """Start it: returns when it can be used."""
        assert self._child is None, "It runs."
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        program = postgresql_program("postgres")
        command = [program, "-D", self.place / "data", "-k", self.place, *settings]
        child = Child(command, self.place, {"LC_ALL": "C"}, self.user)
        child.ready(READY)
        self._child = child

    def stop(self) -> None:
        """Shut it down in order, if it runs, and remove what it holds."""
        child, self._child = self._child, None
        if child:
            child.process.send_signal(FAST)
            child.end()
            self._where.unlink()
            shutil.rmtree(self.place)

    def url(self, database: str = "postgres") -> str:
        """For SQLAlchemy, with psycopg."""
        return f"postgresql+psycopg://gateway@/{database}?host={self.place}"

    def new_database(self) -> str:
        """The URL of an empty database that no other test has."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(
            host=str(self.place), user="gateway", dbname="postgres", autocommit=True
        ) as server:
            server.execute(f"CREATE DATABASE {name}")
        return self.url(name)

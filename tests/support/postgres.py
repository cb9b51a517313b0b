"""A PostgreSQL server for tests: on a socket in a folder of its own, and gone afterwards, however the tests
end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

_NAMES = count(1)

_GUARD = 'read line; "$0" stop --wait --mode=immediate; rm -rf "$1"'
"""Ends the server when its input closes, also when the process that started it is killed."""


def programs() -> str:
    """The folders where the server may lie, as a search path: Debian keeps it out of the usual one."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return os.pathsep.join([os.environ.get("PATH", ""), *map(str, versions)])


class Postgres:
    """A running server. `find` gives the path of a program; `settings` are options of the server."""

    def __init__(
        self,
        find: Callable[[str], str],
        settings: str = "-c fsync=off -c max_connections=60 -c shared_buffers=32MB -c max_wal_size=64MB",
    ) -> None:
        self._settings = f"-c listen_addresses='' {settings}"
        self._ctl, initdb = find("pg_ctl"), find("initdb")
        # with the folders of the tests, which may be in memory: of each schema it has hundreds of files
        self.folder = Path(tempfile.mkdtemp(prefix="publisher-postgres-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        # it refuses to run as root
        self._user = _somebody() if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self.folder, self._user, -1)
        try:
            self._run(initdb, "--no-sync", "--auth=trust", "--username=publisher", "--locale=C.UTF-8")
            self.start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, self._ctl, self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            user=self._user,
            start_new_session=True,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = str(self.folder / "log")
        self._run(self._ctl, "start", "--wait", "--log", log, "--options", f"-k {self.folder} {self._settings}")

    def stop(self, mode: str = "fast") -> None:
        """End it, and with it all that is under way there; at once if the mode is "immediate"."""
        self._run(self._ctl, "stop", "--wait", f"--mode={mode}")

    def close(self) -> None:
        """End it for good."""
        self._guard.communicate()
        assert not self.folder.exists()

    def address(self) -> str:
        """The address of a place where nothing is yet. A server that a test left ended is started."""
        import psycopg

        if not (self.folder / "data" / "postmaster.pid").exists():
            self.start()
        name = f"test{next(_NAMES)}"
        with psycopg.connect(self._address(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return self._address(options=f"-csearch_path={name}")

    def _address(self, **options: str) -> str:
        query = urlencode({"host": self.folder, "user": "publisher", **options}).replace("+", "%20")
        return f"postgresql:///postgres?{query}"

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PGDATA": str(self.folder / "data"), "LC_ALL": "C"}

    def _run(self, *command: str) -> None:
        # no pipe for what it says: the server would inherit it, and nobody could wait for its end
        with (self.folder / "said").open("w+") as said:
            done = subprocess.run(
                command, cwd=self.folder, env=self._environment, user=self._user, stdout=said, stderr=said
            )
            said.seek(0)
            assert done.returncode == 0, said.read()


def _somebody() -> int:
    """Return the ID of a user who is not root: the server's own if there is one."""
    import pwd

    names = {one.pw_name: one.pw_uid for one in pwd.getpwall()}
    return names.get("postgres", names.get("nobody", 65534))

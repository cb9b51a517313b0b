"""Places to upload to, each as its real program or server has it; and a program that uploads, to be killed:

python -m tests.support.uploads FOLDER KIND ADDRESS ENDPOINT CREDENTIALS
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

import httpx

from publisher.credentials import Reference
from publisher.upload.settings import UploadSettings
from publisher.upload.upload import Uploader
from tests.support.servers.bucket import BucketServer
from tests.support.servers.smtp_sink import free_port, wait_for

NOW = dt.datetime(2021, 7, 18, 4, tzinfo=dt.UTC)
BASE = "https://e.org/"
OWN = ".publisher-upload/"

SECRET = "fake-canary-7Qd"  # as a key and as a password


class Place:
    """Somewhere to upload to."""

    settings: UploadSettings

    def files(self) -> dict[str, bytes]:
        """What is there, without what the program needs for itself."""
        raise NotImplementedError

    def add(self, path: str, body: bytes) -> None:
        """Put a file there as somebody else would."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop what was started."""


class BucketPlace(Place):
    def __init__(self, _: Path) -> None:
        self.server = BucketServer()
        Thread(target=self.server.serve_forever, daemon=True).start()
        os.environ["UPLOAD_KEY"] = f"AKIAFAKE:{SECRET}"
        self.settings = UploadSettings("s3", "s3://letter/site", self.server.url, Reference("env:UPLOAD_KEY"))

    def files(self) -> dict[str, bytes]:
        found = {key.removeprefix("site/"): body for key, (body, _) in self.server.objects.items()}
        return {path: body for path, body in found.items() if not path.startswith(OWN)}

    def add(self, path: str, body: bytes) -> None:
        self.server.objects[f"site/{path}"] = body, {}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class MotoPlace(Place):
    """A bucket of moto, which is written after what AWS does: https://docs.getmoto.org/en/latest/docs/server_mode.html"""

    def __init__(self, _: Path) -> None:
        from moto.server import ThreadedMotoServer
        from obstore.store import S3Store

        self.server = ThreadedMotoServer("127.0.0.1", 0)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        httpx.post(f"{self.url}/moto-api/reset", timeout=600).raise_for_status()
        httpx.put(f"{self.url}/letter", timeout=600).raise_for_status()
        os.environ["UPLOAD_KEY"] = f"AKIAFAKE:{SECRET}"
        self.settings = UploadSettings("s3", "s3://letter/site", self.url, Reference("env:UPLOAD_KEY"))

        self._store = S3Store(
            "letter",
            endpoint=self.url,
            access_key_id="AKIAFAKE",
            secret_access_key=SECRET,
            client_options={"allow_http": True},
        )

    def files(self) -> dict[str, bytes]:
        paths = [entry["path"].removeprefix("site/") for page in self._store.list("site") for entry in page]
        return {path: bytes(self._store.get(f"site/{path}").bytes()) for path in paths if not path.startswith(OWN)}

    def add(self, path: str, body: bytes) -> None:
        self._store.put(f"site/{path}", body)

    def close(self) -> None:
        self.server.stop()


class RsyncPlace(Place):
    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.root = folder / "module"
        self.root.mkdir(parents=True)
        secrets = folder / "rsyncd.secrets"
        secrets.write_text(f"editor:{SECRET}\n")
        secrets.chmod(0o600)
        settings = folder / "rsyncd.conf"
        user = f"uid = {os.getuid()}\ngid = {os.getgid()}\n" if os.getuid() == 0 else ""
        settings.write_text(
            f"use chroot = no\nport = {port}\naddress = 127.0.0.1\n{user}[letter]\npath = {self.root}\n"
            f"read only = no\nauth users = editor\nsecrets file = {secrets}\n"
        )
        self.daemon = subprocess.Popen(
            ["rsync", "--daemon", "--no-detach", f"--config={settings}"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(port, self.daemon)
        os.environ["UPLOAD_KEY"] = SECRET
        address = f"rsync://editor@127.0.0.1:{port}/letter/site"
        self.settings = UploadSettings("rsync", address, credentials=Reference("env:UPLOAD_KEY"))

    def files(self) -> dict[str, bytes]:
        site = self.root / "site"
        found = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
        return {path: body for path, body in found.items() if not path.startswith(OWN)}

    def add(self, path: str, body: bytes) -> None:
        (self.root / "site").mkdir(exist_ok=True)
        (self.root / "site" / path).write_bytes(body)

    def close(self) -> None:
        self.daemon.terminate()
        self.daemon.wait()


class BranchPlace(Place):
    """The branch `site` of a repository that a newsletter's folder has as its origin."""

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "remote.git"
        self.settings = UploadSettings("git", "git:site")
        git(folder, "init", "--quiet", "--bare", "remote.git")

    def link(self, folder: Path) -> None:
        """Make a folder a repository whose origin this is."""
        git(folder, "init", "--quiet", "--initial-branch=main", ".")
        git(folder, "remote", "add", "origin", str(self.remote))

    def files(self) -> dict[str, bytes]:
        if not git(self.remote, "branch", "--list", "site"):
            return {}
        paths = git(self.remote, "ls-tree", "-r", "-z", "--name-only", "site").decode().split("\0")
        return {path: git(self.remote, "show", f"site:{path}") for path in paths if path}

    def add(self, path: str, body: bytes) -> None:
        clone = self.remote.parent / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        git(clone.parent, "clone", "--quiet", str(self.remote), "clone")
        git(clone, "checkout", "--quiet", "site")
        (clone / path).write_bytes(body)
        git(clone, "add", path)
        git(clone, "-c", "user.name=x", "-c", "user.email=x@e.org", "commit", "--quiet", "-m", "mine")
        git(clone, "push", "--quiet", "origin", "site")


PLACES = {"s3": BucketPlace, "moto": MotoPlace, "rsync": RsyncPlace, "git": BranchPlace}


def git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True).stdout


def open_uploader(folder: Path, settings: UploadSettings, now: dt.datetime = NOW) -> Uploader:
    """The uploader of a newsletter's folder, whose clock stands still."""
    return Uploader(settings, folder / "public", BASE, folder / "uploaded.json", lambda: now)


def list_pages(folder: Path) -> list[str]:
    site = folder / "public"
    return [path.relative_to(site).as_posix() for path in site.glob("20*/index.html")]


if __name__ == "__main__":
    place, kind, address, endpoint, reference = sys.argv[1:]
    given = UploadSettings(kind, address, endpoint, Reference(reference))
    open_uploader(Path(place), given).upload(list_pages(Path(place)))

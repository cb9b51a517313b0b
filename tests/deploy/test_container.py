"""The Containerfile: lint, completeness, and the commands that it runs."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publisher.listen_address import ListenAddress
from publisher.server import run_server
from publisher.server.state import DaemonState

NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)


def hadolint(file: Path) -> str:
    command = [Path(sys.executable).with_name("hadolint"), "--no-color", file]
    return subprocess.run(command, capture_output=True, text=True).stdout


def instructions(file: Path) -> list[tuple[str, str]]:
    """Return the instructions, continuation lines joined: ("COPY", "channels channels")."""
    text = re.sub(r"(?m)^#.*\n", "", file.read_text("utf-8")).replace("\\\n", " ")
    return re.findall(r"(?m)^\s*([A-Z]+) +(.+?) *$", text)


@pytest.fixture
def container(deploy: Path) -> Path:
    return deploy / "Containerfile"


def last(container: Path, instruction: str) -> str:
    return [rest for name, rest in instructions(container) if name == instruction][-1]


def test_hadolint_accepts_the_containerfile(container: Path) -> None:
    assert hadolint(container) == ""


def test_hadolint_notices(container: Path, tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text(container.read_text("utf-8").replace("/source\n", "source\n"))
    assert "DL3000" in hadolint(tmp_path / "Containerfile")


def test_nothing_runs_as_root(container: Path) -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last(container, "USER"))


def test_what_it_copies_is_enough_to_install(container: Path, root: Path, tmp_path: Path) -> None:
    """The steps of the first stage, in temporary folders."""
    source, target = tmp_path / "source", tmp_path / "publisher"
    source.mkdir()
    for name, rest in instructions(container):
        if name == "COPY" and not rest.startswith("--from"):
            *files, to = rest.split()
            for file in files:
                if (root / file).is_dir():
                    shutil.copytree(root / file, source / to, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(root / file, source / to)
    steps = shlex.split(last(container, "RUN"))
    assert steps[:5] == ["python3", "-m", "venv", "/opt/publisher", "&&"]
    install = steps[5 : steps.index("&&", 5)]
    assert install[:2] == ["/opt/publisher/bin/pip", "install"]
    venv.create(target, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", target / "bin" / "python"]
    command = [*pip, *install[1:], "--no-compile"]  # of a thousand modules, few are imported
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    command = [target / "bin" / "python", "-c", "import procrastinate, psycopg, starlette, uvicorn"]
    subprocess.run(command, cwd=tmp_path, check=True)
    entry = target / "bin" / json.loads(last(container, "ENTRYPOINT"))[0]
    done = subprocess.run([entry, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [command] = json.loads(last(container, "CMD"))
    subprocess.run([entry, command, "--help"], cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.parametrize(("ago", "healthy"), [(10, True), (1000, False)])
def test_the_health_check(ago: int, healthy: bool, container: Path, tmp_path: Path) -> None:
    check = json.loads(last(container, "HEALTHCHECK").partition("CMD")[2])
    assert check[0] == "python3"
    state = DaemonState(NOON, NOON - dt.timedelta(seconds=ago))
    with run_server(ListenAddress("127.0.0.1", 0), tmp_path, lambda: state) as address:
        here = [part.replace("http://127.0.0.1:8080/", address) for part in check[1:]]
        assert here != check[1:]
        done = subprocess.run([sys.executable, *here], capture_output=True)
    assert (done.returncode == 0) == healthy


def test_the_port_is_the_one_of_the_check(container: Path) -> None:
    assert f":{last(container, 'EXPOSE')}/healthz" in last(container, "HEALTHCHECK")


# ------------------------------------------------------------------ the image itself


class Builder:
    """buildah with its images in a temporary folder. The base image has the programs of this machine, so
    nothing is downloaded."""

    def __init__(self, program: str, folder: Path) -> None:
        self._command: list[str | Path] = [program, "--storage-driver", "vfs"]
        self._command += ["--root", folder / "images", "--runroot", folder / "run"]
        self._shared = ["--isolation", "chroot", *(f"--volume={path}:{path}:ro" for path in ("/usr", "/etc"))]

    def __call__(self, *words: str | Path, code: int = 0) -> str:
        command = [*self._command, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
        assert done.returncode == code, done.stderr
        return done.stdout.strip()

    def build(self, file: Path, context: Path, name: str, *words: str) -> None:
        self("bud", *self._shared, "--format", "docker", "-f", file, "-t", name, *words, context)

    def run(self, container: str, letter: Path, *words: str) -> str:
        place = ("--volume", f"{letter}:/letter", "--workingdir", "/letter")
        return self("run", *self._shared, *place, container, "--", *words)


@pytest.fixture(scope="module")
def builder(need: Callable[[str], str]) -> Iterator[Builder]:
    program = need("buildah")
    if os.getuid():
        pytest.skip("only root may bind folders into what is built")
    # not below pytest's own folder, into which nobody but its owner may look
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        made, base = Builder(program, folder), folder / "base"
        for name in ("dev", "etc", "opt", "proc", "run", "sys", "tmp", "usr"):
            (base / "root" / name).mkdir(parents=True)
        (base / "root" / "tmp").chmod(0o1777)
        for name in ("bin", "lib", "lib64", "sbin"):
            if Path("/", name).is_symlink():
                (base / "root" / name).symlink_to(f"usr/{name}")
        text = 'FROM scratch\nCOPY root /\nENV PATH=/usr/local/bin:/usr/bin:/bin\nRUN ["/usr/bin/true"]\n'
        (base / "Containerfile").write_text(text)
        try:
            made.build(base / "Containerfile", base, "localhost/base")
        except AssertionError as error:  # a sandbox within which nothing can be mounted
            pytest.skip(f"buildah cannot work here: {error}")
        yield made


def test_the_image_publishes_without_root_and_writes_only_the_volume(
    builder: Builder, deploy: Path, root: Path, tmp_path: Path
) -> None:
    builder.build(deploy / "Containerfile", root, "localhost/publisher", "--build-arg=PYTHON=localhost/base")
    config = json.loads(builder("inspect", "--type", "image", "localhost/publisher"))["Docker"]["config"]
    assert (config["User"], config["Entrypoint"], config["Cmd"]) == ("10001:10001", ["publish"], ["daemon"])
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python3"]
    container = builder("from", "localhost/publisher")
    letter = tmp_path / "letter"
    letter.mkdir()
    os.chown(letter, 10001, 10001)
    assert builder.run(container, letter, "python", "-c", "import os; print(os.getuid())") == "10001"
    builder.run(container, letter, "publish", "init", "--lang", "zh", ".")
    assert "feed.xml" in builder.run(container, letter, "publish", "--channel", "web,rss")
    assert "alive" not in builder.run(container, letter, "publish", "doctor")
    assert (letter / "public" / "feed.xml").stat().st_uid == 10001
    below = Path(builder("mount", container))
    assert (below / "opt" / "publisher" / "bin" / "publish").exists()
    kept = [below / "tmp", below / "newsletter", below / "letter"]
    beside = [
        path
        for path in below.rglob("*")
        if path.lstat().st_uid == 10001 and not any(path.is_relative_to(one) for one in kept)
    ]
    builder("umount", container)
    builder("rm", container)
    assert beside == []

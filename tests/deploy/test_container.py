"""The Containerfile: well written, complete, and what it runs is there."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from publisher.config import Listen
from publisher.server import serving
from publisher.server.state import State

NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)


def hadolint(file: Path) -> str:
    command = [Path(sys.executable).with_name("hadolint"), "--no-color", file]
    return subprocess.run(command, capture_output=True, text=True).stdout


def instructions(file: Path) -> list[tuple[str, str]]:
    """The instructions, their lines put together: ("COPY", "channels channels")."""
    text = re.sub(r"(?m)^#.*\n", "", file.read_text("utf-8")).replace("\\\n", " ")
    return re.findall(r"(?m)^\s*([A-Z]+) +(.+?) *$", text)


@pytest.fixture
def container(deploy: Path) -> Path:
    return deploy / "Containerfile"


def last(container: Path, instruction: str) -> str:
    return [rest for name, rest in instructions(container) if name == instruction][-1]


def test_hadolint_is_content(container: Path) -> None:
    assert hadolint(container) == ""


def test_hadolint_notices(container: Path, tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text(container.read_text("utf-8").replace("/source\n", "source\n"))
    assert "DL3000" in hadolint(tmp_path / "Containerfile")


def test_nothing_runs_as_root(container: Path) -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last(container, "USER"))


def test_what_it_copies_is_enough_to_install(container: Path, root: Path, tmp_path: Path) -> None:
    """The steps of the first stage, in folders of our own."""
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
    venv.create(target, with_pip=True)
    command = [target / "bin" / "pip", "--quiet", "--disable-pip-version-check", *install[1:]]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    command = [target / "bin" / "python", "-c", "import psycopg, starlette, uvicorn"]
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
    state = State(NOON, NOON - dt.timedelta(seconds=ago))
    with serving(Listen("127.0.0.1", 0), tmp_path, lambda: state) as address:
        here = [part.replace("http://127.0.0.1:8080/", address) for part in check[1:]]
        assert here != check[1:]
        done = subprocess.run([sys.executable, *here], capture_output=True)
    assert (done.returncode == 0) == healthy


def test_the_port_is_the_one_of_the_check(container: Path) -> None:
    assert f":{last(container, 'EXPOSE')}/healthz" in last(container, "HEALTHCHECK")

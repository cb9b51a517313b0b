"""What every test may ask for: real issues, golden files, programs from outside."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dns.resolver
import pytest
from hypothesis import settings
from jinja2 import Environment

from publisher import redaction
from publisher.cards import fonts
from tests.support.command_server import Done, run_command
from tests.support.postgres import Postgres, programs

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
CORPUS = ROOT.parent / "shared" / "corpus"
MEMORY = Path("/dev/shm")
LONG = (
    "tests/test_style.py::test_types",
    "tests/deploy/test_container.py",
    "tests/test_packaging.py",
    "tests/judges/test_captures.py",
    "tests/promises/test_crash.py",
    "tests/channels/telegram/test_publish.py",
    "tests/channels/telegram/test_fuzzed.py",
)
"""Tests of half a minute and more."""


def pytest_configure() -> None:
    """Ctrl+C is tested, and a shell that runs the tests in the background has it ignored.

    The folders of tests are in memory if there is room: thousands of tests flush ledgers and pages to the disk.
    And a busy machine takes longer for an example than the deadline of Hypothesis.
    """
    settings.register_profile("without deadline", settings.default, deadline=None)
    settings.load_profile("without deadline")
    if _may_hold_folders(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for a process, a server or a clock."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: at the end, one process would work and the others wait for it."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def _may_hold_folders(folder: Path) -> bool:
    """Whether the folders of all tests fit into this one, and programs may be run there."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return False
    return state.f_bavail * state.f_frsize > 4 * 1024**3 and not state.f_flag & os.ST_NOEXEC


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="write golden files instead of comparing")
    parser.addoption("--screenshots", default="", help="folder for the screenshots of the README")
    parser.addoption("--captures", default="", help="folder for the images of commands in a terminal")


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """A template is compiled once in this process, and not once for each newsletter of a test: that takes as long as
    rendering twenty pages."""
    compiled: dict[tuple[Any, ...], Any] = {}
    build = Environment.compile

    def build_once(environment: Environment, source: str, *arguments: Any, **options: Any) -> Any:
        key = (source, *arguments, *options.items())
        if key not in compiled:
            compiled[key] = build(environment, source, *arguments, **options)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", build_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def fonts_found_once() -> Iterator[None]:
    """The fonts of this machine are looked for once in this process, and not in each run of a test."""
    own = fonts._list_folders, fonts._find_fc_list
    forget, known = fonts.forget_fonts, [False]

    def forget_others() -> None:
        is_own = (fonts._list_folders, fonts._find_fc_list) == own
        if not (is_own and known[0]):
            forget()
        known[0] = is_own

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fonts, "forget_fonts", forget_others)
        yield


@pytest.fixture(autouse=True)
def secrets_of_this_test() -> Iterator[None]:
    """What a test resolves as a secret, such as the word "secret", is not removed from what the next one reads."""
    before = set(redaction._known_secrets)
    yield
    redaction._known_secrets.intersection_update(before)


@pytest.fixture(scope="session", autouse=True)
def only_names_of_this_machine() -> Iterator[None]:
    """No name leads off this machine, such as that of the home page that `publish doctor` requests, and no DNS server
    elsewhere is asked for one."""
    resolve, ask = socket.getaddrinfo, dns.resolver.Resolver.resolve

    def resolve_own(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or ""
        is_address = ":" in name or re.fullmatch(r"[\dxa-f.]*", name)
        if not (is_address or name == "localhost"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *arguments, **options)

    def ask_own(resolver: dns.resolver.Resolver, *arguments: Any, **options: Any) -> Any:
        if resolver.nameservers != ["127.0.0.1"]:
            raise dns.resolver.NoNameservers
        return ask(resolver, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve_own)
        patch.setattr(dns.resolver.Resolver, "resolve", ask_own)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the project."""
    return ROOT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """A folder of real issues beside the project; without it the test is skipped."""
    if not CORPUS.is_dir():
        pytest.skip("no folder of real issues beside the project")
    return CORPUS


@pytest.fixture(scope="session")
def need() -> Callable[..., str]:
    """need("java") gives the path of a program, which may lie in another search `path`. Missing, it skips the
    test, and fails it under CI."""

    def find(program: str, path: str | None = None) -> str:
        path = shutil.which(program, path=path)
        if path is None:
            message = f"{program} is not installed"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
        return path

    return find


@pytest.fixture(scope="session")
def postgres(need: Callable[..., str]) -> Iterator[Postgres]:
    """A PostgreSQL server; `address()` is a new place there."""
    server = Postgres(lambda program: need(program, programs()))
    yield server
    server.close()


@pytest.fixture(scope="session")
def publish() -> Callable[..., str]:
    """publish("--help", folder=...) runs the real command, in a process of its own, and gives its stdout.

    `env` is added to the environment; `under` is a program to run it under; `code` the expected exit code.
    """

    def run(
        *arguments: str, folder: Path, env: Mapping[str, str] | None = None, under: Sequence[str] = (), code: int = 0
    ) -> str:
        if under or env:  # which may be for the interpreter
            command = [*under, sys.executable, "-m", "publisher", *arguments]
            ended = subprocess.run(
                command, cwd=folder, env=os.environ | (env or {}), capture_output=True, encoding="utf-8"
            )
            done = Done(ended.returncode, ended.stdout, ended.stderr)
        else:
            done = run_command(arguments, folder, os.environ)
        assert done.code == code, f"{arguments}: exit {done.code}\n{done.out}{done.errors}"
        return done.out

    return run


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str | bytes], None]:
    """golden("name.html", made) compares what was made with tests/golden/name.html.

    With --accept the file is written instead: read the difference in git before you commit it.
    """

    def check(name: str, made: str | bytes) -> None:
        __tracebackhide__ = True
        file = GOLDEN / name
        new = made.encode() if isinstance(made, str) else made
        if request.config.getoption("--accept"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(new)
            return
        old = file.read_bytes() if file.exists() else b""
        if new != old:
            pytest.fail(f"{_difference(name, old, new)}\nif it is right: pytest --accept {request.node.nodeid}")

    return check


def _difference(name: str, old: bytes, new: bytes) -> str:
    lines = (text.decode("utf-8", "backslashreplace").splitlines() for text in (old, new))
    diff = [*difflib.unified_diff(*lines, f"golden/{name}", "made now", lineterm="")]
    if not diff:
        return f"golden/{name} differs in line ends or undecodable bytes"
    return "\n".join(diff[:200])


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without fonts: only the one that Pillow brings is left."""
    monkeypatch.setattr(fonts, "_list_folders", lambda: ())
    monkeypatch.setattr(fonts, "_find_fc_list", lambda: None)
    fonts.forget_fonts()
    yield
    monkeypatch.undo()
    fonts.forget_fonts()

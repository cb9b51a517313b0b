"""A newsletter to deploy, and web servers configured by the examples in deploy/."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from publisher.listen_address import ListenAddress
from publisher.server import run_server
from publisher.server.state import DaemonState
from tests.server.conftest import Get
from tests.support.servers.smtp_sink import free_port, wait_for

BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")


@pytest.fixture(scope="session")
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture(scope="session")
def letter(tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., str]) -> Path:
    """The sample newsletter with every feed, published."""
    folder = tmp_path_factory.mktemp("deploy")
    publish("init", "--lang", "zh", "letter", folder=folder)
    settings = folder / "letter" / "publisher.toml"
    settings.write_text(settings.read_text("utf-8") + "[channels.rss]\nitems = true\n", "utf-8")
    publish(folder=folder / "letter")
    public = folder / "letter" / "public"
    (public / "dot.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (public / ".git").mkdir()
    (public / ".git" / "config").write_text("hidden", "utf-8")
    (public / ".publisher-tmp-1-1").write_text("half", "utf-8")
    (public / ".well-known").mkdir()
    (public / ".well-known" / "security.txt").write_text("Contact: mailto:a@example.org\n", "utf-8")
    return folder / "letter"


@pytest.fixture(scope="session", params=["nginx", "caddy", "publish"])
def web(
    request: pytest.FixtureRequest,
    letter: Path,
    deploy: Path,
    need: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Get]:
    """The newsletter served by a web server."""
    place, public = tmp_path_factory.mktemp("web"), letter / "public"
    match request.param:
        case "nginx":
            server = _nginx(need("nginx"), deploy / "nginx.conf", public, place)
        case "caddy":
            server = _caddy(need("caddy"), deploy / "Caddyfile", public, place)
        case _:
            server = run_server(ListenAddress("127.0.0.1", 0), public, lambda: _never())
    with server as address:
        yield Get(address)


def _never() -> DaemonState:
    raise NotImplementedError


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Return the text with each passage replaced; each must occur exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@contextmanager
def _nginx(program: str, example: Path, public: Path, place: Path) -> Iterator[str]:
    if not BROTLI.exists():
        message = "libnginx-mod-http-brotli-static is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    port = free_port()
    site = replaced(
        example.read_text("utf-8"),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("    listen [::]:80;\n", ""),
        ("/var/lib/newsletter/public", str(public)),
    )
    (place / "site").write_text(site, "utf-8")
    folders = "".join(
        f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (place / "conf").write_text(
        f"""load_module {BROTLI};
        {"user root;" if os.geteuid() == 0 else ""}
        daemon off; pid {place}/pid; error_log {place}/errors; worker_processes 1;
        events {{}}
        http {{ include /etc/nginx/mime.types; access_log off; {folders} include {place}/site; }}""",
        "utf-8",
    )
    command = [program, "-p", str(place), "-c", str(place / "conf")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr
    with _running(command, port):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def _caddy(program: str, example: Path, public: Path, place: Path) -> Iterator[str]:
    port = free_port()
    text = example.read_text("utf-8")
    assert re.search(r"(?m)^\t\S", text), "caddy fmt indents by tabs"
    formatted = subprocess.run([program, "fmt", "-"], input=text, capture_output=True, text=True)
    assert formatted.stdout == text
    site = replaced(
        text, ("\nexample.org {", f"\nhttp://127.0.0.1:{port} {{"), ("/var/lib/newsletter/public", str(public))
    )
    (place / "Caddyfile").write_text(f"{{\n\tadmin off\n}}\n{site}", "utf-8")
    command = [program, "run", "--config", str(place / "Caddyfile"), "--adapter", "caddyfile"]
    with _running(command, port, {"HOME": str(place), "XDG_DATA_HOME": str(place), "XDG_CONFIG_HOME": str(place)}):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def _running(command: list[str], port: int, env: dict[str, str] | None = None) -> Iterator[None]:
    """The server, once it accepts connections."""
    with subprocess.Popen(
        command, env=os.environ | (env or {}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            wait_for(port, server)
            yield
        finally:
            server.terminate()
            server.communicate(timeout=300)

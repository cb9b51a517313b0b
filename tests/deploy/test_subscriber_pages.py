"""The pages for subscribers behind nginx and Caddy, configured as deploy/SUBSCRIBERS.md says."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from publisher.signing import Purpose
from publisher.subscribers.models import SubscriberState as S
from tests.deploy.conftest import _caddy, _nginx, replaced
from tests.docs.pages import PAGES
from tests.server.subscriber_site import ListSite

SERVER = '[server]\nproxies = ["127.0.0.1"]\n'


@pytest.fixture(params=["nginx", "caddy"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, deploy: Path, need: Callable[[str], str]
) -> Iterator[ListSite]:
    """A list whose pages are asked for at the web server."""
    name, (for_nginx, for_caddy) = request.param, PAGES["deploy/SUBSCRIBERS.md"].texts("text")
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("<h1>Harbour Notes</h1>")
    with ListSite(tmp_path, extra=SERVER).serve() as site:
        example, own = tmp_path / "example", urlsplit(site.address).netloc
        if name == "nginx":
            text, block = (deploy / "nginx.conf").read_text("utf-8"), textwrap.indent(for_nginx, "    ")
            first = "    location ~ /\\.(?!well-known/) {\n"
            example.write_text(replaced(text, (first, block.replace("127.0.0.1:8080", own) + first)))
            server = _nginx(need("nginx"), example, tmp_path / "public", tmp_path)
        else:
            text, block = (deploy / "Caddyfile").read_text("utf-8"), textwrap.indent(for_caddy, "\t")
            rule = "\t@written not method GET HEAD\n\trespond @written 405\n"
            example.write_text(replaced(text, (rule, block.replace("127.0.0.1:8080", own))))
            server = _caddy(need("caddy"), example, tmp_path / "public", tmp_path)
        with server as address:
            site.address = address
            yield site


def test_the_web_server_passes_the_pages_on(site: ListSite) -> None:
    form = site.get("/subscribe")
    assert (form.status, form.headers.get_all("cache-control")) == (200, ["no-store"])
    assert form.headers["content-security-policy"].startswith("default-src 'none'")
    link = site.link(Purpose.LEAVE, site.add("ana@example.org").tag)
    assert site.post(link, {"List-Unsubscribe": "One-Click"}).status == 200
    assert site.state("ana@example.org") is S.LEFT
    assert site.get("/altcha/altcha.css").headers["content-type"] == "text/css; charset=utf-8"
    site.url = ""
    assert "Harbour Notes" in site.get("/").text
    assert site.post("/", {"a": "b"}).status == 405


def test_the_limits_are_for_the_client_that_the_web_server_saw(site: ListSite) -> None:
    """What a client says itself about where it comes from counts for nothing."""
    site.visitor = "127.0.0.2"
    site.sign_up("ana@example.org", x_forwarded_for="203.0.113.7")
    with site.open_list() as subscribers:
        [record] = subscribers.load_consents("ana@example.org")
    assert record.network == "127.0.0.0/24"

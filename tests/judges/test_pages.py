"""The pages in independent checkers: the Nu HTML checker, axe-core in Chromium; and their links."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest

BROKEN = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<style>@media (prefers-color-scheme: dark) { h1 { color: #222; background: #000 } }</style></head><body>
<h1>no title, no landmark</h1><img src="https://elsewhere.example/x.png"><a href="gone.html">gone</a>
<a href="#nowhere">nowhere</a><div style="width:600px">wide</div><script>throw 1</script></body></html>"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A site with one page that every judge must complain about."""
    (tmp_path / "index.html").write_text(BROKEN, "utf-8")
    return tmp_path


# ------------------------------------------------------------ valid HTML


@pytest.fixture(scope="session")
def html_findings(need: Callable[[str], str], node_modules: Path) -> Callable[[list[Path]], str]:
    """What the Nu HTML checker says of pages: errors and warnings."""
    java = need("java")
    jar = node_modules / "vnu-jar" / "build" / "dist" / "vnu.jar"

    def check(pages: list[Path]) -> str:
        # it runs for seconds, which does not pay for the better compiler and a parallel collector
        quick = ["-Xss2m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        command = [java, *quick, "-jar", jar, "--stdout", "--format", "gnu", *pages]
        return subprocess.run(command, capture_output=True, text=True).stdout

    return check


def test_html_is_valid(site, html_findings) -> None:
    assert len(site.pages) >= 5
    assert html_findings(site.pages) == ""


def test_html_checker_notices(broken: Path, html_findings) -> None:
    assert "error" in html_findings([broken / "index.html"])


# ---------------------------------------------- for everybody, on any screen


def test_pages_work_for_everybody(site, chromium) -> None:
    """Nothing that axe-core or the browser itself complains of; see browser.cjs."""
    longest = sorted(site.pages, key=lambda page: page.stat().st_size)[-6:]  # a page takes seconds
    assert chromium("browser.cjs", site.base, site.folder, *map(site.address, longest)) == ""


def test_pages_in_other_languages(translated_site, html_findings, chromium) -> None:
    site = translated_site
    assert html_findings(site.pages) == ""
    first_issue = next(page for page in site.pages if page.parent != site.folder)
    shown = [site.folder / "index.html", site.folder / "subscribe.html", first_issue]
    assert chromium("browser.cjs", site.base, site.folder, *map(site.address, shown)) == ""


def test_browser_notices(broken: Path, chromium) -> None:
    base = "https://example.org/"
    said = chromium("browser.cjs", base, broken, base)
    for word in ("outside request", "script: 1", "scrolls sideways", "document-title", "image-alt"):
        assert word in said
    dim = [line for line in said.splitlines() if "color-contrast" in line]
    assert [re.findall(r"\[(.*)\]", line) for line in dim] == [["320 px, dark"], ["1280 px, dark"]]


# ------------------------------------------------------------------- links


class Anchors(HTMLParser):
    """The ids of a page, and every address it names."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.addresses: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name in ("href", "src"):
                self.addresses.append(value or "")


def dead_links(base: str, folder: Path) -> Iterator[str]:
    """Every address below `base` that no file, or no id in its file, answers."""
    pages = {page: Anchors(page) for page in folder.rglob("*.html")}
    for page, anchors in pages.items():
        here = base + page.relative_to(folder).as_posix().removesuffix("index.html")
        for address in anchors.addresses:
            url, fragment = urldefrag(urljoin(here, address))
            if not url.startswith(base):
                continue
            file = folder / unquote(url.removeprefix(base)).partition("?")[0]
            if file.is_dir():
                file /= "index.html"
            if not file.is_file():
                yield f"{here}: {address} leads nowhere"
            elif fragment and unquote(fragment) not in pages[file].ids:
                yield f"{here}: {address} names no id of its page"


def test_links_lead_somewhere(site) -> None:
    assert list(dead_links(site.base, site.folder)) == []


def test_link_checker_notices(broken: Path) -> None:
    found = "\n".join(dead_links("https://example.org/", broken))
    assert "gone.html leads nowhere" in found
    assert "#nowhere names no id" in found

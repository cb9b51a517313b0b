"""The pages as a whole: short enough, connected, and each says first what it holds."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import PAGES, README, ROOT, Page

BUDGETS = {
    "README.md": 180,
    "README.zh-CN.md": 180,
    "CONTRIBUTING.md": 190,
    "channels/README.md": 222,
    "deploy/README.md": 200,
    "publisher/subscribers/README.md": 125,
    "deploy/SUBSCRIBERS.md": 140,
    "deploy/BOUNCES.md": 80,
    "deploy/WORKERS.md": 120,
    "publisher/README.md": 289,
    "publisher/preview/README.md": 80,
    "publisher/upload/README.md": 70,
    "templates/README.md": 60,
    "tests/README.md": 60,
}
"""Lines; a page that needs more is split, or loses what is not needed. The changelog has no limit."""

each_page = pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))


@each_page
def test_a_page_keeps_its_budget(page: Page) -> None:
    if page.path != "CHANGELOG.md":
        assert len(page.text.splitlines()) <= BUDGETS[page.path]


@each_page
def test_a_page_begins_with_what_it_holds(page: Page) -> None:
    title, _, sentence = page.text.split("\n", 2)
    assert re.match(r"# \S", title)
    assert re.match(r"[A-Z`]\S+ \S|[\u4e00-\u9fff]", sentence)


@each_page
def test_every_link_leads_somewhere(page: Page) -> None:
    for path, anchor in page.links:
        assert (ROOT / path).exists(), f"{page.path}: {path}"
        assert not anchor or anchor in PAGES[path].anchors, f"{page.path}: {path}#{anchor}"


def test_every_page_is_reached_from_the_first() -> None:
    reached, open_pages = {README.path}, [README]
    while open_pages:
        new = {path for path, _ in open_pages.pop().links if path in PAGES} - reached
        reached |= new
        open_pages += [PAGES[path] for path in new]
    assert reached == set(PAGES)


def test_links_from_the_code_lead_somewhere() -> None:
    """Messages and comments may name a page with an anchor."""
    for folder in ("publisher", "channels", "templates", "deploy"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and file.suffix not in (".md", ".pyc"):
                for path, anchor in re.findall(r"([\w/]*[A-Z]+\.md)#([\w-]+)", file.read_text("utf-8")):
                    assert anchor in PAGES[path].anchors, f"{file}: {path}#{anchor}"


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (
            "[a](tests/README.md) ![b](tests/README.md#golden-files)",
            [("tests/README.md", ""), ("tests/README.md", "golden-files")],
        ),
        ("[a](#b), [c](https://example.org/#d), `[e](f)`", [("README.md", "b")]),
        ("```\n[a](b)\n```\n", []),
    ],
)
def test_links_of_a_page_are_found(text: str, links: list[tuple[str, str]]) -> None:
    page = Page("README.md")
    page.__dict__["text"] = text
    assert page.links == links


def test_anchors_are_those_of_github() -> None:
    page = Page("README.md")
    page.__dict__["text"] = "# publisher.toml\n## A `b`, (c)\n## A `b`, (c)\n```\n# no heading\n```\n"
    assert page.anchors == {"publishertoml", "a-b-c", "a-b-c-1"}

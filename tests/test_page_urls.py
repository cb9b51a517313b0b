"""Where the page of an issue is: the patterns of other site generators, and addresses of their front matter."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from publisher.errors import IssueError
from publisher.model import Address
from publisher.newsletter import Newsletter
from publisher.page_urls import PageUrls, find_page_urls

DAY = dt.date(2021, 7, 8)
ROOT = "https://e.org/"


def newsletter(pattern: str, base: str = ROOT) -> Newsletter:
    return Newsletter("N", f"{ROOT}{pattern}", base, "tag:e.org,2021:n")


NO_ADDRESS = Address()


def find(pattern: str, address: Address = NO_ADDRESS, base: str = ROOT, id_: str = "2021-07-08") -> PageUrls:
    return find_page_urls(newsletter(pattern, base), "issues/a.md", id_, DAY, address)


BOATS = Address("my-boats", "12")

# the pattern, the path of the page and of its file
PATTERNS = [
    ("posts/{slug}/", "posts/my-boats/", "posts/my-boats/index.html"),  # Hugo
    ("{year}/{month}/{day}/{slug}.html", "2021/07/08/my-boats.html", "2021/07/08/my-boats.html"),  # Jekyll
    ("p/{slug}", "p/my-boats", "p/my-boats.html"),  # Substack
    ("{slug}/", "my-boats/", "my-boats/index.html"),  # Ghost
    ("issues/{number}", "issues/12", "issues/12.html"),
    ("archive/{number}/{slug}/", "archive/12/my-boats/", "archive/12/my-boats/index.html"),
]


@pytest.mark.parametrize(("pattern", "path", "file"), PATTERNS)
def test_patterns_of_other_programs(pattern: str, path: str, file: str) -> None:
    url = find(pattern, BOATS).url
    assert url == ROOT + path
    assert newsletter(pattern).output_path(url) == f"public/{file}"


def test_without_a_slug_the_id_is_there() -> None:
    assert find("posts/{slug}/").url == f"{ROOT}posts/2021-07-08/"


def test_a_dot_in_a_slug_is_no_file_type() -> None:
    node = Address("node.js-1.0")
    assert newsletter("p/{slug}").output_path(find("p/{slug}", node).url) == "public/p/node-js-1-0.html"
    assert find("{slug}/", node).url == f"{ROOT}node.js-1.0/"


KEPT = [("/2014/05/boats.html", "2014/05/boats.html"), ("/boats/", "boats/"), ("/%E8%88%B9/", "船/"), ("/a b/", "a b/")]


@pytest.mark.parametrize(("page", "path"), KEPT)
def test_an_address_of_the_front_matter_is_kept(page: str, path: str) -> None:
    assert find("{date}/", Address(page=page)) == PageUrls(ROOT + path)


NOT_KEPT = [
    "/",
    "//evil.example/",
    "/../x/",
    "/%2e%2e/x/",
    "/a//b/",
    "/a?b",
    "/:year/:title/",
    "/{slug}/",
    "/a\\b",
    "/a\tb",
]


@pytest.mark.parametrize("page", NOT_KEPT)
def test_what_no_file_has_is_reported_and_not_kept(page: str) -> None:
    assert find("{date}/", Address(page=page, aliases=(page,))) == PageUrls(f"{ROOT}2021-07-08/", (), (page,))


@pytest.mark.parametrize("id_", ["Signal & Noise #4", "why? 4", "100% 4", "a#b"])
def test_the_name_of_a_file_ends_no_path(id_: str) -> None:
    """Notion exports such names; `#4` would be a fragment, and the page not found."""
    url = find("{id}/", id_=id_).url
    assert not set("#?%") & set(url)
    assert find("{id}/", id_="Signal & Noise").url == f"{ROOT}Signal & Noise/"


def test_other_names_of_a_note_are_no_addresses() -> None:
    """Obsidian has them in `aliases`."""
    found = find("{date}/", Address(aliases=("Field notes 7", "/old/", "lost/path")))
    assert (found.aliases, found.ignored) == ((f"{ROOT}old/",), ("lost/path",))


def test_outside_of_the_home_page_there_are_no_files() -> None:
    old = Address(page="/boats/", aliases=("/news/old/", "https://e.org/news/older", "relative"))
    found = find("news/{date}/", old, base=f"{ROOT}news/")
    assert found.url == f"{ROOT}news/2021-07-08/"
    assert found.aliases == (f"{ROOT}news/old/", f"{ROOT}news/older")
    assert found.ignored == ("/boats/", "relative")


def test_an_alias_of_the_page_itself_is_none() -> None:
    assert find("{date}/", Address(aliases=("/2021-07-08/", "/2021-07-08/index.html", "/old/"))).aliases == (
        f"{ROOT}old/",
    )


REFUSED = [
    ("{number}/", Address("boats"), "issues/a.md has no number, and `url` in publisher.toml has {number}"),
    ("{slug}", Address("subscribe"), "issues/a.md would take the place of the newsletter's own page at https://e.org/subscribe"),
    ("{slug}/", Address("search"), "issues/a.md would take the place of the newsletter's own page at https://e.org/search/"),
    ("{slug}", Address("index"), "issues/a.md would take the place of the newsletter's own page at https://e.org/index"),
    ("{slug}/", Address("船" * 90), "issues/a.md: a part of its URL is longer than 250 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "address", "message"), REFUSED)
def test_an_issue_without_a_page_is_an_error(pattern: str, address: Address, message: str) -> None:
    with pytest.raises(IssueError) as caught:
        find(pattern, address)
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_a_number_is_not_needed_where_the_page_is_given() -> None:
    assert find("{number}/", Address(page="/boats/")).url == f"{ROOT}boats/"


def test_home_may_be_above_the_pattern() -> None:
    blog = replace(newsletter("posts/{slug}/"), site="docs")
    assert blog.output_path(find("posts/{slug}/", BOATS).url) == "docs/posts/my-boats/index.html"

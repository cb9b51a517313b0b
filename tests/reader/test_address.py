"""What an issue says of its address: slug, number, and where another site generator had it."""

from __future__ import annotations

import pytest

from publisher.model import Address
from publisher.reader import parse_issue

# path, front matter, title; then the slug
SLUGS = [
    ("issues/2021-07-18-boats.md", "", "", "boats"),
    ("_posts/2021-07-18-my-first.markdown", "", "Another title", "my-first"),
    ("content/posts/my-first/index.md", "", "", "my-first"),
    ("content/posts/2021-07-18-my-first/index.md", "", "", "my-first"),
    ("issues/20210718_boats.md", "", "", "boats"),
    ("issues/2021-07-18.md", "", "A title may change", ""),
    ("issues/2021-07-xx-boats.md", "", "", "boats"),
    ("issues/Weekly Issue 5.md", "", "", "Weekly-Issue-5"),
    ("issues/第5期：船.md", "", "", "第5期-船"),
    ("issues/a.md", "slug: my-first", "", "my-first"),
    ("issues/a.md", "slug: 第一期 船", "", "第一期-船"),
    ("issues/a.md", 'slug: "What\'s new? (Part 2/3)"', "", "What-s-new-Part-2-3"),
    ("issues/a.md", "slug: caf%C3%A9", "", "café"),
    ("issues/a.md", "slug: cafe\u0301", "", "café"),
    ("issues/a.md", "slug: rust-1.0_final~2", "", "rust-1.0_final~2"),
    ("issues/a.md", "slug: ../../etc", "", "etc"),
    ("issues/a.md", "slug: हिन्दी", "", "हिन्दी"),
    ("issues/a.md", "slug: ❤️-boats", "", "boats"),
    ("issues/a.md", "Slug: boats", "", "boats"),
    ("issues/boats.md", 'slug: "!!!"', "", "boats"),
]


def address_of(path: str, front: str, title: str) -> Address:
    head = f"---\n{front}\n---\n" if front else ""
    return parse_issue(f"{head}# {title or 'T'}\n\nText.\n", path).address


@pytest.mark.parametrize(("path", "front", "title", "slug"), SLUGS)
def test_slug(path: str, front: str, title: str, slug: str) -> None:
    assert address_of(path, front, title).slug == slug


NUMBERS = [
    ("issues/issue-250.md", "", "", "250"),
    ("HelloGitHub60.md", "", "", "60"),
    ("issues/2013-06-07-this-week-in-rust-1.md", "", "", "1"),
    ("issues/012.md", "", "", "012"),
    ("issues/250-boats.md", "", "", "250"),
    ("issues/issue-250-boats-2.md", "", "", "250"),
    ("issues/2021-07-18.md", "", "", ""),
    ("issues/boats-in-2026.md", "", "", ""),
    ("issues/2019-03-31-4dd3eb2841.md", "", "", ""),
    ("issues/a.md", "", "第 250 期", "250"),
    ("issues/a.md", "", "科技爱好者周刊（第 250 期）：船", "250"),
    ("issues/a.md", "", "Harbour Notes #12: Tides", "12"),
    ("issues/a.md", "", "Harbour Notes No. 12", "12"),
    ("issues/a.md", "", "This Week in Rust 665", "665"),
    ("issues/a.md", "", "Notes of 2026", ""),
    ("issues/a.md", "number: 7", "Harbour Notes #12", "7"),
    ("issues/a.md", "Title: This Week\nNumber: 665", "", "665"),
    ("issues/issue-3.md", "number: seven", "", "3"),
]


@pytest.mark.parametrize(("path", "front", "title", "number"), NUMBERS)
def test_number(path: str, front: str, title: str, number: str) -> None:
    assert address_of(path, front, title).number == number


FRONTS = [
    ("url: /2014/05/boats.html", ("/2014/05/boats.html", ())),
    ("permalink: /boats/", ("/boats/", ())),
    ("permalink: pretty", ("", ())),  # a style of Jekyll
    ("url: https://elsewhere.example/article", ("", ())),  # what a link blog is about
    ("aliases: /old/", ("", ("/old/",))),
    ("aliases: [/old/, '/it''s']", ("", ("/old/", "/it's"))),
    ("aliases:\n- /old/\n- /older/\nredirect_from: /oldest/", ("", ("/old/", "/older/", "/oldest/"))),
    ("aliases: [", ("", ())),
]


@pytest.mark.parametrize(("front", "found"), FRONTS)
def test_addresses_of_other_site_generators(front: str, found: tuple[str, tuple[str, ...]]) -> None:
    address = address_of("issues/a.md", front, "")
    assert (address.page, address.aliases) == found


def test_toml_front_matter() -> None:
    issue = parse_issue('+++\nslug = "boats"\naliases = ["/old/", "/b"]\nnumber = 7\n+++\n# T\n', "a.md")
    assert issue.address == Address("boats", "7", "", ("/old/", "/b"))


def test_feed_id_is_kept_as_it_is() -> None:
    assert (
        parse_issue("---\nfeed_id: https://old.example.org/?p=12\n---\n# T\n").feed_id
        == "https://old.example.org/?p=12"
    )

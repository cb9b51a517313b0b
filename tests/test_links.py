"""Link classes by exact host, canonical forms, and safe URLs."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from publisher.links import (
    ARXIV,
    OTHER,
    REPOSITORY,
    WECHAT,
    WECHAT_TEMPORARY,
    canonicalize_url,
    classify_link,
    extract_host,
    is_safe_image_url,
    is_safe_url,
    parse_arxiv_id,
    parse_host,
    parse_repository,
    to_ascii_url,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://mp.weixin.qq.com/s/AbC_d-1", WECHAT),
        ("http://mp.weixin.qq.com/s/AbC_d-1", WECHAT),
        ("https://mp.weixin.qq.com/s?__biz=MzA5&mid=26&idx=2&sn=f4", WECHAT),
        ("https://mp.weixin.qq.com/s?timestamp=15&src=3&ver=1&signature=a*b=", WECHAT_TEMPORARY),
        ("https://mp.weixin.qq.com/mp/homepage?x=1", OTHER),
        ("https://mp.weixin.qq.com.evil.org/s/AbC", OTHER),
        ("https://evil.org/?u=https://mp.weixin.qq.com/s/AbC", OTHER),
        ("ftp://mp.weixin.qq.com/s/AbC", OTHER),
        ("https://github.com/owner/name", REPOSITORY),
        ("https://github.com/owner/name/tree/main/docs", REPOSITORY),
        ("https://github.com/topics/rss", OTHER),
        ("https://github.com/owner", OTHER),
        ("https://notgithub.com/owner/name", OTHER),
        ("https://owner.github.io/name", OTHER),
        ("https://arxiv.org/abs/2104.13400", ARXIV),
        ("https://arxiv.org/pdf/2104.13400v2.pdf", ARXIV),
        ("https://arxiv.org/list/cs.LG/recent", OTHER),
        ("http://[::bad", OTHER),
        ("", OTHER),
    ],
)
def test_link_class(url: str, expected: str) -> None:
    assert classify_link(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://arxiv.org/pdf/2104.13400v2.pdf", "https://arxiv.org/abs/2104.13400"),
        ("https://github.com/Owner/Name.git", "https://github.com/owner/name"),
        ("https://github.com/Owner/Name/releases", "https://github.com/Owner/Name/releases"),
        ("http://www.E.org/A/?utm_source=x&b=1&from=timeline#top", "https://e.org/A?b=1"),
        ("https://mp.weixin.qq.com/s?__biz=Mz&mid=1&chksm=99&scene=21", "https://mp.weixin.qq.com/s?__biz=Mz&mid=1"),
        ("mailto:a@e.org", "mailto:a@e.org"),
    ],
)  # fmt: skip
def test_canonical_form(url: str, expected: str) -> None:
    assert canonicalize_url(url) == expected
    assert canonicalize_url(expected) == expected


def test_repository_and_arxiv_id_of_a_url() -> None:
    assert parse_repository("https://github.com/lemon24/reader/issues/1") == "lemon24/reader"
    assert parse_repository("https://github.com/-bad/reader") is None
    assert parse_arxiv_id("https://arxiv.org/abs/1912.13200v6") == "1912.13200"
    assert parse_arxiv_id("https://arxiv.org/abs/19.1") is None


@pytest.mark.parametrize(
    "url",
    [
        *("https://e.org", "HTTP://e.org", "//e.org/x", "../a", "#top", "?q=a:b", "2021-07-18.html", "10:30.html"),
        *("mailto:a@e.org", "tel:1", "xmpp:a@e.org", "irc://e.org/a", "matrix:r/a:e.org"),
        *("ftp://e.org/a", "gemini://e.org/", "magnet:?xt=urn:btih:a", "news:a.b"),
    ],
)
def test_safe_urls(url: str) -> None:
    assert is_safe_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        "java\tscript:x",
        " \x01javascript:x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc",
        *("tg://resolve?domain=a", "tg:x", "TG://x", "weixin://dl/business", "weixin:x", "intent://x#Intent;end"),
        *("sms:1?body=x", "whatsapp://send", "ms-settings:x", "blob:https://e.org/x", "view-source:https://e.org"),
        *("market://x", "chrome://x", "about:blank", "ws://e.org", "smb://e.org/x", "ssh://e.org", "geo:1,2"),
    ],
)
def test_unsafe_urls(url: str) -> None:
    assert not is_safe_url(url)
    assert not is_safe_image_url(url)


@pytest.mark.parametrize(
    ("url", "safe"),
    [("https://e.org/a.png", True), ("a.png", True), ("//e.org/a", True), ("mailto:a@e.org", False), ("tel:1", False)],
)
def test_urls_of_images(url: str, safe: bool) -> None:
    assert is_safe_image_url(url) is safe


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://例子.org/路?q=一#二", "https://xn--fsqu00a.org/%E8%B7%AF?q=%E4%B8%80#%E4%BA%8C"),
        ("https://e.org/a%20b c", "https://e.org/a%20b%20c"),
        ("https://e.org/100%", "https://e.org/100%25"),
        (' https://e.org/"<>', "https://e.org/%22%3C%3E"),
    ],
)
def test_ascii_form(url: str, expected: str) -> None:
    assert to_ascii_url(url) == expected
    assert to_ascii_url(expected) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.E.org:80/a", "e.org"),
        ("http://w.e.org", "w.e.org"),
        ("mailto:a@e.org", ""),
        ("e.org/a", ""),
        ("https://[e.org", ""),
    ],
)
def test_host_without_www(url: str, expected: str) -> None:
    assert extract_host(url) == expected


def test_a_plain_url_is_split_as_any_other() -> None:
    ends = ("", "/", "/a/b.c", "?q=1", "/?", "/a?b=c/d?e#f", "#", "/a%20b", "/(x)", "//x", ":80/", "@b.c/", "/[", "/é")
    for host in ("e.org", "www.E.org", "a..b", ".e.org", "x_y.z", "[::1]", "127.0.0.1", "é.org", ""):
        for url in (f"{scheme}://{host}{end}" for scheme in ("http", "https", "HTTP", "ftp") for end in ends):
            assert parse_host(url) == _find_host(url), url


def _find_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""

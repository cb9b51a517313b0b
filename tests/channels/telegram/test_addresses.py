"""URLs that Telegram accepts become links; any other is reported and shown as text."""

from __future__ import annotations

import pytest

from publisher.channels.telegram import writer
from publisher.labels import get_labels
from publisher.links import to_ascii_url
from publisher.model import Issue, Item, Link, Paragraph, Section, Text

TAKEN = [
    "https://e.org", "http://e.org/a?b=c&d=e#f", "HTTPS://E.ORG/A", "https://user:pass@e.org/", "https://e.org:8080/",
    "https://e.org:080", "https://1.2.3.4/x", "https://例子.中国/路径？q=一", "https://e.org/a b", "https://a_b.org/(x)",
    "https://xn--fiq228c.com/", "https://e.org/%E4%B8%AD", "https://e.org?q", "https://e.org./",
]  # fmt: skip
REFUSED = [
    "javascript:alert(1)", "ftp://e.org/x", "tel:+8610", "//e.org/x", "/path", "#part", "https://localhost/x",
    "https://e.org:0/", "https://e.org:99999/", "https://e.org:x/", "https://", "https://.", "https:///x",
    "data:text/html,x", "",
]  # fmt: skip


@pytest.mark.parametrize("url", TAKEN)
def test_taken(url: str, judge) -> None:
    link = writer.normalize_link_url(url)
    assert link == to_ascii_url(url)
    assert judge.address(link)


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str, judge) -> None:
    assert writer.normalize_link_url(url) == ""
    assert not url.startswith("http") or judge.address(url) == ""


def test_too_long() -> None:
    assert writer.normalize_link_url("https://e.org/" + "x" * 4082)
    assert writer.normalize_link_url("https://e.org/" + "x" * 4083) == ""


@pytest.mark.parametrize(
    ("url", "email"),
    [
        ("mailto:desk@e.org", "desk@e.org"),
        ("MAILTO:a.b+c@mail.e.org?subject=x", "a.b+c@mail.e.org"),
        ("mailto:desk", ""),
        ("mailto:编辑@e.org", ""),
        ("https://e.org/", ""),
    ],
)
def test_email(url: str, email: str) -> None:
    written = writer.SpanWriter(get_labels("zh-CN")).write_link((), url)
    assert "".join(span.text for span in written if span.style == "email") == email


def issue_with(text: str, url: str) -> Issue:
    note = Paragraph((Text("见"), Link((Text(text),), url), Text("。")))
    return Issue("1", sections=(Section((Text("论文"),), 2, (), (note, Item((Text("题目"),), url=url))),))


def test_a_refused_url_is_reported_and_stays_in_the_text(send, accepted) -> None:
    sent = send(issue_with("这里", "ftp://e.org/x"), detail="full")
    accepted(sent)
    assert sent.rendering.warnings == ("ftp://e.org/x cannot be a link in Telegram, so it is printed in the text",)
    assert "见这里（ftp://e.org/x）。" in sent.texts[0]
    assert "1. 题目（ftp://e.org/x）" in sent.texts[0]
    assert sent.links == []


def test_an_email_address_is_left_to_telegram(send, judge) -> None:
    sent = send(issue_with("编辑部", "mailto:desk@e.org"), detail="full")
    assert sent.rendering.warnings == ()
    assert "见编辑部（desk@e.org）。" in sent.texts[0]
    assert judge.accidents(sent.calls[0]["text"]) == ["desk@e.org", "desk@e.org"]


def test_an_address_for_its_own_text_is_said_once(send) -> None:
    sent = send(issue_with("desk@e.org", "mailto:desk@e.org"), detail="full")
    assert "见desk@e.org。" in sent.texts[0]

"""`publish diff`: what an edit would change, as text."""

from __future__ import annotations

import json

import pytest

from publisher.channel import Part
from publisher.reports.readable import extract_lines, extract_preview
from tests.support.newsletter import CHAT_SETTINGS, CommandProject, Said


def test_the_text_once_then_a_line_for_each_channel(letter: CommandProject) -> None:
    letter.run("--yes")
    assert letter.run("diff") == Said(0, "", "no unpublished changes in issues/2021-07-18.md\n")
    letter.write("2021-07-18", "一", "贰", "三")
    lines = letter.lines("diff")
    assert lines[0] == "issues/2021-07-18.md · compared with public/2021-07-18/index.html"
    assert [line for line in lines if "[-" in line or "{+" in line] == ["  一 / [-二-]{+贰+} / 三"]
    assert lines[-2].startswith("web:  ")
    assert lines[-2].endswith(" 4 pages and 1 file will be rewritten")
    assert lines[-3] == ""
    assert lines[-1] == "chat: 1 message will be edited"
    assert len(letter.world.calls) == 3, "nothing is sent"
    assert "贰" not in (letter.root / "public" / "index.html").read_text(), "nothing is written"


def test_a_channel_that_alone_has_the_old_text(letter: CommandProject) -> None:
    """What is on the site is new already; the text is compared with what was sent."""
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰")
    letter.run("--channel", "web")
    assert letter.lines("diff") == [
        "issues/2021-07-18.md · compared with what was sent to chat",
        "  一",
        "  [-二-]",
        "  [-三-]",
        "  {+贰+}",
        "",
        "chat: the issue now takes 2 messages instead of 3: publish correct",
    ]


def test_a_new_link_is_a_difference(letter: CommandProject) -> None:
    letter.run("--yes")
    file = letter.write("2021-07-18", "一", "二", "三")
    file.write_text(file.read_text("utf-8").replace("https://e.org/2021-07-18", "https://e.org/tides"), "utf-8")
    said = letter.run("diff", "-c", "web").out
    assert "  条目 <[-https://e.org/2021-07-18-]{+https://e.org/tides+}>" in said


def test_nothing_is_sent_with_the_address_of_an_example(letter: CommandProject) -> None:
    (letter.root / "publisher.toml").write_text(CHAT_SETTINGS.replace("https://e.org", "https://example.org"))
    line = letter.lines("diff", "--channel", "chat")[-1]
    assert line == "chat: not sent: publisher.toml:3:1: url is on example.org, a name for examples"


def test_a_difference_that_readers_do_not_see(letter: CommandProject) -> None:
    letter.run("--yes")
    page = letter.root / "public" / "2021-07-18" / "index.html"
    page.write_text(page.read_text("utf-8").replace("<head>", "<head><!-- by hand -->"), "utf-8")
    (letter.root / ".publisher" / "cache").rename(letter.root / "old")
    assert letter.lines("diff") == [
        "issues/2021-07-18.md · the text that readers see is the same; --full shows what differs",
        "web: 1 page will be rewritten",
    ]


def test_diff_says_why_no_issue_is_due(letter: CommandProject) -> None:
    for date in ("2021-07-04", "2021-07-18"):
        letter.path(date).unlink()
    assert letter.run("diff") == Said(
        0, "", "no issue is due; issues/2021-08-01.md is a draft; remove `draft: true` when it is ready\n"
    )


def test_full_diff_of_what_is_live(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰")
    assert letter.lines("diff", "--full", "--channel", "chat") == [
        "chat · @readers · 2 · changed",
        "@@ -1 +1 @@",
        "-二",
        "+贰",
        "chat · @readers · 3 · gone",
        "@@ -1 +0,0 @@",
        "-三",
    ]


def test_full_diff_of_files(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    lines = letter.lines("diff", "--full", "--channel", "web")
    assert lines[0] == "web · public/2021-07-18/index.html · changed"
    assert "-<title>慢刊 (2021-07-18)：一/二/三</title>" in lines
    assert "+<title>慢刊 (2021-07-18)：一/贰/三</title>" in lines


def test_diff_leaves_out_what_is_packed(letter: CommandProject) -> None:
    (letter.root / "publisher.toml").write_text(CHAT_SETTINGS.replace("[channels.rss]\nenabled = false\n", ""))
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    lines = letter.lines("diff", "--full", "--channel", "rss")
    heads = [line.split(" · ")[1] for line in lines if line.startswith("rss")]
    assert heads == ["public/feed.json", "public/atom.xml", "public/feed.xml"]
    assert letter.lines("diff", "--channel", "rss")[-1] == "rss: 3 feeds will be rewritten"


def test_diff_of_what_was_never_published(letter: CommandProject) -> None:
    lines = letter.lines("diff", "2021-07-18", "--full")
    assert sum(line.startswith("web · ") for line in lines) == 7
    assert letter.lines("diff", "2021-07-18") == [
        "issues/2021-07-18.md · not published yet",
        "web:  5 pages and 2 files will be added",
        "chat: 3 messages will be sent",
    ]
    assert lines[-4:] == [
        "web · public/index.html · new",
        "chat · @readers · 1 · new",
        "chat · @readers · 2 · new",
        "chat · @readers · 3 · new",
    ]
    assert not letter.place.exists()


def test_diff_for_scripts(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    found = json.loads(letter.run("diff", "-c", "chat", "--json").out)
    assert found == {
        "issue": "2021-07-18",
        "differences": [
            {
                "channel": "chat",
                "destination": "@readers",
                "part": "2",
                "kind": "changed",
                "lines": ["@@ -1 +1 @@", "-二", "+贰"],
            }
        ],
        "text": ["一", "[-二-]", "{+贰+}", "三"],
        "effects": {"chat": "1 message will be edited"},
        "exit": 0,
    }


MAIL = b"""\
Subject: =?utf-8?b?5oWi5YiK?=
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

5q2j5paH
"""


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        ("text/plain", "一\n二".encode(), ["一", "二"]),
        (
            "application/json",
            b'{"text": "a\\nb", "n": 1, "rows": [{"url": "https://e.org/"}]}',
            ["a", "b", "https://e.org/"],
        ),
        ("application/feed+json; charset=utf-8", b'["a"]', ["a"]),
        ("application/json", b"{broken", ["{broken"]),
        ("message/rfc822", MAIL, ["Subject: 慢刊", "正文"]),
        ("image/png", b"\x89PNG\xff", None),
    ],
)
def test_parts_as_people_read_them(kind: str, body: bytes, shown: list[str] | None) -> None:
    found = extract_lines(Part("key", kind, body))
    if kind == "message/rfc822":
        assert found
        found = [line for line in found if line and not line.startswith("Content-")]
    assert found == shown


def test_the_words_to_look_for() -> None:
    assert extract_preview(Part("key", "text/plain", b"\n  first words \nmore")) == "first words"
    assert extract_preview(Part("key", "text/plain", b"x" * 61)) == "x" * 59 + "…"
    assert extract_preview(Part("key", "image/png", b"\xff")) == ""
    mail = b"From: a@e.org\r\nSubject: =?utf-8?b?5oWi?=\r\n\r\ntext\r\n"
    assert extract_preview(Part("key", "message/rfc822", mail)) == "Subject: 慢"

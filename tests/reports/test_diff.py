"""`publish diff`: what an edit would change, as text."""

from __future__ import annotations

import json

import pytest

from publisher.channel import Part
from publisher.reports.readable import extract_lines, extract_preview
from tests.support.newsletter import CHAT_SETTINGS, CommandProject, Said


def test_diff_of_what_is_live(letter: CommandProject) -> None:
    letter.run("--yes")
    assert letter.run("diff") == Said(0, "", "no unpublished changes in issues/2021-07-18.md\n")
    letter.write("2021-07-18", "一", "贰")
    assert letter.lines("diff", "--channel", "chat") == [
        "chat · @readers · 2 · changed",
        "@@ -1 +1 @@",
        "-二",
        "+贰",
        "chat · @readers · 3 · gone",
        "@@ -1 +0,0 @@",
        "-三",
    ]
    assert len(letter.world.calls) == 3


def test_diff_of_files(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    lines = letter.lines("diff", "--channel", "web")
    assert lines[0] == "web · public/2021-07-18/index.html · changed"
    assert "-<title>慢刊 (2021-07-18)：一/二/三</title>" in lines
    assert "+<title>慢刊 (2021-07-18)：一/贰/三</title>" in lines
    assert "一/二/三" in (letter.root / "public" / "index.html").read_text(), "nothing is written"


def test_diff_leaves_out_what_is_packed(letter: CommandProject) -> None:
    (letter.root / "publisher.toml").write_text(CHAT_SETTINGS.replace("[channels.rss]\nenabled = false\n", ""))
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    lines = letter.lines("diff", "--channel", "rss")
    heads = [line.split(" · ")[1] for line in lines if line.startswith("rss")]
    assert heads == ["public/feed.json", "public/atom.xml", "public/feed.xml"]


def test_diff_of_what_was_never_published(letter: CommandProject) -> None:
    assert letter.lines("diff", "2021-07-18")[-4:] == [
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

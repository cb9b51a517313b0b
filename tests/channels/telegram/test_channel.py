"""The channel in the house: its settings, its files, the calls as they will be made."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from publisher import config, registry
from publisher.channel import Channel, Context
from publisher.channels.telegram import Telegram
from publisher.errors import ConfigError
from publisher.model import Issue, Item, Section, Text
from publisher.theme import Theme

DAY = "outbox/2024-05-20/telegram"
NEWSLETTER = """\
[newsletter]
name = "潮汐简报"
url = "https://tide.example.org/weekly/{date}/"
id = "tag:tide.example.org,2019:weekly"
"""
SMALL = "# 潮汐简报 (2024-05-20)：灯塔\n\n## 新闻\n\n- [灯塔换灯](https://e.org/lamp)\n摘要：三天。\n"


def issue(title: str = "灯塔", count: int = 1) -> Issue:
    items = tuple(Item((Text(title),), url=f"https://e.org/{n}") for n in range(count))
    return Issue("2024-05-20", sections=(Section((Text("新闻"),), 2, (), items),))


# ------------------------------------------------------------------------ calls


def test_a_call_as_it_will_be_made(send) -> None:
    sent = send(SMALL, chat="@tide")
    (call,) = sent.calls
    assert call == {
        "text": "灯塔\n1 条\n\n新闻 · 1 条\n1. 灯塔换灯\n三天。",
        "entities": [
            {"type": "bold", "offset": 0, "length": 2},
            {"type": "bold", "offset": 8, "length": 2},
            {"type": "text_link", "offset": 20, "length": 4, "url": "https://e.org/lamp"},
            {"type": "expandable_blockquote", "offset": 25, "length": 3},
        ],
        "link_preview_options": {"is_disabled": True},
        "disable_notification": False,
        "protect_content": False,
        "chat_id": "@tide",
        "reply_markup": {
            "inline_keyboard": [[{"text": "网页版", "url": "https://tide.example.org/weekly/2024-05-20/"}]]
        },
    }
    assert sent.html == [
        "<b>灯塔</b>\n1 条\n\n<b>新闻</b> · 1 条\n"
        '1. <a href="https://e.org/lamp">灯塔换灯</a>\n<blockquote expandable>三天。</blockquote>'
    ]


def test_every_setting_is_in_every_call(send) -> None:
    settings = {"topic": 7, "silent": True, "protect": True, "button": False}
    sent = send(issue("字" * 300, 40), chat="-1001234567890", **settings)
    assert len(sent.calls) > 2
    for call in sent.calls:
        assert call["chat_id"] == "-1001234567890"
        assert call["message_thread_id"] == 7
        assert call["disable_notification"] is True
        assert call["protect_content"] is True
        assert call["link_preview_options"] == {"is_disabled": True}
        assert "reply_markup" not in call


def test_nothing_is_said_of_what_is_not_set(send) -> None:
    (call,) = send(issue()).calls
    assert {"chat_id", "message_thread_id"} & set(call) == set()


def test_only_the_first_message_makes_a_sound_and_shows_a_card(send) -> None:
    calls = send(issue("字" * 300, 40), card=True).calls
    page = "https://tide.example.org/weekly/2024-05-20/"
    assert [call["disable_notification"] for call in calls] == [False] + [True] * (len(calls) - 1)
    assert calls[0]["link_preview_options"] == {"url": page, "prefer_small_media": True}
    assert all(call["link_preview_options"] == {"is_disabled": True} for call in calls[1:])
    assert all(call["reply_markup"]["inline_keyboard"][0][0]["url"] == page for call in calls)


def test_a_page_that_is_nowhere_has_no_button_and_no_card(send) -> None:
    sent = send(issue(), url="http://localhost:8000/2024-05-20/", card=True)
    (call,) = sent.calls
    assert "reply_markup" not in call
    assert call["link_preview_options"] == {"is_disabled": True}
    assert sent.rendering.warnings == ("no button: http://localhost:8000/2024-05-20/ cannot be a link in Telegram",)
    assert send(issue(), url="http://localhost:8000/x", button=False).rendering.warnings == ()


def test_the_files(send) -> None:
    """What is sent are the calls, in order; the rest shows the same."""
    rendering = send(issue("字" * 300, 25)).rendering
    assert [(part.key, part.media_type) for part in rendering.parts] == [
        (f"{DAY}/message-1.json", "application/json; layout=2"),
        (f"{DAY}/message-2.json", "application/json; layout=2"),
    ]
    assert [(part.key, part.media_type) for part in rendering.previews] == [
        (f"{DAY}/message-1.html", "text/html; charset=utf-8"),
        (f"{DAY}/message-2.html", "text/html; charset=utf-8"),
        (f"{DAY}/preview.html", "text/html; charset=utf-8"),
    ]


def test_the_report(send) -> None:
    sent = send(issue("字" * 300, 25))
    report = sent.rendering.report
    assert report["messages"] == 2
    assert [size["units"] for size in report["sizes"]] == [
        len(call["text"].encode("utf-16-le")) // 2 for call in sent.calls
    ]


@pytest.mark.parametrize("detail", ["titles", "summaries", "full"])
def test_golden(send, accepted, golden, root: Path, detail: str) -> None:
    sent = send((root / "tests/judges/issues/2024-02-29.md").read_text("utf-8"), detail=detail, chat="@tide")
    accepted(sent)
    golden(f"telegram/{detail}.html", "\n\n<!-- the next message -->\n\n".join(sent.html))
    if detail == "summaries":
        golden("telegram/message-1.json", sent.rendering.parts[0].body)


def test_an_entry_is_needed(theme: Theme, context: Context) -> None:
    with pytest.raises(ValueError, match="entry"):
        Telegram().render(issue(), Context(context.newsletter, theme))


# ---------------------------------------------------------------------- preview


def test_the_preview_shows_what_is_sent(send, root: Path) -> None:
    sent = send((root / "tests/judges/issues/2024-03-14.md").read_text("utf-8"), detail="full")
    bubbles = re.findall(r'<div class="text">(.*?)</div>\n(?:<a|<p)', sent.preview, re.DOTALL)
    assert len(bubbles) == len(sent.calls)
    for bubble, html in zip(bubbles, sent.html, strict=True):
        shown = re.sub(r'<div class="quote">(?:<input[^>]*>)?<blockquote>', "<blockquote expandable>", bubble)
        assert shown.replace("</blockquote></div>", "</blockquote>") == html


def test_the_preview_asks_no_one_for_anything(send, root: Path) -> None:
    page = send((root / "templates/sample-zh-3.md").read_text("utf-8").replace("@date@", "2024-05-20")).preview
    assert re.findall(r"<script|<link|<img|<iframe|src=|@import|url\(", page) == []


def test_a_quote_folds_if_it_is_long(send) -> None:
    def folds(summary: str) -> int:
        text = f"## 新闻\n\n- [甲](https://e.org/)\n摘要：{summary}\n"
        return send(text).preview.count('<input type="checkbox"')

    assert folds("字" * 40) == 0
    assert folds("字" * 80) == 1


def test_the_preview_says_what_is_left(send) -> None:
    page = send(SMALL, chat="@tide", card=True).preview
    assert "28 / 4,096" in page
    assert "4 / 100" in page
    assert "@tide" in page
    assert 'class="card"' in page


# ------------------------------------------------------------- in a newsletter


def load(folder: Path, table: str) -> config.Config:
    path = folder / "publisher.toml"
    path.write_text(NEWSLETTER + table, "utf-8")
    return config.load_config(path, registry.load_channel)


def test_it_is_a_channel(tmp_path: Path) -> None:
    found = load(tmp_path, '[channels.telegram]\nchat = "@tide"\ndetail = "full"')
    assert found.channels[-1] == Telegram(chat="@tide", detail="full")
    assert isinstance(found.channels[-1], Channel)


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ('detail = "all"', 'must be one of titles, summaries, full, not "all"', 'detail = "summaries"'),
        ('chat = "tide"', 'chat must be a name or a number, not "tide"', '"@my_channel"'),
        ('chat = "t.me/tide"', 'chat must be a name or a number, not "t.me/tide"', '"@my_channel"'),
        ('token = "env:T"', "`token` is set, but `chat` is not", '"@my_channel"'),
        ('me = "me"', 'me must be a name or a number, not "me"', '"-1001234567890"'),
        ('api = "http://e.org"', 'must be the https URL of a Bot API server, not "http://e.org"', "https:"),
        ('api = "https://e.org/?a"', "must be the https URL of a Bot API server", "only allowed on this machine"),
        ('api = "http://127.0.0.1.e.org"', "must be the https URL of a Bot API server", "this machine"),
    ],
)
def test_a_wrong_setting_is_reported(tmp_path: Path, setting: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"[channels.telegram]\n{setting}")
    assert re.match(r"publisher\.toml:[56]:1: ", caught.value.message)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("chat", ["@tide", "@Tide_2", "-1001234567890", "123456"])
def test_chats(chat: str) -> None:
    assert Telegram(chat=chat).chat == chat


@pytest.mark.parametrize(
    "api", ["https://e.org", "https://e.org:8081/bots/", "http://127.0.0.1:8081", "http://localhost", "http://[::1]:1"]
)
def test_servers(api: str) -> None:
    assert Telegram(api=api).api == api


def test_published_as_files(tmp_path: Path, publish) -> None:
    publish("init", "--lang", "zh", "letter", folder=tmp_path)
    folder = tmp_path / "letter"
    output = publish("--channel", "telegram", folder=folder)
    (made,) = folder.glob("outbox/*/telegram")
    names = {path.name for path in made.iterdir()}
    assert names == {"message-1.html", "message-1.json", "preview.html"}
    assert json.loads((made / "message-1.json").read_text("utf-8"))["text"].startswith("让文档自己合并 / ")
    assert "telegram" in output
    assert "nothing to do" in publish("--channel", "telegram", folder=folder)


def test_rendering_needs_no_library_of_telegrams() -> None:
    code = "import sys, publisher.channels.telegram; print({'telegram', 'httpx'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"

"""The whole issue as one rich message, judged by the types of aiogram, which are made from Telegram's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiogram.methods import SendRichMessage
from pydantic import BaseModel

from publisher.channels.telegram.rich import RichMessageSize, measure_rich_blocks
from publisher.model import CodeBlock, Field, Issue, Item, Link, List, Paragraph, Section, Table, Text

ROOT = Path(__file__).parents[3]
OWN = sorted([*ROOT.glob("templates/sample-*.md"), *ROOT.glob("tests/judges/issues/*.md")])


def call(sent) -> dict[str, Any]:
    (part,) = (part for part in sent.rendering.previews if part.key.endswith("/rich.json"))
    return json.loads(part.body)


def blocks(sent) -> list[dict[str, Any]]:
    return call(sent)["rich_message"]["blocks"]


def check(made: dict[str, Any]) -> None:
    """It is what the method takes, and has nothing that the method does not know."""
    unknown: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, BaseModel):
            unknown.extend(f"{type(node).__name__}.{key}" for key in node.model_extra or {})
            for name in type(node).model_fields:
                visit(getattr(node, name))
        elif isinstance(node, list):
            for part in node:
                visit(part)

    visit(SendRichMessage.model_validate({"chat_id": "@tide", **made}))
    assert unknown == []


def texts(node: object) -> str:
    """All words of a message, in order."""
    match node:
        case str():
            return node
        case list():
            return "".join(map(texts, node))
        case dict():
            keys = ("text", "summary", "blocks", "items", "cells")
            return "".join(texts(node[key]) for key in keys if key in node)
    return ""


def one(*content: Any) -> Issue:
    return Issue("1", sections=(Section((Text("新闻"),), 2, (), content),))


def test_only_if_it_is_asked_for(send) -> None:
    assert "rich.json" not in str([part.key for part in send(one()).rendering.previews])


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_our_issues(path: Path, send) -> None:
    check(call(send(path.read_text("utf-8").replace("@date@", "2024-05-20"), rich=True, topic=7)))


def test_real_issues(corpus: Path, send) -> None:
    for path in sorted(corpus.glob("issues/*.md")):
        sent = send(path.read_text("utf-8"), rich=True)
        check(call(sent))
        shown = texts(call(sent)["rich_message"])
        for item in sent.issue.items:
            assert all(node.text in shown for node in item.title if isinstance(node, Text))


def test_an_item(send) -> None:
    item = Item(
        (Text("用浮标测潮位"),),
        url="https://e.org/buoy",
        source="海港日报",
        fields=(),
        body=(Paragraph((Text("不用下水，见 README.md。"),)),),
    )
    made = call(send(one(item), rich=True, chat="@tide"))
    assert made == {
        "rich_message": {
            "blocks": [
                {"type": "heading", "text": "潮汐简报 (2024-05-20)：灯塔", "size": 1},
                {"type": "heading", "text": "新闻", "size": 2},
                {
                    "type": "paragraph",
                    "text": [
                        "1. ",
                        {"type": "url", "text": "用浮标测潮位", "url": "https://e.org/buoy"},
                        " · 海港日报",
                    ],
                },
                {
                    "type": "details",
                    "summary": "展开",
                    "blocks": [{"type": "paragraph", "text": "不用下水，见 README.md。"}],
                },
            ],
            "skip_entity_detection": True,
        },
        "disable_notification": False,
        "protect_content": False,
        "chat_id": "@tide",
        "reply_markup": {
            "inline_keyboard": [[{"text": "网页版", "url": "https://tide.example.org/weekly/2024-05-20/"}]]
        },
    }


def test_two_summaries_keep_both_labels(send) -> None:
    fields = (Field("摘要", "summary", (Text("短的。"),)), Field("简评", "summary", (Text("长的。"),)))
    made = blocks(send(one(Item((Text("甲"),), fields=fields)), rich=True))
    assert made[-1] == {
        "type": "details",
        "summary": "摘要",
        "blocks": [{"type": "paragraph", "text": "短的。"}, {"type": "paragraph", "text": "简评：长的。"}],
    }


def test_structure_is_kept(send) -> None:
    nested = List(((Paragraph((Text("外"),)), List(((Paragraph((Text("内"),)),),))),), ordered=True, start=3)
    table = Table(((Text("甲"),), ()), (((Text("一"),), (Link((Text("二"),), "https://e.org/"),)),))
    made = blocks(send(one(nested, table, CodeBlock("a\tb", "sh")), rich=True))[2:]
    assert made == [
        {
            "type": "list",
            "items": [
                {
                    "blocks": [
                        {"type": "paragraph", "text": "外"},
                        {"type": "list", "items": [{"blocks": [{"type": "paragraph", "text": "内"}]}]},
                    ],
                    "value": 3,
                    "type": "1",
                }
            ],
        },
        {
            "type": "table",
            "cells": [
                [
                    {"text": "甲", "align": "left", "valign": "top", "is_header": True},
                    {"text": "", "align": "left", "valign": "top", "is_header": True},
                ],
                [
                    {"text": "一", "align": "left", "valign": "top"},
                    {
                        "text": {"type": "url", "text": "二", "url": "https://e.org/"},
                        "align": "left",
                        "valign": "top",
                    },
                ],
            ],
            "is_bordered": True,
        },
        {"type": "pre", "text": "a   b", "language": "sh"},
    ]
    # 2 characters in the list, 3 in the table, 5 of code; 6 blocks in the list (two lists, two items, two
    # paragraphs), 3 in the table with its rows, 1 of code; list, item, list, item, paragraph are 5 levels
    assert measure_rich_blocks(made) == RichMessageSize(characters=10, blocks=10, levels=5, columns=2)


def test_a_table_too_wide_is_lines(send) -> None:
    row = tuple((Text(str(n)),) for n in range(21))
    made = blocks(send(one(Table((), (row,))), rich=True))
    assert made[-1]["type"] == "paragraph"
    assert made[-1]["text"].startswith("0 | 1 | 2 | ")


def test_an_issue_too_large_has_none_and_says_why(send) -> None:
    items = [Item((Text("字" * 70),), body=(Paragraph((Text("句"),)),)) for _ in range(250)]
    sent = send(one(*items), rich=True, button=False)
    assert sent.rendering.warnings == ("no rich message: it would have 752 of 500 blocks",)
    assert all("rich.json" not in part.key for part in sent.rendering.parts)
    sent = send(one(Paragraph((Text("字" * 33000),))), rich=True, button=False)
    assert sent.rendering.warnings == ("no rich message: it would have 33,022 of 32,768 characters",)

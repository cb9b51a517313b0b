"""The nodes of the document as Telegram can show them."""

from __future__ import annotations

import pytest

from publisher.channels.telegram.entities import (
    Span,
    Spans,
    join_spans,
    normalize_text,
    render_spans,
    span_text,
    split_spans,
    strip_spans,
)
from publisher.channels.telegram.writer import SpanWriter
from publisher.labels import get_labels
from publisher.model import (
    Break,
    Code,
    CodeBlock,
    Em,
    Figure,
    Image,
    Link,
    List,
    Paragraph,
    Quote,
    Rule,
    Strong,
    Table,
    Text,
)

A, B = "https://a.org/", "https://b.org/"


@pytest.fixture
def writer() -> SpanWriter:
    return SpanWriter(get_labels("zh-CN"))


def p(text: str) -> Paragraph:
    return Paragraph((Text(text),))


@pytest.mark.parametrize(
    ("node", "runs"),
    [
        (Strong((Text("粗"), Em((Text("斜"),)))), (Span("粗斜", "bold"),)),
        (Em((Text("斜"), Strong((Text("粗"),)))), (Span("斜", "italic"), Span("粗", "bold"))),
        (Strong((Text("粗"), Code("码"))), (Span("粗", "bold"), Span("码", "code"))),
        (Link((Text("甲"), Code("码")), A), (Span("甲码", url=A),)),
        (Strong((Link((Text("甲"),), A),)), (Span("甲", "bold", A),)),
        (Link((Text(" 甲 "),), A), (Span(" "), Span("甲", url=A), Span(" "))),
        (Link((), A), (Span(A, url=A),)),
        (Link((Text("甲"),), ""), (Span("甲"),)),
        (Image(A, "一幅图"), (Span("一幅图", url=A),)),
        (Image(A, " "), (Span("图片", url=A),)),
        (Link((Image(A, "图"),), B), (Span("图", url=A), Span(" "), Span("链接", url=B))),
        (Break(), (Span("\n"),)),
    ],
)  # fmt: skip
def test_inlines(writer: SpanWriter, node, runs: Spans) -> None:
    assert writer.inlines((node,)) == runs


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (List(((p("一"),), (p("二"), p("再二"))), ordered=True, start=9), "9. 一\n10. 二\n  再二"),
        (List(((p("外"), List(((p("内"),),))), (), (p("完"),))), "• 外\n  • 内\n• 完"),
        (Quote((p("甲"), Quote((p("乙"),)))), "│ 甲\n│ │ 乙"),
        (List(((p("见"), CodeBlock("a\n  b")),)), "• 见\n  a\n  b"),
        (CodeBlock("\tif x:\n\t\ty"), "    if x:\n        y"),
        (CodeBlock(" \n"), ""),
        (Table(((Text("甲"),), ()), (((Text("一"), Break(), Text("二")),),)), "甲 | –\n一 二"),
        (Rule(), "———"),
        (Figure(Image(A, "塔"), A), "塔"),
        (Figure(Image(A, "塔"), B), "塔 链接"),
    ],
)  # fmt: skip
def test_blocks(writer: SpanWriter, block, text: str) -> None:
    assert span_text(writer.blocks((block,))) == text


def test_code_in_a_list_is_indented_by_no_one(writer: SpanWriter) -> None:
    """Its own lines are as they were, so that it can be copied."""
    runs = writer.blocks((List(((p("见"), CodeBlock("a\n  b")),)),))
    assert [run.text for run in runs if run.style == "pre"] == ["a\n  b"]


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("a\x00b\tc\x1fd", "a b c d"),
        ("a\r\nb", "a\nb"),
        ("\u202eabc\u202c", "abc"),
        ("a\u2028b", "a\nb"),
        ("\ud83d x", "\ufffd x"),
        ("A\u030angstr\u0333om", "Ångstrom"),
        ("\u200fאבג", "\u200fאבג"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_a_text_is_as_it_will_arrive(judge, text: str, arrives: str) -> None:
    assert normalize_text(text) == arrives
    assert judge.kept(arrives, []) == (arrives, [])


def test_offsets_count_utf_16_units() -> None:
    runs = (Span("🙂a"), Span("𝕏", "bold"), Span("字", url=A))
    assert render_spans(runs).entities == [
        {"type": "bold", "offset": 3, "length": 2},
        {"type": "text_link", "offset": 5, "length": 1, "url": A},
    ]


def test_marks_within_marks(judge) -> None:
    runs = (
        Span("a", quote=True),
        Span(" b", "bold", quote=True),
        Span("c", "bold", A, quote=True),
        Span("d", "", A, quote=True),
        Span("\n"),
        Span("e", "pre", language="py"),
    )
    found = render_spans(runs).entities
    assert [(e["type"], e["offset"], e["length"]) for e in found] == [
        ("expandable_blockquote", 0, 5),
        ("bold", 2, 1),
        ("text_link", 3, 2),
        ("bold", 3, 1),
        ("pre", 6, 1),
    ]
    assert found[-1]["language"] == "py"
    assert judge.kept(span_text(runs), found)[1] == judge.load_mailboxes(found)


def test_runs_are_joined_and_cut_like_strings() -> None:
    runs = join_spans((Span("ab"), Span("")), (Span("c"),), (Span("d", "bold"),))
    assert runs == (Span("abc"), Span("d", "bold"))
    for at in range(5):
        head, tail = split_spans(runs, at)
        assert (span_text(head), span_text(tail)) == ("abcd"[:at], "abcd"[at:])
        assert join_spans(head, tail) == runs
    assert strip_spans((Span(" \n"), Span(" a ", "bold"), Span("\n"))) == (Span("a", "bold"),)
    assert strip_spans((Span(" "),)) == ()

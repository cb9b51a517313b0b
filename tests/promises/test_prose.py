"""Prose stays prose: a paragraph is no heading, a letter no box, and running text is not counted in items."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher import model as m
from publisher.channel import Rendering
from publisher.channels.email import Email
from publisher.channels.rss import Rss
from publisher.channels.telegram import Telegram
from publisher.channels.web import Web
from publisher.channels.wechat import WeChat
from publisher.derived_texts import build_summary, count_items
from publisher.outline import build_outline
from publisher.reader import decode, parse_issue
from publisher.transforms import make_publishable, make_urls_absolute
from tests.promises.test_every_link import CONTEXT, PAGE

LONG = (
    "**Batched payments** spread the overhead of an input over more outputs, which is a great way to "
    "[save up to 80%](https://ex.org/save) of the fees. One in ten did so all year, although not all of them paid."
)
PARAGRAPH = "This week was calm, and nothing happened that we could tell you about. So we went to look at boats."
LETTER = f"Dear readers,\n\n{PARAGRAPH}\n\n{PARAGRAPH}\n\n- [One](https://ex.org/1)\n- [Two](https://ex.org/2)\n"
PROSE = f"## Thoughts\n\n{PARAGRAPH}\n\n{PARAGRAPH} {PARAGRAPH}\n\n- one boat\n- another\n"


def issue_of(text: str) -> m.Issue:
    return make_urls_absolute(make_publishable(parse_issue(f"# Boats\n\n{text}", "2021-07-18.md")), PAGE)


def page_of(text: str) -> str:
    issue = issue_of(text)
    context = replace(CONTEXT, entry=replace(CONTEXT.entry, items=count_items(issue)))
    return Web().render(issue, context).parts[0].body.decode()


def feed_of(text: str) -> str:
    content = json.loads(Rss().render(issue_of(text), CONTEXT).parts[0].body)["content_html"]
    assert isinstance(content, str)
    return content


def text_of(made: Rendering) -> str:
    return next(part for part in (*made.parts, *made.previews) if part.key.endswith(".txt")).body.decode()


def headings(markup: str) -> list[str]:
    return [re.sub(r"<[^>]*>", "", text) for text in re.findall(r"<h[1-6][^>]*>(.*?)</h[1-6]>", markup, re.DOTALL)]


SECTIONS = {
    "a paragraph": f"- {LONG}\n\n  More.\n\n- Short one\n\n  Text.\n",
    "a link in front": f"- [Boats](https://ex.org/1) {LONG.removeprefix('**Batched payments** ')}\n\n  More.\n",
    "a link with a sentence": f"- [Boats](https://ex.org/1). {PARAGRAPH}\n\n  More.\n",
    "a title of a paragraph": f"- [{PARAGRAPH * 3}](https://ex.org/1)\n\n  More.\n",
    "Chinese": f"1、[船](https://ex.org/1)：{'港口里有很多船，都在等潮水。' * 6}\n\n更多。\n",
}


@pytest.mark.parametrize("name", SECTIONS)
def test_a_paragraph_is_no_heading(name: str) -> None:
    text = f"## News\n\n{SECTIONS[name]}"
    for markup in (page_of(text), feed_of(text)):
        assert [heading for heading in headings(markup) if len(heading) > 125] == []
        assert all(len(link) <= 125 for link in re.findall(r"<li><a href=\"[^\"]*#[^\"]*\">(.*?)</a>", markup))
        assert [label for label in re.findall(r'aria-label="([^"]*)"', markup) if len(label) > 160] == []
    article = WeChat().render(issue_of(text), CONTEXT).previews
    shown = next(part for part in article if part.key.endswith("article.html")).body.decode()
    assert [bold for bold in re.findall(r"<strong>(.*?)</strong>", shown) if len(bold) > 125] == []
    titles = Telegram(detail="titles").render(issue_of(text), CONTEXT).parts
    lines = "\n".join(json.loads(part.body)["text"] for part in titles).splitlines()
    assert [line for line in lines if len(line) > 250] == []
    contents = text_of(Email().render(issue_of(text), CONTEXT)).partition("\n\n\n")[2]
    assert [line for line in contents.splitlines() if len(line) > 78 and "://" not in line] == []


def test_the_name_of_a_paragraph_is_what_is_bold_in_front() -> None:
    (section,) = build_outline(issue_of(f"## News\n\n{SECTIONS['a paragraph']}"), "web").sections
    assert [(one.name, one.is_running_text) for one in section.items] == [
        ("Batched payments", True),
        ("Short one", False),
    ]
    (section,) = build_outline(issue_of(f"## News\n\n- {LONG.replace('*', '')}\n"), "web").sections
    assert section.items[0].name.startswith("Batched payments spread")
    assert len(section.items[0].name) <= 120


@pytest.mark.parametrize(
    ("head", "is_running_text"),
    [
        ("A headline", False),
        ("Is this a headline? Yes, a short one", False),
        ("A headline, with a sentence behind it. It goes on for longer than titles do.", True),
        ("[A long title, which an editor has made a link. It is a title still, isn't it](https://ex.org/1)", False),
        ("[A title](https://ex.org/1) with a few words behind it", False),
        ("[A title](https://ex.org/1): a sentence that is as long as one, and ends as all sentences do.", True),
        ("[标题](https://ex.org/1)：一句短话", False),
        ("[标题](https://ex.org/1)：一句长话，它说了很多很多的事情，所以不再是一个标题，而是一整段的文字。", True),
    ],
)
def test_what_is_running_text(head: str, is_running_text: bool) -> None:
    (section,) = build_outline(issue_of(f"## News\n\n- {head}\n"), "web").sections
    assert [one.is_running_text for one in section.items] == [is_running_text]


def test_heads_with_text_look_alike_within_a_section() -> None:
    long = "：一句长话，它说了很多很多的事情，所以不再是一个标题，而是一整段的文字。"
    text = f"- [甲](https://ex.org/1){long}\n- [乙](https://ex.org/2)：短\n- [丙](https://ex.org/3)\n"
    (section,) = build_outline(issue_of(f"## News\n\n{text}"), "web").sections
    assert [one.is_running_text for one in section.items] == [True, True, False]


@pytest.mark.parametrize("text", [LETTER, PROSE], ids=["letter", "prose"])
def test_an_issue_of_prose_counts_no_items(text: str) -> None:
    issue = issue_of(text)
    assert count_items(issue) == 0
    assert "2 items" not in page_of(text)
    assert "2 items" not in text_of(Email().render(issue, CONTEXT))
    assert "2 items" not in "".join(json.loads(part.body)["text"] for part in Telegram().render(issue, CONTEXT).parts)
    assert not re.search(r'<li class="l2">.*<span>2</span>', page_of(text))
    assert build_summary(issue).removeprefix("Dear readers, ").startswith("This week was calm")


def test_items_are_counted_beside_a_few_words() -> None:
    text = (
        f"{PARAGRAPH}\n\n## News\n\n- [One](https://ex.org/1)\n- [Two](https://ex.org/2)\n- [Three](https://ex.org/3)\n"
    )
    assert count_items(issue_of(text)) == 3


def test_an_issue_that_begins_with_a_paragraph_is_described_by_it() -> None:
    items = "".join(f"- [Item {n}](https://ex.org/{n})\n" for n in range(9))
    assert build_summary(issue_of(f"## Weather\n\n{PARAGRAPH}\n\n## News\n\n{items}")) == PARAGRAPH
    assert build_summary(issue_of(f"## News\n\n{items}")).startswith("Item 0; Item 1; ")


def test_a_letter_is_in_no_box() -> None:
    guide = "> In this issue: boats.\n\n## News\n\n- [One](https://ex.org/1)\n"
    assert '<div class="guide">' in page_of(guide)
    assert '<div class="guide">' not in page_of(LETTER)
    for text, is_boxed in ((guide, True), (LETTER, False)):
        made = WeChat().render(issue_of(text), CONTEXT).previews
        article = next(part for part in made if part.key.endswith("article.html")).body.decode()
        inner = re.findall(r"<section(?: lang=\"[^\"]*\")? style=\"([^\"]*)\">", article)[1:]
        assert any("background" in css for css in inner) is is_boxed


def test_real_newsletters_have_no_heading_of_a_paragraph(corpus: Path) -> None:
    count = 0
    for path in sorted(corpus.glob("newsletters/*/*")):
        issue = make_urls_absolute(make_publishable(parse_issue(decode(path.read_bytes()), path.name)), PAGE)
        page = Web().render(issue, CONTEXT).parts[0].body.decode()
        for markup in (page, json.loads(Rss().render(issue, CONTEXT).parts[0].body)["content_html"]):
            assert [heading for heading in headings(markup) if len(heading) > 200] == [], path.name
            count += len(headings(markup))
    assert count > 100

"""The contents of an issue: what a search looks through."""

from __future__ import annotations

import pytest

from publisher.contents import Contents, decode_contents, encode_contents, list_issue_contents
from publisher.newsletter import Newsletter
from publisher.outline import build_outline
from publisher.reader import parse_issue
from publisher.transforms import make_publishable

NEWSLETTER = Newsletter("慢刊", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:n")
TEXT = """\
# 慢刊 (2021-07-18)：题

- 缆车：停运三天
- 第二条：{long}

## 工具

- [Rust | 山野通讯](https://www.Example.net/rust)
- [自己](https://e.org/about)
- 没有链接的一条
摘要：有摘要。

## 工具

### 空

"""


def test_titles_sources_anchors_and_lines() -> None:
    issue = make_publishable(parse_issue(TEXT.format(long="字" * 200), "issues/2021-07-18.md"))
    contents = list_issue_contents(issue, NEWSLETTER)
    briefs, tools, *others = contents.sections
    assert others == []
    assert (contents.line, briefs.title, briefs.anchor, tools.line) == (1, "热身小新闻", "briefs", 6)
    assert [(item.anchor, item.line) for item in briefs.items] == [("briefs", 3), ("briefs", 4)]
    assert len(briefs.items[1].title) <= 120
    assert [item[:2] for item in tools.items] == [("Rust", "山野通讯"), ("自己", ""), ("没有链接的一条", "")]
    assert [item.line for item in tools.items] == [8, 9, 10]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# A (2021-07-18)\n\nText.\n", 1),
        ("---\ndate: 2021-07-18\n---\n\n# A\n\nText.\n", 5),
        ("---\ntitle: A\ndate: 2021-07-18\n---\n\nText.\n", 1),
        ("Text.\n", 1),
    ],
)
def test_the_line_of_the_title(text: str, line: int) -> None:
    issue = make_publishable(parse_issue(text, "issues/2021-07-18.md"))
    assert list_issue_contents(issue, NEWSLETTER).line == line


def test_anchors_are_those_of_the_page() -> None:
    text = "# 慢刊 (2021-07-18)：题\n\n## A b\n\n- [x](https://a.example/)\n\n## A b\n\n- [y](https://b.example/)\n"
    issue = make_publishable(parse_issue(text, "issues/2021-07-18.md"))
    listed = list_issue_contents(issue, NEWSLETTER).sections
    shown = build_outline(issue, "web").sections
    assert [section.anchor for section in listed] == [section.anchor for section in shown] == ["a-b", "a-b-2"]
    assert [[item.anchor for item in section.items] for section in listed] == [
        [item.id for item in section.items] for section in shown
    ]


def test_contents_survive_encoding_and_a_file_that_cannot_be_parsed_has_none() -> None:
    issue = make_publishable(parse_issue(TEXT, "issues/2021-07-18.md"))
    contents = list_issue_contents(issue, NEWSLETTER)
    assert decode_contents(encode_contents(contents)) == contents
    assert decode_contents(b"") == Contents("", 1, ())

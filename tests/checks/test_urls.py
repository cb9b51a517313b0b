"""Which URLs of an issue are checked."""

from __future__ import annotations

from msgspec.structs import replace

from publisher.checks.source import IssueSource, SourceText
from publisher.reader import parse_issue

TEXT = """\
# 慢刊 (2021-07-18)：题

## 新闻

- [条目](https://e.org/1)
摘要：[好](https://e.org/2)。
论文：https://e.org/3
"""


def test_urls_of_items_of_their_fields_and_of_the_text() -> None:
    issue = parse_issue(TEXT, "issues/2021-07-18.md")
    [section], [item] = issue.sections, issue.items
    fields = [replace(field, value=()) if field.url else field for field in item.fields]
    issue = replace(issue, sections=(replace(section, content=(replace(item, fields=tuple(fields)),)),))
    assert IssueSource(issue, SourceText(TEXT)).urls == {f"https://e.org/{number}" for number in (1, 2, 3)}

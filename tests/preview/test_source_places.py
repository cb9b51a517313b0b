"""Items and problems have the lines of the source, and a problem knows its item."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from publisher.preview.problems import ProblemFinder
from publisher.preview.view import list_items
from tests.preview.conftest import Client, Folder

Serve = Callable[[str], Client]

TEXT = """\
---
draft: true
---
# 潮汐观察 (2024-05-01)：题

> 导读：本期9条。

## 新闻

- [灯塔亮了 | 港务局](https://e.org/1)
摘要：亮了。

    1. 一盏
    2. 两盏

- [船回来了](https://e.org/2)(https://e.org/2)

## 论文

### [潮汐怎样计算](https://e.org/3)

正文。
"""


def test_items_end_where_the_next_begins(folder: Folder) -> None:
    preview = folder.preview().render(folder.write("issues/2024-05-01.md", TEXT))
    items = list_items(preview)
    assert [(item.title, item.line, item.end_line, item.url) for item in items] == [
        ("灯塔亮了", 10, 14, "https://e.org/1"),
        ("船回来了", 16, 16, "https://e.org/2"),
        ("潮汐怎样计算", 20, 22, "https://e.org/3"),
    ]
    lines = TEXT.splitlines()
    assert all(item.title in lines[item.line - 1] for item in items)


def test_lines_end_where_the_reader_ends_them(folder: Folder) -> None:
    """Not at each character that ends a line elsewhere, such as a form feed."""
    text = TEXT.replace("正文。", "正\f文。\u2028").replace("\n", "\r\n")
    items = list_items(folder.preview().render(folder.write("issues/2024-05-01.md", text)))
    assert [(item.line, item.end_line) for item in items] == [(10, 14), (16, 16), (20, 22)]


def test_problems_are_those_of_the_check(folder: Folder, publish: Callable[..., str]) -> None:
    path = folder.write("issues/2024-05-01.md", TEXT)
    previewer = folder.preview()
    preview = previewer.render(path)
    items = list_items(preview)
    found = [*ProblemFinder(folder.load()[0]).find(preview, previewer.records, items)]
    assert all(problem.file == path for problem in found)
    concise = publish("check", path, "--format", "concise", "--select", "double-url", folder=folder.root, code=1)
    (double,) = [problem for problem in found if problem.code == "double-url"]
    assert f"{path}:{double.line}:{double.column}" in concise
    assert (double.level, double.item) == ("error", items[1].id)
    assert TEXT.splitlines()[double.line - 1][double.column - 1 : double.end_column - 1] == "(https://e.org/2)"
    (count,) = [problem for problem in found if problem.code == "guide-count"]
    assert count.item == ""


def test_ignored_codes_are_not_shown(folder: Folder, serve: Serve) -> None:
    folder.write("publisher.toml", (folder.root / "publisher.toml").read_text() + '[checks]\nignore = ["double-url"]\n')
    codes = {p["code"] for p in serve(folder.write("issues/2024-05-01.md", TEXT)).state["problems"]}
    assert "double-url" not in codes


def test_issues_are_compared_with_the_others(folder: Folder, serve: Serve) -> None:
    """As soon as those are read."""
    copied = (folder.root / "issues" / "2024-02-29.md").read_text("utf-8").replace("2024-02-29", "2024-05-01")
    client = serve(folder.write("issues/2024-05-01.md", copied))
    state = client.wait(lambda state: not state["unread"])
    assert {"stale-copy"} <= {problem["code"] for problem in state["problems"]}
    client.post("/issue", {"path": "issues/2024-02-15.md"})
    state = client.wait(lambda state: state["issue"]["path"] == "issues/2024-02-15.md")
    assert "renamed" not in {problem["code"] for problem in state["problems"]}


def test_items_of_the_corpus_have_their_lines(folder: Folder, corpus: Path) -> None:
    files = [*sorted((corpus / "issues").glob("*.md")), *sorted((corpus / "newsletters").glob("*/*.m*"))]
    count = 0
    for number, file in enumerate(files, 1):
        text = file.read_text("utf-8")
        preview = folder.preview().render(folder.write(f"issues/2021-01-{number:02}.md", text))
        lines, items = text.splitlines(), list_items(preview)
        count += len(items)
        for item, following in zip(items, [*items[1:], None], strict=True):
            assert 0 < item.line <= item.end_line <= len(lines)
            assert following is None or item.end_line < following.line
            assert lines[item.line - 1].strip()
    assert count > 400

"""Labels of item lines, and the kind of field of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from publisher.reader.fields import find_field_kind, split_label

URL = "https://example.org/x"

KINDS = {
    "summary": ("摘要", "简评", "Summary"),
    "title": ("标题", "Title"),
    "paper": ("论文", "论文链接", "在线PDF", "会议论文地址", "Paper"),
    "code": ("代码", "代码2", "GitHub 项目", "Gitee", "仓库", "Code", "固件代码地址"),
    "project": ("项目", "主页", "浮标项目地址"),
    "link": ("链接", "地址"),
    "article": ("文章", "原文", "官方博客", "海工博客链接"),
    "docs": ("文档", "教程地址", "浮标开发文档"),
    "demo": ("在线演示", "演示地址", "Demo"),
    "video": ("视频", "B站", "回放"),
    "slides": ("PPT", "Slides"),
    "course": ("课程链接",),
    "people": ("作者",),
    "discussion": ("讨论",),
    "variant": ("船用版", "浮标 网页"),
}


@pytest.mark.parametrize(("kind", "label"), [(kind, one) for kind, labels in KINDS.items() for one in labels])
def test_a_label_tells_the_kind_of_an_address(kind: str, label: str) -> None:
    line = f"{label}：{URL}"
    assert split_label(line) == (label, len(label) + 1)
    assert find_field_kind(label, URL) == kind


@pytest.mark.parametrize("label", ["摘要", "标题", "论文", "代码", "作者"])
def test_a_usual_label_needs_no_address(label: str) -> None:
    assert find_field_kind(label, None) == find_field_kind(label, URL)


@pytest.mark.parametrize(
    ("line", "url"),
    [("海上有两种浪：涌浪和风浪", None), ("船用版：三月发布", None), (URL, None), ("见（图）：三", None)],
)
def test_any_other_line_is_prose(line: str, url: str | None) -> None:
    found = split_label(line)
    assert found is None or find_field_kind(found[0], url) is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [("https://github.com/tide/buoy", "code"), ("https://arxiv.org/abs/2103.01234", "paper"), (URL, "link")],
)
def test_under_an_unknown_label_the_address_tells(url: str, kind: str) -> None:
    assert find_field_kind("更多见", url) == kind


def test_the_labels_of_real_issues(corpus: Path) -> None:
    labels = json.loads((corpus / "cases.json").read_text("utf-8"))["labels"]
    untold = [one["label"] for one in labels if find_field_kind(one["label"], URL) != one["kind"]]
    assert len(labels) == 74
    assert len(untold) == 5  # they do not say what they lead to
    assert {find_field_kind(label, URL) for label in untold} == {"link"}

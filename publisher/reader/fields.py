"""Parses labelled lines of an item, such as `论文：https://…`. The label determines the kind of the field."""

from __future__ import annotations

from publisher import links
from publisher.model import Inlines, Link, plain
from publisher.patterns import lazy_pattern
from publisher.reader.bare_links import bare_url

_KINDS = {
    "summary": "摘要 简评 点评 推荐语 简介 summary abstract tldr tl;dr",
    "title": "标题 title",
    "paper": "论文 论文链接 论文地址 论文下载 pdf 在线pdf paper arxiv",
    "code": "代码 源码 代码1 代码2 代码地址 代码链接 开源代码 开源项目地址 开源地址 仓库 仓库地址 "
    "github地址 github项目 github项目链接 github链接 github github仓库 gitee code repo repository",
    "project": "项目 项目地址 项目主页 项目链接 主页 官网 网站 框架 project homepage website",
    "link": "链接 地址 网址 link url",
    "article": "文章 文章链接 原文 原文地址 原文链接 博客 官方博客 报道 article blog post",
    "docs": "文档 官方文档 文档地址 教程 教程地址 白皮书地址 白皮书 更多介绍 docs documentation",
    "demo": "demo 在线demo 网页demo 试玩demo 演示 演示地址 在线演示 在线体验 体验地址",
    "video": "视频 视频回放 回放 b站 b站视频 b站演示视频 演示视频 视频地址 video",
    "slides": "ppt slide slides 幻灯片",
    "course": "课程链接 课程地址 课程 course",
    "people": "作者 作者信息 author authors",
    "discussion": "讨论 专知译文见 译文 discussion comments",
}
_KINDS_BY_LABEL = {label: kind for kind, labels in _KINDS.items() for label in labels.split()}
_KINDS_BY_ENDING = (
    ("演示视频", "video"),
    ("开源项目地址", "code"),
    ("代码地址", "code"),
    ("项目地址", "project"),
    ("项目链接", "project"),
    ("论文地址", "paper"),
    ("论文链接", "paper"),
    ("结果地址", "docs"),
    ("报告下载", "docs"),
    ("文档", "docs"),
    ("博客链接", "article"),
    ("课程链接", "course"),
    ("课程地址", "course"),
    ("版", "variant"),
    ("网页", "variant"),
)
_LABEL = lazy_pattern(
    r"(?:[-*]\s+)?([^\s:：，。；！？,;!?\[\]()（）【】「」<>`*|{][^:：，。；！？;!?\[\]()（）【】「」<>`*|]{0,23}?)\s*[:：]\s*"
)
_BARE_SUMMARY = lazy_pattern(r"(摘要|简评)\s*(?=\S)")


def split_label(text: str) -> tuple[str, int] | None:
    """Return the label at the start of a line and the index where its value starts; None without a label.

    The scheme of a URL (`https://…`) is not a label.
    """
    match = _LABEL.match(text)
    if match and not text.startswith("//", match.end()):
        return match.group(1), match.end()
    match = _BARE_SUMMARY.match(text)
    return (match.group(1), match.end()) if match else None


def find_field_kind(label: str, url: str | None) -> str | None:
    """Return the kind of field for a label; None if the line is prose.

    A known label makes any value a field; another label does so only if the value is a URL.
    """
    key = label.replace(" ", "").lower()
    if key in _KINDS_BY_LABEL:
        return _KINDS_BY_LABEL[key]
    if not url:
        return None
    by_ending = next((kind for ending, kind in _KINDS_BY_ENDING if key.endswith(ending)), None)
    by_class = {links.REPOSITORY: "code", links.ARXIV: "paper"}.get(links.classify_link(url), "link")
    return by_ending or by_class


def parse_only_url(text: str) -> str:
    """Return the URL if the text is nothing else, apart from closing punctuation after it; else empty."""
    text = text.strip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    url = bare_url(text)
    return url if url and not text[len(url) :].strip(" 。，；;.,") else ""


def find_only_link_url(value: Inlines) -> str | None:
    """Return the URL of a value that is one link and nothing else; None otherwise."""
    urls = [node.url for node in value if isinstance(node, Link)]
    if len(urls) != 1:
        return None
    rest = plain(tuple([node for node in value if not isinstance(node, Link)]))
    return urls[0] if not rest.strip(" 。，；;.,") else None

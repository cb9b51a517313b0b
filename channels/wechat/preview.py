"""The preview page: the article as a phone shows it, light and dark, with buttons that copy what WeChat's
editor asks for, and beside it what became of every link."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.channel import Context
from publisher.channels.wechat import limits, style
from publisher.channels.wechat.article import Article
from publisher.channels.wechat.meta import Meta

_CHINESE = {
    "above": "前后已写明",
    "author": "作者",
    "brackets": "括号内写明",
    "characters": "字符",
    "clickable": "可点击",
    "content_source_url": "阅读原文",
    "copied": "已复制",
    "copy": "复制",
    "copy_article": "复制正文",
    "dark": "深色",
    "digest": "摘要",
    "line": "单独成行",
    "link": "可点击",
    "links": "链接",
    "name": "仓库名",
    "number": "文末编号",
    "preview": "公众号预览",
    "shown": "原文即地址",
    "title": "标题",
    "warnings": "留意",
}
_ENGLISH = {
    "above": "written nearby",
    "author": "Author",
    "brackets": "in brackets",
    "characters": "characters",
    "clickable": "clickable",
    "content_source_url": "Read more",
    "copied": "Copied",
    "copy": "Copy",
    "copy_article": "Copy article",
    "dark": "Dark",
    "digest": "Digest",
    "line": "on its own line",
    "link": "clickable",
    "links": "Links",
    "name": "repository name",
    "number": "numbered",
    "preview": "WeChat preview",
    "shown": "text is the address",
    "title": "Title",
    "warnings": "Take a look",
}


def preview(article: Article, meta: Meta, warnings: Sequence[str], context: Context) -> str:
    """The page, whole in one file; needs `context.entry`."""
    publication, entry = context.publication, context.entry
    w = _CHINESE if publication.lang.lower().startswith("zh") else _ENGLISH
    links = [(w[use.form], use.text, use.url, use.clickable) for use in article.uses]
    return context.templates.render(
        "wechat-preview.html",
        publication=publication,
        w=w,
        entry=entry,
        meta=meta,
        article=article,
        links=links,
        clickable=sum(opens for *_, opens in links),
        characters=limits.size(article.html),
        limit=limits.CONTENT,
        warnings=warnings,
        dark=style.IN_THE_DARK,
    )

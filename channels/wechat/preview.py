"""The preview page and the facts in meta.json.

The page shows the article as on a phone, in light and dark mode, with buttons that copy the fields of
WeChat's web editor, and a list of all links and their forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from msgspec.structs import asdict

from publisher.channel import Context
from publisher.channels.wechat import settings, themes
from publisher.channels.wechat.article import Article
from publisher.channels.wechat.links import is_clickable_url
from publisher.channels.wechat.meta import ArticleMeta
from publisher.links import WECHAT_TEMPORARY, classify_link
from publisher.localized import get_language_code
from publisher.named_tuple import NamedTuple

_CHINESE_LABELS = {
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
    "excess": "超出上限",
    "line": "单独成行",
    "link": "可点击",
    "links": "链接",
    "number": "文末编号",
    "preview": "公众号预览",
    "shown": "原文即地址",
    "title": "标题",
    "warnings": "留意",
}
_ENGLISH_LABELS = {
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
    "excess": "Over the limit",
    "line": "on its own line",
    "link": "clickable",
    "links": "Links",
    "number": "numbered",
    "preview": "WeChat preview",
    "shown": "text is the address",
    "title": "Title",
    "warnings": "Take a look",
}


def render_article_preview(
    article: Article, meta: ArticleMeta, warnings: Sequence[ArticleWarning], context: Context
) -> str:
    """Return the preview page, a single HTML file; `context.entry` is required."""
    newsletter, entry = context.newsletter, context.entry
    is_chinese = get_language_code(newsletter.lang) == "zh"
    labels = _CHINESE_LABELS if is_chinese else _ENGLISH_LABELS
    links = [(labels[use.form], use.text, use.url, use.clickable) for use in article.link_uses]
    return context.templates.render(
        "wechat-preview.html",
        newsletter=newsletter,
        w=labels,
        entry=entry,
        meta=meta,
        article=article,
        links=links,
        clickable=sum(clickable for *_, clickable in links),
        characters=article.size.characters,
        limit=settings.CONTENT_LIMIT,
        excess=article.size.excess,
        warnings=[one.chinese if is_chinese else one.english for one in warnings],
        dark=themes.DARK_MODE_STYLES,
    )


# image URLs at WeChat
_WECHAT_IMAGE_PREFIXES = ("https://mmbiz.qpic.cn/", "http://mmbiz.qpic.cn/")
_LONG_URL_LENGTH = 100
_SHORT_URL_LENGTH = len("https://mp.weixin.qq.com/s/") + 22


def collect_facts(article: Article, meta: ArticleMeta) -> dict[str, object]:
    """Return the content of meta.json: the fields of the draft, sizes, links and image URLs."""
    markup_sizes = [item.markup for item in article.item_sizes]
    return {
        **asdict(meta),
        "characters": article.size.characters,
        "limit": settings.CONTENT_LIMIT,
        "bytes": article.size.bytes,
        "left_out": list(article.left_out),
        "markup_per_item": round(sum(markup_sizes) / len(markup_sizes)) if markup_sizes else 0,
        "links": [
            {
                "text": use.text,
                "url": use.url,
                "class": classify_link(use.url),
                "form": use.form,
                "clickable": use.clickable,
            }
            for use in article.link_uses
        ],
        "pictures": list(article.image_urls),
    }


class ArticleWarning(NamedTuple):
    """A warning for the editor: in English, as all that the program says, and in Chinese, for the preview page."""

    english: str
    chinese: str


def find_warnings(article: Article, meta: ArticleMeta, page_url: str) -> Iterator[ArticleWarning]:
    """Yield warnings about an article; `page_url` is the URL of the issue's page."""
    limit, longest = settings.CONTENT_LIMIT, settings.MAX_AUTHOR_LENGTH
    if article.left_out and not article.size.excess:
        ornaments = ", ".join(article.left_out)
        yield ArticleWarning(
            f"to stay below {limit:,} characters, the article does without {ornaments}",
            f"为不超过 {limit:,} 字符，正文省去了 {len(article.left_out)} 项装饰",
        )
    if not meta.author:
        yield ArticleWarning(
            f"the author's name has more than {longest} characters, so it is left out: set author in [channels.wechat]",
            f"作者名超过 {longest} 个字，因此省略：请在 [channels.wechat] 设置 author",
        )
    if not meta.content_source_url:
        size = settings.MAX_SOURCE_URL_BYTES
        required = f"an https address of at most {size} characters"
        yield ArticleWarning(
            f"阅读原文 leads nowhere: WeChat wants {required}, and the issue's page is {page_url}",
            f"“阅读原文”没有链接：微信要求不超过 {size} 个字符的 https 地址，本期网页是 {page_url}",
        )
    expiring = [use.text for use in article.link_uses if classify_link(use.url) == WECHAT_TEMPORARY]
    if expiring:
        names = _format_names(expiring)
        yield ArticleWarning(
            f"temporary addresses, which expire, to be replaced: {names}", f"临时链接会失效，请替换：{names}"
        )
    external = [url for url in article.image_urls if not url.startswith(_WECHAT_IMAGE_PREFIXES)]
    if external:
        names = _format_names(external)
        yield ArticleWarning(
            f"pictures to be uploaded to WeChat, which shows no others: {names}",
            f"微信只显示自己的图片，需要上传：{names}",
        )


def build_length_warning(article: Article, other_length: int, other_links: str) -> ArticleWarning:
    """Return a warning that says by how much an article is too long, and how to shorten it.

    With links = `other_links` it would have `other_length` characters.
    """
    length, excess = article.size.characters, article.size.excess
    english = [f"the article has {length:,} characters, {excess:,} too many for WeChat"]
    chinese = [f"正文有 {length:,} 字符，超出微信上限 {excess:,}"]
    if other_length < length:
        english.append(f'links = "{other_links}" would make it {other_length:,}')
        chinese.append(f'改用 links = "{other_links}" 则为 {other_length:,}')
    long_urls = [use.url for use in article.link_uses if is_clickable_url(use.url) and len(use.url) > _LONG_URL_LENGTH]
    if long_urls:
        saved = sum(len(escape(url)) - _SHORT_URL_LENGTH for url in long_urls)
        english.append(f"{len(long_urls)} long WeChat addresses have short ones too, which would save {saved:,}")
        chinese.append(f"{len(long_urls)} 个公众号长链接改用短链接，可省 {saved:,}")
    largest = sorted(article.item_sizes, key=lambda item: -item.characters)[:3]
    if largest:
        items = [f"{item.title} ({item.characters:,})" for item in largest]
        english.append(f"the longest items are {', '.join(items)}")
        chinese.append(f"最长的条目：{'、'.join(items)}")
    return ArticleWarning("; ".join(english), "；".join(chinese))


def _format_names(names: list[str]) -> str:
    """Return the number of names and the first three."""
    return f"{len(names)} ({'、'.join(names[:3])}{' …' if len(names) > 3 else ''})"

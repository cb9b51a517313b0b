"""The panes of the preview: what each channel made of the issue, as its subscribers see it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from publisher.channel import Part, Rendering
from publisher.errors import PublisherError
from publisher.newsletter import Newsletter
from publisher.preview import frames
from publisher.reuse import reuse_results

_PHONE, _DESKTOP = 390, 1120
_WECHAT_PHONE = 375
"""Widths of windows in CSS pixels: of a phone, of a desktop, and of the phone that WeChat articles are made for."""


class Pane(Struct, frozen=True, dict=True):
    """A pane: `document` is shown in a frame that is `width` pixels wide (0: as wide as its text). `scheme` is light or
    dark, "" if it follows the page. `part` is the key of the part it shows, `messages` are those of messages. `channel`
    has rendered it: before, if it is waited for (`is_pending`), or cannot render the issue as it is now (`fault`).
    """

    name: str
    label: str
    kind: str
    document: bytes
    part: str = ""
    title: str = ""
    width: int = 0
    scheme: str = ""
    messages: tuple[str, ...] = ()
    channel: str = ""
    is_pending: bool = False
    fault: str = ""

    @cached_property
    def digest(self) -> str:
        """A digest of the document."""
        return _compute_digest(self.document)

    @property
    def url(self) -> str:
        """Where the document is served: another one is at another URL."""
        return f"/pane/{self.kind}/{self.digest}"

    def to_state(self) -> dict[str, object]:
        """Return the pane as the page needs it."""
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "title": self.title,
            "width": self.width,
            "scheme": self.scheme,
            "channel": self.channel,
            "digest": self.digest,
            "url": self.url,
            "part": _build_part_url(self.part),
            "messages": [*map(_build_part_url, self.messages)],
            "pending": self.is_pending,
            "fault": self.fault,
        }


@reuse_results
def _compute_digest(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()[:32]


def _build_part_url(key: str) -> str:
    return key and f"/part/{quote(key)}"


_ORDER = ("wechat", "telegram", "email", "rss", "web")


def order_channels(names: Iterable[str]) -> list[str]:
    """Return the names of channels in the order of their panes, those of other packages last."""
    present = dict.fromkeys(names)
    return [*filter(present.__contains__, _ORDER), *(name for name in present if name not in _ORDER)]


def build_panes(
    renderings: Mapping[str, Rendering | PublisherError],
    newsletter: Newsletter,
    waiting: Iterable[str] = (),
    last: Sequence[Pane] = (),
) -> Iterator[Pane]:
    """Yield the panes of all channels. Those that could not render the issue, and those that are waited for, keep what
    they have among the `last` panes."""
    for name in order_channels((*renderings, *waiting)):
        rendering = renderings.get(name)
        if isinstance(rendering, Rendering):
            yield from (replace(pane, channel=name) for pane in _show_rendering(name, rendering, newsletter.lang))
            continue
        fault = rendering.message if rendering else ""
        kept = (pane for pane in last if pane.channel == name)
        yield from (replace(pane, is_pending=rendering is None, fault=fault) for pane in kept)


def _show_rendering(name: str, rendering: Rendering, lang: str) -> Iterator[Pane]:
    match name:
        case "wechat":
            yield from _show_article(rendering, lang)
        case "telegram":
            yield from _show_messages(rendering)
        case "email":
            yield from _show_mail(rendering, lang)
        case "rss":
            yield from _show_entry(rendering, lang)
        case "web":
            yield from _show_page(rendering)
        case _:
            yield from _show_other(name, rendering, lang)


def _show_page(rendering: Rendering) -> Iterator[Pane]:
    page = rendering.parts[0]
    yield Pane("web-phone", "Web, phone", "web", page.body, page.key, width=_PHONE)
    yield Pane("web-desk", "Web, desktop", "web", page.body, page.key, width=_DESKTOP)


def _show_entry(rendering: Rendering, lang: str) -> Iterator[Pane]:
    entry = rendering.parts[0]
    document, title = frames.frame_entry(entry.body.splitlines()[0], lang)
    yield Pane("feed", "Feed", "feed", document, entry.key, title)


def _show_article(rendering: Rendering, lang: str) -> Iterator[Pane]:
    article, meta = _find_part(rendering, "article.html"), _find_part(rendering, "meta.json")
    title = str(json.loads(meta.body)["title"])
    for scheme, name, label in (("light", "wechat", "WeChat"), ("dark", "wechat-dark", "WeChat, dark")):
        document = frames.frame_article(article.body, lang, title, is_dark=scheme == "dark")
        yield Pane(name, label, "wechat", document, article.key, title, _WECHAT_PHONE, scheme)


def _show_messages(rendering: Rendering) -> Iterator[Pane]:
    chat = _find_part(rendering, "preview.html")
    messages = tuple(part.key for part in rendering.previews if part != chat)
    yield Pane("telegram", "Telegram", "telegram", chat.body, chat.key, width=_PHONE, messages=messages)


def _show_mail(rendering: Rendering, lang: str) -> Iterator[Pane]:
    message = rendering.parts[0]
    text, subject = frames.read_mail(message.body)
    yield Pane("mail", "Mail", "mail", frames.frame_mail(text, lang, subject), message.key, subject)


def _show_other(name: str, rendering: Rendering, lang: str) -> Iterator[Pane]:
    """Show what a channel of another package made: its previews, or else its parts."""
    for number, part in enumerate(rendering.previews or rendering.parts, 1):
        is_page = part.media_type.startswith("text/html") and part.body.lstrip()[:9].lower() == b"<!doctype"
        document = part.body if is_page else frames.frame_text(part.body.decode("utf-8", "replace"), lang, name)
        kind = "web" if is_page else "mail"
        yield Pane(f"{name}-{number}", f"{name} {number}", kind, document, part.key)


def _find_part(rendering: Rendering, name: str) -> Part:
    return next(part for part in (*rendering.previews, *rendering.parts) if part.key.endswith(f"/{name}"))

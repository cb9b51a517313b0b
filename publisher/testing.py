"""The contract of every channel, for the tests of channel authors.

    from publisher.testing import check_channel

    def test_contract():
        check_channel(MyChannel())

Raises AssertionError with a message that says what is wrong.
"""

from __future__ import annotations

import datetime as dt
import html
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn
from unittest import mock

from publisher.channel import Channel, Context, Entry, Part, Rendering
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.theme import Theme
from publisher.transforms import build_display_title, build_summary, make_publishable, make_urls_absolute

PUBLICATION = Newsletter(
    "试刊", "https://example.org/try/{date}/", "https://example.org/try/", "tag:example.org,2021:try"
)

SAMPLE = """# 试刊 (2021-07-18)：契约/边界

> 导读：本期4条。【新闻】一条普通的消息；【论文】一篇带公式的论文。

- 热身：`a < b` 与 **粗体（注）** 相邻；

## 新闻

- [普通的一条 | 来源](https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv)
摘要：文中有[链接](https://news.example.com/a?b=1&c=2)，也有 https://bare.example.com/路。
- [标题里有 Vec<T> & "引号"](https://example.com/x_(1))

## 论文

- [CVPR2021] [2104.13400] [一篇论文 | 甲、乙](https://arxiv.org/abs/2104.13400)
代码：https://github.com/owner/name
摘要：公式 $x_i$ 与 emoji 🙂。
    1. 第一点；
    2. 第二点。

| 甲 | 乙 |
|---|---|
| 1 | 2 | 3 |

```python
if a < b:
    print("]]>")
```

- 没有链接的一条
"""


def build_sample() -> tuple[Issue, Context]:
    """Return a sample issue, as the pipeline passes it to channels, and its context."""
    issue = make_publishable(parse_issue(SAMPLE, "2021-07-18.md"))
    date = dt.date(2021, 7, 18)
    url = PUBLICATION.issue_url(issue.id, date)
    published = dt.datetime(2021, 7, 18, 9, 45, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    entry = Entry(
        f"{PUBLICATION.id}/{issue.id}",
        date,
        build_display_title(issue, PUBLICATION),
        build_summary(issue),
        url,
        published,
        published,
        items=4,
        revision="1",
    )
    feeds = {"rss": "https://example.org/try/feed.xml"}
    return make_urls_absolute(issue, url), Context(PUBLICATION, Theme.load(None), entry=entry, feeds=feeds)


def check_channel(channel: Channel, text: Callable[[Part], str] | None = None) -> Rendering:
    """Check a channel against the contract; return its rendering of the sample issue.

    Rendering twice gives equal parts; it opens no file and no socket and reads no clock; keys of parts and
    previews are unique; each has a media type and a body; the URL of every item is in some part; and every
    limit in `limits` (a mapping of report keys to numbers) is reported and not exceeded. `text` extracts the
    text of a part in which URLs are searched, for formats this module does not know.
    """
    assert isinstance(channel, Channel), f"{type(channel).__name__} lacks name, render or session"
    issue, context = build_sample()
    first = channel.render(issue, context)  # the first call imports modules, which opens files
    with _sandbox():
        second = channel.render(issue, context)
    assert first.parts, f"{channel.name} renders no part"
    assert first == second, f"{channel.name} renders the same issue differently the second time"
    files = (*first.parts, *first.previews)
    keys = [part.key for part in files]
    assert len(keys) == len(set(keys)), f"{channel.name} uses the same key twice: {sorted(keys)}"
    for part in files:
        assert part.key, f"{channel.name} renders a part without a key"
        assert "/" in part.media_type, f"{part.key} has no media type"
        assert part.body, f"{part.key} is empty"
    all_text = "\n".join((text or extract_text)(part) for part in first.parts)
    for item in issue.items:
        assert item.url is None or item.url in all_text, f"{channel.name} loses the URL {item.url}"
    limits: Mapping[str, int] = getattr(channel, "limits", {})
    for name, limit in limits.items():
        count = first.report.get(name)
        assert isinstance(count, int), f"{channel.name} has a limit for {name} but does not report it"
        assert count <= limit, f"{channel.name}: {name} is {count}, above the limit of {limit}"
    return first


def extract_text(part: Part) -> str:
    """Return the unescaped text of a part in HTML, XML, JSON, an email message or plain text."""
    media_type = part.media_type.partition(";")[0].strip()
    if media_type == "message/rfc822":
        import email
        import email.policy

        message = email.message_from_bytes(part.body, policy=email.policy.default)
        return "\n".join(
            str(section.get_content())
            for section in message.walk()
            if section.get_content_maintype() == "text"
        )
    decoded = part.body.decode("utf-8")
    if media_type.endswith("json"):
        values = (
            [json.loads(line) for line in decoded.splitlines()] if "\n{" in decoded else [json.loads(decoded)]
        )
        decoded = json.dumps(values, ensure_ascii=False).replace('\\"', '"')
    return html.unescape(decoded)


_FORBIDDEN = {
    "open": "opens a file",
    "socket.__new__": "opens a socket",
    "subprocess.Popen": "starts a program",
}
_CLOCKS = ("time", "time_ns", "localtime", "gmtime", "monotonic", "perf_counter")
_sandboxed_thread = 0
"""The thread that renders. Other threads, such as the servers of tests, are not restricted."""


def _audit(event: str, _: object) -> None:
    if event in _FORBIDDEN and threading.get_ident() == _sandboxed_thread:
        raise AssertionError(f"render {_FORBIDDEN[event]}")


@contextmanager
def _sandbox() -> Iterator[None]:
    """Forbid files, sockets and clocks inside the `with` block."""
    global _sandboxed_thread
    if _audit not in _installed_hooks:
        sys.addaudithook(_audit)  # it cannot be removed, and does nothing outside of this block
        _installed_hooks.append(_audit)
    with ExitStack() as stack:
        for name in _CLOCKS:
            stack.enter_context(mock.patch.object(time, name, _forbid_in_sandbox(getattr(time, name))))
        for real, fake in ((dt.datetime, _ForbiddenDatetime), (dt.date, _ForbiddenDate)):
            stack.enter_context(mock.patch.object(dt, real.__name__, fake))
        _sandboxed_thread = threading.get_ident()
        try:
            yield
        finally:
            _sandboxed_thread = 0


_installed_hooks: list[object] = []


def _forbid_clock() -> NoReturn:
    raise AssertionError("render reads the clock")


def _forbid_in_sandbox(clock: Callable[..., Any]) -> Callable[..., Any]:
    """Return a clock that raises in the thread that renders."""

    def read(*arguments: Any) -> Any:
        if threading.get_ident() == _sandboxed_thread:
            _forbid_clock()
        return clock(*arguments)

    return read


class _RealInstancesMeta(type):
    """Makes real datetimes and dates instances of the classes that replace them."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _ForbiddenDatetime(dt.datetime, metaclass=_RealInstancesMeta):
    """A datetime that raises when asked for the current time."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:  # noqa: ARG003
        _forbid_clock()

    @classmethod
    def utcnow(cls) -> Any:
        _forbid_clock()

    @classmethod
    def today(cls) -> Any:
        _forbid_clock()


class _ForbiddenDate(dt.date, metaclass=_RealInstancesMeta):
    """A date that raises when asked for the current day."""

    @classmethod
    def today(cls) -> Any:
        _forbid_clock()

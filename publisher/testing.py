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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from inspect import signature
from typing import Any, NoReturn
from unittest import mock

from publisher.channel import (
    ArchiveChannel,
    Capabilities,
    Channel,
    Context,
    Entry,
    MessageChannel,
    Part,
    Rendering,
    Session,
)
from publisher.contents import encode_contents, list_issue_contents
from publisher.derived_texts import build_display_title, build_summary
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.subscription import SubscriberAddress
from publisher.theme import Theme
from publisher.transforms import make_publishable, make_urls_absolute

PUBLICATION = Newsletter(
    "试刊", "https://example.org/try/{date}/", "https://example.org/try/", "tag:example.org,2021:try"
)

PUBLISHED = dt.datetime(2021, 7, 18, 9, 45, tzinfo=dt.timezone(dt.timedelta(hours=8)))

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
    entry = Entry(
        f"{PUBLICATION.id}/{issue.id}",
        date,
        build_display_title(issue, PUBLICATION),
        build_summary(issue),
        url,
        PUBLISHED,
        PUBLISHED,
        items=4,
        revision="1",
    )
    feeds = {"rss": "https://example.org/try/feed.xml"}
    return make_urls_absolute(issue, url), Context(PUBLICATION, Theme.load(None), entry=entry, feeds=feeds)


def check_channel(channel: Channel, text: Callable[[Part], str] | None = None) -> Rendering:
    """Check a channel against the contract; return its rendering of the sample issue.

    Rendering twice gives equal parts; it opens no file and no socket and reads no clock; keys of parts and
    previews are unique; each has a media type and a body; the URL of every item is in some part; every limit
    of its capabilities is reported and not exceeded; and it does what its other capabilities say, as far as
    that can be seen without sending. Its session is checked, too, but not opened; set up the channel to send
    for that. `text` extracts the text of a part in which URLs are searched, for formats this module does
    not know.
    """
    assert isinstance(channel, Channel), f"{type(channel).__name__} is not a subclass of Channel"
    assert channel.__struct_config__.frozen, f"{type(channel).__name__} is not frozen"
    issue, context = build_sample()
    first = _render_twice(channel, "issue", lambda: channel.render(issue, context))
    all_text = "\n".join((text or extract_text)(part) for part in first.parts)
    for item in issue.items:
        assert item.url is None or item.url in all_text, f"{channel.name} loses the URL {item.url}"
    for name, limit in channel.capabilities.limits.items():
        count = first.report.get(name)
        assert isinstance(count, int), f"{channel.name} has a limit for {name} but does not report it"
        assert count <= limit, f"{channel.name}: {name} is {count}, above the limit of {limit}"
    can = channel.capabilities
    _check_methods(channel, Channel, build_ping=can.can_ping)
    if isinstance(channel, ArchiveChannel):
        _check_archive(channel, first, context)
    else:
        assert not can.caches_entries, f"{channel.name} caches entries, but is no ArchiveChannel"
        assert not can.lists_contents, f"{channel.name} lists contents, but is no ArchiveChannel"
        assert not can.names_cards, f"{channel.name} names cards, but is no ArchiveChannel"
    if isinstance(channel, MessageChannel):
        _check_messages(channel, first, context)
    else:
        others = Capabilities(
            limits=can.limits,
            templates=can.templates,
            caches_entries=can.caches_entries,
            names_cards=can.names_cards,
            links_neighbours=can.links_neighbours,
            lists_contents=can.lists_contents,
            can_ping=can.can_ping,
        )
        assert (can, channel.destination) == (others, ""), f"{channel.name} sends, but is no MessageChannel"
    session = channel.session()
    assert isinstance(session, Session), f"the session of {channel.name} is not a subclass of Session"
    _check_methods(session, Session, deliver=True)
    arguments: list[object] = [first.parts[0], channel.destination, PUBLISHED]
    if isinstance(channel, MessageChannel) and channel.subscribers_of:
        arguments.append(SubscriberAddress("lin@example.org", "Lin", "tag", "tag-1"))
    try:
        signature(session.deliver).bind(*arguments)
    except TypeError as error:
        message = f"{type(session).__name__}: deliver takes other arguments than Session.deliver: {error}"
        raise AssertionError(message) from None
    return first


def _render_twice(channel: Channel, what: str, render: Callable[[], Rendering]) -> Rendering:
    """Render, and again in the sandbox; return the rendering, whose parts are well-formed."""
    first = render()  # the first call imports modules, which opens files
    assert isinstance(first, Rendering), f"{channel.name} renders no Rendering, but {type(first).__name__}"
    with _sandbox():
        second = render()
    assert first.parts, f"{channel.name} renders no part"
    assert first == second, f"{channel.name} renders the same {what} differently the second time"
    files = (*first.parts, *first.previews)
    keys = [part.key for part in files]
    assert len(keys) == len(set(keys)), f"{channel.name} uses the same key twice: {sorted(keys)}"
    for part in files:
        assert part.key, f"{channel.name} renders a part without a key"
        assert "/" in part.media_type, f"{part.key} has no media type"
        assert part.body, f"{part.key} is empty"
        assert isinstance(part.body, bytes), f"the body of {part.key} is not bytes"
    return first


def _check_archive(channel: ArchiveChannel, rendering: Rendering, context: Context) -> None:
    can = channel.capabilities
    contents = encode_contents(list_issue_contents(build_sample()[0], PUBLICATION))

    def body(_: Entry) -> bytes:
        assert can.caches_entries or can.lists_contents, f"{channel.name} calls `body` without caches_entries"
        return contents if can.lists_contents else rendering.parts[0].body

    def build() -> list[tuple[str, str, tuple[Part, ...]]]:
        entries = [context.entry] if context.entry else []
        groups = channel.render_archive(entries, body, context)
        return [(group.key, group.digest, tuple(group.parts())) for group in groups]

    first = build()
    with _sandbox():
        second = build()
    assert first == second, f"{channel.name} renders the same archive differently the second time"
    keys = [key for key, *_ in first]
    assert len(keys) == len(set(keys)), f"{channel.name} uses the same group twice: {sorted(keys)}"


def _check_messages(channel: MessageChannel, rendering: Rendering, context: Context) -> None:
    can = channel.capabilities
    assert can.timeout > 0, f"{channel.name} has no time to deliver: its timeout is {can.timeout}"
    policy = channel.on_unknown
    assert policy in ("ask", "resend", "skip"), f"{channel.name}: on_unknown cannot be {policy!r}"
    number = channel.concurrency
    possible = number == 1 if can.ordered else number >= 1
    assert possible, f"{channel.name}: its concurrency cannot be {number}"
    _check_methods(channel, MessageChannel, render_notice=can.can_send_notices)
    if can.can_send_notices and context.entry:
        parts = rendering.parts
        _render_twice(channel, "notice", lambda: channel.render_notice("一行\n两行", parts, context))
    if channel.destination:
        has_recipients = bool(channel.subscribers_of) or any(channel.recipients())
        assert has_recipients, f"{channel.name} has a destination but no recipient"
        changed_at = channel.recipients_changed_at
        is_aware = changed_at is None or changed_at.utcoffset() is not None
        assert is_aware, f"{channel.name}: recipients_changed_at has no time zone"
        session = channel.session()
        assert isinstance(session, Session), f"the session of {channel.name} is not a subclass of Session"
        _check_methods(session, Session, edit=can.can_edit, delete=can.can_edit, probe=can.can_probe)


def _check_methods(owner: Channel | Session, base: type, **promised: bool) -> None:
    for name, wanted in promised.items():
        is_there = getattr(type(owner), name) is not getattr(base, name)
        problem = "is missing, but promised by a capability" if wanted else "is there, but in no capability"
        assert is_there == wanted, f"{type(owner).__name__}: the method {name} {problem}"


def extract_text(part: Part) -> str:
    """Return the unescaped text of a part in HTML, XML, JSON, an email message or plain text."""
    media_type = part.media_type.partition(";")[0].strip()
    if media_type == "message/rfc822":
        import email
        import email.policy

        message = email.message_from_bytes(part.body, policy=email.policy.default)
        return "\n".join(
            str(section.get_content()) for section in message.walk() if section.get_content_maintype() == "text"
        )
    decoded = part.body.decode("utf-8")
    if media_type.endswith("json"):
        values = [json.loads(line) for line in decoded.splitlines()] if "\n{" in decoded else [json.loads(decoded)]
        decoded = json.dumps(values, ensure_ascii=False).replace('\\"', '"')
    return html.unescape(decoded)


_FORBIDDEN = {"open": "opens a file", "socket.__new__": "opens a socket", "subprocess.Popen": "starts a program"}
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
    def now(cls, tz: dt.tzinfo | None = None) -> Any:  # noqa: ARG003 - as the method it replaces
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

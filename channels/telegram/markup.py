"""Runs as Telegram's HTML: https://core.telegram.org/bots/api#html-style

A message is sent as text and entities; this is the same message for people, and for tools that send with
`parse_mode` HTML.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby
from operator import attrgetter

from publisher.channels.telegram.entities import Run, Runs

QUOTE, QUOTE_END = "<blockquote expandable>", "</blockquote>"


def html(runs: Runs) -> str:
    """The markup of the runs."""
    made = []
    for quoted, stretch in groupby(runs, attrgetter("quote")):
        inside = "".join([_link(url, linked) for url, linked in groupby(stretch, attrgetter("url"))])
        made.append(f"{QUOTE}{inside}{QUOTE_END}" if quoted else inside)
    return "".join(made)


def _link(url: str, runs: Iterable[Run]) -> str:
    inside = "".join(map(_styled, runs))
    return f'<a href="{escape(url)}">{inside}</a>' if url else inside


def _styled(run: Run) -> str:
    text = escape(run.text, quote=False)
    match run.style:
        case "bold":
            return f"<b>{text}</b>"
        case "italic":
            return f"<i>{text}</i>"
        case "code":
            return f"<code>{text}</code>"
        case "pre" if run.language:
            return f'<pre><code class="language-{escape(run.language)}">{text}</code></pre>'
        case "pre":
            return f"<pre>{text}</pre>"
        case _:
            return text

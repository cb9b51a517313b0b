"""Runs as Telegram's HTML: https://core.telegram.org/bots/api#html-style

A message is sent as text and entities; this is the same message for people, and for tools that send with
`parse_mode` HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from itertools import groupby

from publisher.channels.telegram.runs import Run, Runs


def html(runs: Runs, quote: Callable[[str], str] = "<blockquote expandable>{}</blockquote>".format) -> str:
    """The markup of the runs; `quote` puts the inside of a quote into its tags."""
    made = []
    for quoted, stretch in groupby(runs, key=lambda run: run.quote):
        inside = "".join(_link(url, linked) for url, linked in groupby(stretch, key=lambda run: run.url))
        made.append(quote(inside) if quoted else inside)
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

"""No channel makes a link or an image of a URL whose scheme is not for reading; the text stays."""

from __future__ import annotations

import json

import pytest

from publisher.channels.rss import Rss
from publisher.reader import parse_issue
from publisher.transforms import make_publishable, make_urls_absolute
from tests.promises.test_every_link import CHANNELS, CONTEXT, PAGE

SCHEMES = ("tg", "weixin", "javascript", "data", "file", "intent", "vbscript", "sms", "JavaScript", "x-app")
FORMS = {
    "item": "- [Boats](URL)",
    "angle": "- [Boats](<URL>)",
    "second link": "- [A](https://ex.org/1) [Boats](URL)",
    "heading": "### [Boats](URL)",
    "text": "- [A](https://ex.org/1)\n\n  Of [Boats](URL) and more.",
    "definition": "- [A](https://ex.org/1)\n\n  Of [Boats][b] and more.\n\n[b]: URL",
    "image": "- [A](https://ex.org/1)\n\n  ![Boats](URL)",
    "linked image": "- [A](https://ex.org/1)\n\n  [![Boats](https://ex.org/a.png)](URL)",
    "html link": "- [A](https://ex.org/1)\n\n  Of <a href='URL'>Boats</a>.",
    "html image": "- [A](https://ex.org/1)\n\n  Of <img src='URL' alt='Boats'>.",
    "table": "- [A](https://ex.org/1)\n\n  | a | b |\n  | --- | --- |\n  | [Boats](URL) | c |",
    "quote": "- [A](https://ex.org/1)\n\n  > [Boats](URL)",
    "field": "- [A](https://ex.org/1)\n  代码：[Boats](URL)",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_channel_links_to_it(scheme: str, form: str) -> None:
    source = FORMS[form].replace("URL", f"{scheme}://harbour/x")
    issue = make_publishable(parse_issue(f"# Notes (2021-07-18)\n\n## 新闻\n\n{source}\n", "2021-07-18.md"))
    for name, (channel, _) in CHANNELS.items():
        made = channel.render(make_urls_absolute(issue, PAGE), CONTEXT)
        text = "".join(part.body.decode() for part in (*made.parts, *made.previews))
        assert "harbour/x" not in text, name
        assert "Boats" in text, name


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://ex.org/1", "https://ex.org/1"), ("tel:1", None), ("mailto:a@ex.org", None), ("irc://ex.org/a", None)],
)
def test_the_link_of_a_feed_entry_is_a_web_page(url: str, expected: str | None) -> None:
    text = "# Notes (2021-07-18)\n\n## 新闻\n\n- [Boats](URL)\n".replace("URL", url)
    issue = make_urls_absolute(make_publishable(parse_issue(text, "2021-07-18.md")), PAGE)
    entry = json.loads(Rss(items=True).render(issue, CONTEXT).parts[0].body.splitlines()[1])
    assert entry.get("external_url") == expected
    assert entry["url"].startswith(PAGE)
    assert f'href="{url}"' in entry["content_html"]

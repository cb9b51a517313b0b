"""The feed of another program is read: its formats, and what is no feed."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.channels.rss.old_feed import OldEntry, fetch_feed, parse_feed
from publisher.errors import ConfigError

NOON = dt.datetime(2021, 7, 18, 12, 0, tzinfo=dt.UTC)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

FORMATS = {
    "RSS": f"""{HEAD}<rss version="2.0"><channel><title>Not this</title><link>https://old.example/</link><item>
        <title> Boats &amp; <![CDATA[tides]]></title><link>https://old.example/boats/</link>
        <guid isPermaLink="false"> 60f4-id </guid><pubDate>Sun, 18 Jul 2021 20:00:00 +0800</pubDate></item></channel>
        </rss>""",
    "Atom": f"""{HEAD}<feed xmlns="http://www.w3.org/2005/Atom"><id>not-this</id><entry><id>60f4-id</id>
        <title type="html">Boats &amp; tides</title><link rel="edit" href="https://old.example/edit"/>
        <link href="https://old.example/boats/"/><updated>2021-07-19T00:00:00Z</updated>
        <published>2021-07-18T12:00:00Z</published></entry></feed>""",
    "RSS 1.0": f"""{HEAD}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><item rdf:about="60f4-id"><title>Boats &amp; tides</title>
        <link>https://old.example/boats/</link><dc:date>2021-07-18T12:00:00+00:00</dc:date></item></rdf:RDF>""",
    "JSON Feed": """{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": [{"id": "60f4-id",
        "url": "https://old.example/boats/", "title": "Boats & tides", "date_published": "2021-07-18T12:00:00Z"}]}""",
    "a feed with spaces before it": f"""\n {HEAD.strip()}<rss><channel><item><guid>60f4-id</guid>
        <title>Boats &amp; tides</title><link>https://old.example/boats/</link>
        <pubDate>Sun, 18 Jul 2021 12:00:00 GMT</pubDate></item></channel></rss>""",
    "FeedBurner": f"""{HEAD}<rss xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><item>
        <guid>60f4-id</guid><title>Boats &amp; tides</title><link>https://feeds.example/~r/1</link>
        <feedburner:origLink>https://old.example/boats/</feedburner:origLink>
        <pubDate>Sun, 18 Jul 2021 12:00:00 GMT</pubDate></item></channel></rss>""",
}


@pytest.mark.parametrize("name", FORMATS)
def test_entries_of_every_format(name: str) -> None:
    (entry,) = parse_feed(FORMATS[name].encode(), "old.xml")
    assert entry == OldEntry("60f4-id", "https://old.example/boats/", "Boats & tides", NOON)


def test_without_a_guid_readers_know_the_link() -> None:
    feed = b"<rss><channel><item><link>https://old.example/1</link></item><item><title>x</title></item></channel></rss>"
    assert parse_feed(feed, "old.xml") == [OldEntry("https://old.example/1", "https://old.example/1", "", None)]


def test_an_encoding_other_than_utf_8() -> None:
    head, item = '<?xml version="1.0" encoding="gb2312"?>', "<item><guid>船</guid><title>船</title></item>"
    text = f"{head}<rss><channel>{item}</channel></rss>"
    assert parse_feed(text.encode("gb2312"), "old.xml") == [OldEntry("船", "船", "船", None)]


def test_entities_are_not_expanded_and_no_file_is_read(tmp_path) -> None:
    (tmp_path / "secret").write_text("secret")
    text = f"""<!DOCTYPE rss [<!ENTITY a SYSTEM "file://{tmp_path}/secret"><!ENTITY b "&a;&a;">]>
        <rss><channel><item><guid>1</guid><title>&a;&b;</title></item></channel></rss>"""
    assert "secret" not in repr(parse_feed(text.encode(), "old.xml"))


NO_FEEDS = [
    (b"<rss><channel><item></rss>", "old.xml:1:"),
    (b"<html><body/></html>", "old.xml is not a feed, but <html>"),
    (b"", "old.xml:1:1: not valid XML"),
    (b'{"items": 7}', "old.xml is not a JSON Feed"),
    (b"{", "old.xml is not a JSON Feed"),
    (b"\xff\xfe\x00", "old.xml:1:"),
]


@pytest.mark.parametrize(("body", "message"), NO_FEEDS)
def test_what_is_no_feed_is_one_line(body: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_feed(body, "old.xml")
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_feed_that_cannot_be_fetched_is_one_line() -> None:
    for url in ("http://127.0.0.1:9/feed.xml", "http://[bad/feed.xml"):
        with pytest.raises(ConfigError) as caught:
            fetch_feed(url)
        assert caught.value.message.startswith(f"{url} cannot be read: ")

"""A feed opened in a browser: its style sheet, in the colour of the site and the language of the newsletter."""

from __future__ import annotations

import json
import re

import feedparser
import pytest
from lxml import etree
from msgspec.structs import replace

from publisher.channels.rss.documents import read_brand_color

LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def in_language(newsletter, lang):
    publication = replace(newsletter.context.newsletter, lang=lang)
    return newsletter, replace(newsletter, context=replace(newsletter.context, newsletter=publication)).files()


def css_of(newsletter):
    return newsletter.files()["public/feed.css"].decode()


@pytest.mark.parametrize("lang", ["zh-CN", "en", "ar"])
def test_every_xml_feed_names_its_language_at_the_root(newsletter, lang):
    _, files = in_language(newsletter.using(items=True, entries=1), lang)
    roots = [etree.fromstring(body) for key, body in files.items() if key.endswith(".xml")]
    assert len(roots) > 4
    assert {root.get(LANG) for root in roots} == {lang}


def test_the_note_is_in_one_language(newsletter):
    css = css_of(newsletter)
    notes = dict(re.findall(r":root:lang\((\w+)\) \{[^}]*--note: \"([^\"]+)\"", css))
    assert {"zh", "ja", "ar", "de", "fr"} <= notes.keys()
    assert not [lang for lang, note in notes.items() if "This is" in note]
    assert "订阅源" in notes["zh"]


def test_the_colour_is_that_of_the_site(newsletter):
    class Branded:
        def __init__(self, inner):
            self.inner = inner

        def text(self, name):
            return ":root { --brand:\n  #0a7; }" if name == "style.css" else self.inner.text(name)

    context = replace(newsletter.context, templates=Branded(newsletter.context.templates))
    groups = [other.groups()[0].digest for other in (newsletter, replace(newsletter, context=context))]
    assert css_of(replace(newsletter, context=context)).endswith(":root { --brand: #0a7; }\n")
    assert groups[0] != groups[1]
    assert read_brand_color("body { color: red; }") == ""


def test_the_subscribe_page_is_named_if_there_is_one(newsletter):
    context = replace(newsletter.context, subscribe_url="https://tide.example.org/订阅.html")
    css = css_of(replace(newsletter, context=context))
    assert '--subscribe: "\\a https://tide.example.org/%E8%AE%A2%E9%98%85.html";' in css
    assert "--subscribe:" not in css_of(newsletter)


@pytest.mark.parametrize(
    ("lang", "start"), [("ar", '<div dir="rtl" lang="ar">'), ("fa-IR", '<div dir="rtl" lang="fa-IR">')]
)
def test_text_runs_from_right_to_left_in_all_formats(newsletter, lang, start):
    _, files = in_language(newsletter.using(items=True), lang)
    for name in ("feed", "items"):
        found = [item["content_html"] for item in json.loads(files[f"public/{name}.json"])["items"]]
        for key in (f"public/{name}.xml", "public/atom.xml" if name == "feed" else "public/items.atom.xml"):
            found += [e.content[0].value for e in feedparser.parse(files[key], sanitize_html=False).entries]
        assert len(found) >= 12
        assert all(html.startswith(start) and html.endswith("</div>") for html in found)


def test_other_languages_need_no_direction(newsletter):
    assert "dir=" not in newsletter.files()["public/feed.json"].decode()

"""The subscribe page shows every way that is live, in the order of the channels, and works without a script."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from publisher.channel import Context
from publisher.channels.web import Web
from publisher.channels.web.pages import build_overview_pages
from publisher.model import Issue
from publisher.subscription import SubscribeOption
from tests.channels.web.conftest import BASE, Page, squeeze

FORM = SubscribeOption("邮件", "会先发一封确认邮件。", form="https://list.peak.example.org/subscribe?a=1&b=2")
MAILTO = SubscribeOption("邮件", "写一封邮件。", "desk@peak.example.org", "mailto:desk@peak.example.org")
TELEGRAM = SubscribeOption("Telegram", "加入即可。", "@peak", "https://t.me/peak")
WECHAT = SubscribeOption("微信", "点“关注”。", "高山气象信")


def render(context: Context, *options: SubscribeOption) -> Page:
    """The subscribe page with these ways besides feeds."""
    changed = replace(context, subscribe_options=options)
    (group,) = [group for group in build_overview_pages([], changed) if group.key == "subscribe"]
    (part,) = group.parts()
    return Page(part.body)


def headings(page: Page) -> list[str]:
    return [f"{heading.tag} {squeeze(''.join(heading.itertext()))}" for heading in page.all("h1", "h2", "h3")]


def test_all_ways_and_then_the_feeds(context: Context) -> None:
    page = render(context, FORM, TELEGRAM, WECHAT)
    feeds = ["h2 RSS·Atom·JSONFeed", "h3 RSS", "h3 Atom", "h3 JSONFeed"]
    assert headings(page) == ["h1 订阅", "h2 邮件", "h2 Telegram", "h2 微信", *feeds]
    assert page.one("a", href="https://t.me/peak").text == "@peak"
    assert page.one("strong").text == WECHAT.name
    for option in (FORM, TELEGRAM, WECHAT):
        assert squeeze(option.hint) in page.text


def test_the_form_posts_an_address_to_the_pages_of_the_list(context: Context) -> None:
    page = render(context, FORM)
    form = page.one("form")
    assert (form.get("method"), form.get("action")) == ("post", FORM.form)
    field = page.one("input")
    assert (field.get("name"), field.get("type"), field.get("autocomplete")) == ("address", "email", "email")
    assert page.one("label").get("for") == field.get("id")
    assert [element.tag for element in form] == ["label", "input", "button"]
    assert squeeze("".join(page.one("button").itertext())) == "订阅"


def test_without_pages_one_writes_to_the_editor(context: Context) -> None:
    page = render(context, MAILTO)
    assert page.all("form") == []
    assert [link.text for link in page.all("a", href=MAILTO.url)] == [MAILTO.name] * 2  # also in the footer


@pytest.mark.parametrize("options", [(), (TELEGRAM,)])
def test_without_feeds(context: Context, options: tuple[SubscribeOption, ...]) -> None:
    page = render(replace(context, feeds={}), *options)
    assert ("目前没有可订阅的地址。" in page.text) == (not options)
    assert headings(page) == ["h1 订阅", *(f"h2 {option.title}" for option in options)]


def test_the_box_at_the_end_of_an_issue_leads_to_every_way(context: Context) -> None:
    """A link to an app is direct; who wants email reads on the subscribe page what happens first."""
    options = (FORM, MAILTO, TELEGRAM, WECHAT)
    changed = replace(context, subscribe_options=options)
    box = Page(Web().render(Issue("x"), changed).parts[0].body).one("ul", class_="ways")
    links = {link.text: link.get("href") for link in box.iter("a")}
    subscribe = "../subscribe.html"
    assert links == {
        "订阅": subscribe,
        "邮件": subscribe,
        "Telegram": TELEGRAM.url,
        "微信": subscribe,
        "RSS": f"{BASE}feed.xml",
        "Atom": f"{BASE}atom.xml",
        "JSON Feed": f"{BASE}feed.json",
    }


def test_texts_of_other_packages_are_escaped(context: Context) -> None:
    page = render(context, SubscribeOption("<b>", "a & b", "<i>", "https://e.org/?a=1&b=2"))
    assert page.all("b", "i") == []
    assert page.one("a", href="https://e.org/?a=1&b=2").text == "<i>"

"""Renders the pages for subscribers with the templates of the newsletter, and the headers that keep them private."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

from publisher.labels import get_labels
from publisher.links import to_ascii_url
from publisher.localized import is_right_to_left
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.page_urls import SUBSCRIBE_PAGE
from publisher.server.texts import get_page_texts
from publisher.theme import Theme

_SEARCH_PAGE = "search/"


class Form(NamedTuple):
    """A form with its buttons (value, text), and, if `token` is set, a field for an address. `token` tells when it was
    shown."""

    buttons: tuple[tuple[str, str], ...]
    token: str = ""
    address: str = ""


class PageLink(NamedTuple):
    """A link to another page for subscribers."""

    url: str
    text: str


class Captcha(NamedTuple):
    """The widget of ALTCHA: its challenge in JSON, and its language."""

    challenge: str
    lang: str


class Page(NamedTuple):
    """A page: its HTTP status, and its HTML."""

    status: int
    body: str


class PageView(NamedTuple):
    """What the pages of one newsletter have in common. `url` is where they are, without a slash at its end."""

    newsletter: Newsletter
    theme: Theme
    url: str

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts in the language of the newsletter."""
        return get_page_texts(self.newsletter.lang)

    def format_text(self, name: str, *values: str) -> str:
        """Return a text about the newsletter, or about `values`."""
        return self.texts[name].format(*(values or (self.newsletter.name,)))

    @property
    def form_link(self) -> PageLink:
        """The link to the form to subscribe."""
        return PageLink(f"{self.url}/subscribe", get_labels(self.newsletter.lang)["subscribe"])

    def render(
        self,
        title: str,
        *texts: str,
        form: Form | None = None,
        captcha: Captcha | None = None,
        join_address: str = "",
        link: PageLink | None = None,
        status: int = 200,
    ) -> Page:
        """Return a page with these paragraphs and the form.

        `join_address` is where to write to instead, and `link` leads to another page. No page has anything
        about a subscriber, so that a link that falls into other hands gives nothing away.
        """
        newsletter = self.newsletter
        body = self.theme.render(
            "subscriber.html",
            newsletter=newsletter,
            w=get_labels(newsletter.lang),
            t=self.texts,
            right_to_left=is_right_to_left(newsletter.lang),
            address=self.form_link.url,
            title=title,
            description="",
            data={},
            css=self.theme.text("style.css"),
            card=None,
            locale="",
            previous=None,
            next=None,
            feeds=(),
            section_feeds=(),
            options=(),
            license=None,
            contacts=(),
            search=newsletter.base + _SEARCH_PAGE,
            subscribe=newsletter.base + SUBSCRIBE_PAGE,
            to=to_ascii_url,
            texts=texts,
            form=form,
            captcha=captcha,
            join_address=join_address,
            link=link,
        )
        return Page(status, body)


def build_headers(newsletter: Newsletter, page: Page) -> dict[str, str]:
    """Return the headers of a page.

    Its URL is a secret of the subscriber: it is not cached, indexed, or sent to where its links lead. It runs no script
    but the captcha of this server, and loads nothing from elsewhere but images, fonts and styles that a template of
    the user has from the newsletter's own site. Style sheets in the page are named by their digest.
    https://www.w3.org/TR/CSP3/
    """
    site = "{0.scheme}://{0.netloc}".format(urlsplit(to_ascii_url(newsletter.base)))
    styles = " ".join(map(_hash_style, re.findall(r"<style[^>]*>(.*?)</style>", page.body, re.DOTALL)))
    policy = (
        f"default-src 'none'; style-src 'self' {site} {styles}; img-src {site} data:; font-src {site}; "
        "script-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "cache-control": "no-store",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex",
    }


def _hash_style(style: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"

"""The pages for subscribers in programs from outside: Chromium with axe-core, and w3m."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.signing import Purpose
from publisher.subscribers.models import SubscriberState as S
from tests.server.subscriber_site import ListSite

PURPOSES = (Purpose.CONFIRM, Purpose.REFUSE, Purpose.LEAVE, Purpose.PREFERENCES)
ALTCHA = 'captcha = "altcha"\n'


def list_addresses(site: ListSite) -> list[str]:
    tag = site.add("ana@example.org").tag
    paths = [*(site.link(purpose, tag) for purpose in PURPOSES), "/subscribe"]
    return [f"{site.address.rstrip('/')}/list{path}" for path in paths]


@pytest.mark.parametrize("lang", ["en", "zh-CN", "ar"])
def test_everyone_can_use_the_pages(tmp_path: Path, chromium: Callable[..., str], lang: str) -> None:
    with ListSite(tmp_path, lang=lang).serve() as site:
        assert chromium("subscriber.cjs", *list_addresses(site)) == ""


def test_a_browser_solves_the_captcha_and_asks_no_other_host(tmp_path: Path, chromium: Callable[..., str]) -> None:
    with ListSite(tmp_path, extra=ALTCHA, lang="de", now=dt.datetime.now(dt.UTC)).serve() as site:
        site.pages._clock = lambda: dt.datetime.now(dt.UTC)
        said = chromium("subscriber.cjs", "--sign-up", f"{site.address}list/subscribe")
        assert said.startswith("Wenn du noch nicht auf der Liste stehst")
        assert said.count("\n") == 1
        assert [subscriber.key for subscriber in site.confirmations.sent] == ["ana@example.org"]


@pytest.fixture
def w3m(need: Callable[[str], str]) -> Callable[..., str]:
    """w3m(address, body) shows a page as text; with a body, after it was POSTed."""
    program = need("w3m")

    def show(address: str, body: Path | None = None) -> str:
        post = ["-post", body] if body else []
        command = [program, "-dump", "-cols", "78", "-o", "display_charset=UTF-8", *post, address]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return show


def test_the_pages_work_in_a_text_browser(tmp_path: Path, w3m: Callable[..., str]) -> None:
    with ListSite(tmp_path).serve() as site:
        *_, leave, preferences, subscribe = list_addresses(site)
        form = w3m(subscribe)
        assert "Your email address" in form
        assert "Leave this field empty" in form
        assert form.count("Subscribe") > 3
        assert "Unsubscribe" in w3m(leave)
        (tmp_path / "body").write_text("act=pause")
        assert "Paused until March 30, 2026." in w3m(preferences, tmp_path / "body")
        (tmp_path / "body").write_text("act=leave")
        assert "You get no more email" in w3m(leave, tmp_path / "body")
        assert site.state("ana@example.org") is S.LEFT

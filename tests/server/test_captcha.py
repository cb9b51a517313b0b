"""ALTCHA: a challenge that a browser solves, once and in time."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from re import search

import altcha
import pytest

from publisher.server import captcha
from publisher.server.captcha import build_challenge, check_solution
from publisher.signing import SigningKeys
from tests.server.subscriber_site import Answer, ListSite

KEYS = SigningKeys("a secret of the harbour")


@pytest.fixture(scope="module", autouse=True)
def easy() -> Iterator[None]:
    """A challenge takes a hundredth of the work, which Python does more slowly than a browser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(captcha, "_ITERATIONS", 50)
        yield


def solve(challenge: str) -> str:
    """What the widget sends."""
    found = altcha.Challenge.from_dict(json.loads(challenge))
    solution = altcha.solve_challenge(found)
    assert solution
    return altcha.Payload(found, solution).to_base64()


@pytest.fixture(scope="module")
def payload() -> str:
    return solve(build_challenge(KEYS, dt.datetime.now(dt.UTC)))


def test_a_solution_is_valid(payload: str) -> None:
    assert check_solution(KEYS, payload)
    assert check_solution(KEYS, payload) == check_solution(KEYS, payload)
    assert not check_solution(SigningKeys("another secret of it"), payload)


def test_a_solution_that_comes_too_late(payload: str) -> None:
    challenge = json.loads(build_challenge(KEYS, dt.datetime.now(dt.UTC) - dt.timedelta(days=2)))
    found = json.loads(base64.b64decode(payload))
    late = base64.b64encode(json.dumps(found | {"challenge": challenge}).encode()).decode()
    assert not check_solution(KEYS, late)


@pytest.mark.parametrize("change", [{"cost": 1}, {"keyPrefix": "00"}, {"nonce": "00" * 16}, {"expiresAt": None}])
def test_an_easier_challenge_is_not_ours(payload: str, change: dict[str, object]) -> None:
    found = json.loads(base64.b64decode(payload))
    found["challenge"]["parameters"] |= change
    assert not check_solution(KEYS, base64.b64encode(json.dumps(found).encode()).decode())


@pytest.mark.parametrize(
    "text", ["", "x", "e30=", "bnVsbA==", "W10=", "\ud800", "eyJjaGFsbGVuZ2UiOjEsInNvbHV0aW9uIjoxfQ=="]
)
def test_what_is_no_solution(text: str) -> None:
    assert not check_solution(KEYS, text)


# -------------------------------------------------------------------- in the form


@pytest.fixture
def site(tmp_path: Path):
    with ListSite(tmp_path, extra='captcha = "altcha"\n', now=dt.datetime.now(dt.UTC)).serve() as site:
        yield site


def get_challenge(page: Answer) -> str:
    found = search(r'<altcha-widget [^>]*challenge="([^"]*)"', page.text)
    assert found
    return unescape(found[1])


def test_the_form_takes_each_solution_once(site: ListSite) -> None:
    page = site.get("/subscribe")
    fields = {"form": page.field("form"), "altcha": solve(get_challenge(page))}
    site.now += dt.timedelta(seconds=5)
    for name, altcha_field in (("ana", ""), ("ana", "x"), ("ana", fields["altcha"]), ("ben", fields["altcha"])):
        site.post("/subscribe", fields | {"address": f"{name}@example.org", "altcha": altcha_field})
    assert [subscriber.key for subscriber in site.confirmations.sent] == ["ana@example.org"]


def test_the_form_says_what_to_do_without_script(site: ListSite) -> None:
    text = site.get("/subscribe").text
    assert "<noscript><p>The check against robots needs JavaScript.</p></noscript>" in text
    assert 'href="mailto:join@harbour-notes.org"' in text


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("setup.js", "text/javascript"), ("altcha.min.js", "text/javascript"), ("altcha.css", "text/css")],
)
def test_the_widget_is_served_from_here(site: ListSite, name: str, media_type: str) -> None:
    answer = site.get(f"/altcha/{name}")
    assert (answer.status, answer.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")


@pytest.mark.parametrize("name", ["", "..%2Fcaptcha.py", "gone.js", ".."])
def test_no_other_file_is_served(site: ListSite, name: str) -> None:
    assert site.get(f"/altcha/{name}").status == 404


def test_without_the_setting_there_is_no_captcha(list_site: ListSite) -> None:
    assert "altcha" not in list_site.get("/subscribe").text

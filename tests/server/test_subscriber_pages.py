"""The pages that links of mails lead to: confirm, refuse, leave, preferences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from publisher.signing import Purpose
from publisher.subscribers.models import SubscriberState as S
from tests.server.subscriber_site import NOW, Answer, ListSite

PAGES = (Purpose.CONFIRM, Purpose.REFUSE, Purpose.LEAVE, Purpose.PREFERENCES)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
UNKNOWN_TAG = "a" * 12


def get_texts(answer: Answer) -> list[str]:
    """What the page says: its heading and paragraphs."""
    main = re.search(r"<main.*</main>", answer.text, re.DOTALL)
    assert main
    return [re.sub("<[^>]+>", "", text).strip() for text in re.findall(r"<(?:h1|p)[^>]*>(.*?)</(?:h1|p)>", main[0])]


@pytest.mark.parametrize("purpose", PAGES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
@pytest.mark.parametrize("state", [S.ASKED, S.CONFIRMED, S.PAUSED])
def test_only_post_changes_something(list_site: ListSite, purpose: Purpose, method: str, state: S) -> None:
    subscriber = list_site.add("ana@example.org", state)
    answer = list_site.request(method, list_site.link(purpose, subscriber.tag))
    assert answer.status == (200 if method in ("GET", "HEAD") else 405)
    assert list_site.state("ana@example.org") is state
    if method == "GET":
        assert re.search(r'<form class="ask" method="post">.*<button name="act"', answer.text, re.DOTALL)
        assert "ana@" not in answer.text


@pytest.mark.parametrize(
    ("purpose", "act", "before", "after", "says"),
    [
        (Purpose.CONFIRM, "confirm", S.ASKED, S.CONFIRMED, "You are subscribed to Harbour Notes."),
        (Purpose.LEAVE, "leave", S.CONFIRMED, S.LEFT, "Done. You get no more email from Harbour Notes."),
        (Purpose.LEAVE, "leave", S.PAUSED, S.LEFT, "Done. You get no more email from Harbour Notes."),
        (Purpose.LEAVE, "leave", S.COMPLAINED, S.COMPLAINED, "Done. You get no more email from Harbour Notes."),
        (Purpose.REFUSE, "refuse", S.ASKED, None, "Done. You get no more email from Harbour Notes."),
        (Purpose.REFUSE, "refuse", S.CONFIRMED, S.LEFT, "Done. You get no more email from Harbour Notes."),
        (Purpose.PREFERENCES, "pause", S.CONFIRMED, S.PAUSED, "Paused until March 30, 2026."),
        (Purpose.PREFERENCES, "pause", S.LEFT, S.LEFT, "Done. You get no more email from Harbour Notes."),
        (Purpose.PREFERENCES, "resume", S.PAUSED, S.CONFIRMED, "You are subscribed to Harbour Notes."),
        (Purpose.PREFERENCES, "resume", S.LEFT, S.LEFT, "Done. You get no more email from Harbour Notes."),
        (Purpose.PREFERENCES, "leave", S.CONFIRMED, S.LEFT, "Done. You get no more email from Harbour Notes."),
    ],
)
def test_a_button_acts_once(
    list_site: ListSite, purpose: Purpose, act: str, before: S, after: S | None, says: str
) -> None:
    link = list_site.link(purpose, list_site.add("ana@example.org", before).tag)
    first, second = (list_site.post(link, {"act": act}) for _ in range(2))
    assert list_site.state("ana@example.org") is after
    assert first.status == second.status == 200
    assert get_texts(first)[0] == says
    assert second.text == first.text
    assert not {"set-cookie", "location"} & {name.lower() for name in first.headers}


def test_a_confirmation_is_only_valid_when_it_was_asked_for(list_site: ListSite) -> None:
    for state in (S.LEFT, S.GONE, S.COMPLAINED):
        link = list_site.link(Purpose.CONFIRM, list_site.add(f"{state.value}@example.org", state).tag)
        assert list_site.post(link, {"act": "confirm"}).status == 404
        assert list_site.state(f"{state.value}@example.org") is state


@pytest.mark.parametrize("purpose", [Purpose.LEAVE, Purpose.REFUSE, Purpose.PREFERENCES])
def test_the_answer_is_the_same_for_everyone(list_site: ListSite, purpose: Purpose) -> None:
    tags = [list_site.add(f"{state.value}@example.org", state).tag for state in (S.CONFIRMED, S.LEFT, S.GONE)]
    links = [list_site.link(purpose, tag) for tag in (*tags, UNKNOWN_TAG)]
    shown = [re.sub("/preferences/[a-z0-9]+", "", list_site.get(link).text) for link in links]
    assert len(set(shown)) == 1
    act = "leave" if purpose is Purpose.PREFERENCES else purpose.value
    assert len({list_site.post(link, {"act": act}).text for link in links}) == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
        (
            "multipart/form-data; boundary=tide",
            b'--tide\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--tide--\r\n',
        ),
    ],
)
def test_mail_providers_need_one_request(list_site: ListSite, content_type: str, body: bytes) -> None:
    subscriber = list_site.add("ana@example.org")
    answer = list_site.request("POST", list_site.link(Purpose.LEAVE, subscriber.tag), body, content_type)
    assert answer.status == 200
    assert list_site.state("ana@example.org") is S.LEFT
    with list_site.open_list() as subscribers:
        assert subscribers.load_consents("ana@example.org")[-1].via == "one-click"


@pytest.mark.parametrize("fields", [{}, {"x": "1"}, {"act": "confirm"}, {"List-Unsubscribe": "yes"}])
def test_a_body_that_asks_for_nothing_changes_nothing(list_site: ListSite, fields: dict[str, str]) -> None:
    subscriber = list_site.add("ana@example.org")
    assert list_site.post(list_site.link(Purpose.LEAVE, subscriber.tag), fields).status == 400
    assert list_site.state("ana@example.org") is S.CONFIRMED


def test_one_click_is_for_leaving_alone(list_site: ListSite) -> None:
    subscriber = list_site.add("ana@example.org")
    for purpose in (Purpose.CONFIRM, Purpose.REFUSE, Purpose.PREFERENCES):
        assert list_site.post(list_site.link(purpose, subscriber.tag), ONE_CLICK).status == 400
    assert list_site.state("ana@example.org") is S.CONFIRMED


def test_forged_links_do_nothing(list_site: ListSite) -> None:
    subscriber, other = list_site.add("ana@example.org"), list_site.add("ben@example.org")
    link = list_site.link(Purpose.LEAVE, subscriber.tag)
    token = link.rpartition("/")[2]
    forged = [
        *(f"/leave/{token[:-1]}{char}" for char in "a2" if token[-1] != char),
        f"/leave/{token.replace(subscriber.tag, other.tag)}",
        f"/preferences/{token}",
        f"/refuse/{token}",
        "/leave/x",
        f"/leave/{'9' * 5000}",
        "/leave/%00%ff",
    ]
    for path in forged:
        for answer in (list_site.get(path), list_site.post(path, {"act": "leave"}), list_site.post(path, ONE_CLICK)):
            assert answer.status == 404, path
            assert "example.org" not in answer.text
    assert {list_site.state(f"{name}@example.org") for name in ("ana", "ben")} == {S.CONFIRMED}


def test_links_in_old_mails_work_after_a_change_of_the_key(tmp_path: Path) -> None:
    with ListSite(tmp_path).serve() as site:
        tag = site.add("ana@example.org").tag
        link = site.link(Purpose.LEAVE, tag)
        (tmp_path / "old.key").write_text(site.secret, "utf-8")
        (tmp_path / "old.key").chmod(0o600)
        site.secret, site.extra = "another secret of it", 'old_keys = ["file:old.key"]\n'
        site.write()
        assert site.link(Purpose.LEAVE, tag) != link
        assert site.post(link, ONE_CLICK).status == 200
        assert site.state("ana@example.org") is S.LEFT


def test_the_body_of_a_form_is_short(list_site: ListSite) -> None:
    link = list_site.link(Purpose.LEAVE, list_site.add("ana@example.org").tag)
    kind = "application/x-www-form-urlencoded"
    assert list_site.request("POST", link, b"A" * 2_000_000, kind).status == 413
    assert list_site.request("POST", link, b"List-Unsubscribe=One-Click&a=" + b"A" * 70_000, kind).status == 413
    assert list_site.state("ana@example.org") is S.CONFIRMED


def test_without_the_ledger_nothing_is_said_to_be_done(list_site: ListSite) -> None:
    link = list_site.link(Purpose.LEAVE, list_site.add("ana@example.org").tag)
    (list_site.folder / ".publisher" / "ledger.db").write_bytes(b"no database" * 1000)
    answer = list_site.post(link, ONE_CLICK)
    assert answer.status == 503
    assert "nothing was changed" in answer.text
    assert len(list_site.confirmations.reports) == 1


def test_without_the_key_no_link_is_valid_or_invalid(list_site: ListSite) -> None:
    link = list_site.link(Purpose.LEAVE, list_site.add("ana@example.org").tag)
    (list_site.folder / "subscribers.key").chmod(0o644)
    for answer in (list_site.get(link), list_site.post(link, ONE_CLICK), list_site.get("/subscribe")):
        assert answer.status == 503
        assert "subscribers.key" not in answer.text
    assert "subscribers.key" in list_site.confirmations.reports[0]


@pytest.mark.parametrize("url", ["https://harbour-notes.org", "https://harbour-notes.org/deep/list/"])
def test_the_pages_may_have_any_path(tmp_path: Path, url: str) -> None:
    with ListSite(tmp_path, url).serve() as site:
        link = site.link(Purpose.LEAVE, site.add("ana@example.org").tag)
        site.url = site.url.rstrip("/")
        assert site.get(link).status == 200
        site.url = ""  # a web server may take the path away
        assert site.get("/subscribe").status == site.get(link).status == 200
        assert site.post(link, ONE_CLICK).status == 200
        assert site.state("ana@example.org") is S.LEFT


@pytest.mark.parametrize("path", ["/subscribe", "/confirm/x", "leave"])
def test_the_pages_are_private(list_site: ListSite, path: str) -> None:
    path = path if path != "leave" else list_site.link(Purpose.LEAVE, UNKNOWN_TAG)
    answer = list_site.get(path)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    token = path.rpartition("/")[2]
    assert len(token) < 12 or token not in answer.text
    loaded = re.findall(r'<(?:script|img|iframe|source)\b[^>]*\bsrc="[^"]*"|<link rel="stylesheet"[^>]*>', answer.text)
    assert loaded == []


def test_from_an_issue_one_can_pause(list_site: ListSite) -> None:
    """It has only the link to leave."""
    page = list_site.get(list_site.link(Purpose.LEAVE, list_site.add("ana@example.org").tag))
    found = re.search(
        r'<a href="https://harbour-notes.org/list(/preferences/[a-z0-9]+)">Your subscription</a>', page.text
    )
    assert found
    assert "Paused until" in list_site.post(found[1], {"act": "pause"}).text
    assert list_site.state("ana@example.org") is S.PAUSED


def test_pages_in_the_language_of_the_newsletter(tmp_path: Path) -> None:
    with ListSite(tmp_path, lang="ar").serve() as site:
        text = site.get(site.link(Purpose.LEAVE, UNKNOWN_TAG)).text
    assert '<html lang="ar" dir="rtl">' in text
    assert "إلغاء الاشتراك" in text


def test_a_list_that_was_taken_out_of_the_settings(list_site: ListSite) -> None:
    from msgspec.structs import replace

    link = list_site.link(Purpose.LEAVE, UNKNOWN_TAG)
    list_site.config = replace(list_site.config, subscribers=None)
    assert list_site.get(link).status == 404
    assert list_site.post(link, ONE_CLICK).status == 404


def test_the_state_at_the_time_of_the_click(list_site: ListSite) -> None:
    link = list_site.link(Purpose.PREFERENCES, list_site.add("ana@example.org").tag)
    list_site.post(link, {"act": "pause"})
    with list_site.open_list() as subscribers:
        record = subscribers.load_consents("ana@example.org")[-1]
    assert (record.at, record.via) == (NOW, "link")

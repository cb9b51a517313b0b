"""The form to subscribe: for people, and against programs that would have it send mail to others."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from publisher.signing import Purpose
from publisher.subscribers.limits import LIMITS, LimitKind
from publisher.subscribers.models import SubscriberState as S
from tests.server.subscriber_site import ListSite

TOTAL = next(most for kind, most, _ in LIMITS if kind is LimitKind.TOTAL)
CLIENT = next(most for kind, most, _ in LIMITS if kind is LimitKind.CLIENT)
BEHIND_A_WEB_SERVER = '[server]\nproxies = ["127.0.0.1"]\n'


def test_from_the_form_to_the_list(list_site: ListSite) -> None:
    assert "an email with a link is on its way" in list_site.sign_up("Ana@Example.org").text
    [subscriber] = list_site.confirmations.sent
    assert (subscriber.address, subscriber.name, subscriber.state) == ("Ana@example.org", "", S.ASKED)
    link = list_site.link(Purpose.CONFIRM, subscriber.tag)
    assert "You are subscribed" in list_site.post(link, {"act": "confirm"}).text
    assert list_site.state("ana@example.org") is S.CONFIRMED
    with list_site.open_list() as subscribers:
        asked, confirmed = subscribers.load_consents("ana@example.org")
    assert (asked.via, confirmed.via) == ("form", "link")
    assert confirmed.text == "Do you want to get Harbour Notes by email?"


def test_the_answer_is_the_same_for_every_address(list_site: ListSite) -> None:
    for state in S:
        if state is not S.ERASED:
            list_site.add(f"{state.value}@example.org", state)
    refused = list_site.add("refused@example.org")
    list_site.post(list_site.link(Purpose.REFUSE, refused.tag), {"act": "refuse"})
    names = ["new", "refused", "new", *(state.value for state in S)]
    answers = []
    for name in names:
        answers.append(list_site.sign_up(f"{name}@example.org"))
        list_site.now += dt.timedelta(hours=1)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    sent = [subscriber.key.partition("@")[0] for subscriber in list_site.confirmations.sent]
    assert sent == ["new", "asked", "left", "gone", "complained", "erased"]


def test_nothing_that_was_typed_goes_into_the_mail(list_site: ListSite) -> None:
    list_site.sign_up("Buy cheap boats at evil.example <ana@example.org>")
    [subscriber] = list_site.confirmations.sent
    assert (subscriber.name, subscriber.address) == ("", "ana@example.org")


@pytest.mark.parametrize(
    "address",
    [
        *("", "ana", "ana@", "a b@example.org", "ana@example.org, ben@example.org", "root@localhost"),
        *("root@localhost.localdomain", "ana@printer.local", "ana@db.internal", "ana@x.invalid", "ana@192.0.2.7"),
    ],
)
def test_what_is_no_address(list_site: ListSite, address: str) -> None:
    answer = list_site.sign_up(address)
    assert answer.status == 400
    assert "This is not an email address." in answer.text
    assert answer.field("address") == address
    assert list_site.confirmations.sent == []


@pytest.mark.parametrize(
    ("seconds", "is_accepted"), [(0, False), (2, False), (3, True), (86_400, True), (86_401, False)]
)
def test_the_time_to_fill_in_the_form(list_site: ListSite, seconds: int, is_accepted: bool) -> None:
    token = list_site.get("/subscribe").field("form")
    list_site.now += dt.timedelta(seconds=seconds)
    list_site.post("/subscribe", {"address": "ana@example.org", "form": token})
    assert bool(list_site.confirmations.sent) is is_accepted


@pytest.mark.parametrize("form", ["", "x", "0" * 30, "LEAVE"])
def test_the_time_cannot_be_made_up(list_site: ListSite, form: str) -> None:
    tag = list_site.add("ben@example.org").tag
    token = list_site.link(Purpose.LEAVE, tag).rpartition("/")[2] if form == "LEAVE" else form
    list_site.post("/subscribe", {"address": "ana@example.org", "form": token})
    assert list_site.confirmations.sent == []


def test_the_form_of_the_site_takes_one_more_click(list_site: ListSite) -> None:
    """That of a file has no time when it was shown."""
    answer = list_site.post("/subscribe", {"address": "ana@example.org"})
    assert answer.status == 200
    assert "press the button once more" in answer.text
    assert list_site.confirmations.sent == []
    list_site.now += dt.timedelta(seconds=4)
    list_site.post("/subscribe", {"address": answer.field("address"), "form": answer.field("form"), "website": ""})
    assert [subscriber.key for subscriber in list_site.confirmations.sent] == ["ana@example.org"]


def test_the_field_that_people_leave_empty(list_site: ListSite) -> None:
    page = list_site.get("/subscribe")
    assert '<p class="hidden"><label for="website">Leave this field empty</label>' in page.text
    list_site.now += dt.timedelta(seconds=5)
    fields = {"address": "ana@example.org", "form": page.field("form"), "website": "https://evil.example"}
    assert "press the button once more" in list_site.post("/subscribe", fields).text
    assert list_site.confirmations.sent == []


def test_what_was_typed_is_no_markup(list_site: ListSite) -> None:
    answer = list_site.post("/subscribe", {"address": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text
    assert answer.field("address") == '"><script>alert(1)</script>'


def test_each_visitor_behind_a_web_server_has_limits_of_their_own(tmp_path: Path) -> None:
    with ListSite(tmp_path, extra=BEHIND_A_WEB_SERVER).serve() as site:
        statuses = [
            site.sign_up(f"v{number}@d{number}.example", x_forwarded_for=f"192.0.2.9, 203.0.{number % 2}.7").status
            for number in range(2 * CLIENT + 2)
        ]
        assert statuses == [200] * (2 * CLIENT) + [429] * 2
        with site.open_list() as subscribers:
            assert {record.network for record in subscribers.load_consents("v0@d0.example")} == {"203.0.0.0/24"}


def test_too_many_sign_ups_close_the_form(tmp_path: Path) -> None:
    with ListSite(tmp_path, extra=BEHIND_A_WEB_SERVER).serve() as site:
        token = site.get("/subscribe").field("form")
        site.now += dt.timedelta(seconds=5)
        for number in range(TOTAL + 1):
            fields = {"address": f"v{number}@d{number}.example", "form": token}
            answer = site.post("/subscribe", fields, x_forwarded_for=f"10.{number}.0.1")
        assert len(site.confirmations.sent) == TOTAL
        assert len(site.confirmations.reports) == 1
        closed = site.get("/subscribe")
        for page in (answer, closed):
            assert page.status == 429
            assert 'href="mailto:join@harbour-notes.org"' in page.text
            assert "<form" not in page.text
        site.now += dt.timedelta(hours=1)
        assert site.get("/subscribe").status == 200
        assert site.sign_up("late@example.org").status == 200
        assert len(site.confirmations.sent) == TOTAL + 1


def test_the_form_is_in_every_language(tmp_path: Path) -> None:
    with ListSite(tmp_path, lang="ja").serve() as site:
        text = site.get("/subscribe").text
    assert re.search(r"<label for=\"address\">メールアドレス</label>", text)

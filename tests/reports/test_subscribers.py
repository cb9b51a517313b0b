"""What `status` and `doctor` say about the list, and the backup that the scheduler keeps of it."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.mail_address import parse_recipient
from publisher.reports.subscribers import SubscriberSummary
from publisher.signing import SigningKeys
from publisher.subscribers.erasure import erase_subscriber
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList
from tests.support.newsletter import NOON, CommandProject

SECRET = "the secret of this list"
DAY = dt.timedelta(days=1)
ORIGIN = Origin(NOON, "import")
TABLE = """
[subscribers]
url = "https://news.e.org/list"
key = "env:LIST_KEY"
"""


@pytest.fixture
def listed(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> CommandProject:
    """A newsletter with a list."""
    monkeypatch.setenv("LIST_KEY", SECRET)
    settings = letter.root / "publisher.toml"
    settings.write_text(settings.read_text("utf-8") + TABLE, "utf-8")
    return letter


@contextmanager
def opened(project: CommandProject, secret: str = SECRET) -> Iterator[SubscriberList]:
    with closing(Ledger(project.place)) as ledger:
        yield SubscriberList(ledger, "tag:e.org,2021:slow", SigningKeys(secret))


def fill(project: CommandProject) -> None:
    with opened(project) as subscribers:
        entries = [ImportEntry(f"reader{number}@e.org") for number in range(1_204)]
        import_entries(subscribers, entries, ORIGIN, dry_run=False)
        for number in range(37):
            subscribers.leave(f"reader{number}@e.org", ORIGIN)
        subscribers.ask(parse_recipient("new@e.org"), ORIGIN)


def age_backup(project: CommandProject, age: dt.timedelta) -> Path:
    """Let the backup have been written so long ago."""
    backup = project.place.with_suffix(".backup")
    time = (NOON - age).timestamp()
    os.utime(backup, (time, time))
    return backup


def test_status_counts_the_subscribers(listed: CommandProject) -> None:
    fill(listed)
    age_backup(listed, dt.timedelta(hours=1))
    said = listed.run("status")
    assert "1,167 subscribers · 1 asked · 37 left" in said.out
    assert "backup" not in said.err
    found = json.loads(listed.run("status", "--json").out)["subscribers"]
    assert found == {"asked": 1, "confirmed": 1167, "left": 37, "last_backup": "2021-07-18T11:00:00+08:00"}
    assert "subscribers" not in listed.run("status", "2021-07-18").out, "not about an issue"


def test_without_the_table_nothing_is_said(letter: CommandProject) -> None:
    assert "subscriber" not in letter.run("status").out
    assert json.loads(letter.run("status", "--json").out)["subscribers"] is None


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_backup_older_than_a_day_is_reported(listed: CommandProject, command: str) -> None:
    fill(listed)
    backup = age_backup(listed, 3 * DAY)

    def problem() -> str:
        said = listed.run(command)
        return next((line for line in (said.out + said.err).splitlines() if "backup of the list" in line), "")

    assert "the last backup of the list of subscribers is 3 days old" in problem()
    age_backup(listed, dt.timedelta(hours=23))
    assert problem() == ""
    backup.unlink()
    said = listed.run(command)
    assert "the list of subscribers has no backup yet" in said.out + said.err


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (DAY, ""),
        (DAY + dt.timedelta(seconds=1), "the last backup of the list of subscribers is 1 day old"),
        (2 * DAY, "the last backup of the list of subscribers is 2 days old"),
    ],
)
def test_how_old_it_is(age: dt.timedelta, text: str) -> None:
    counts = {SubscriberState.CONFIRMED: 1}
    assert SubscriberSummary(counts, NOON - age).find_backup_problem(NOON) == text
    assert SubscriberSummary(counts, NOON - age, is_backed_up_elsewhere=True).find_backup_problem(NOON) == ""
    assert SubscriberSummary({}, NOON - age).find_backup_problem(NOON) == "", "there is no one to lose"


def test_doctor_says_that_no_one_is_subscribed(listed: CommandProject) -> None:
    assert "publish subscribers import FILE; people subscribe at https://news.e.org/list" in listed.run("doctor").out


def test_doctor_asks_for_no_other_page_to_unsubscribe(listed: CommandProject) -> None:
    settings = listed.root / "publisher.toml"
    email = '\n[channels.email]\nserver = "smtp://127.0.0.1:1"\nfrom = "a@e.org"\n'
    text = settings.read_text("utf-8").replace(TABLE, "") + email
    settings.write_text(text + 'recipients = ["lin@e.org"]\n', "utf-8")
    assert "email has no page to unsubscribe" in listed.run("doctor").out
    settings.write_text(text + TABLE, "utf-8")
    assert "page to unsubscribe" not in listed.run("doctor").out


def test_doctor_notices_that_a_former_key_is_missing(listed: CommandProject) -> None:
    with opened(listed, "the secret of last year") as subscribers:
        import_entries(subscribers, [ImportEntry("ann@e.org")], ORIGIN, dry_run=False)
        erase_subscriber(subscribers, "ann@e.org", ORIGIN)
    said = listed.run("doctor")
    assert "addresses that must stay out were hashed with a key of [subscribers] that is not set any more" in said.out
    assert said.code == 2


@pytest.mark.parametrize(
    ("secret", "text"), [("", "the secret is empty"), ("x" * 15, "shorter than 16 characters")], ids=["empty", "short"]
)
def test_doctor_reads_the_key(listed: CommandProject, monkeypatch: pytest.MonkeyPatch, secret: str, text: str) -> None:
    monkeypatch.setenv("LIST_KEY", secret)
    assert text in listed.run("doctor").out


def test_the_scheduler_keeps_the_list_and_its_backup(listed: CommandProject) -> None:
    fill(listed)
    backup = age_backup(listed, dt.timedelta(hours=13))
    before = backup.stat().st_mtime_ns
    listed.run("tick")
    assert backup.stat().st_mtime_ns > before
    assert "1 asked" in listed.run("status").out
    listed.run("tick", now=NOON + 8 * DAY)
    assert "asked" not in listed.run("status", now=NOON + 8 * DAY).out, "they did not confirm in time"


def test_a_key_that_cannot_be_read_does_not_stop_other_channels(
    listed: CommandProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIST_KEY")
    said = listed.run("tick")
    assert "2021-07-18 published chat" in said.out


@pytest.mark.parametrize("change", ["import", "leave"])
def test_a_change_of_the_list_writes_a_backup(listed: CommandProject, change: str) -> None:
    fill(listed)
    before = age_backup(listed, DAY).stat().st_mtime_ns
    acts: dict[str, Callable[[SubscriberList], object]] = {
        "import": lambda one: import_entries(one, [ImportEntry("a@e.org")], ORIGIN, dry_run=False),
        "leave": lambda one: one.leave("reader99@e.org", ORIGIN),
    }
    with opened(listed) as subscribers:
        acts[change](subscribers)
    assert listed.place.with_suffix(".backup").stat().st_mtime_ns > before

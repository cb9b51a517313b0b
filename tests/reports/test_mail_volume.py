"""`publish doctor` of a list of subscribers: bulk senders, and complaints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from publisher import config, registry
from publisher.channel import Finding, FindingLevel, MessageChannel
from publisher.channels.email import Email
from publisher.ledger.subscriber_counts import DomainCounts
from publisher.reports import subscribers
from publisher.reports.subscribers import diagnose_mail_volume
from publisher.run import RunContext
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin
from publisher.theme import Theme
from tests.support.newsletter import NOON, CommandProject

SETTINGS = """
[subscribers]
url = "https://ferry.example.org/list"
key = "env:LIST_KEY"

[channels.email]
from = "lin@ferry.example.org"
server = "smtp://127.0.0.1:9"
"""


@pytest.fixture
def run(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunContext]:
    """A newsletter whose emails go to its list of subscribers."""
    monkeypatch.setenv("LIST_KEY", "a secret of the tests, long enough")
    with (letter.root / "publisher.toml").open("a") as file:
        file.write(SETTINGS)
    loaded = config.load_config(letter.root / "publisher.toml", registry.load_channel)
    with closing(RunContext.open(loaded, Theme.load(None), NOON, lambda _: None)) as opened:
        yield opened


def examine(run: RunContext) -> list[Finding]:
    (channel,) = [channel for channel in run.channels if isinstance(channel, Email)]
    return [*diagnose_mail_volume(run, channel)]


def test_without_a_ledger_nothing_is_counted(run: RunContext) -> None:
    assert examine(run) == []


def test_channels_with_other_recipients_are_none_of_its_concern(run: RunContext) -> None:
    chat = next(c for c in run.channels if isinstance(c, MessageChannel) and not isinstance(c, Email))
    assert run.ledger
    assert [*diagnose_mail_volume(run, chat)] == []


def test_doctor_warns_before_the_list_makes_a_bulk_sender(run: RunContext, letter: CommandProject) -> None:
    entries = [ImportEntry(f"reader{number}@gmail.com") for number in range(4_000)]
    assert run.subscribers
    import_entries(run.subscribers, entries, Origin(NOON, "test"), dry_run=False)
    found = json.loads(letter.run("doctor", "--json").out)["findings"]
    said = "4,000 recipients at Gmail, which will soon treat you as a bulk sender: 5,000 a day"
    assert [(one["subject"], one["level"]) for one in found if one["message"] == said] == [
        ("email", FindingLevel.WARNING.value)
    ]
    assert not [one for one in found if "the list has no recipients" in one["message"]]


def test_complaints_are_compared_with_what_was_sent(run: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = DomainCounts({"yahoo.com": 100}, {"yahoo.com": 900, "aol.com": 100, "e.org": 5}, {"yahoo.com": 2})
    monkeypatch.setattr(subscribers, "count_by_domain", lambda *_: counts)
    assert run.ledger
    assert [(one.level, one.message) for one in examine(run)] == [
        (
            FindingLevel.WARNING,
            "2 complaints about 1,000 emails to Yahoo in 28 days: 0.20%, and at most 0.3 % is accepted",
        ),
        (FindingLevel.OK, "2 of 1,005 emails to subscribers were reported as spam in 28 days"),
    ]

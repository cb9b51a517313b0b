"""A provider that refuses the sender is shown by `status` and `doctor`, and reported by the daemon once a day."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import closing
from pathlib import Path

from publisher.channel import Part
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.closed_lanes import close_lane
from tests.support.newsletter import HOUR, NOON, CommandProject, due_project


def refuse(ledger: Ledger, key: PublicationKey, *people: str) -> None:
    """Plan a message to some people whose provider then refuses the sender for two hours."""
    lease = ledger.claim(key, NOON, HOUR)
    part = Part("1", "text/plain", b"1")
    ledger.plan(lease, [part], people, NOON, keep_content=False, find_lane=lambda _: ("gmail.com", ""))
    close_lane(ledger, lease, "gmail.com", NOON + 2 * HOUR, "550 5.7.26 not authenticated")
    ledger.release(lease, NOON)


def test_it_is_shown_until_the_lane_opens(letter: CommandProject) -> None:
    letter.run("--channel", "web")
    key = PublicationKey("tag:e.org,2021:slow/2021-07-18", "chat", "@readers")
    with closing(Ledger(letter.place)) as ledger:
        refuse(ledger, key, "lin@gmail.com", "wang@gmail.com")
    line = "chat: gmail.com refuses the sender: 2 deliveries wait until 14:00: 550 5.7.26 not authenticated"
    assert line in letter.run("status").err
    assert line.partition(": ")[2] in letter.run("doctor").out
    [lane] = json.loads(letter.run("status", "--json").out)["closed_lanes"]
    assert (lane["channel"], lane["lane"], lane["waiting"]) == ("chat", "gmail.com", 2)
    later = NOON + 3 * HOUR
    assert "refuses the sender" not in letter.run("status", now=later).err
    assert "refuses the sender" not in letter.run("doctor", now=later).out


def test_the_daemon_reports_it_once_a_day(tmp_path: Path) -> None:
    project = due_project(tmp_path / "letter")
    project.now = NOON
    with closing(project.ledger) as ledger:
        refuse(ledger, project.key(), "lin@gmail.com")
    for _ in range(2):
        project.tick()
        project.restart()
    [event] = project.said("refused")
    assert event.alarm
    assert event.message.startswith("gmail.com refuses the sender: 1 delivery waits until ")
    project.now += dt.timedelta(days=1)
    project.tick()
    assert len(project.said("refused")) == 1, "it is open again"

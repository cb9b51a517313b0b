"""The file with the recipients, while others write it: no one is lost, and no one gets it twice."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections import Counter
from pathlib import Path

from msgspec.structs import replace

from publisher.channels.email import Email
from publisher.clock import Clock
from tests.channels.email.test_publish import READERS, SEND, Letter
from tests.support.newsletter import due_project
from tests.support.servers.mail_server import MailServer

LATER = sorted(READERS)[10:]


def kill_after_eight(letter: Letter) -> set[str]:
    """Have the publisher die after the eighth mail; who has not got theirs, in the order of the list."""
    letter.publish(code=-9, env={"PUBLISHER_FAILPOINT": "acted:kill:8"})
    return set(sorted(READERS)[8:])


def test_a_tick_waits_for_an_export_that_is_under_way(tmp_path: Path) -> None:
    """It writes in place, a little while nothing is done here, and pauses in the middle of a line."""
    project = due_project(tmp_path / "letter")
    readers = project.root / "readers.txt"
    whole = "".join(f"{reader}\n" for reader in sorted(READERS))
    readers.write_text(whole[:210])
    rest = [whole[start : start + 37] for start in range(210, len(whole), 37)]

    def wait(seconds: float) -> None:
        project.now += dt.timedelta(seconds=seconds)
        if rest:
            with readers.open("a") as file:
                file.write(rest.pop(0))

    project.clock = Clock(lambda: project.now, wait)
    with MailServer() as server:
        channel = Email(from_="editor@example.org", server=server.url, recipients_="readers.txt")
        project.channels = (replace(channel, _root=str(project.root)),)
        assert project.tick().exit_code == 0
        assert Counter(server.readers) == Counter(READERS)


def test_killed_and_then_the_list_is_cut(tmp_path: Path) -> None:
    """The one that was being sent is unknown; the others get theirs once, when the list is whole again."""
    with MailServer() as server:
        letter = Letter(tmp_path / "letter", server.url, "connections = 1")
        kill_after_eight(letter)
        letter.write_readers(sorted(READERS)[:10])
        for _ in range(2):
            letter.said = ""
            letter.publish(code=2)
            assert "the list has 10 recipients instead of 20: part of it may be missing" in letter.said
            assert "publish --accept-recipients --issue 2021-07-18 --channel email" in letter.said
        assert len(server.mails) == 8
        letter.write_readers(READERS)
        letter.publish(code=4)
        assert Counter(server.readers) == Counter(READERS)


def test_killed_while_those_who_are_back_get_it(tmp_path: Path) -> None:
    with MailServer() as server:
        letter = Letter(tmp_path / "letter", server.url, 'connections = 1\nuncertain = "skip"')
        letter.write_readers(sorted(READERS)[:10])
        kill_after_eight(letter)
        letter.write_readers([*sorted(READERS)[:4], *LATER])  # as many, and six are not there
        letter.publish()
        assert Counter(server.readers) == Counter({*sorted(READERS)[:8], *LATER})
        letter.write_readers(READERS)
        retry = ("retry", "2021-07-18", *SEND)
        letter.publish(*retry, code=-9, env={"PUBLISHER_FAILPOINT": "begun:kill:2"})
        letter.publish()
        letter.publish(*retry)
        missing = READERS - set(server.readers)
        assert len(missing) == 1, "the one that was about to be sent when it died"
        assert Counter(server.readers) == Counter(READERS - missing)


def test_who_left_is_counted_and_named(tmp_path: Path) -> None:
    with MailServer() as server:
        letter = Letter(tmp_path / "letter", server.url, 'connections = 1\nuncertain = "skip"')
        left = sorted(kill_after_eight(letter))[:3]
        letter.write_readers(READERS - set(left))

        def say(*words: str) -> str:
            with letter.start(*words) as process:
                out, errors = process.communicate(timeout=1800)
            assert process.returncode == 0, errors
            return out

        assert "✓ email     readers · 9 sent, 3 left the list  " in say(*SEND)
        status = say("status", "2021-07-18")
        for reader in left:
            assert f"{reader} left the list\n" in status
        [row] = [one for one in letter.publish("status", "2021-07-18")["rows"] if one["channel"] == "email"]
        assert (row["unlisted"], row["counts"]["unlisted"], row["condition"]) == (left, 3, "published")
        assert "nothing to do" in say("retry", "2021-07-18", *SEND)
        letter.write_readers(READERS - {left[0]})
        assert "readers · 2 sent  " in say("retry", "2021-07-18", *SEND)
        assert Counter(server.readers) == Counter(READERS - {left[0]})


def test_a_new_list_of_a_moment_ago_is_published(tmp_path: Path) -> None:
    """By the real clocks of the machine and of its files; a file of tomorrow too."""
    with MailServer() as server:
        letter = Letter(tmp_path / "letter", server.url)
        readers = letter.root / "readers.txt"
        tomorrow = time.time() + 86_400
        os.utime(readers, (tomorrow, tomorrow))
        letter.publish()
        assert Counter(server.readers) == Counter(READERS)

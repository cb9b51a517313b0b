"""What workers, `publish status` and `publish doctor` say when messages wait, fail, or must not be sent."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import sleep
from typing import IO

import pytest

from publisher.ledger import Ledger
from publisher.ledger.meta import get_meta, set_meta
from publisher.ledger.shards import change_deliveries
from publisher.ledger.worker_heartbeats import record_worker
from tests.daemon.worker_letter import KEY, MANY, NEWSLETTER, SEND, Letter, addresses, eventually
from tests.support.postgres import Postgres
from tests.support.servers.mail_server import Fault, MailServer


def test_what_a_person_sees(letter: Letter) -> None:
    letter.enter(addresses(2))
    out = letter.run(*SEND).out
    assert re.search(r"^✓ email +2 messages are with the workers: publish status$", out, re.MULTILINE)
    status = letter.run("status")
    assert "being published" in status.out
    assert "by workers: 0 of 2 in lane other" in status.out
    assert "no worker is running: publish worker" in status.errors
    assert letter.run("status", "--channel", "email").out.splitlines()[-1] == "2021-07-18 waits for a worker"
    findings = letter.publish("doctor", "--verbose", code=2)["findings"]
    [finding] = [one for one in findings if one["subject"] == "workers"]
    assert finding["message"] == "no worker is running, and messages wait for one"
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "published")
        findings = letter.publish("doctor", "--verbose")["findings"]
        [message] = [one["message"] for one in findings if one["subject"] == "workers"]
        assert re.fullmatch(r"1 worker alive: process \d+ on \S+", message)
    assert re.findall(r"^(?:started|stopped|2021.*)$", letter.said, re.MULTILINE) == [
        "started",
        "2021-07-18 sent email: 2 in lane other",
        "stopped",
    ]


def test_a_failure_is_reported_once_by_all_workers_together(tmp_path: Path, postgres: Postgres) -> None:
    with MailServer(user="lin", password="spring") as server:
        login = 'user = "lin"\npassword = "env:MAIL_PASSWORD"\n'
        letter = Letter(tmp_path, server.url, postgres.address(), login)
        letter.publish("worker", "--setup")
        letter.enter(addresses(MANY))
        letter.publish(*SEND)
        with letter.worker():
            with letter.worker():
                eventually(letter.alarms.exists)
                sleep(3)
            said = letter.said
        assert len(letter.alarms.read_text("utf-8").splitlines()) == 1
        assert "refused the login of lin" in said + letter.said  # the other may not have come to it
        assert letter.count()["planned"] == MANY
        letter.env["MAIL_PASSWORD"] = "spring"
        with letter.worker():
            eventually(lambda: letter.status()["condition"] == "published")
    assert Counter(server.readers) == Counter(addresses(MANY))


def test_failed_deliveries_are_the_daemons_to_report_and_a_persons_to_retry(letter: Letter, server: MailServer) -> None:
    server.script(Fault("RCPT", "554 5.7.1 mail content denied", reader="reader1@example.net", at=0))
    letter.enter(addresses(3))
    letter.publish(*SEND)
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "failed")
    assert not letter.alarms.exists()
    letter.publish("tick", code=3)
    letter.publish("tick")
    assert len(letter.alarms.read_text("utf-8").splitlines()) == 1
    server.script()
    assert letter.publish("retry", "2021-07-18", *SEND)["channels"]["email"]["queued"] == 1
    with letter.worker():
        eventually(lambda: letter.status()["condition"] == "published")
    assert Counter(server.readers) == Counter(addresses(3))


def test_what_is_unknown_or_failed_is_said_while_workers_send_the_rest(letter: Letter) -> None:
    letter.enter(addresses(4))
    letter.publish(*SEND)
    with closing(Ledger(letter.database)) as ledger, ledger.transaction() as tx:
        change_deliveries(tx, "state = 'failed'", (), "recipient = ?", ("reader1@example.net",))
    row = letter.status(code=3)
    assert row["detail"] == "by workers: 0 of 4 in lane other · 1 failed"
    with closing(Ledger(letter.database)) as ledger, ledger.transaction() as tx:
        change_deliveries(tx, "state = 'unknown'", (), "recipient = ?", ("reader0@example.net",))
        record_worker(tx, ledger.dialect, NEWSLETTER)
    row = letter.status(code=4)
    assert row["condition"] == "busy"
    assert row["detail"] == "by workers: 0 of 4 in lane other · 1 unknown, 1 failed"
    assert row["next"] == "publish resolve 2021-07-18 --channel email"


@pytest.mark.parametrize(
    ("fault", "line", "alarms"),
    [
        (
            Fault("MAIL", "550 5.7.1 sender blocked", at=0),
            r"2021-07-18 waiting email: until \d\d:\d\d: the server refused the sender: 550 5.7.1 sender blocked.*",
            0,
        ),
        (
            Fault(".", "550 5.7.26 unauthenticated", at=0),
            r"refused email: example.net refuses the sender: 3 deliveries wait until \d\d:\d\d: .*unauthenticated.*",
            1,
        ),
    ],
)
def test_the_status_and_the_log_say_why_messages_wait(
    letter: Letter, server: MailServer, fault: Fault, line: str, alarms: int
) -> None:
    server.script(fault)
    letter.enter(addresses(3))
    letter.publish(*SEND)
    nothing = "by workers: 0 of 3 in lane other"
    assert letter.status()["detail"] == nothing
    with letter.worker() as worker:
        assert worker.stdout
        lines = [worker.stdout.readline().rstrip() for _ in range(2)]
    assert lines[0] == "started"
    assert re.fullmatch(line, lines[1])
    assert fault.reply in letter.status()["detail"].removeprefix(f"{nothing} · ")
    assert letter.alarms.exists() == bool(alarms)
    assert letter.said == "stopped\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--lanes", "qq"), "there is no lane qq with a rate limit of its own"),
        (("--lanes", ", "), "--lanes names no lane"),
        (("--threads", "0"), "0 is not a number of threads"),
        (("--threads", "x"), "x is not a number of threads"),
    ],
)
def test_wrong_options(letter: Letter, options: tuple[str, ...], message: str) -> None:
    with letter.worker(*options, code=2) as worker:
        worker.wait(300)
    assert message in letter.said


def test_a_worker_with_other_settings_sends_nothing(letter: Letter, server: MailServer) -> None:
    letter.enter(addresses(3))
    letter.publish(*SEND)
    letter.env["LIST_KEY"] = "another-key-of-the-list-0815"
    with letter.worker(code=2) as worker:
        worker.wait(300)
    assert letter.said == (
        "error: not the same here as in the process that plans the issues: [subscribers] key"
        " · copy its publisher.toml and secrets; if they were changed there: publish tick\n"
    )
    findings = letter.publish("doctor", "--verbose", code=2)["findings"]
    [message] = [one["message"] for one in findings if one["subject"] == "workers"]
    assert message.endswith("plans the issues: [subscribers] key")
    letter.env["LIST_KEY"] = KEY
    settings = letter.root / "publisher.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("editor@slow.press", "other@slow.press"), "utf-8")
    with letter.worker(code=2) as worker:
        worker.wait(300)
    assert "[channels.email] from" in letter.said
    letter.publish("tick")
    with letter.worker():
        eventually(lambda: len(server.mails) == 3)
    assert {mail.sender for mail in server.mails} == {"other@slow.press"}


def test_a_worker_whose_settings_become_others_sends_nothing(letter: Letter, server: MailServer) -> None:
    letter.enter(addresses(3))
    with letter.worker() as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "started\n"
        with closing(Ledger(letter.database)) as ledger:
            name = f"settings of what is sent of {NEWSLETTER}"
            letter.publish(*SEND)
            eventually(lambda: len(server.mails) == 3)
            right = get_meta(ledger, name)
            set_meta(ledger, name, right.replace("editor@", "other@"))
            assert "[channels.email] from" in next(line for line in worker.stdout if line.startswith("failed"))
            set_meta(ledger, name, right)
            assert next(line for line in worker.stdout if line.startswith("recovered"))


def test_a_worker_of_another_newsletter_sends_nothing(letter: Letter, server: MailServer) -> None:
    """Its publisher.toml has the address of this one, and another id."""
    letter.enter(addresses(3))
    letter.publish(*SEND)
    settings = letter.root / "publisher.toml"
    settings.write_text(settings.read_text("utf-8").replace(NEWSLETTER, f"{NEWSLETTER}er"), "utf-8")
    with letter.worker(code=2) as worker:
        worker.wait(300)
    assert letter.said.startswith(
        f'error: [newsletter] id is "{NEWSLETTER}er", but issues were published with "{NEWSLETTER}"'
    )
    assert server.mails == []


@pytest.mark.parametrize("offset", ["+300s", "-300s"])
def test_a_worker_whose_clock_is_wrong_does_not_start(letter: Letter, need: Callable[..., str], offset: str) -> None:
    """Its leases would end too early or too late for the others."""
    with letter.worker(code=2, under=[need("faketime"), "-f", offset]) as worker:
        worker.wait(300)
    assert letter.said == (
        "error: the clocks of this machine and of the database differ by over 30 seconds · let NTP set both\n"
    )


def read_until(output: IO[str], *texts: str) -> list[str]:
    """Return the next lines until each of the texts is in one. There may be others: what waits while the clock changes
    may end too early, and is said to have failed."""
    lines: list[str] = []
    while not all(text in "".join(lines) for text in texts):
        lines.append(output.readline())
        assert lines[-1], lines
    return lines


def test_a_worker_whose_clock_goes_wrong_sends_nothing_more(
    letter: Letter, server: MailServer, need: Callable[..., str], tmp_path: Path
) -> None:
    offset = tmp_path / "offset"

    def set_clock(text: str) -> None:  # at once: while it is read, it is never empty
        (tmp_path / "next").write_text(text, "utf-8")
        (tmp_path / "next").replace(offset)

    set_clock("+0")
    preload = subprocess.check_output(
        [need("faketime"), "-f", "+0", "printenv", "LD_PRELOAD"], encoding="utf-8"
    ).strip()
    faked = [f"LD_PRELOAD={preload}", f"FAKETIME_TIMESTAMP_FILE={offset}", "FAKETIME_NO_CACHE=1"]
    letter.enter(addresses(3))
    with letter.worker(under=["env", *faked, "FAKETIME_DONT_FAKE_MONOTONIC=1"]) as worker:
        assert worker.stdout
        assert read_until(worker.stdout, "started\n") == ["started\n"]
        set_clock("+300s")
        read_until(worker.stdout, "the clocks of this machine and of the database differ")
        set_clock("+400s")
        letter.publish(*SEND)
        sleep(6)
        assert server.mails == []
        set_clock("+0")
        lines = read_until(worker.stdout, "2021-07-18 sent email: 3 in lane other\n", "recovered\n")
        assert "clocks" not in "".join(lines), lines
    assert len(server.mails) == 3

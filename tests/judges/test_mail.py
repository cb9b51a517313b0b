"""The email in independent programs: a mail reader and a spam filter."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="module", params=["flowed", "hard"])
def mail(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    write_letter: Callable[[Path, list[Path]], Path],
    publish: Callable[..., str],
) -> Path:
    """The folder of a mail made by the real command."""
    issues = sorted((Path(__file__).parent / "issues").glob("*.md"))
    letter = write_letter(tmp_path_factory.mktemp("mail") / "letter", issues)
    with (letter / "publisher.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[channels.email]\nto = "list@example.org"\nwrap = "{request.param}"\n')
    publish("--channel", "email", "--force", folder=letter)  # its title is of another form
    (folder,) = (letter / "outbox").glob("*/email")
    return folder


def test_a_reader_shows_the_lines(mail: Path, need: Callable[[str], str]) -> None:
    """mblaze knows nothing of format=flowed: it shows the lines as they came, a stuffed space before some."""
    shown = subprocess.run(
        [need("mshow"), "-O", str(mail / "message.eml"), "1"],
        env=os.environ | {"MBLAZE_PAGER": "cat", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    ).stdout.decode()
    meant = (mail / "message.txt").read_text("utf-8")
    stuffed = "format=flowed" in (mail / "message.eml").read_text("ascii")
    lines = [line.rstrip() for line in shown.rstrip("\n").split("\n")]
    expected = [
        f" {line}" if stuffed and line.startswith((" ", ">", "From ")) else line
        for line in (line.rstrip() for line in meant.rstrip("\n").split("\n"))
    ]
    assert lines == expected


def test_a_filter_takes_it_for_a_list_and_nothing_else(mail: Path, need: Callable[[str], str]) -> None:
    """SpamAssassin with the rules of its package, offline: -1 for a mailing list with all its headers."""
    report = subprocess.run(
        [need("spamassassin"), "-L", "-t", "--cf=use_bayes 0", "--cf=use_txrep 0"],
        input=(mail / "message.eml").read_bytes(),
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8", "replace")
    analysis = report.rpartition("Content analysis details:")[2]
    rules = dict(reversed(rule) for rule in re.findall(r"^ *(-?\d+\.\d) ([A-Z0-9_]+)", analysis, re.MULTILINE))
    assert rules.pop("MAILING_LIST_MULTI") == "-1.0"
    assert [rule for rule, points in rules.items() if float(points) > 0] == []

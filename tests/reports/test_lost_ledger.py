"""A ledger that is lost, with its backup beside it, is not a newsletter that was never published."""

from __future__ import annotations

import pytest

from tests.support.newsletter import CommandProject, Said

LOST = "nothing is sent: move ledger.db* away, copy ledger.backup to ledger.db, and compare it with what was sent since"


@pytest.fixture
def lost(letter: CommandProject) -> CommandProject:
    """What was published, and edited since, is known to the backup only."""
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    for file in letter.place.parent.glob("ledger.db*"):
        file.unlink()
    return letter


def folder(letter: CommandProject) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in letter.place.parent.iterdir() if file.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "2021-07-18"),
        ("diff",),
        ("--dry-run",),
        ("retry", "--dry-run"),
        ("correct", "2021-07-18", "--dry-run"),
        ("resolve", "2021-07-18"),
    ],
    ids=" ".join,
)
def test_commands_that_only_look_report_a_lost_ledger(lost: CommandProject, words: tuple[str, ...]) -> None:
    before = folder(lost)
    assert lost.run(*words) == Said(6, "", f"error: the ledger {lost.place} is missing · {LOST}\n")
    assert folder(lost) == before


def test_doctor_reports_a_lost_ledger(lost: CommandProject) -> None:
    before = folder(lost)
    lines = [line for line in lost.lines("doctor", code=2) if "ledger" in line]
    assert lines == [f"✗ ledger    the ledger {lost.place} is missing · {LOST}"]
    assert folder(lost) == before


def test_restored_backup_knows_what_was_sent(lost: CommandProject) -> None:
    lost.place.write_bytes(lost.place.with_suffix(".backup").read_bytes())
    assert lost.lines("diff", "--full", "--channel", "chat") == [
        "chat · @readers · 2 · changed",
        "@@ -1 +1 @@",
        "-二",
        "+贰",
    ]

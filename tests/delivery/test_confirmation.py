"""What the editor is asked before anything is sent, and what a dry run foresees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from publisher.events import PendingSend
from publisher.ledger.queries import ResolutionChoice, resolve_deliveries
from tests.support.fake_channel import Letters, Post, World, fail_on
from tests.support.newsletter import NOON, Project


def test_confirmation_shows_how_late_the_issue_is(project: Project) -> None:
    asked: list[Sequence[PendingSend]] = []

    def no(leaving: Sequence[PendingSend]) -> bool:
        asked.append(leaving)
        return False

    project.now += dt.timedelta(days=12)
    project.post(confirm=no)
    assert asked == [[PendingSend("post", "@readers", 3, days_late=12)]]


def test_the_editor_is_asked_once_for_all(project: Project) -> None:
    asked: list[Sequence[PendingSend]] = []

    class Other(Post, frozen=True):
        name = "other"

    def no(leaving: Sequence[PendingSend]) -> bool:
        asked.append(leaving)
        return False

    other = Other(World(project.root / "other"))
    outcome = project.publish(Post(project.world), other, confirm=no)
    assert asked == [[PendingSend("post", "@readers", 3), PendingSend("other", "@readers", 3)]]
    assert outcome.exit_code == 2
    assert project.world.calls == []
    assert project.publish(Post(project.world), other).exit_code == 0
    project.write("2021-07-18", "一", "二", "叁")
    project.publish(Post(project.world), other, confirm=no)  # a change can be taken back
    assert len(asked) == 1
    assert project.world.calls[-1] == "update 3 叁"


def test_the_editor_is_asked_about_what_will_leave(project: Project) -> None:
    asked: list[Sequence[PendingSend]] = []

    def yes(leaving: Sequence[PendingSend]) -> bool:
        asked.append(leaving)
        return True

    project.post(fail_on("2", TimeoutError()), confirm=yes)
    project.post(confirm=yes)
    assert len(asked) == 1, "nothing can leave behind what is unknown"
    resolve_deliveries(project.ledger, project.key(), ResolutionChoice.DROP, NOON)
    project.post(confirm=yes)
    assert asked[1] == [PendingSend("post", "@readers", 1)], "what was given up does not leave"
    project.write("2021-07-18", "一", "贰", "叁")
    project.post(correct=True, confirm=yes)
    assert asked[2] == [PendingSend("post", "@readers", 0, changed=1)], "a correction is agreed to"


def test_a_dry_run_foresees_and_notes_nothing(project: Project) -> None:
    seen = project.post(dry_run=True)
    assert (seen.sent, seen.changed) == (3, 0)
    assert not (project.root / ".publisher" / "ledger.db").exists()
    project.post()
    project.write("2021-07-18", "一", "二", "叁")
    seen = project.post(dry_run=True)
    assert (seen.sent, seen.changed) == (0, 1)
    assert len(project.world.calls) == 3


def test_to_another_folder_everything_goes_as_files(project: Project, tmp_path: Path) -> None:
    done = project.post(out=tmp_path / "copy")
    assert done.written == ("1", "2", "3", "preview")
    assert project.world.calls == []


def test_confirmation_shows_the_number_of_recipients(project: Project) -> None:
    """Not how many parts there are: what cannot be taken back is each of their mails."""
    project.write("2021-07-18", "一")
    letters, asked = Letters(project.world, count=25), list[PendingSend]()

    def refuse(leaving: Sequence[PendingSend]) -> bool:
        asked.extend(leaving)
        return False

    assert project.publish(letters, dry_run=True).channels["letters"].sent == 25
    project.publish(letters, confirm=refuse)
    assert [one.new for one in asked] == [25]


def test_nobody_is_asked_about_what_waits_behind_the_unknown(project: Project) -> None:
    class Series(Letters, frozen=True):
        name = "series"
        ordered = True

    def no(leaving: Sequence[PendingSend]) -> bool:
        raise AssertionError(leaving)

    series = Series(project.world, behaves=fail_on("2", TimeoutError(), acts=True))
    project.publish(series)
    assert project.publish(series, confirm=no).exit_code == 4

"""Nothing goes out a second time because its name changed: the issue's, the chat's or the newsletter's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.calendar import repeats
from publisher.channel import Channel
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.errors import ConfigError
from publisher.reports.adopt import adopt_archive
from publisher.theme import Theme
from tests.calendar.already_sent import DAY, four_messages, sent, write
from tests.support.fake_channel import Letters, Post
from tests.support.newsletter import Project

OLD = "issues/2021-07-18.md"


def configure(project: Project, *channels: Channel) -> None:
    """Change the channels in publisher.toml."""
    project.channels = channels
    (project.root / "publisher.toml").write_text(f"[newsletter] # {channels}")
    project.restart()


def remove(project: Project) -> None:
    (project.root / OLD).unlink()


def corrected_date(project: Project, items: int) -> None:
    remove(project)
    write(project, "2021-07-17.md", "2021-07-17", items)


def corrected_front_matter(project: Project, items: int) -> None:
    write(project, "2021-07-18.md", "2021-07-17", items, head="---\ndate: 2021-07-17\n---\n")


def new_id(project: Project, items: int) -> None:
    write(project, "2021-07-18.md", "2021-07-18", items, head="---\nid: other\n---\n")


def renamed_and_edited(project: Project, items: int) -> None:
    remove(project)
    write(project, "2021-07-17.md", "2021-07-17", items, edit="- 一条新的\n")


def moved_and_rewritten(project: Project, items: int) -> None:
    """The same file, of which nothing else is left."""
    write(project, "2021-07-18.md", "2021-07-18", 0, head="---\nid: other\n---\n", edit="- 全新\n" * items)


def copied(project: Project, items: int) -> None:
    write(project, "copy.md", "2021-07-17", items, head="---\nid: copy\n---\n")


CHANGES: list[Callable[[Project, int], None]] = [
    corrected_date,
    corrected_front_matter,
    new_id,
    renamed_and_edited,
    moved_and_rewritten,
    copied,
]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return four_messages(tmp_path / "letter")


def feed(project: Project) -> int:
    return project.text("feed.xml").count("<item>")


@pytest.mark.parametrize("items", [3, 6, 20, 200])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_another_name_is_noticed(project: Project, change: Callable[[Project, int], None], items: int) -> None:
    write(project, "2021-07-18.md", "2021-07-18", items)
    project.tick()
    assert (sent(project), feed(project)) == (4, 1)
    change(project, items)
    for force in (False, True):
        with pytest.raises(ConfigError) as caught:
            project.publish(force=force, **({"issue": "copy"} if change is copied else {}))
        assert caught.value.exit_code == 2
        assert "2021-07-18; as " in caught.value.message
        assert "`id: 2021-07-18`" in caught.value.hint
        assert "--again" in caught.value.hint
    project.events.clear()
    assert project.tick().exit_code == 2
    project.restart()
    assert project.tick().exit_code == 0, "told twice"
    [said] = project.said("repeat")
    assert said.alarm
    assert said.channels == ("web", "rss", "post", "letters")
    assert (sent(project), feed(project)) == (4, 1)


def test_two_items_are_enough(project: Project) -> None:
    write(project, "2021-07-18.md", "2021-07-18", 2)
    project.tick()
    corrected_date(project, 2)
    project.tick()
    assert [said.what for said in project.events[-1:]] == ["repeat"]
    assert sent(project) == 4


def test_the_id_says_that_it_is_the_same_issue(project: Project) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    remove(project)
    write(project, "2021-07-17.md", "2021-07-17", head="---\nid: 2021-07-18\n---\n")
    outcome = project.publish()
    assert outcome.exit_code == 0
    assert (sent(project), feed(project)) == (4, 1)


def test_again_sends_it_again(project: Project) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    corrected_date(project, 3)
    outcome = project.publish(again=True)
    assert outcome.exit_code == 0
    assert sent(project) == 8
    assert project.publish().exit_code == 0
    project.restart()
    project.events.clear()
    project.tick()
    assert (sent(project), project.events) == (8, [])


def test_an_old_issue_that_is_renamed_stops_the_next_one_by_hand_only(project: Project) -> None:
    """A new id is a new entry in the feed, for every reader of it."""
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    project.now += 7 * DAY
    corrected_date(project, 3)
    write(project, "2021-07-25.md", "2021-07-25", 9, topic="b")
    with pytest.raises(ConfigError, match=r"2021-07-17\.md went out before, as 2021-07-18"):
        project.publish()
    assert sent(project) == 4
    project.tick()
    assert (sent(project), feed(project)) == (8, 1)
    assert project.said("repeat") == [], "nobody expects an issue of last week"


def test_issues_that_only_look_alike(project: Project) -> None:
    """A name that is used for the next issue, short issues with the same text, a shared beginning."""
    write(project, "next.md", "2021-07-18", 1, head="---\ndate: 2021-07-18\n---\n")
    project.tick()
    (project.root / "issues/next.md").rename(project.root / OLD)
    project.now += 7 * DAY
    write(project, "next.md", "2021-07-25", 1, topic="b", head="---\ndate: 2021-07-25\n---\n")
    project.tick()
    project.now += 7 * DAY
    write(project, "2021-08-01.md", "2021-08-01", 20, topic="c")
    assert project.publish().exit_code == 0
    assert sent(project) == 12


def test_the_same_issue_that_moves_to_another_file(project: Project) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    remove(project)
    write(project, "archive-0718.md", "2021-07-18")
    assert project.publish().exit_code == 0
    project.restart()
    project.tick()
    assert (sent(project), feed(project)) == (4, 1)


def test_what_was_only_written_to_files_was_not_sent(project: Project) -> None:
    project.channels = (Web(), Post(project.world, destination=""))
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    configure(project, Web(), Post(project.world))
    project.tick()
    assert sent(project) == 1


# ------------------------------------------------------------------------- another destination


def test_another_destination_is_asked_about(project: Project) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.channels = (Web(), Post(project.world))
    project.tick()
    configure(project, Web(), Post(project.world, destination="@others"))
    with pytest.raises(ConfigError, match="went out on post to @readers; now it would go out again, to @others"):
        project.publish()
    assert project.tick().exit_code == 2
    assert project.tick().exit_code == 0
    assert sent(project) == 1
    assert project.publish(again=True).exit_code == 0
    assert sent(project) == 2
    project.now += 7 * DAY
    write(project, "2021-07-25.md", "2021-07-25", 9, topic="b")
    project.tick()
    assert sent(project) == 3, "the next issue goes there without asking"


# ------------------------------------------------------------------------------ adopted, corrected


def test_adopted_issues_are_known_to_channels_of_later(project: Project) -> None:
    write(project, "2021-07-17.md", "2021-07-17")
    project.channels = (Web(), Post(project.world))
    adopt_archive(project.config, Theme.load(), project.now, lambda _: None)
    project.channels = (Web(), Post(project.world), Letters(project.world, count=3))
    project.tick()
    outcome = project.publish()
    assert sent(project) == 0
    reason = "it was published before the ledger began and is not changed"
    assert [outcome.channels[name].held_reason for name in ("post", "letters")] == [reason] * 2
    assert project.publish(Letters(project.world, count=3), again=True).exit_code == 0
    assert sent(project) == 3


def test_adopted_issues_are_known_under_another_name(project: Project) -> None:
    """Also to a channel that was set up after they were adopted."""
    write(project, "2021-07-18.md", "2021-07-18")
    project.now += DAY
    project.channels = (Web(),)
    adopt_archive(project.config, Theme.load(), project.now, lambda _: None)
    project.channels = (Post(project.world),)
    remove(project)
    write(project, "2021-07-19.md", "2021-07-19")
    with pytest.raises(ConfigError, match="went out before, as 2021-07-18"):
        project.publish()
    project.tick()
    assert sent(project) == 0


def test_a_correction_reaches_only_where_the_issue_is(project: Project) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.publish(Web(), Post(project.world))
    write(project, "2021-07-18.md", "2021-07-18", 4)
    outcome = project.publish(correct=True)
    assert outcome.exit_code == 0
    assert set(outcome.channels) == {"web", "post", "letters"}
    assert "a3" in project.text("2021-07-18/index.html")
    assert not (project.root / "public/feed.xml").exists()
    assert (sent(project), outcome.channels["letters"].sent) == (1, 0)
    assert outcome.channels["letters"].held_reason.startswith("it was not sent there")
    assert project.warnings == ["rss: the issue is not published there: left out"]
    with pytest.raises(ConfigError, match="is not published yet"):
        project.publish(Rss(), correct=True)


# --------------------------------------------------------------------------- another id of the newsletter


def test_a_new_id_of_the_newsletter_needs_a_word(project: Project) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.tick()
    project.newsletter = replace(project.newsletter, id="tag:e.org,2022:n")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r'\[newsletter\] id is "tag:e.org,2022:n"') as caught:
            project.publish(force=True, again=True)
        assert caught.value.exit_code == 2
        assert 'id = "tag:e.org,2021:n"' in caught.value.hint
    project.now += DAY
    for command in (project.tick, lambda: adopt_archive(project.config, Theme.load(), project.now, lambda _: None)):
        with pytest.raises(ConfigError, match=r"\[newsletter\] id"):
            command()
    assert "2022" not in project.text("feed.xml")
    (project.root / "publisher.toml").write_text("[newsletter] # with another id")
    outcome = project.publish(accept_new_id=True)
    assert outcome.exit_code == 0
    assert sent(project) == 4
    assert "tag:e.org,2022:n/2021-07-18" in project.text("atom.xml")
    project.restart()
    project.events.clear()
    project.tick()
    assert project.publish().exit_code == 0
    assert (sent(project), project.events) == (4, [])


def test_an_edit_of_what_went_out_does_not_list_all_that_did(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, "2021-07-18.md", "2021-07-18")
    project.publish()
    write(project, "2021-07-18.md", "2021-07-18", edit="\n更正。\n")
    with monkeypatch.context() as without_list:
        without_list.setattr(repeats, "find_published_or_sent", None)
        assert project.publish().exit_code == 0

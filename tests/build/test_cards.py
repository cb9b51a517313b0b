"""Social cards: which pages have one, when it is drawn, and that nothing waits for it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.archive.cache_keys import compute_reading_key
from publisher.archive.index import Index
from publisher.archive.lock import acquire_lock
from publisher.build import cards
from publisher.build.cards import diagnose_cards
from publisher.cards import fonts, social
from publisher.channel import FindingLevel
from publisher.channels.web import Web
from publisher.errors import StorageError
from publisher.events import ChannelOutcome
from publisher.run import RunContext
from publisher.theme import Theme
from tests.support.newsletter import Project

NOON = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)
BASE = "https://e.org/"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The headlines of the cards that were drawn, in order."""
    headlines: list[str] = []
    draw = social.draw_card
    monkeypatch.setattr(social, "draw_card", lambda card: (headlines.append(card.headline), draw(card))[1])
    return headlines


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Four issues in Latin letters, of which two at most get a card of their own."""
    monkeypatch.setattr(cards, "OWN_CARDS", 2)
    made = Project(tmp_path / "letter", channels=(Web(),), now=NOON)
    made.newsletter = replace(made.newsletter, name="Slow", lang="en", tagline="Slowly")
    for date in ("2021-06-20", "2021-06-27", "2021-07-04", "2021-07-11"):
        made.write(date, f"Title of {date}")
    monkeypatch.setattr(fonts, "_list_folders", lambda: ())  # only the face that Pillow brings: fast, and everywhere
    monkeypatch.setattr(fonts, "_find_fc_list", lambda: None)
    fonts.forget_fonts()
    return made


@pytest.fixture(autouse=True)
def fresh_fonts() -> Iterator[None]:
    yield
    fonts.forget_fonts()


def card_of(project: Project, page: str = "") -> str:
    """The file of the card that a page names."""
    text = (project.root / "public" / page / "index.html").read_text("utf-8")
    url = text.partition('property="og:image" content="')[2].partition('"')[0]
    assert url.startswith(f"{BASE}cards/")
    assert text.count(url) >= 1
    return url.removeprefix(BASE)


def files(project: Project) -> set[str]:
    return {f"cards/{path.name}" for path in (project.root / "public" / "cards").iterdir()}


def write(project: Project, date: str, title: str) -> None:
    project.path(date).write_text(f"# Slow ({date}): {title}\n\n## News\n\n- [Item](https://e.org/{date})\n", "utf-8")


def test_the_newest_issues_have_cards(project: Project, drawn: list[str]) -> None:
    outcome = project.publish()
    site = card_of(project)
    assert card_of(project, "2021-06-20") == card_of(project, "2021-06-27") == site
    own = {card_of(project, "2021-07-04"), card_of(project, "2021-07-11")}
    assert len(own - {site}) == 2
    assert files(project) == {site, *own}
    assert {f"public/{name}" for name in files(project)} <= {*outcome.channels["web"].written}
    assert len(drawn) == 3
    assert outcome.exit_code == 0


def test_the_subscribe_page_names_the_card_of_the_site(project: Project) -> None:
    project.publish()
    assert f"{BASE}{card_of(project)}" in (project.root / "public" / "subscribe.html").read_text("utf-8")


def test_what_is_published_from_now_on_keeps_its_card(project: Project, drawn: list[str]) -> None:
    project.publish()
    before = files(project)
    for number, date in enumerate(("2021-07-12", "2021-07-13", "2021-07-14"), 1):
        write(project, date, f"New {number}")
        project.publish()
    assert drawn[3:] == ["New 1", "New 2", "New 3"]
    assert before < files(project)
    kept = card_of(project, "2021-07-04")
    shutil.rmtree(project.root / ".publisher" / "cache")
    shutil.rmtree(project.root / "public")
    project.publish()
    assert card_of(project, "2021-07-04") == kept, "it is known from what is kept with the sources"
    assert card_of(project, "2021-06-27") == card_of(project)


def test_what_has_not_changed_is_not_drawn(project: Project, drawn: list[str]) -> None:
    project.publish()
    assert project.quick("web")
    drawn.clear()
    assert project.publish().channels["web"].written == ()
    shutil.rmtree(project.root / ".publisher" / "cache")
    project.publish()
    assert drawn == []


@pytest.mark.parametrize("length", [None, 0, 5, 1000, -1])
def test_a_card_that_is_missing_or_cut_short_is_drawn_again(
    project: Project, drawn: list[str], length: int | None
) -> None:
    project.publish()
    drawn.clear()
    path = project.root / "public" / card_of(project, "2021-07-11")
    body = path.read_bytes()
    if length is None:
        path.unlink()
    else:
        path.write_bytes(body[:length])
    assert project.quick("web") is None
    project.publish()
    assert (len(drawn), path.read_bytes()) == (1, body)


def test_the_address_changes_with_the_card(project: Project) -> None:
    project.publish()
    before, others = card_of(project, "2021-07-11"), {card_of(project), card_of(project, "2021-07-04")}
    write(project, "2021-07-11", "Other words")
    outcome = project.publish()
    after = card_of(project, "2021-07-11")
    assert after != before
    assert files(project) == {after, *others}, "the old file is deleted: only its page named it"
    assert outcome.channels["web"].orphaned == ()


def test_text_below_the_title_changes_no_card(project: Project, drawn: list[str]) -> None:
    project.publish()
    drawn.clear()
    path = project.path("2021-07-11")
    path.write_text(path.read_text("utf-8") + "\nOne more word.\n", "utf-8")
    assert project.publish().channels["web"].written
    assert drawn == []


def test_another_color_changes_all_cards(project: Project, drawn: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    project.publish()
    before = files(project)
    theme = Theme.load(None)
    style = theme.files["style.css"]
    changed = replace(style, text=f":root {{ --brand: #005fcc; }}\n{style.text}")
    monkeypatch.setattr(Theme, "load", lambda *_: Theme({**theme.files, "style.css": changed}))
    shutil.rmtree(project.root / ".publisher" / "cache")
    project.publish()
    assert not before & files(project), "also without a record of what was drawn"
    assert len(drawn) == 6


def test_only_cards_are_deleted(project: Project) -> None:
    project.publish()
    for name in ("photo.png", "0123456789abcdef.svg", "0123456789abcdef.png"):
        (project.root / "public" / "cards" / name).write_bytes(b"x")
    write(project, "2021-07-11", "Other words")
    project.publish()
    assert {"cards/photo.png", "cards/0123456789abcdef.svg"} < files(project)
    assert "cards/0123456789abcdef.png" not in files(project)


def test_other_runs_need_not_wait_for_a_drawing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, seen = social.draw_card, []

    def draw_unlocked(card):
        with acquire_lock(project.root / ".publisher" / "lock"):  # raises BusyError if it is held
            seen.append((project.root / "public" / "index.html").exists())
        return draw(card)

    monkeypatch.setattr(social, "draw_card", draw_unlocked)
    assert project.publish().exit_code == 0
    assert seen == [True] * 3


def test_a_run_that_ends_while_drawing_is_finished_by_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = social.draw_card

    def stop(card):
        if card.topics:
            raise KeyboardInterrupt
        return draw(card)

    with monkeypatch.context() as patch:
        patch.setattr(social, "draw_card", stop)
        with pytest.raises(KeyboardInterrupt):
            project.publish()
    assert project.quick("web") is None
    project.publish()
    assert files(project) == {card_of(project, page) for page in ("", "2021-07-04", "2021-07-11")}
    assert project.quick("web")


def test_a_card_that_cannot_be_written(project: Project, drawn: list[str]) -> None:
    (project.root / "public").mkdir()
    (project.root / "public" / "cards").write_text("in the way")
    outcome = project.publish()
    error = outcome.channels["web"].error
    assert isinstance(error, StorageError)
    assert "public/cards" in error.message
    reported = [event.error for event in project.run_events if isinstance(event, ChannelOutcome)]
    assert reported == [None, error]
    (project.root / "public" / "cards").unlink()
    assert project.publish().exit_code == 0
    assert len(files(project)) == 3


def test_a_dry_run_draws_nothing(project: Project, drawn: list[str]) -> None:
    written = project.publish(dry_run=True).channels["web"].written
    assert sum(key.startswith("public/cards/") for key in written) == 3
    assert drawn == []
    assert not (project.root / "public").exists()


def test_without_a_font_all_pages_name_the_card_without_words(project: Project, drawn: list[str]) -> None:
    project.newsletter = replace(project.newsletter, name="慢刊", lang="zh-CN")
    for date in ("2021-07-04", "2021-07-11"):
        project.write(date, f"第{date}题")
    project.publish()
    assert {card_of(project, page) for page in ("", "2021-07-04", "2021-07-11")} == files(project)
    assert len(files(project)) == len(drawn) == 1
    project.publish()
    assert len(drawn) == 1


def test_with_a_new_font_the_words_appear_at_another_address(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project.newsletter = replace(project.newsletter, name="Slow ž", lang="cs")
    project.publish()
    plain = files(project)
    assert len(plain) == 1
    monkeypatch.setattr(social, "can_draw", lambda _: True)
    project.publish()
    assert not plain & files(project)
    assert len(files(project)) == 3
    assert files(project) == {card_of(project, page) for page in ("", "2021-07-04", "2021-07-11")}


def test_without_pages_there_are_no_cards(project: Project, drawn: list[str], tmp_path: Path) -> None:
    from publisher.channels.rss import Rss

    project.publish(Rss())
    assert drawn == []
    assert "cards" not in (project.root / ".publisher" / "revisions.json").read_text()


@pytest.fixture
def diagnose(project: Project) -> Callable[[], list[tuple[FindingLevel, str, str]]]:
    def run() -> list[tuple[FindingLevel, str, str]]:

        context = RunContext.open(project.config, Theme.load(None), NOON)
        records = sorted(
            Index(context.home, compute_reading_key(context.config)).records.values(),
            key=lambda record: record.date,
            reverse=True,
        )
        return [(found.level, found.message, found.hint) for found in diagnose_cards(context, records)]

    return run


def test_doctor_is_content_with_the_fonts(
    project: Project, diagnose: Callable[[], list[tuple[FindingLevel, str, str]]]
) -> None:
    project.publish()
    assert diagnose() == [(FindingLevel.OK, "fonts for the social cards", "")]


def test_doctor_names_what_no_font_has(
    project: Project, diagnose: Callable[[], list[tuple[FindingLevel, str, str]]]
) -> None:
    project.write("2021-07-11", "雾/露")
    project.publish()
    [(level, message, hint)] = diagnose()
    assert level is FindingLevel.WARNING
    assert message == "1 of 3 social cards have no words: no font on this machine has 雾 露"
    assert "then publish" in hint

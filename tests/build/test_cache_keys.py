"""What is read and rendered again, step by step: a step whose input is the same is not repeated."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher import registry, templates
from publisher.archive.cache_keys import compute_inputs_key, compute_reading_key, compute_rendering_key
from publisher.archive.home import Home
from publisher.archive.index import DOCUMENT, Index
from publisher.archive.output_folder import ChannelFiles, OutputFolder
from publisher.archive.sources import SourceFile
from publisher.build.renderer import IssueRenderer, RenderedIssue, RenderJob
from publisher.build.sources import Sources
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.checker import FileChecker
from publisher.config import load_config
from publisher.local_files import FileAccess, FileKind, Refusal
from publisher.run import RunContext
from publisher.theme import Theme

SETTINGS = """\
[newsletter]
name = "慢工"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"

[channels.telegram]
chat = "@slow"
send = false

[channels.wechat]
"""
EVERYTHING = ["read"] * 3 + ["rss"] * 3 + ["telegram"] + ["web"] * 3 + ["wechat"]


class Letter:
    """A newsletter of three issues. `run` returns what a command read and rendered, sorted."""

    def __init__(self, root: Path, main: Callable[[list[str]], int], done: list[str]) -> None:
        self.root = root
        self._main = main
        self._done = done
        self.write("publisher.toml", SETTINGS)
        for day in (4, 11, 18):
            self.write(
                f"issues/2021-07-{day:02}.md",
                f"# 慢工 (2021-07-{day:02})：题\n\n## 新闻\n\n- [条目](https://e.org/{day})\n",
            )

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        os.utime(path, (1_600_000_000, 1_600_000_000))

    def run(self, *words: str) -> list[str]:
        self._done.clear()
        assert self.try_run(*words) == 0
        return sorted(self._done)

    def try_run(self, *words: str) -> int:
        """Return the exit code of a command."""
        return self._main([*words])


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Letter:
    from publisher.cli.main import main

    done: list[str] = []
    read, render, check = IssueRenderer.read, IssueRenderer.render, FileChecker.check_text

    def note_read(self: IssueRenderer, source: SourceFile) -> object:
        done.append("read")
        return read(self, source)

    def note_render(self: IssueRenderer, job: RenderJob) -> RenderedIssue:
        done.extend(job.channels)
        return render(self, job)

    def note_check(self: FileChecker, *arguments: object) -> object:
        done.append("check")
        return check(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(IssueRenderer, "read", note_read)
    monkeypatch.setattr(IssueRenderer, "render", note_render)
    monkeypatch.setattr(FileChecker, "check_text", note_check)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Letter(tmp_path / "letter", main, done)
    monkeypatch.chdir(made.root)
    assert made.run() == EVERYTHING
    return made


def test_nothing_changed(letter: Letter) -> None:
    assert letter.run() == []


def run_without_issues(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run, and see that this is enough: neither this run nor the next one looks into the issues."""

    def open_sources(self: Sources, run: RunContext) -> None:
        raise AssertionError("issues are looked for")

    with monkeypatch.context() as without_sources:
        without_sources.setattr(Sources, "__init__", open_sources)
        assert letter.run() == []
        without_sources.setattr(OutputFolder, "save", open_sources)
        without_sources.setattr(FileAccess, "read", open_sources)
        assert letter.run() == [], "it is recorded"


def test_files_with_new_times_are_not_parsed(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (letter.root / "issues").iterdir():
        os.utime(file, (1_600_000_100, 1_600_000_100))
    run_without_issues(letter, monkeypatch)
    newest = letter.root / "issues/2021-07-18.md"
    newest.write_text(newest.read_text("utf-8").replace("条目", "条文"), "utf-8")
    os.utime(newest, (1_600_000_200, 1_600_000_200))
    assert letter.run().count("read") == 2, "it, and the one whose page names it: the other has a new time only"


def test_only_files_with_new_times_are_hashed(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed, read = [], FileAccess.read

    def note_hashed(self: FileAccess, path: str, kind: FileKind) -> bytes | Refusal:
        hashed.append(path)
        return read(self, path, kind)

    monkeypatch.setattr(FileAccess, "read", note_hashed)
    os.utime(letter.root / "issues/2021-07-11.md", (1_600_000_100, 1_600_000_100))
    assert letter.run() == []
    assert hashed == ["issues/2021-07-11.md"]


def test_a_file_with_other_bytes_of_the_same_number_is_read(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = letter.root / "issues/2021-07-18.md", []
    path.write_text(path.read_text("utf-8").replace("条目", "条文"), "utf-8")
    os.utime(path, (1_600_000_100, 1_600_000_100))
    read = FileAccess.read

    def note_opened(self: FileAccess, name: str, *arguments: FileKind) -> bytes | Refusal:
        opened.append(name)
        return read(self, name, *arguments)

    monkeypatch.setattr(FileAccess, "read", note_opened)
    assert "read" in letter.run()
    assert "issues/2021-07-04.md" not in opened, "an issue that is the same was read, too"
    assert "条文" in (letter.root / "public/2021-07-18/index.html").read_text("utf-8")


def test_what_may_still_change_unnoticed_is_not_recorded(letter: Letter) -> None:
    record = letter.root / ".publisher/cache/site.json"
    before = record.read_bytes()
    soon = time.time() + 60  # as if it had been changed while it was read
    os.utime(letter.root / "issues/2021-07-18.md", (soon, soon))
    assert letter.run() == []
    assert record.read_bytes() == before


def test_a_comment_in_the_configuration_repeats_nothing(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    letter.write("publisher.toml", f"# a comment\n{SETTINGS}")
    run_without_issues(letter, monkeypatch)


def test_how_the_site_is_served_repeats_nothing(letter: Letter) -> None:
    letter.write("publisher.toml", f'{SETTINGS}\n[server]\nlisten = "127.0.0.1:8080"\n')
    assert letter.run() == []


@pytest.mark.parametrize(
    "mistake", ["[", '\n[server]\nlistn = "127.0.0.1:8080"\n', '\n[server]\nlisten = "8080"\n', "\n[preview]\nx = 1\n"]
)
def test_a_mistake_in_the_configuration_is_reported_each_time(letter: Letter, mistake: str) -> None:
    letter.write("publisher.toml", f"{SETTINGS}{mistake}")
    assert [letter.try_run(), letter.try_run()] == [2, 2]


def test_a_date_in_quotes_is_reported(letter: Letter) -> None:
    letter.write("dates.toml", '"issues/2021-07-18.md" = 2021-07-18\n')
    letter.run()
    letter.write("dates.toml", '"issues/2021-07-18.md" = "2021-07-18"\n')
    assert letter.try_run() == 2


def test_settings_that_change_during_a_run_are_not_taken_for_its_own(
    letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = IssueRenderer.read

    def change_settings(self: IssueRenderer, source: SourceFile) -> object:
        letter.write("publisher.toml", SETTINGS.replace("slow", "fast"))
        return read(self, source)

    letter.write("issues/2021-07-18.md", (letter.root / "issues/2021-07-18.md").read_text("utf-8") + "\n更正。\n")
    with monkeypatch.context() as changing:
        changing.setattr(IssueRenderer, "read", change_settings)
        letter.run()
    assert "telegram" in letter.run("--accept-new-id")


def test_a_recording_that_changes_during_a_run_is_not_taken_for_what_was_read(
    letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, path = IssueRenderer.read, "issues/2021-07-18.md"

    def replace_recording(self: IssueRenderer, source: SourceFile) -> object:
        result = read(self, source)
        letter.write("issues/episode.mp3", "ID3, and longer")
        return result

    letter.write("issues/episode.mp3", "ID3")
    text = (letter.root / path).read_text("utf-8")
    letter.write(path, f"---\naudio: episode.mp3\n---\n{text}")
    with monkeypatch.context() as changing:
        changing.setattr(IssueRenderer, "read", replace_recording)
        letter.run()
    assert "read" in letter.run()
    assert 'length="15"' in (letter.root / "public/feed.xml").read_text("utf-8")
    assert letter.run() == []


def test_another_chat_repeats_its_messages_alone(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_at_archive(*_: object) -> None:
        raise AssertionError("a channel is looked at whose files cannot have changed")

    def list_states() -> dict[Path, os.stat_result]:
        files = [path for path in letter.root.rglob("*") if path.is_file() and ".publisher" not in path.parts]
        return {path: path.stat() for path in files if path.name != "publisher.toml"}

    decoded, channel_files = set(), OutputFolder.channel_files

    def note_decoded(self: OutputFolder, channel: str) -> ChannelFiles:
        decoded.add(channel)
        return channel_files(self, channel)

    before = list_states()
    letter.write("publisher.toml", SETTINGS.replace("@slow", "@fast"))
    with monkeypatch.context() as without_archive:
        without_archive.setattr(Rss, "render_archive", look_at_archive)
        without_archive.setattr(Web, "render_archive", look_at_archive)
        without_archive.setattr(OutputFolder, "channel_files", note_decoded)
        assert letter.run() == ["telegram"]
    assert decoded == {"telegram"}
    changed = {path.name for path, status in list_states().items() if status.st_ino != before[path].st_ino}
    assert changed == {"message-1.json", "preview.html"}
    assert all(
        status.st_mtime_ns == before[path].st_mtime_ns
        for path, status in list_states().items()
        if path.name not in changed
    )


def test_the_document_that_is_kept_is_that_of_the_issue_published_last(letter: Letter) -> None:
    def change_chat(name: str, *words: str) -> list[str]:
        letter.write("publisher.toml", SETTINGS.replace("@slow", name))
        return letter.run(*words)

    def count_kept() -> int:
        with closing(Index(Home(letter.root), _read_key(letter.root))) as index:
            return sum(index.find_digest(DOCUMENT, path) != "" for path in index.records)

    letter.write("issues/2021-07-25.md", "# 慢工 (2021-07-25)：题\n\n![图](a.png)\n\n- 甲\n")
    assert "read" in letter.run()
    assert change_chat("@fast") == ["telegram"]
    (letter.root / "issues/a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    assert "read" in letter.run(), "its image is published now"
    assert change_chat("@river") == ["telegram"]
    assert "a.png" in (letter.root / "outbox/2021-07-25/wechat/article.html").read_text("utf-8")
    assert count_kept() == 1
    assert change_chat("@tide", "2021-07-04") == ["read", "telegram", "wechat"]
    assert count_kept() == 1


def _read_key(root: Path) -> str:
    return compute_reading_key(load_config(root / "publisher.toml", registry.load_channel))


def test_a_page_that_is_gone_is_written_though_only_the_chat_changed(letter: Letter) -> None:
    page = letter.root / "public/2021-07-04/index.html"
    page.unlink()
    letter.write("publisher.toml", SETTINGS.replace("@slow", "@fast"))
    letter.run()
    assert page.exists()


@pytest.mark.parametrize("name", sorted(Theme.load().files))
def test_a_template_changes_what_a_run_from_nothing_would(letter: Letter, name: str) -> None:
    """Also those that no issue is rendered with: a style sheet, the page of all issues."""

    def list_files() -> dict[Path, bytes]:
        return {
            path.relative_to(letter.root): path.read_bytes()
            for folder in ("public", "outbox")
            for path in (letter.root / folder).rglob("*")
            if path.is_file()
        }

    text = Theme.load().text(name)
    letter.write(f"templates/{name}", text)
    letter.run()
    letter.write(f"templates/{name}", text.replace("<body", '<body class="a"').replace("<a ", '<a class="b" ') + "\n ")
    letter.run()
    made = list_files()
    for folder in ("public", "outbox", ".publisher/cache"):
        shutil.rmtree(letter.root / folder)
    letter.run()
    assert made == list_files()


def test_what_a_channel_makes_its_files_from(letter: Letter) -> None:
    """Of another channel that only sends, nothing but what pages say of it."""

    def compute_keys(settings: str) -> dict[str, str]:
        letter.write("publisher.toml", settings)
        config = load_config(letter.root / "publisher.toml", registry.load_channel)
        theme = Theme.load(config.templates)
        context = IssueRenderer.for_config(config, theme).context
        keys = {one.name: compute_rendering_key(config, one, theme, context) for one in config.channels}
        return {name: compute_inputs_key(config, key, theme, []) for name, key in keys.items()}

    def find_changed(old: str, new: str) -> set[str]:
        before, after = compute_keys(old), compute_keys(new)
        return {name for name in before if before[name] != after[name]}

    sent = SETTINGS.replace("send = false", 'token = "env:TOKEN"')
    every = {"rss", "telegram", "web", "wechat"}
    assert find_changed(SETTINGS, f"# a comment\n{SETTINGS}") == set()
    assert find_changed(SETTINGS, SETTINGS.replace("@slow", "@fast")) == {"telegram"}
    assert find_changed(sent, sent.replace("@slow", "@fast")) == every, "pages lead to it"
    assert find_changed(SETTINGS, f"{SETTINGS}[channels.rss]\nentries = 2\n") == every
    assert find_changed(SETTINGS, f'{SETTINGS}[publish]\nupload = "git:pages"\n') == every


def test_another_name_of_the_newsletter_repeats_everything(letter: Letter) -> None:
    letter.write("publisher.toml", SETTINGS.replace("慢工", "快工"))
    assert letter.run("--accept-new-id") == EVERYTHING


def test_another_time_of_publication_is_rendered(letter: Letter) -> None:
    letter.write("publisher.toml", f'{SETTINGS}\n[schedule]\nat = "07:30"\n')
    assert letter.run() == EVERYTHING[1:], "the newest issue was read when it was published"


def test_a_template_repeats_the_renderings_that_use_it(letter: Letter) -> None:
    page = (Path(templates.__path__[0]) / "layout.html").read_text("utf-8")
    letter.write("templates/layout.html", f"{page}<!-- mine -->")
    assert letter.run() == ["read"] * 2 + ["web"] * 3
    assert "<!-- mine -->" in (letter.root / "public/2021-07-04/index.html").read_text("utf-8")
    preview = (Path(templates.__path__[0]) / "telegram-preview.html").read_text("utf-8")
    letter.write("templates/telegram-preview.html", f"{preview}<!-- mine -->")
    assert letter.run() == ["read"] * 2 + ["telegram", "web", "web", "web"]


def test_checks_are_repeated_for_the_channel_whose_settings_changed(letter: Letter) -> None:
    assert letter.run("check") == ["check"] * 3
    letter.write("publisher.toml", f"# a comment\n{SETTINGS}")
    assert letter.run("check") == []
    letter.write("publisher.toml", SETTINGS.replace("@slow", "@fast"))
    assert letter.run("check") == ["check"] * 3, "their size on Telegram"


@pytest.mark.parametrize("name", registry.channel_names())
def test_channels_name_the_templates_they_use(name: str) -> None:
    """A theme without all others renders the same."""
    from publisher.testing import build_sample

    issue, context = build_sample()
    channel = registry.load_channel(name)()
    names = channel.capabilities.templates
    files = Theme.load().files
    some = Theme({key: files[key] for key in (files if names is None else names)})
    rendered = channel.render(issue, replace(context, templates=some))
    assert rendered == channel.render(issue, replace(context, templates=Theme.load()))

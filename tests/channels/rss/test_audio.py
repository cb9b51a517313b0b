"""A recording named in the front matter: an enclosure in each feed, a player on the page, a link everywhere else."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import feedparser
import pytest

from publisher import registry
from publisher.channel import Context, Entry
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.model import Audio
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.theme import Theme
from publisher.transforms import announce_audio, compute_revision, make_publishable, make_urls_absolute
from tests.support.newsletter import Project

DAY = "2021-07-18"
REMOTE = "https://cdn.example.net/a/42"
MP3 = b"ID3\x04" + b"\0" * 5_000


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, (Web(), Rss()))


def publish(project: Project, audio: str) -> dict[str, tuple[str, str, str]]:
    """Publish an issue with this front matter: the (URL, type, length) of its enclosure by the format of the feed."""
    project.write(DAY, "题", head=f"---\n{audio}\n---\n")
    project.publish()
    found = {}
    for name in ("feed.xml", "atom.xml"):
        (entry,) = feedparser.parse(project.text(name)).entries
        assert entry.link == f"https://e.org/{DAY}/"
        assert [link.rel for link in entry.links if link.rel != "enclosure"] == ["alternate"]
        for link in entry.enclosures:
            found[name] = (link.href, link.type, link.get("length", ""))
    (item,) = json.loads(project.text("feed.json"))["items"]
    for link in item.get("attachments", []):
        found["feed.json"] = (link["url"], link["mime_type"], str(link.get("size_in_bytes", "")))
    return found


def test_a_file_beside_the_issue_is_copied_and_measured(project: Project) -> None:
    project.path(DAY).with_name("第1集 a.mp3").write_bytes(MP3)
    url = f"https://e.org/{DAY}/%E7%AC%AC1%E9%9B%86%20a.mp3"
    said = (url, "audio/mpeg", str(len(MP3)))
    assert publish(project, "audio: 第1集 a.mp3") == dict.fromkeys(("feed.xml", "atom.xml", "feed.json"), said)
    assert (project.root / "public" / DAY / "第1集 a.mp3").read_bytes() == MP3


@pytest.mark.parametrize(
    ("name", "head", "media_type"),
    [
        ("a.m4a", b"\0\0\0 ftypM4A ", "audio/mp4"),
        ("a.ogg", b"OggS", "audio/ogg"),
        ("a.opus", b"OggS", "audio/ogg"),
        ("a.flac", b"fLaC", "audio/flac"),
        ("a.wav", b"RIFF0000WAVE", "audio/wav"),
        ("A.AAC", b"\xff\xf1", "audio/aac"),
    ],
)
def test_its_kind_is_that_of_its_name(project: Project, name: str, head: bytes, media_type: str) -> None:
    project.path(DAY).with_name(name).write_bytes(head)
    assert publish(project, f"audio: {name}")["feed.json"][1:] == (media_type, str(len(head)))


def test_a_new_recording_is_measured_again(project: Project) -> None:
    file = project.path(DAY).with_name("a.mp3")
    file.write_bytes(MP3)
    publish(project, "audio: a.mp3")
    file.write_bytes(MP3 * 2)
    assert publish(project, "audio: a.mp3")["feed.xml"][2] == str(2 * len(MP3))


@pytest.mark.parametrize(
    ("audio", "said"),
    [
        (f"audio: {REMOTE}.mp3", (f"{REMOTE}.mp3", "audio/mpeg", "")),
        (f'audio: "{REMOTE}.m4a?x=1"', (f"{REMOTE}.m4a?x=1", "audio/mp4", "")),
        (f"audio: {{url: {REMOTE}, type: audio/ogg, length: 123}}", (REMOTE, "audio/ogg", "123")),
        (f"audio:\n  url: {REMOTE}.mp3\n  length: 123", (f"{REMOTE}.mp3", "audio/mpeg", "123")),
        (f"Audio: [{REMOTE}.mp3]", (f"{REMOTE}.mp3", "audio/mpeg", "")),
        ("audio: /sound/1.mp3", ("https://e.org/sound/1.mp3", "audio/mpeg", "")),
    ],
)
def test_a_url_says_what_it_says(project: Project, audio: str, said: tuple[str, str, str]) -> None:
    found = publish(project, audio)
    assert found["feed.json"] == found["atom.xml"] == said
    assert found["feed.xml"] == (said[0], said[1], said[2] or "0")  # which RSS requires


@pytest.mark.parametrize("audio", ["audio:", "audio: false", "audio: a.txt", "audio: gone.mp3", "audio: {length: 3}"])
def test_without_a_sound_file_there_is_no_enclosure_and_no_player(project: Project, audio: str) -> None:
    assert publish(project, audio) == {}
    assert "<audio" not in project.text(f"{DAY}/index.html")
    assert "收听" not in project.text("feed.json")


def test_a_file_that_is_something_else_is_not_published(project: Project) -> None:
    project.path(DAY).with_name("a.mp3").write_bytes(b"<html>")
    assert publish(project, "audio: a.mp3") == {}


def test_the_page_has_a_player_that_loads_nothing_by_itself(project: Project) -> None:
    project.path(DAY).with_name("a.mp3").write_bytes(MP3)
    publish(project, "audio: a.mp3")
    page = project.text(f"{DAY}/index.html")
    assert f'<audio controls preload="none" src="https://e.org/{DAY}/a.mp3" aria-label="收听本期"></audio>' in page


@pytest.mark.parametrize("name", registry.channel_names())
def test_every_channel_links_to_it(name: str) -> None:
    publication = Newsletter("Tide", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:n", lang="en")
    text = f"---\naudio: {REMOTE}.mp3\n---\n# Tide ({DAY})\n\n## News\n\n- [Salt](https://e.org/1)\n"
    issue = announce_audio(make_publishable(parse_issue(text, f"{DAY}.md")), "en")
    at = dt.datetime(2021, 7, 18, 4, tzinfo=dt.UTC)
    entry = Entry("tag:e.org,2021:n/1", at.date(), "Tide", "Salt", f"https://e.org/{DAY}/", at, at)
    channel = registry.load_channel(name)()
    made = channel.render(make_urls_absolute(issue, entry.url), Context(publication, Theme.load(None), entry=entry))
    bodies = [part.body.decode() for part in (*made.parts, *made.previews)]
    assert any("Listen to this issue" in body and f"{REMOTE}.mp3" in body for body in bodies)


def test_a_recording_is_part_of_the_revision() -> None:
    text = "# T\n\n## News\n\n- [Salt](https://e.org/1)\n"
    issue = parse_issue(text, f"{DAY}.md")
    with_audio = parse_issue(f"---\naudio: {REMOTE}.mp3\n---\n{text}", f"{DAY}.md")
    assert (issue.audio, with_audio.audio) == (None, Audio(f"{REMOTE}.mp3", "audio/mpeg"))
    assert compute_revision(issue) != compute_revision(with_audio)

"""Whatever the place: changed files only, deletes only of one's own, and nothing leads to what is not there."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from publisher.errors import BusyError
from tests.support.uploads import NOW, Place, list_pages, open_uploader
from tests.upload.conftest import FIRST, SECOND, as_bytes, write_site

LATER = NOW + dt.timedelta(minutes=16)
NewFolder = Callable[[str], Path]


@pytest.fixture
def folder(new_folder: NewFolder) -> Path:
    made = new_folder("letter")
    write_site(made, FIRST)
    return made


def upload(folder: Path, place: Place, now: dt.datetime = NOW) -> int:
    return open_uploader(folder, place.settings, now).upload(list_pages(folder))


def test_only_what_changed(folder: Path, place: Place) -> None:
    assert upload(folder, place) == len(FIRST)
    assert place.files() == as_bytes(FIRST)
    assert upload(folder, place) == 0
    write_site(folder, SECOND)
    assert upload(folder, place) == 7, "six files and a deletion"
    assert place.files() == as_bytes(SECOND)
    assert upload(folder, place) == 0


def test_what_others_put_there_stays(folder: Path, place: Place) -> None:
    upload(folder, place)
    place.add("CNAME", b"e.org")
    write_site(folder, SECOND)
    upload(folder, place)
    assert place.files() == {"CNAME": b"e.org", **as_bytes(SECOND)}


def test_a_new_machine_deletes_nothing(folder: Path, place: Place, new_folder: NewFolder) -> None:
    """It knows of no upload, so it does not know that a file is gone."""
    upload(folder, place)
    other = new_folder("other")
    write_site(other, {path: text for path, text in SECOND.items() if "index" in path})
    assert upload(other, place) == 2
    assert place.files().keys() == {*FIRST, "2021-02/index.html"}


def test_what_another_machine_changed_is_not_deleted(folder: Path, place: Place, new_folder: NewFolder) -> None:
    upload(folder, place)
    other = new_folder("other")
    write_site(other, {**FIRST, "style.css": "theirs"})
    upload(other, place)
    write_site(folder, {path: text for path, text in FIRST.items() if path not in ("style.css", "feed.xml.gz")})
    upload(folder, place)
    assert place.files() == as_bytes({**{p: t for p, t in FIRST.items() if p != "feed.xml.gz"}, "style.css": "theirs"})


def run_killed(folder: Path, place: Place, number: int) -> int:
    """Upload in a process that dies the given time it gets to a failpoint. Return its exit code."""
    settings = [place.settings.kind, place.settings.address, place.settings.endpoint, place.settings.credentials]
    command = [sys.executable, "-m", "tests.support.uploads", str(folder), *settings]
    environment = {**os.environ, "PUBLISHER_FAILPOINT": f"uploading:kill:{number}"}
    return subprocess.run(command, env=environment, check=False, capture_output=True).returncode


def find_dead_links(files: Mapping[str, bytes]) -> list[str]:
    """The pages that the feed or the index name and that are not there."""
    named = re.findall(rb"https://e\.org/(\d\S*?/)", files.get("feed.xml", b""))
    named += re.findall(rb'href="(.*?)"', files.get("index.html", b""))
    return [link.decode() for link in named if f"{link.decode()}index.html" not in files]


def test_killed_at_every_file(folder: Path, place: Place) -> None:
    """Each process begins where the last one died, gets one file further, and leaves nothing that leads nowhere."""
    kills = 0
    for files in (FIRST, SECOND):
        write_site(folder, files)
        number = 1
        while run_killed(folder, place, number) != 0:
            assert find_dead_links(place.files()) == []
            number += 1
            kills += 1
            assert number < 30
        assert place.files() == as_bytes(files)
        assert upload(folder, place) == 0
    assert kills >= 6


def test_a_file_that_changes_back_after_a_kill(folder: Path, place: Place) -> None:
    """What was copied before a process died is not taken for what was there before."""
    upload(folder, place)
    write_site(folder, {**FIRST, "style.css": "new", "feed.xml": "<rss>new</rss>"})
    run_killed(folder, place, 2)
    write_site(folder, FIRST)
    upload(folder, place)
    assert place.files() == as_bytes(FIRST)


def test_a_second_machine_waits_for_the_first(folder: Path, place: Place, new_folder: NewFolder) -> None:
    """A branch has no claim: the second pushes at once, and the first is refused."""
    upload(folder, place)
    other = new_folder("other")
    write_site(other, {})
    first, second = (open_uploader(one, place.settings)._open() for one in (folder, other))
    second._machine = second._machine._replace(owner="other")  # type: ignore[attr-defined]
    first.load()
    first.begin({})
    second.load()
    if place.settings.kind == "git":
        second.begin({})
        second.delete(["style.css"])
        second.finish({})
        with pytest.raises(BusyError, match="another machine has uploaded"):
            first.finish({})
        return
    with pytest.raises(BusyError, match="another machine is uploading"):
        second.begin({})
    third = open_uploader(folder, place.settings, LATER)._open()
    third._machine = third._machine._replace(owner="other")  # type: ignore[attr-defined]
    third.load()
    third.begin({})  # the first has not gone on for a quarter of an hour


def test_what_another_machine_did_since_it_was_read(folder: Path, place: Place, new_folder: NewFolder) -> None:
    upload(folder, place)
    late = open_uploader(folder, place.settings)._open()
    there = late.load()
    other = new_folder("other")
    write_site(other, SECOND)
    upload(other, place)

    def go_on() -> None:
        late.begin(there)
        late.finish(there)

    with pytest.raises(BusyError, match="another machine has uploaded"):
        go_on()
    assert place.files()["feed.xml"] == SECOND["feed.xml"].encode()


def test_the_same_machine_goes_on_at_once(folder: Path, place: Place) -> None:
    run_killed(folder, place, 2)
    upload(folder, place)
    assert place.files() == as_bytes(FIRST)


def test_a_dry_count_reaches_nothing(folder: Path, place: Place) -> None:
    uploader = open_uploader(folder, place.settings)
    assert uploader.count_changes(list_pages(folder), ["new.html"]) == len(FIRST) + 1
    assert place.files() == {}
    uploader.upload(list_pages(folder))
    assert open_uploader(folder, place.settings).count_changes([], ["index.html", "new.html"]) == 2
    assert uploader.count_uploaded() == len(FIRST)


def test_another_target_begins_anew(folder: Path, place: Place, tmp_path: Path) -> None:
    """What was uploaded elsewhere is not deleted here."""
    upload(folder, place)
    record = json.loads((folder / "uploaded.json").read_text())
    record["address"] = "s3://elsewhere"
    (folder / "uploaded.json").write_text(json.dumps(record))
    write_site(folder, {"index.html": "alone"})
    upload(folder, place)
    assert place.files().keys() == FIRST.keys()

"""When an issue was last corrected."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from publisher.archive.records import Record
from publisher.archive.revisions import Revisions
from tests.archive.records import CHINA, record

PUBLISHED = dt.datetime(2021, 7, 4, 9, 45, tzinfo=CHINA)
LATER = dt.datetime(2021, 7, 6, 20, 0, tzinfo=CHINA)


def updated(path: Path, one: Record, now: dt.datetime) -> dt.datetime:
    revisions = Revisions(path)
    found = revisions.record_update("tag:e.org,2021:n/1", one, PUBLISHED, now)
    revisions.save()
    return found


def test_updated_is_published_until_the_content_changes(tmp_path: Path) -> None:
    path = tmp_path / "revisions.json"
    first, second = record("1.md", revision="a"), record("1.md", revision="b", sha256="other")
    assert updated(path, first, LATER) == PUBLISHED
    assert updated(path, first, LATER) == PUBLISHED
    assert updated(path, second, LATER) == LATER
    assert updated(path, second, LATER + dt.timedelta(days=9)) == LATER
    assert repr(updated(path, second, LATER).tzinfo) == repr(CHINA)  # as good as new, to the last digit
    path.unlink()
    assert updated(path, second, LATER) == PUBLISHED


def test_sources_are_those_of_one_newsletter(tmp_path: Path) -> None:
    path = tmp_path / "revisions.json"
    updated(path, record("1.md", sha256="one"), LATER)
    assert Revisions(path).published_sources("tag:e.org,2021:n") == {"one": "1"}
    assert Revisions(path).published_sources("tag:e.org,2021:other") == {}


def test_a_correction_before_the_hour_of_publication_is_none(tmp_path: Path) -> None:
    path = tmp_path / "revisions.json"
    updated(path, record("1.md", revision="a"), PUBLISHED)
    early = PUBLISHED - dt.timedelta(hours=2)
    assert updated(path, record("1.md", revision="b", sha256="other"), early) == PUBLISHED


def test_the_same_bytes_read_otherwise_are_no_correction(tmp_path: Path) -> None:
    path = tmp_path / "revisions.json"
    updated(path, record("1.md", revision="a"), LATER)
    assert updated(path, record("1.md", revision="b"), LATER) == PUBLISHED
    assert json.loads(path.read_bytes())["tag:e.org,2021:n/1"]["revision"] == "b"


def test_revisions_are_one_line_per_issue_and_written_only_when_they_change(tmp_path: Path) -> None:
    path = tmp_path / "revisions.json"
    revisions = Revisions(path)
    for name in ('tag:e.org,2021:n/"}, "', "tag:e.org,2021:n/期"):
        revisions.record_update(name, record("1.md"), PUBLISHED, LATER)
    revisions.save()
    assert len(path.read_text("utf-8").splitlines()) == 2
    assert len(json.loads(path.read_bytes())) == 2
    os.utime(path, ns=(1, 1))
    updated_again = Revisions(path)
    updated_again.record_update("tag:e.org,2021:n/期", record("1.md"), PUBLISHED, LATER)
    updated_again.save()
    assert path.stat().st_mtime_ns == 1


@pytest.mark.parametrize("body", [b"<<<<<<< HEAD\n{}", b"[1]", b'{"a": 1}', b"\xff"])
def test_damaged_revisions_are_reported(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "revisions.json"
    assert not Revisions(path).is_damaged
    path.write_bytes(body)
    assert Revisions(path).is_damaged

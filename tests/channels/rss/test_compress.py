"""Compressed files beside the feeds, and how they reach the disk."""

from __future__ import annotations

import gzip
import sys

import brotli
import pytest

from publisher.channel import Part
from publisher.channels.rss import compress, documents


def packed(files):
    return [key for key in files if key.endswith((".xml", ".json"))]


def test_every_feed_has_compressed_forms_that_unpack_to_it(newsletter):
    files = newsletter.using(entries=1).files()
    assert len(packed(files)) == 7
    for key in packed(files):
        assert gzip.decompress(files[f"{key}.gz"]) == files[key]
        assert brotli.decompress(files[f"{key}.br"]) == files[key]


def test_no_time_no_name_and_no_system_in_a_gzip_file(newsletter):
    head = newsletter.files()["public/feed.xml.gz"][:10]
    flags, time, system = head[3], head[4:8], head[9]
    assert (flags, time, system) == (0, bytes(4), 255)


def test_the_feeds_are_in_place_before_any_is_compressed(newsletter):
    keys = [part.key for part in newsletter.parts() if "feed.css" not in part.key]
    feeds = packed(keys)
    assert len(feeds) == 3
    assert keys == [*feeds, *(f"{key}{end}" for key in feeds for end in (".gz", ".br"))]


def test_on_disk_no_compressed_form_is_older_than_its_file(newsletter, tmp_path):
    with newsletter.channel.session() as session:
        for part in newsletter.parts():
            assert session.deliver(part, str(tmp_path)).changed
    files = [path for path in tmp_path.rglob("*") if path.suffix in (".xml", ".json")]
    assert len(files) == 3
    for path in files:
        for end in (".gz", ".br"):
            form = path.with_name(path.name + end)
            assert form.stat().st_mtime_ns >= path.stat().st_mtime_ns


def test_delivering_the_same_again_changes_nothing(newsletter, tmp_path):
    for expected in (True, False):
        with newsletter.channel.session() as session:
            parts = newsletter.parts()
            assert [session.deliver(part, str(tmp_path)).changed for part in parts] == [expected] * len(parts)


def test_a_failing_compression_is_not_passed_over(newsletter, monkeypatch):
    monkeypatch.setitem(sys.modules, "brotli", None)
    with pytest.raises(ImportError):
        newsletter.parts()


def test_large_files_are_compressed_one_after_the_other(monkeypatch):
    """So that the archive of a year is not in memory in all its formats."""
    files = [Part(f"{number}.xml", "text/xml", bytes(3)) for number in range(3)]
    monkeypatch.setattr(compress, "_MAX_BYTES", 5)
    waiting: list[str] = []

    def render_files():
        for file in files:
            assert len(waiting) <= 1
            yield file

    keys = []
    for part in compress.add_compressed(render_files()):
        keys.append(part.key)
        waiting += [part.key] if part.forms else []
        if part.key.endswith(".br"):
            waiting.remove(part.key.removesuffix(".br"))
    assert keys == ["0.xml", "0.xml.gz", "0.xml.br", "1.xml", "1.xml.gz", "1.xml.br", "2.xml", "2.xml.gz", "2.xml.br"]


def test_each_document_is_finished_before_the_next_one_is_begun(newsletter, monkeypatch):
    """And is not kept: only what is compressed is in memory."""
    steps = []
    for name, kind in documents._DOCUMENTS.items():

        class Noted(kind):
            name_ = name

            def add(self, line):
                steps.append(f"add {self.name_}")
                super().add(line)

            def finish(self):
                steps.append(f"finish {self.name_}")
                return super().finish()

        monkeypatch.setitem(documents._DOCUMENTS, name, Noted)
    newsletter.using(entries=100).parts()
    finished = [step for step in steps if step.startswith("finish")]
    assert len(finished) == 3
    for step in finished:
        last = max(i for i, done in enumerate(steps) if done == step.replace("finish", "add"))
        assert steps[last + 1] == step

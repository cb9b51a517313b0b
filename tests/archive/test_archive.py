"""What is remembered between runs: which files are issues, what is known of them, and that damage heals."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.index import Index
from publisher.archive.lock import acquire_lock
from publisher.archive.output_folder import BuiltFiles, OutputFolder, SiteSetup, UpToDateMark
from publisher.archive.pack import Pack, PackLocation
from publisher.archive.records import Record, build_edition, choose_issue
from publisher.archive.revisions import Revisions
from publisher.archive.sources import SourceFile, compute_fingerprint, is_mtime_reliable, scan
from publisher.errors import BusyError, ConfigError, IssueError, PublisherError, StorageError

TODAY = dt.date(2021, 7, 18)
CHINA = ZoneInfo("Asia/Shanghai")


def record(path: str, date: str = "2021-07-04", **values: object) -> Record:
    stem = path.rpartition("/")[2].removesuffix(".md")
    known: dict[str, object] = {"id": stem, "date": date, "url": f"https://e.org/{stem}/"}
    return Record(path, 10, 1, f"sha of {path}")._replace(**(known | values))


# ------------------------------------------------------------------- sources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("issues/2.md", "issues/1.md", "issues/.hidden.md", "issues/notes.txt", "issues/old/0.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "issues" / "folder.md").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("issues/*.md", ["issues/1.md", "issues/2.md"]),
        ("issues/[2-9].md", ["issues/2.md"]),
        ("*/*.md", ["issues/1.md", "issues/2.md"]),
        ("issues/**/*.md", ["issues/1.md", "issues/2.md", "issues/old/0.md"]),
        ("**/*.md", ["issues/1.md", "issues/2.md", "issues/old/0.md"]),
        ("issues/*/0.md", ["issues/old/0.md"]),
        ("issues/1.md", ["issues/1.md"]),
        ("nowhere/*.md", []),
    ],
)
def test_scan_finds_what_the_glob_means(folder: Path, pattern: str, expected: list[str]) -> None:
    assert [one.path for one in scan(folder, pattern)] == expected


def test_scan_tells_size_and_time(folder: Path) -> None:
    path = folder / "issues" / "1.md"
    path.write_bytes(b"four")
    os.utime(path, ns=(1, 123_456_789))
    assert scan(folder, "issues/1.md") == [SourceFile("issues/1.md", 4, 123_456_789)]


def test_a_broken_link_and_a_loop_do_not_disturb(folder: Path) -> None:
    (folder / "issues" / "gone.md").symlink_to("nowhere.md")
    (folder / "issues" / "round").symlink_to(folder / "issues")
    assert [one.path for one in scan(folder, "**/*.md")] == ["issues/1.md", "issues/2.md", "issues/old/0.md"]


def test_a_file_that_goes_during_the_scan_hides_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    class Slow(list[os.DirEntry[str]]):
        def __enter__(self) -> Slow:
            (folder / "issues" / "1.md").unlink(missing_ok=True)
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", lambda path: Slow(scandir(path)))
    assert [one.path for one in scan(folder, "issues/*.md")] == ["issues/2.md"]


def test_the_fingerprint_moves_with_every_file() -> None:
    before = [SourceFile("a.md", 1, 1), SourceFile("b.md", 2, 2)]
    assert compute_fingerprint(before) == compute_fingerprint(list(before))
    for after in (
        [SourceFile("a.md", 1, 1)],
        [SourceFile("a.md", 1, 9), SourceFile("b.md", 2, 2)],
        [SourceFile("a.md", 9, 1), SourceFile("b.md", 2, 2)],
        [SourceFile("a.md", 1, 1), SourceFile("c.md", 2, 2)],
    ):
        assert compute_fingerprint(after) != compute_fingerprint(before)


def test_a_file_changed_just_now_may_change_again_unseen() -> None:
    second = 1_000_000_000
    fine, coarse = 10 * second + 500, 10 * second
    assert not is_mtime_reliable(SourceFile("a", 1, fine), fine + 5_000_000)
    assert is_mtime_reliable(SourceFile("a", 1, fine), fine + 30_000_000)
    assert not is_mtime_reliable(
        SourceFile("a", 1, coarse), coarse + second
    )  # a file system that counts in seconds
    assert is_mtime_reliable(SourceFile("a", 1, coarse), coarse + 3 * second)


# ------------------------------------------------------------------- edition


def test_an_edition_has_what_is_due_newest_first() -> None:
    found = build_edition(
        [
            record("1.md", "2021-07-04"),
            record("2.md", "2021-07-18"),
            record("3.md", "2021-08-15"),
            record("4.md", "2021-08-01"),
            record("5.md", "2021-07-11", draft=True),
            record("6.md", "2021-07-12", fault="6.md has no date"),
            record("7.md", "2021-07-12", fault="7.md has no date", draft=True),
        ],
        TODAY,
    )
    assert [one.path for one in found.issues] == ["2.md", "1.md"]
    assert found.next_date == "2021-08-01"
    assert {path: fault.message for path, fault in found.faults.items()} == {"6.md": "6.md has no date"}


def test_of_two_issues_with_one_id_the_first_by_path_stays() -> None:
    found = build_edition([record("b.md", id="x"), record("a.md", id="x")], TODAY)
    assert [one.path for one in found.issues] == ["a.md"]
    assert found.faults["b.md"].message == "a.md and b.md both have the id x"
    assert found.faults["b.md"].hint == "set another `id:` in the front matter of one of them"


def test_two_issues_cannot_have_one_address() -> None:
    same = "https://e.org/2021-07/"
    found = build_edition([record("a.md", url=same), record("b.md", url=same)], TODAY)
    assert [one.path for one in found.issues] == ["a.md"]
    assert found.faults["b.md"].message == f"a.md and b.md have the same URL {same}"


def chosen(wanted: str, *records: Record) -> str | None:
    known = {one.path: one for one in records}
    found = choose_issue(wanted, known, build_edition(records, TODAY))
    return found and found.path


def refused(wanted: str, *records: Record) -> PublisherError:
    with pytest.raises(PublisherError) as caught:
        chosen(wanted, *records)
    return caught.value


OLD = record("issues/2021-07-04.md", "2021-07-04")
DUE = record("issues/2021-07-18.md", "2021-07-18")
NEXT = record("issues/2021-08-01.md", "2021-08-01")


@pytest.mark.parametrize("wanted", ["", "latest"])
def test_the_newest_due_is_the_default(wanted: str) -> None:
    assert chosen(wanted, OLD, DUE, NEXT) == DUE.path


@pytest.mark.parametrize("wanted", ["2021-07-04", "2021-07-04.md", "issues/2021-07-04.md", "fourth"])
def test_an_issue_by_date_file_and_id(wanted: str) -> None:
    assert chosen(wanted, OLD._replace(id="fourth"), DUE, NEXT) == OLD.path


def test_none_is_due() -> None:
    assert chosen("", NEXT) is None


def test_an_issue_that_is_not_there() -> None:
    error = refused("2021-07-17", OLD, DUE)
    assert isinstance(error, ConfigError)
    assert (error.message, error.hint) == ("there is no issue 2021-07-17", "did you mean 2021-07-18?")


def test_an_issue_of_the_future() -> None:
    error = refused("2021-08-01", DUE, NEXT)
    assert isinstance(error, ConfigError)
    assert error.message == (
        "issues/2021-08-01.md is dated in the future: 2021-08-01, and today is 2021-07-18"
    )


def test_a_draft_asked_for_by_name() -> None:
    error = refused("2021-07-04", OLD._replace(draft=True), DUE)
    assert isinstance(error, IssueError)
    assert error.message == "issues/2021-07-04.md is a draft"


def test_a_fault_stops_the_issue_asked_for_only() -> None:
    broken = OLD._replace(fault="issues/2021-07-04.md has no date", date="")
    assert chosen("", broken, DUE) == DUE.path
    assert refused("2021-07-04", broken, DUE).message == "issues/2021-07-04.md has no date"


def test_a_fault_of_the_newest_file_is_not_passed_over() -> None:
    broken = DUE._replace(fault="issues/2021-07-18.md:1:1: not UTF-8", date="", id="")
    assert refused("", OLD, broken).message == "issues/2021-07-18.md:1:1: not UTF-8"
    assert chosen("", OLD, NEXT._replace(fault="x", date="", id="")) == OLD.path


def test_a_double_of_the_issue_to_publish() -> None:
    double = DUE._replace(path="issues/copy.md")
    error = refused("", OLD, DUE, double)
    assert isinstance(error, IssueError)
    assert error.message == "issues/2021-07-18.md and issues/copy.md both have the id 2021-07-18"
    assert chosen("2021-07-04", OLD, DUE, double) == OLD.path


# ----------------------------------------------------------------- revisions

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


# ---------------------------------------------------------------------- lock


def test_only_one_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "home" / "lock"
    with acquire_lock(path) as died:
        assert not died
        with pytest.raises(BusyError) as caught, acquire_lock(path):
            pass
        assert caught.value.message == f"another publish is running here (process {os.getpid()})"
        assert caught.value.exit_code == 5
    with acquire_lock(path) as died:
        assert not died


def test_an_error_gives_the_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(KeyboardInterrupt), acquire_lock(path):
        raise KeyboardInterrupt
    with acquire_lock(path) as died:
        assert not died


HOLDER = """
import os, sys
from pathlib import Path
from publisher.archive.lock import acquire_lock
with acquire_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), 9)
"""


def test_a_killed_holder_is_noticed_and_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=rf"\(process {holder.pid}\)"), acquire_lock(path):
            pass
        holder.communicate()
    with acquire_lock(path) as died:
        assert died
    with acquire_lock(path) as died:
        assert not died


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StorageError) as caught, acquire_lock(tmp_path / "home" / "lock"):
        pass
    assert caught.value.message == f"cannot write {tmp_path}/home/lock: File exists"


# ---------------------------------------------------------------- cache, pack


def test_a_cache_is_good_for_its_key_only(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    cache.save_cache(path, "key", {"字": [1]})
    assert cache.load_cache(path, "key") == {"字": [1]}
    assert cache.load_cache(path, "other") is None
    assert cache.load_cache(tmp_path / "missing", "key") is None


def test_every_damage_of_a_cache_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    cache.save_cache(path, "key", {"a": "long enough"})
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at])
        assert cache.load_cache(path, "key") is None
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cache.load_cache(path, "key") is None


def test_a_pack_gives_back_what_was_put(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    pack = Pack(path)
    places = [pack.put(body) for body in (b"one", b"", "三".encode())]
    assert [pack.get(place) for place in places] == [b"one", b"", "三".encode()]
    assert not path.exists()
    pack.commit()
    pack.close()
    assert path.read_bytes() == "one三".encode()
    again = Pack(path, pack.end)
    fourth = again.put(b"four")
    assert [again.get(place) for place in (*places, fourth)] == [b"one", b"", "三".encode(), b"four"]
    again.close()  # without a commit
    assert path.read_bytes() == "one三".encode()


def test_a_pack_writes_over_what_a_dead_run_left(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    path.write_bytes(b"good and then rubbish")
    pack = Pack(path, 4)
    place = pack.put(b"!")
    pack.commit()
    pack.close()
    assert path.read_bytes() == b"good!"
    assert place.offset == 4


def test_much_goes_to_a_temporary_file() -> None:
    pack = Pack()
    bodies = [bytes([number]) * 1_000_000 for number in range(6)]
    places = [pack.put(body) for body in bodies]
    assert [pack.get(place) for place in places] == bodies
    pack.close()


def test_a_damaged_body_is_none(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    path.write_bytes(b"hello")
    pack = Pack(path, 5)
    assert pack.get(PackLocation(0, 5, 0)) is None
    assert pack.get(PackLocation(3, 5, 0)) is None
    pack.close()
    assert Pack(tmp_path / "missing", 5).get(PackLocation(0, 5, 907_060_870)) is None


# --------------------------------------------------------------- index, site


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "publisher.toml").write_text("[newsletter]")
    return Home(tmp_path)


def test_the_index_remembers(home: Home) -> None:
    one = record("1.md", problems=("3:1 empty-url",))
    with closing(Index(home)) as index:
        assert not index.dirty
        index.put_record(one)
        index.store_body("rss", "1.md", "made from", b"body")
        assert index.dirty
        index.save()
    with closing(Index(home)) as again:
        assert again.records == {"1.md": one}
        assert again.load_body("rss", "1.md", "made from") == b"body"
        assert again.load_body("rss", "1.md", "something else") is None
        assert not again.dirty
        again.remove({"1.md"})
        again.save()
    assert Index(home).records == {}
    assert Index(home).bodies == {"rss": {}}


def test_the_index_starts_anew_with_other_settings(home: Home) -> None:
    index = Index(home)
    index.put_record(record("1.md"))
    index.save()
    (home.root / "publisher.toml").write_text("[newsletter]\n# new")
    assert Index(Home(home.root)).records == {}


def test_the_user_s_templates_are_part_of_the_key(home: Home) -> None:
    keys = {home.cache_key}
    for text in ("a", "b"):
        (home.root / "templates").mkdir(exist_ok=True)
        (home.root / "templates" / "issue.html").write_text(text)
        keys.add(Home(home.root).cache_key)
    assert len(keys) == 3


def test_bodies_without_their_pack_are_forgotten(home: Home) -> None:
    with closing(Index(home)) as index:
        index.put_record(record("1.md"))
        index.store_body("rss", "1.md", "made from", b"body")
        index.save()
    (home.cache / "bodies-0.pack").write_bytes(b"bod")
    with closing(Index(home)) as again:
        assert list(again.records) == ["1.md"]
        assert again.bodies == {}
        again.store_body("rss", "1.md", "made from", b"body")
        again.save()
    with closing(Index(home)) as healed:
        assert healed.load_body("rss", "1.md", "made from") == b"body"


def test_the_pack_is_tidied_when_half_of_it_is_of_no_use(home: Home) -> None:
    body = b"x" * 600_000
    for number in range(4):
        with closing(Index(home)) as index:
            index.store_body("rss", "1.md", str(number), body)
            index.store_body("rss", "2.md", str(number), b"small")
            index.save()
    packs = sorted(home.cache.glob("bodies-*"))
    assert len(packs) == 1
    assert packs[0].stat().st_size <= 2 * 600_100
    with closing(Index(home)) as tidied:
        assert tidied.load_body("rss", "1.md", "3") == body
        assert tidied.load_body("rss", "2.md", "3") == b"small"


def test_the_site_remembers_each_output_folder(home: Home, tmp_path: Path) -> None:
    setup = SiteSetup("issues/*.md", "UTC", ("web",))
    settled = UpToDateMark("sources", "2021-07-18", "", record("1.md"), ("a warning",))
    site = OutputFolder(home.root, home)
    assert site.setup is None
    site.channel_files("web").pages["1.md"] = BuiltFiles("made from", {"public/1.html": 3})
    site.channel_files("web").up_to_date = settled
    site.save(setup)
    again = OutputFolder(home.root, home)
    assert again.setup == setup
    assert again.channel_files("web").up_to_date == settled
    assert list(again.channel_files("web").files) == ["public/1.html"]
    assert OutputFolder(tmp_path / "elsewhere", home).channels == {}


def test_a_file_that_is_gone_or_cut_short_is_noticed(home: Home) -> None:
    site = OutputFolder(home.root, home)
    made = BuiltFiles("made from", {"public/1.html": 3})
    assert not site.has_files(made)
    (home.root / "public").mkdir()
    page = home.root / "public" / "1.html"
    page.write_text("abc")
    assert site.has_files(made)
    page.write_text("")
    assert not site.has_files(made)


@pytest.mark.parametrize(
    ("sources", "today", "holds"),
    [
        ("same", "2021-07-18", True),
        ("same", "2021-07-31", True),
        ("same", "2021-08-01", False),  # the next issue is due
        ("same", "2021-07-17", False),  # a clock set back
        ("other", "2021-07-18", False),
    ],
)
def test_how_long_a_settled_run_holds(sources: str, today: str, holds: bool) -> None:
    settled = UpToDateMark("same", "2021-07-18", "2021-08-01", DUE, ())
    assert settled.is_valid(sources, today) == holds
    assert settled._replace(valid_until="").is_valid("same", "2031-01-01")

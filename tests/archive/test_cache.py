"""The cache file and the pack of bodies, and how their damage is noticed."""

from __future__ import annotations

from pathlib import Path

from publisher.archive import cache
from publisher.archive.pack import Pack, PackLocation


def test_a_cache_is_good_for_its_key_only(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    cache.save_cache(path, "key", {"字": [1]})
    assert cache.load_cache(path, "key", dict[str, list[int]]) == {"字": [1]}
    assert cache.load_cache(path, "other", dict[str, list[int]]) is None
    assert cache.load_cache(tmp_path / "missing", "key", dict[str, list[int]]) is None


def test_every_damage_of_a_cache_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    cache.save_cache(path, "key", {"a": "long enough"})
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at])
        assert cache.load_cache(path, "key", dict[str, str]) is None
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cache.load_cache(path, "key", dict[str, str]) is None


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


def test_a_cache_of_another_type_counts_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    cache.save_cache(path, "key", {"a": "text"})
    assert cache.load_cache(path, "key", dict[str, int]) is None


def test_a_name_that_is_not_utf8_is_not_cached(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    cache.save_cache(path, "key", {"a": "b"})
    cache.save_cache(path, "key", {"a\udcff": "b"})
    assert cache.load_cache(path, "key", dict[str, str]) is None

"""Rows of the cache: only what changed is appended, and whatever happens to the file, a whole save is read or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.archive.row_file import RowFile
from publisher.errors import StorageError

KEY = "0123"


def open_rows(path: Path, key: str = KEY) -> RowFile[list[int]]:
    return RowFile(path, key, list[int])


def save(path: Path, rows: dict[str, list[int]], state: tuple[int, ...] = ()) -> None:
    file = open_rows(path)
    for name, value in rows.items():
        file.put(name, value)
    file.save(state)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "rows.json"


def test_rows_come_back(path: Path) -> None:
    file = open_rows(path)
    assert (file.rows, file.state, file.is_changed) == ({}, (), False)
    file.put("a", [1])
    file.put("b\n{", [2])
    assert file.is_changed
    file.save((3, 4))
    assert not file.is_changed
    again = open_rows(path)
    assert (again.rows, again.state, again.is_changed) == ({"a": [1], "b\n{": [2]}, (3, 4), False)


def test_another_key_starts_anew(path: Path) -> None:
    save(path, {"a": [1]})
    other = open_rows(path, "another")
    assert other.rows == {}
    other.put("b", [2])
    other.save()
    assert open_rows(path, "another").rows == {"b": [2]}
    assert open_rows(path).rows == {}


def test_one_change_among_many_writes_one_row(path: Path) -> None:
    save(path, {f"{number}.md": [number] for number in range(1000)})
    before = path.read_bytes()
    save(path, {"7.md": [70]})
    after = path.read_bytes()
    assert after.startswith(before)
    assert len(after) - len(before) < 100
    assert open_rows(path).rows["7.md"] == [70]


def test_removed_rows_are_gone_and_may_return(path: Path) -> None:
    save(path, {"a": [1], "b": [2]})
    file = open_rows(path)
    file.remove("a")
    file.remove("unknown")
    file.save()
    assert open_rows(path).rows == {"b": [2]}
    save(path, {"a": [3]})
    assert open_rows(path).rows == {"b": [2], "a": [3]}


def test_the_file_is_written_anew_when_most_of_it_was_replaced(path: Path) -> None:
    sizes = []
    for number in range(1000):
        save(path, {"a": [number], "b": [number]})
        sizes.append(path.stat().st_size)
    assert max(sizes) < 30_000
    assert open_rows(path).rows == {"a": [999], "b": [999]}


def test_one_object_saves_several_times(path: Path) -> None:
    file = open_rows(path)
    for number in range(3):
        file.put("a", [number])
        file.save((number,))
    again = open_rows(path)
    assert (again.rows, again.state) == ({"a": [2]}, (2,))


def test_a_write_by_another_process_is_not_mixed_with_ours(path: Path) -> None:
    save(path, {"a": [1]})
    ours, theirs = open_rows(path), open_rows(path)
    theirs.put("b", [2])
    theirs.save()
    ours.put("c", [3])
    ours.save()
    assert open_rows(path).rows == {"a": [1], "c": [3]}


def test_names_that_are_not_text_are_left_out(path: Path) -> None:
    save(path, {"a": [1], "\udcff": [2]})
    assert open_rows(path).rows == {"a": [1]}


def test_rows_of_another_shape_count_as_missing(path: Path) -> None:
    texts = RowFile(path, KEY, str)
    texts.put("a", "text")
    texts.save()
    assert open_rows(path).rows == {}
    save(path, {"a": [1]})
    assert open_rows(path).rows == {"a": [1]}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        save(tmp_path / "file" / "rows.json", {"a": [1]})


STATES = [{"a": [1]}, {"a": [1], "b": [2]}, {"a": [3], "b": [2]}]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A file of three saves, after which it held STATES."""
    path = tmp_path_factory.mktemp("rows") / "rows.json"
    for number, rows in enumerate(({"a": [1]}, {"b": [2]}, {"a": [3]})):
        save(path, rows, (number,))
    return path, path.read_bytes()


def must_be_a_former_state(path: Path) -> None:
    found = open_rows(path)
    states = [({}, ()), *((state, (number,)) for number, state in enumerate(STATES))]
    assert (found.rows, found.state) in states
    found.put("new", [9])
    found.save()
    assert open_rows(path).rows == found.rows


@given(st.data())
@settings(deadline=None)  # files are slow on a busy machine
def test_a_file_that_is_cut_has_a_former_state(saved: tuple[Path, bytes], data: st.DataObject) -> None:
    path, body = saved
    length = data.draw(st.integers(0, len(body)))
    path.write_bytes(body[:length] + data.draw(st.binary(max_size=30)))
    must_be_a_former_state(path)


@given(st.data())
@settings(deadline=None)  # files are slow on a busy machine
def test_a_damaged_file_has_a_former_state(saved: tuple[Path, bytes], data: st.DataObject) -> None:
    path, body = saved
    start = data.draw(st.integers(0, len(body) - 1))
    damage = data.draw(st.binary(min_size=1, max_size=8))
    path.write_bytes(body[:start] + damage + body[start + len(damage) :])
    must_be_a_former_state(path)


def test_a_save_that_was_cut_loses_only_itself(saved: tuple[Path, bytes]) -> None:
    path, body = saved
    path.write_bytes(body[:-1])
    assert open_rows(path).rows == STATES[1]
    path.write_bytes(body + b'["a",[4]]\n')
    assert open_rows(path).rows == STATES[2]

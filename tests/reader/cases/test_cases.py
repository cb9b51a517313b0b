"""Every case holds for its sample, and wherever it was seen in real issues."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from publisher.reader import decode
from tests.reader.cases import TABLES
from tests.reader.cases.place import CASES, Place

for table in TABLES:
    import_module(f".{table}", __package__)

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"


@cache
def named() -> list[dict]:  # type: ignore[type-arg]
    """The named irregularities; none without the folder of real issues."""
    file = CORPUS / "cases.json"
    return json.loads(file.read_text("utf-8"))["cases"] if file.is_file() else []  # type: ignore[no-any-return]


def seen() -> list[tuple[str, str]]:
    return [(case["id"], place) for case in named() for place in dict.fromkeys(case["seen_in"])]


def place_of(name: str) -> Place:
    """FILE:LINE or FILE in issues, drafts or seeds; a draft is read under the name it was saved by."""
    file, _, line = name.partition(":")
    (found,) = [
        CORPUS / folder / file for folder in ("issues", "drafts", "seeds") if (CORPUS / folder / file).is_file()
    ]
    return Place(decode(found.read_bytes()), re.sub(r"-[0-9a-f]{10}\.md", ".md", file), int(line or 0))


@pytest.mark.parametrize("number", sorted(CASES))
def test_holds_for_our_sample(number: str) -> None:
    case = CASES[number]
    for place in case.places:
        case.holds(place)


@pytest.mark.parametrize(("number", "name"), seen())
def test_holds_where_it_was_seen(number: str, name: str) -> None:
    CASES[number].holds(place_of(name))


def test_every_named_case_is_here() -> None:
    assert len(CASES) == 181
    if not named():
        pytest.skip("no folder of real issues beside the project")
    assert sorted(CASES) == sorted(case["id"] for case in named())
    assert len({number for number, _ in seen()}) == 148

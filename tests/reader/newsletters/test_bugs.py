"""Bugs of the reader, one file each in tests/reader/bugs/: description, issue, and expected outline.

To add one, write the file by hand, including the outline, and see the test fail before you fix the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.reader import parse_issue
from publisher.transforms import make_publishable
from tests.reader.newsletters.outline import outline

FILES = sorted((Path(__file__).parents[1] / "bugs").glob("*.md"))
FENCED = re.compile(r"^`{4}(?:markdown|text)\n(.*?)^`{4}$", re.DOTALL | re.MULTILINE)


def outline_with_diagnostics(text: str) -> Iterator[str]:
    issue = make_publishable(parse_issue(text, "2021-07-18.md"))
    yield from outline(issue)
    yield from (f"! {d.code} {d.pos.line}:{d.pos.column}" for d in issue.diagnostics)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bug_stays_fixed(file: Path) -> None:
    text, expected = FENCED.findall(file.read_text("utf-8"))
    assert "\n".join(outline_with_diagnostics(text)) == expected.rstrip("\n")


def test_every_bug_file_has_a_description() -> None:
    assert len(FILES) >= 8
    assert all(len(file.read_text("utf-8").split("\n\n")[1]) > 40 for file in FILES)

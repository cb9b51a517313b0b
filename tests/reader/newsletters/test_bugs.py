"""One file per bug, in tests/reader/bugs/: what went wrong, the issue that showed it, and how it must read.

To add one, write the file by hand, outline included, and see it fail before you mend the reader.
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


def told(text: str) -> Iterator[str]:
    issue = make_publishable(parse_issue(text, "2021-07-18.md"))
    yield from outline(issue)
    yield from (f"! {one.code} {one.pos.line}:{one.pos.column}" for one in issue.diagnostics)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bug(file: Path) -> None:
    text, expected = FENCED.findall(file.read_text("utf-8"))
    assert "\n".join(told(text)) == expected.rstrip("\n")


def test_every_bug_says_what_it_was() -> None:
    assert len(FILES) >= 8
    assert all(len(file.read_text("utf-8").split("\n\n")[1]) > 40 for file in FILES)

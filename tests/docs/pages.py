"""The pages that people read, and the parts of them that tests compare with the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

SETTINGS = """\
[newsletter]
name = "Harbour Notes"
url = "https://harbour-notes.org/{date}/"
id = "tag:example.org,2021:harbour"
"""
"""The least that a publisher.toml needs."""


class Sample(NamedTuple):
    """A fenced block of a page: where it begins, its language and its text, without the indent of a list."""

    page: str
    line: int
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a console session."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A page, by its path below the root."""

    path: str

    @cached_property
    def text(self) -> str:
        return (ROOT / self.path).read_text("utf-8")

    @cached_property
    def samples(self) -> list[Sample]:
        """The fenced blocks."""
        fence = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
        return [
            Sample(
                self.path,
                self.text.count("\n", 0, found.start()) + 1,
                found[2],
                re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
            )
            for found in fence.finditer(self.text)
        ]

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return re.sub(r"^( *)```.*?^\1```$", "", self.text, flags=re.DOTALL | re.MULTILINE)

    @cached_property
    def words_of_code(self) -> list[str]:
        """What is in backticks in the prose, with line breaks as spaces."""
        return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", self.prose)]

    @property
    def command_lines(self) -> list[str]:
        """The commands of its console sessions, and all words of code."""
        return [*self.words_of_code, *(line for sample in self.samples for line in sample.commands)]

    def texts(self, language: str) -> list[str]:
        """The texts of the fenced blocks in a language."""
        return [sample.text for sample in self.samples if sample.language == language]

    @cached_property
    def headings(self) -> list[str]:
        return re.findall(r"^#+ (.+)", self.prose, re.MULTILINE)

    @cached_property
    def anchors(self) -> set[str]:
        """As GitHub builds them; a repeated heading gets a number."""
        anchors: set[str] = set()
        for heading in self.headings:
            plain = build_anchor(heading)
            number = next(n for n in range(99) if (f"{plain}-{n}" if n else plain) not in anchors)
            anchors.add(f"{plain}-{number}" if number else plain)
        return anchors

    @cached_property
    def links(self) -> list[tuple[str, str]]:
        """The links that are not URLs, as (path below the root, anchor); an image is a link, too."""
        text = re.sub(r"`[^`\n]*`", "", self.prose)
        found = re.findall(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)", text)
        here = (ROOT / self.path).parent
        return [
            ((here / path).resolve().relative_to(ROOT).as_posix() if path else self.path, anchor)
            for path, anchor in found
        ]

    def section(self, heading: str) -> str:
        """The text below a heading, up to the next one of its level or above."""
        found = re.search(rf"^(#+) {re.escape(heading)}\n", self.text, re.MULTILINE)
        assert found, f"{self.path} has no heading {heading}"
        rest = self.text[found.end() :]
        fences = [range(*block.span()) for block in re.finditer(r"^```.*?^```$", rest, re.DOTALL | re.MULTILINE)]
        for end in re.finditer(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE):
            if not any(end.start() in fence for fence in fences):
                return rest[: end.start()]
        return rest

    def rows(self, heading: str) -> Iterator[list[str]]:
        """The rows of the tables below a heading, cell by cell, without the heads of the tables."""
        lines = [line for line in self.section(heading).splitlines() if line.startswith("|")]
        for number, line in enumerate(lines):
            if not any(one.startswith("| ---") for one in lines[number : number + 2]):
                yield [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def build_anchor(heading: str) -> str:
    """As GitHub does: the words of a heading in lower case, no punctuation, joined by hyphens."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def in_backticks(cell: str) -> list[str]:
    """The words in backticks of a cell."""
    return re.findall(r"`([^`]+)`", cell)


def find_pages() -> list[Page]:
    """All pages of the repository. Other Markdown files are issues for tests, and the sample newsletter."""
    folders = (
        "",
        "channels",
        "deploy",
        "publisher",
        "publisher/preview",
        "publisher/subscribers",
        "publisher/upload",
        "templates",
        "tests",
    )
    return [
        Page(path.relative_to(ROOT).as_posix())
        for folder in folders
        for path in sorted((ROOT / folder).glob("[A-Z]*.md"))
    ]


PAGES = {page.path: page for page in find_pages()}
SAMPLES = [sample for page in PAGES.values() for sample in page.samples]

README = PAGES["README.md"]
CHINESE_README = PAGES["README.zh-CN.md"]
PUBLISHER = PAGES["publisher/README.md"]
CHANNELS = PAGES["channels/README.md"]
LIST = PAGES["publisher/subscribers/README.md"]
UPLOAD = PAGES["publisher/upload/README.md"]
BOUNCES = PAGES["deploy/BOUNCES.md"]
DEPLOY = PAGES["deploy/README.md"]
TEMPLATES = PAGES["templates/README.md"]
CONTRIBUTING = PAGES["CONTRIBUTING.md"]

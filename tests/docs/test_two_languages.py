"""README.md and README.zh-CN.md say the same: an edit of one that changes a fact has to be made in the other, too.

What is compared is what does not depend on the language: sections, commands, code, images, links, numbers, and how
many paragraphs, list entries and table rows there are. The order may differ within a section: the Chinese page has
WeChat first. It has one line per paragraph, because a line break between Chinese characters would show as a space.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.docs.pages import CHINESE_README, README, Page, Sample, build_anchor

WORDS = {"标题": "title", "来源": "source", "说明": "alt"}
"""Placeholders in code, which are translated."""


class Section(NamedTuple):
    """What is below a heading, up to the next one: the prose without fenced blocks, and those blocks."""

    level: int
    prose: str
    samples: list[Sample]


def split_into_sections(page: Page) -> list[Section]:
    """The sections of a page; links to its own headings are numbers of sections, as `](#3)`."""
    text = re.sub(r"^```.*?^```$", lambda block: "\n" * block[0].count("\n"), page.text, flags=re.DOTALL | re.MULTILINE)
    headings = [*re.finditer(r"^(#+) (.+)", text, re.MULTILINE)]
    for number, heading in enumerate(headings):
        text = text.replace(f"](#{build_anchor(heading[2])})", f"](#{number})")
    headings = [*re.finditer(r"^(#+) .+", text, re.MULTILINE)]
    sections = []
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        end = following.start() if following else len(text)
        lines = range(text.count("\n", 0, heading.start()), text.count("\n", 0, end))
        samples = [sample for sample in page.samples if sample.line in lines]
        sections.append(Section(len(heading[1]), text[heading.end() : end].strip(), samples))
    return sections


# ---------------------------------------------------------------- what is compared


def find_blocks(section: Section) -> list[list[str]]:
    """The commands of a session without comments, the outline and URLs of a sample issue, anything else as it is."""
    found = []
    for sample in section.samples:
        match sample.language:
            case "console":
                content = [line.partition("  #")[0].strip() for line in sample.commands]
            case "markdown":
                content = [*re.findall(r"^ *(?:#+|>|-|\d+\.) |https?://[^\s)]+", sample.text, re.MULTILINE)]
            case _:
                content = sample.text.splitlines()
        found.append([sample.language, *content])
    return found


def find_code(section: Section) -> list[str]:
    """The words of code, each once."""
    found = {" ".join(code.split()) for code in re.findall(r"`([^`]+)`", section.prose)}
    for chinese, english in WORDS.items():
        found = {code.replace(chinese, english) for code in found}
    return sorted(found)


def find_links(section: Section) -> list[str]:
    """The targets of links, without images and the link of each page to the other."""
    text = re.sub(r"`[^`\n]*`", "", section.prose)
    targets = re.findall(r"(?<!!)\[[^]]*\]\(([^)]+)\)", text)
    return sorted(set(targets) - {README.path, CHINESE_README.path})


def find_images(section: Section) -> list[str]:
    return sorted(re.findall(r"!\[[^]]+\]\((\S+)\)", re.sub(r"`[^`\n]*`", "", section.prose)))


def find_numbers(section: Section) -> list[str]:
    """The numbers in digits, without those in code and in the targets of links."""
    text = re.sub(r"`[^`]*`|\]\([^)]*\)", "", section.prose)
    return sorted(re.findall(r"\d+(?:[.,]\d+)*", text))


def count_blocks(section: Section) -> dict[str, int]:
    """How many paragraphs, list entries and table rows there are."""
    text = section.prose
    return {
        "entries": len(re.findall(r"^- ", text, re.MULTILINE)),
        "steps": len(re.findall(r"^\d+\. ", text, re.MULTILINE)),
        "rows": len(re.findall(r"^\|", text, re.MULTILINE)),
        "paragraphs": sum(not re.match(r"\s*(?:- |\d+\. |\||$)", part) for part in re.split(r"\n\s*\n", text)),
    }


Find = Callable[[Section], object]

FACTS: dict[str, Find] = {
    "levels": lambda section: section.level,
    "blocks": find_blocks,
    "code": find_code,
    "images": find_images,
    "links": find_links,
    "numbers": find_numbers,
    "counts": count_blocks,
}


def find_facts(page: Page, name: str) -> list[object]:
    """What the sections of a page have of one kind."""
    return [FACTS[name](section) for section in split_into_sections(page)]


def find_differences(one: Page, other: Page) -> set[str]:
    """The names of the facts that differ."""
    return {name for name in FACTS if find_facts(one, name) != find_facts(other, name)}


# ----------------------------------------------------------------------- the tests


@pytest.mark.parametrize("fact", FACTS)
def test_both_pages_have_the_same(fact: str) -> None:
    assert find_facts(CHINESE_README, fact) == find_facts(README, fact)


@pytest.mark.parametrize(("page", "other"), [(README, CHINESE_README), (CHINESE_README, README)])
def test_each_page_links_to_the_other_at_its_top(page: Page, other: Page) -> None:
    assert f"]({other.path})" in "\n".join(page.text.splitlines()[:6])


@pytest.mark.parametrize("page", [README, CHINESE_README], ids=lambda page: page.path)
@pytest.mark.parametrize(
    ("old", "new", "facts"),
    [
        (r"^## ", "### ", {"levels"}),
        (r"^## [^\n]+\n\nMIT", "MIT", {"levels", "blocks", "code", "images", "links", "numbers", "counts"}),
        (r"^\$ make test", "$ make bench", {"blocks"}),
        (r"^pipx install \.", "pipx install publisher", {"blocks"}),
        (r"^\$ publish check$", "$ publish check --fix", {"blocks"}),
        (r"^### \[", "- [", {"blocks"}),
        (r"`publish doctor`", "`publish status`", {"code"}),
        (r"`draft: true`", "`hidden: true`", {"code"}),
        (r"feed\.png", "mail.png", {"images"}),
        (r"README\.md#wechat", "README.md#telegram", {"links"}),
        (r"19,999", "20,000", {"numbers"}),
        (r"^- `slug:[^\n]+\n(?:  [^\n]+\n)*", "", {"code", "counts"}),
        (r"^\| [^|]+\| [^|]+CHANGELOG[^|]+\|\n", "", {"links", "counts"}),
        (r"\n\n`public/`", "\n\nMore.\n\n`public/`", {"counts"}),
    ],
)
def test_an_edit_changes_a_fact(page: Page, old: str, new: str, facts: set[str]) -> None:
    edited = Page(page.path)
    edited.__dict__["text"] = re.sub(old, new, page.text, count=1, flags=re.MULTILINE)
    assert edited.text != page.text
    assert find_differences(edited, page) == facts

"""What the next issue takes from those before it: head, title, headings and fixed text, with date and number."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from publisher import scaffold
from publisher.config import Config
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.scaffold.blocks import split_blocks
from publisher.scaffold.stamp import Stamp, find_next_title, replace_stamp

NEWSLETTER = Newsletter("Tide Notes", "https://e.org/{id}/", "https://e.org/", "tag:e.org,2024:tide", lang="en")
DAYS = ("2024-07-04", "2024-07-11")
NEXT = "2024-07-18"


def create(folder: Path, *texts: str, named: str = "{date}-tides.md") -> str:
    """Write the texts as issues of July 4 and 11, 2024, or of the 11th alone, and return that of the next one."""
    for day, number, text in zip(DAYS[-len(texts) :], (30, 31)[-len(texts) :], texts, strict=True):
        path = folder / "issues" / named.format(date=day, number=number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    config = Config(folder / "publisher.toml", folder, NEWSLETTER, ("issues/*.md",))
    made = scaffold.create_issue(config, today=dt.date(2024, 7, 12), date=None if texts[1:] else dt.date(2024, 7, 18))
    text = made.path.read_text("utf-8")
    issue = parse_issue(text, made.path.relative_to(folder).as_posix())
    assert issue.draft
    assert issue.date == made.date == dt.date.fromisoformat(NEXT)
    assert issue.diagnostics == ()
    return text


HEADS = {
    "yaml": (
        "---\nlayout: post\ntitle: 'Tides #30'\ndate: 2024-07-04 09:00:00 +0000\nnumber: 30\nslug: tides-30\n"
        "tags:\n  - sea\nauthor: Ann\ndescription: Boats\nmood: calm\n---\n",
        "---\nlayout: post\ntitle: 'Tides #31'\ndate: 2024-07-11 09:00:00 +0000\nnumber: 31\nslug: tides-31\n"
        "tags:\n  - sea\nauthor: Ann\ndescription: Ropes\nmood: wild\n---\n",
        "---\ndraft: true\nlayout: post\ntitle: 'Tides #32'\ndate: 2024-07-18 09:00:00 +0000\nnumber: 32\n"
        "slug: tides-32\ntags:\n  - sea\nauthor: Ann\n---\n",
    ),
    "toml": (
        '+++\ntitle = "Tides 30"\ndate = 2024-07-04\ndraft = false\n[extra]\nkind = "weekly"\n+++\n',
        '+++\ntitle = "Tides 31"\ndate = 2024-07-11\ndraft = false\n[extra]\nkind = "weekly"\n+++\n',
        '+++\ndraft = true\ntitle = "Tides 32"\ndate = 2024-07-18\n[extra]\nkind = "weekly"\n+++\n',
    ),
    "header": (
        "Title: Tides 009\nNumber: 009\nDate: 2024-07-04\nCategory: Sea\nStatus: published\n",
        "Title: Tides 010\nNumber: 010\nDate: 2024-07-11\nCategory: Sea\nStatus: published\n",
        "Title: Tides 011\nNumber: 011\nDate: 2024-07-18\nCategory: Sea\nStatus: draft\n",
    ),
    "a volume of several issues": (
        "---\nvolume: 3\nissue: 30\n---\n",
        "---\nvolume: 3\nissue: 31\n---\n",
        "---\ndraft: true\nvolume: 3\nissue: 32\n---\n",
    ),
    "a date in the title and in addresses": (
        "---\ntitle: Week Ending July 3, 2024\npermalink: /2024/07/04/\nid: tides-2024-07-04\n---\n",
        "---\ntitle: Week Ending July 10, 2024\npermalink: /2024/07/11/\nid: tides-2024-07-11\n---\n",
        "---\ndraft: true\ntitle: Week Ending July 17, 2024\npermalink: /2024/07/18/\nid: tides-2024-07-18\n---\n",
    ),
    "a title and an id that cannot be counted up": (
        "---\ntitle: Boats\nid: boats\n# ours\nlayout: post\n---\n",
        "---\ntitle: Ropes\nid: ropes\n# ours\nlayout: post\n---\n",
        '---\ndraft: true\ntitle: "Tide Notes"\n# ours\nlayout: post\n---\n',
    ),
    "a draft": (
        "---\npublished: true\nlayout: post\n---\n",
        "---\ndraft: yes\npublished: false\nstatus: wip\nlayout: post\n---\n",
        "---\ndraft: true\nlayout: post\n---\n",
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_head_of_the_next_issue(tmp_path: Path, name: str) -> None:
    first, second, head = HEADS[name]
    assert create(tmp_path, f"{first}\nHello.\n", f"{second}\nHello.\n") == f"{head}\nHello.\n"


def test_after_a_single_issue_what_belongs_to_it_is_left_out(tmp_path: Path) -> None:
    front = "---\ntitle: Tides 31\nid: ropes\nslug: tides-31\nsummary: All 31 ropes\nlayout: post\ntags: [sea]\n---\n"
    text = create(tmp_path, f"{front}\nHello.\n\n## News\n\n- [a](https://e.org/a)\n\n### Deep\n")
    assert text == ("---\ndraft: true\ntitle: Tides 32\nslug: tides-32\nlayout: post\ntags: [sea]\n---\n\n## News\n")


ISSUE = """\
# Tide Notes #{number}: {topic}

Welcome to the [tides](https://e.org/).
If it rains, stay.

{topic} was the topic of {topic} people.

## News

<!--

Only news.

-->

- [{topic}](https://e.org/{topic})

### [{topic}](https://e.org/{topic}/more)

## Events

See the [calendar] and the [{topic}].

See the [calendar] only.

```sh
# not a heading

{topic}
```

## Only {topic}

---

<table>

<tr><td>Harbour

</td></tr></table>

1、

[This issue](https://e.org/{number}/{date}/) · [Discuss](https://e.org/d/{number})

[calendar]: https://e.org/calendar
[{topic}]: https://e.org/{topic}
"""

SKELETON = """\
---
draft: true
---

# Tide Notes #32:

Welcome to the [tides](https://e.org/).
If it rains, stay.

## News

<!--

Only news.

-->

## Events

See the [calendar] only.

---

<table>

<tr><td>Harbour

</td></tr></table>

[This issue](https://e.org/32/2024/07/18/) · [Discuss](https://e.org/d/32)

[calendar]: https://e.org/calendar
"""


def test_the_skeleton_is_what_recurs(tmp_path: Path) -> None:
    first = ISSUE.format(number=30, topic="Boats", date="2024/07/04")
    second = ISSUE.format(number=31, topic="Ropes", date="2024/07/11")
    assert create(tmp_path, first, second) == SKELETON


def test_a_number_in_the_file_name_is_counted_up_as_well(tmp_path: Path) -> None:
    first = f"---\ndate: {DAYS[0]}\n---\n" + ISSUE.format(number=30, topic="Boats", date="2024/07/04")
    second = f"---\ndate: {DAYS[1]}\n---\n" + ISSUE.format(number=31, topic="Ropes", date="2024/07/11")
    text = create(tmp_path, first, second, named="tides-{number}.md")
    assert text == SKELETON.replace("draft: true\n", f"draft: true\ndate: {NEXT}\n")
    assert (tmp_path / "issues" / "tides-32.md").exists()


def test_an_issue_that_was_only_begun_serves_as_well(tmp_path: Path) -> None:
    """`publish new` twice: the first draft is still empty."""
    first = ISSUE.format(number=30, topic="Boats", date="2024/07/04")
    begun = create(tmp_path, first, ISSUE.format(number=31, topic="Ropes", date="2024/07/11"))
    config = Config(tmp_path / "publisher.toml", tmp_path, NEWSLETTER, ("issues/*.md",))
    made = scaffold.create_issue(config, today=dt.date(2024, 7, 12))
    assert made.date == dt.date(2024, 7, 25)
    again = made.path.read_text("utf-8")
    assert again == begun.replace("32", "33").replace("2024/07/18", "2024/07/25")


def test_what_one_of_the_issues_before_has_is_enough(tmp_path: Path) -> None:
    """A section that is left out now and then."""
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2024-06-27-tides.md").write_text("# Tides #29\n\n## Jobs\n\nNone.\n")
    text = create(tmp_path, "# Tides #30\n\n## News\n\nRain.\n", "# Tides #31\n\n## News\n\nSun.\n\n## Jobs\n\nOne.\n")
    assert text.endswith("---\n\n# Tides #32\n\n## News\n\n## Jobs\n")


@pytest.mark.parametrize("front", ["---\ntitle: [31\n---\n", "---\na: |\ndraft: 1\n---\n", "+++\ntitle = \n+++\n"])
def test_a_head_that_is_not_understood_does_no_harm(tmp_path: Path, front: str) -> None:
    text = create(tmp_path, f"{front}\n## News\n\nRain.\n", f"{front}\n## News\n\nSun.\n")
    assert "## News" in text


# ------------------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("no. 7", "no. 8"),
        ("007 of 70", "008 of 70"),
        ("17 71 7", "17 71 8"),
        ("2021-07-07 and 2021/07/07", "2021-07-14 and 2021/07/14"),
        ("20210707.png, 2021年7月7日", "20210714.png, 2021年7月14日"),
        ("July 7, 2021", "July 14, 2021"),
        ("/2021.07.07/7/", "/2021.07.14/8/"),
    ],
)
def test_date_and_number_are_replaced_in_their_form(text: str, replaced: str) -> None:
    old, new = Stamp(dt.date(2021, 7, 7), 7), Stamp(dt.date(2021, 7, 14), 8)
    assert replace_stamp(text, old, new) == replaced
    assert replace_stamp(text, Stamp(None, None), new) == text


@pytest.mark.parametrize(
    ("title", "following"),
    [
        ("科技周刊（第 250 期）：新技术", "科技周刊（第 251 期）："),
        ("Tides #99: Ropes", "Tides #100:"),
        ("Issue 7 of 2024", "Issue 8"),
        ("Tides 009", "Tides 010"),
        ("Week of December 28, 2024", "Week of January 4, 2025"),
        ("Tides of 2024-07-11", ""),
        ("Tides 31: Ropes", "Tides 32:"),
        ("Python 3.13 is here", ""),
        ("Ten boats for 10 people", ""),
        ("Boats", ""),
        ("", ""),
    ],
)
def test_a_title_is_counted_up(title: str, following: str) -> None:
    assert find_next_title(title, 7) == following


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("a\nb\n\n\nc", ["a\nb", "c"]),
        ("# a\nb\n## c", ["# a", "b", "## c"]),
        ("```\n# a\n\nb\n```\nc", ["```\n# a\n\nb\n```", "c"]),
        ("```\na\n\nb", ["```\na\n\nb"]),
        ("<!-- a\n\nb -->\n\nc", ["<!-- a\n\nb -->", "c"]),
        ("<!-- a\n\nb", ["<!-- a", "b"]),
        ("<p>\n<p>\n\na</p>\n\n</p>\n\nb", ["<p>\n<p>\n\na</p>\n\n</p>", "b"]),
        ("<p>\n\na\n\nb", ["<p>", "a", "b"]),
        ("", []),
    ],
)
def test_blocks(text: str, blocks: list[str]) -> None:
    assert [block.text for block in split_blocks(text.split("\n"))] == blocks

"""Relative links, against the issues and files of the newsletter: `publish check` needs no network for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.conftest import Check

WARNING = "issues/2021-07-18.md:5:5: warning[relative-link]: "


@pytest.fixture
def folder(letter: Path) -> Path:
    """A newsletter with an earlier issue, a draft and files."""
    (letter / "issues" / "notes").mkdir()
    (letter / "issues" / "tide.pdf").write_bytes(b"%PDF-1.7\n")
    (letter / "issues" / "notes" / "潮 汐.txt").write_text("潮\n", "utf-8")
    (letter / "issues" / ".hidden.pdf").write_bytes(b"%PDF-1.7\n")
    (letter / "secret.pdf").write_bytes(b"%PDF-1.7\n")
    (letter / "issues" / "2021-08-01.md").write_text("---\ndraft: true\n---\n# 慢刊 (2021-08-01)\n", "utf-8")
    return letter


def found(check: Check, folder: Path, link: str) -> list[str]:
    text = f"# 慢刊 (2021-07-18)\n\n## 新闻\n\n[甲]({link})\n"
    (folder / "issues" / "2021-07-18.md").write_text(text, "utf-8")
    said = check("2021-07-18", "--format", "concise", "--select", "relative-link")
    assert said.code == 0
    return said.out.splitlines()[:-1]


@pytest.mark.parametrize(
    "link",
    [
        "2021-07-04.md",
        "./2021-07-04.md#part",
        "../issues/2021-07-04.md",
        "2021-07-04",
        "../2021-07-04/",
        "/issues/2021-07-04.md",
        "2021-08-01.md",
        "tide.pdf",
        "notes/潮%20汐.txt",
        "<notes/潮 汐.txt>",
        "#新闻",
        "/about",
        "?page=2",
        "mailto:ann@e.org",
        "https://e.org/nowhere",
    ],
)
def test_links_to_issues_and_files_are_right(check: Check, folder: Path, link: str) -> None:
    assert found(check, folder, link) == []


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("office2pdf", "there is no such issue or file"),
        ("ex.org/8", "there is no such issue or file"),
        ("2021-06-04.md", "there is no such issue or file"),
        ("/issues/2021-06-04.md", "there is no such issue or file"),
        ("../../other/2021-07-04.md", "there is no such issue or file"),
        ("notes/none.pdf", "there is no such issue or file"),
        (".hidden.pdf", "the file is hidden"),
    ],
)
def test_links_to_nothing_are_reported(check: Check, folder: Path, link: str, reason: str) -> None:
    [line] = found(check, folder, link)
    assert line.startswith(f"{WARNING}the link {link} leads nowhere: {reason}")


def test_every_place_is_reported_and_a_host_is_completed(check: Check, folder: Path) -> None:
    items = "- [甲](ex.org/8)\n- [乙](https://e.org/2)\n见[丙][r]与<a href='ex.org/8'>丁</a>。\n"
    text = f"# 慢刊 (2021-07-18)\n\n{items}\n[r]: none\n"
    (folder / "issues" / "2021-07-18.md").write_text(text, "utf-8")
    said = check("2021-07-18", "--select", "relative-link")
    places = [line.split(":", 1)[1] for line in said.out.splitlines() if line.strip().startswith("-->")]
    assert places == ["3:7", "5:18", "7:6"]
    assert said.out.count("= help: write https://ex.org/8\n") == 2


def test_a_link_that_leads_nowhere_is_ignored_by_a_comment(check: Check, folder: Path) -> None:
    assert found(check, folder, "none)\n\n<!-- publish: ignore=relative-link -->\n\n(") == []


FRAGMENTS = [
    ("[甲](#新闻)", []),
    ("[甲](#q-a) [乙](#q--a) [丙](#Q-A) [丁](#) [戊](#top)", []),
    ("[甲](#nowhere)", ["#nowhere"]),
    ("文[1](#footnote-1)", ["#footnote-1"]),
    ('<a href="#nowhere">甲</a>', ["#nowhere"]),
    ("`[甲](#nowhere)`", []),
]


@pytest.mark.parametrize(("text", "lost"), FRAGMENTS)
def test_links_to_a_place_of_the_page(check: Check, folder: Path, text: str, lost: list[str]) -> None:
    issue = f"# 慢刊 (2021-07-18)\n\n## 新闻\n\n{text}\n\n## Q & A\n\n文。\n"
    (folder / "issues" / "2021-07-18.md").write_text(issue, "utf-8")
    said = check("2021-07-18", "--format", "concise", "--select", "relative-link").out.splitlines()[:-1]
    assert [line.split("the link ")[1].split()[0] for line in said] == lost


LOST_NAMES = [
    ("甲，见 [[甲|这里]]", "7:7"),
    ('posts 见 [这里]({{< ref "posts" >}})', "7:23"),
    ("rope 见 [这里]({% post_url rope %})", "7:25"),
]


@pytest.mark.parametrize(("text", "place"), LOST_NAMES)
def test_a_name_is_reported_where_it_is_a_link(check: Check, folder: Path, text: str, place: str) -> None:
    (folder / "issues" / "2021-07-18.md").write_text(
        f"# 慢刊 (2021-07-18)：甲\n\n甲 posts rope\n\n## 新闻\n\n{text}\n", "utf-8"
    )
    said = check("2021-07-18", "--format", "concise", "--select", "relative-link").out.splitlines()[:-1]
    assert [line.split(".md:")[1].split(": ")[0] for line in said] == [place]

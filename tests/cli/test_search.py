"""`publish search`: what it finds, how it is shown, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from publisher import reader
from publisher.archive.lock import acquire_lock
from publisher.cli.output import Output
from publisher.cli.search import run as run_search
from tests.support.newsletter import NOON, CommandProject, Said, command_project, write_settled

FOUND = """\
2021-07-18  慢刊 (2021-07-18)：一/二/三
  灯塔 AI 指南 · 工具 · example.net
    issues/2021-07-18.md:9  https://e.org/2021-07-18/#{}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandProject:
    made = command_project(tmp_path, monkeypatch, capsys)
    write_settled(
        made.path("2021-07-18"),
        "# 慢刊 (2021-07-18)：一/二/三\n\n## 新闻\n\n- [条目](https://e.org/1)\n\n"
        "## 工具\n\n- [灯塔 AI 指南](https://example.net/ai)\n摘要：灯。\n",
    )
    return made


def hits(said: Said) -> list[dict[str, object]]:
    assert said.out, said.err
    found: list[dict[str, object]] = json.loads(said.out)["hits"]
    return found


def test_shows_title_file_line_and_address(project: CommandProject) -> None:
    said = project.run("search", "ai", "灯塔")
    (hit,) = hits(project.run("search", "ai", "灯塔", "--json"))
    assert (said.code, said.err) == (0, "")
    assert said.out == FOUND.format(str(hit["url"]).partition("#")[2])
    assert project.path("2021-07-18").read_text("utf-8").splitlines()[8].startswith("- [灯塔")
    assert hit == {
        "issue": "2021-07-18",
        "date": "2021-07-18",
        "issue_title": "慢刊 (2021-07-18)：一/二/三",
        "state": "",
        "kind": "item",
        "title": "灯塔 AI 指南",
        "section": "工具",
        "source": "example.net",
        "url": hit["url"],
        "path": "issues/2021-07-18.md",
        "line": 9,
    }


def test_the_newest_come_first_and_drafts_are_marked(project: CommandProject) -> None:
    write_settled(
        project.root / "issues" / "idea.md", "---\ndraft: true\n---\n# 想法\n\n- [条目](https://e.org/idea)\n"
    )
    write_settled(project.root / "issues" / "undated.md", "# 没有日期\n\n## 新闻\n\n- [条目](https://e.org/x)\n")
    project.write("2021-07-25", "将来")
    found = [(hit["path"], hit["state"]) for hit in hits(project.run("search", "条目", "--json"))]
    undated, dated = found[:2], found[2:]
    assert sorted(undated) == [("issues/idea.md", "draft"), ("issues/undated.md", "broken")]
    assert dated == [
        ("issues/2021-08-01.md", "draft"),
        ("issues/2021-07-25.md", "upcoming"),
        ("issues/2021-07-18.md", ""),
        ("issues/2021-07-04.md", ""),
    ]
    assert "2021-08-01  慢刊 (2021-08-01)：草/稿  draft" in project.lines("search", "条目")


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("慢刊", "二"), ["issue"]),
        (("2021-07-04",), ["issue"]),
        (("新闻",), ["section", "section", "section"]),
        (("新闻", "条目"), ["item", "item", "item"]),
        (("example.net",), ["item"]),
        (("工具 ai",), ["item"]),
        (("AI", "慢刊"), ["item"]),
    ],
)
def test_finds_issues_items_and_sections(project: CommandProject, words: tuple[str, ...], kinds: list[str]) -> None:
    assert [hit["kind"] for hit in hits(project.run("search", *words, "--json"))] == kinds


def test_one_issue_only(project: CommandProject) -> None:
    found = hits(project.run("search", "条目", "--issue", "2021-07-04", "--json"))
    assert [hit["issue"] for hit in found] == ["2021-07-04"]
    said = project.run("search", "条目", "-i", "1999-01-01")
    assert (said.code, said.out) == (2, "")
    assert "there is no issue 1999-01-01" in said.err


def test_nothing_found_is_exit_code_1(project: CommandProject) -> None:
    assert project.run("search", "没有的") == Said(1, "", "nothing found: 没有的\n")
    said = project.run("search", "没有的", "--json")
    assert (said.code, json.loads(said.out)) == (1, {"hits": [], "exit": 1})


def test_words_without_letters_are_an_error(project: CommandProject) -> None:
    said = project.run("search", "?!", "…")
    assert (said.code, said.err) == (2, "error: ?! … has no letters or digits · publish search WORD\n")
    assert project.run("search").err == "error: WORD is missing · publish search WORD …\n"


def test_twenty_are_shown_and_the_rest_is_counted(project: CommandProject) -> None:
    items = "".join(f"- [灯 {number}](https://example.net/{number})\n" for number in range(23))
    write_settled(project.path("2021-07-04"), f"# 慢刊 (2021-07-04)：旧\n\n## 新闻\n\n{items}")
    said = project.run("search", "灯")
    assert sum(line.startswith("    issues/") for line in said.out.splitlines()) == 20
    assert said.err.startswith("and 4 more")
    assert len(hits(project.run("search", "灯", "--json"))) == 24


def test_what_a_run_has_read_is_not_read_again(project: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = reader.parse_issue
    monkeypatch.setattr(
        reader, "parse_issue", lambda text, path, *date: (parsed.append(path), parse(text, path, *date))[1]
    )
    project.run("search", "条目")
    assert len(parsed) == 3
    project.run("search", "条目")
    assert len(parsed) == 3
    project.write("2021-07-04", "改")
    project.run("--channel", "web")
    parsed.clear()
    assert [hit["issue"] for hit in hits(project.run("search", "改", "--json"))] == ["2021-07-04"]
    assert parsed == []


def test_it_works_while_another_publish_is_running(project: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    from publisher.archive import lock

    with acquire_lock(project.root / ".publisher" / "lock"):
        monkeypatch.setattr(lock, "_try_lock", lambda _: False)
        assert project.run("search", "灯塔").code == 0
    assert not (project.root / ".publisher" / "cache" / "index.json").exists()


def test_nothing_but_the_cache_is_written(project: CommandProject) -> None:
    before = {path for path in project.root.rglob("*") if path.is_file()}
    project.run("search", "条目")
    new = {path for path in project.root.rglob("*") if path.is_file()} - before
    assert {path.relative_to(project.root).parts[0] for path in new} == {".publisher"}
    assert not project.place.exists()


def test_matches_are_coloured_on_a_terminal(project: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    from argparse import Namespace

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    assert run_search(Namespace(words=["ai 灯"], issue=""), Output(out, io.StringIO()), NOON) == 0
    assert "  \x1b[1;31m灯\x1b[0m塔 \x1b[1;31mAI\x1b[0m 指南 · 工具" in out.getvalue()

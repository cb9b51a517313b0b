"""What the search of the site reads: which years are written, and which issues are in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from publisher.channels.web import Web
from tests.build.file_channels import tree
from tests.support.newsletter import Project, command_project, write_settled


@pytest.fixture
def site(tmp_path: Path) -> Project:
    project = Project(tmp_path / "letter", (Web(),))
    for date in ("2019-12-29", "2020-06-21", "2020-12-06", "2021-07-18"):
        project.write(date, f"第{date}题")
    return project


def years(root: Path) -> dict[str, list[Any]]:
    """By the name of the file, the issues in it."""
    files = sorted((root / "public" / "search").glob("*.json"))
    return {file.stem: json.loads(file.read_text("utf-8")) for file in files}


def dates(root: Path) -> dict[str, list[str]]:
    return {year: [issue[0] for issue in issues] for year, issues in years(root).items()}


def written(project: Project) -> list[str]:
    keys = project.publish().channels["web"].written
    return [key.rpartition("/")[2] for key in keys if key.startswith("public/search/")]


def test_a_line_per_issue_says_what_leads_to_each_item(site: Project) -> None:
    write_settled(
        site.path("2021-07-18"),
        "---\nnumber: 142\n---\n# 慢刊 (2021-07-18)：灯塔/“码头”\n\n先看短讯：\n\n- 缆车：停运三天\n\n## 工具\n\n"
        "- [`<img src=x onerror=alert(1)>`\n](https://www.Example.net/a)\n- [自己的页](https://e.org/about)\n"
        "- [GPT | 机器之心](https://example.com/b)\n\n### 空空\n",
    )
    site.publish()
    text = (site.root / "public" / "search" / "2021.json").read_text("utf-8")
    assert text.count("\n") == 3
    ((date, number, path, title, sections),) = json.loads(text)
    assert (date, number, path, title) == ("2021-07-18", "142", "../2021-07-18/index.html", "灯塔/“码头”")
    assert [(name, anchor) for name, anchor, _ in sections] == [("热身小新闻", "briefs"), ("工具", "工具")]
    assert sections[0][2] == [["缆车：停运三天", "", "briefs"]]
    assert [item[:2] for item in sections[1][2]] == [
        ["<img src=x onerror=alert(1)>", "example.net"],
        ["自己的页", ""],
        ["GPT", "机器之心"],
    ]
    page = site.text("2021-07-18/index.html")
    for _, anchor, items in sections:
        assert f'id="{anchor}"' in page
        for *_, item in items:
            assert f'id="{item}"' in page


def test_the_newest_issue_of_a_year_comes_first(site: Project) -> None:
    site.publish()
    assert dates(site.root) == {"2019": ["2019-12-29"], "2020": ["2020-12-06", "2020-06-21"], "2021": ["2021-07-18"]}


def test_a_second_run_writes_and_reads_nothing(site: Project, parsed: list[str]) -> None:
    site.publish()
    before = tree(site.root / "public")
    parsed.clear()
    assert written(site) == []
    assert tree(site.root / "public") == before
    assert parsed == []


def test_an_edit_writes_its_year_only(site: Project, parsed: list[str]) -> None:
    site.publish()
    parsed.clear()
    site.write("2020-06-21", "第2020-06-21题", text="摘要不在其中")
    assert written(site) == []
    assert set(parsed) == {"issues/2020-06-21.md"}
    file = site.path("2020-06-21")
    write_settled(file, file.read_text("utf-8").replace("[条目]", "[另一条]"))
    assert written(site) == ["2020.json"]
    site.write("2020-06-21", "改题")
    assert written(site) == ["2020.json", "index.html"]
    assert [issue[3] for issue in years(site.root)["2020"]] == ["第2020-12-06题", "改题"]


def test_a_new_issue_writes_its_year(site: Project) -> None:
    site.publish()
    site.write("2021-07-11", "插一期")
    assert written(site) == ["2021.json", "index.html"]
    assert dates(site.root)["2021"] == ["2021-07-18", "2021-07-11"]


def test_what_is_not_published_is_not_there(site: Project) -> None:
    site.write("2021-07-04", "稿", head="---\ndraft: true\n---\n")
    site.write("2021-07-25", "将来")
    write_settled(site.root / "issues" / "undated.md", "# 没有日期\n\n## 新闻\n\n- [条目](https://e.org/x)\n")
    site.publish()
    assert dates(site.root)["2021"] == ["2021-07-18"]
    assert not {"稿", "将来", "没有日期"} & set(site.text("search/2021.json").split('"'))


def test_an_issue_on_hold_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = command_project(tmp_path, monkeypatch, capsys)
    project.run("--channel", "web")
    project.write("2021-07-11", "停")
    assert project.run("hold", "2021-07-11").code == 0
    project.write("2021-07-18", "改")
    assert project.run("--channel", "web").code == 0
    assert dates(project.root) == {"2021": ["2021-07-18", "2021-07-04"]}


def test_a_removed_issue_is_gone_and_so_is_an_empty_year(site: Project) -> None:
    site.publish()
    site.path("2020-06-21").unlink()
    site.path("2019-12-29").unlink()
    outcome = site.publish().channels["web"]
    assert dates(site.root)["2020"] == ["2020-12-06"]
    assert "public/search/2019.json" in outcome.orphaned
    assert "2019" not in site.text("search/index.html")


def test_a_page_that_moves_is_found_at_its_new_place(site: Project) -> None:
    site.publish()
    site.write("2020-06-21", "第2020-06-21题", head="---\nurl: /letters/june.html\n---\n")
    assert written(site) == ["2020.json", "index.html"]
    assert years(site.root)["2020"][1][2] == "../letters/june.html"


def test_a_damaged_cache_costs_time_only(site: Project) -> None:
    site.publish()
    before = tree(site.root / "public")
    for pack in (site.root / ".publisher" / "cache").glob("*.pack"):
        pack.write_bytes(b"\0" * pack.stat().st_size)
    site.write("2020-06-21", "改题")
    site.publish()
    assert [issue[3] for issue in years(site.root)["2020"]] == ["第2020-12-06题", "改题"]
    site.write("2020-06-21", "第2020-06-21题")
    site.publish()
    assert {name: body for name, (body, _) in tree(site.root / "public").items() if name.endswith(".json")} == {
        name: body for name, (body, _) in before.items() if name.endswith(".json")
    }

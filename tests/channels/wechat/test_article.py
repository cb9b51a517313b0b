"""The article has every word, in markup that WeChat keeps. C5 to C9, C11 and C12 of the checklist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from msgspec.structs import replace

from publisher.model import Block, Code, CodeBlock, Issue, List, Note, Paragraph, Section, Text
from publisher.newsletter import Newsletter
from tests.channels.wechat.conftest import Letter

LABELS = "[^expensive]"  # of a footnote, which is numbered instead
NOTICE = "注：个别链接打不开，请点击文末【阅读原文】跳转"


# ---------------------------------------------------------------- the sample


def test_golden_article(sampled, golden: Callable[[str, str], None]) -> None:
    manner = "footnote" if "引用链接" in sampled.text else "inline"
    golden(f"wechat-{manner}.html", re.sub(r"(</(?:p|h2|tr)>|<hr[^>]*>|<section[^>]*>)", r"\1\n", sampled.html))


def test_golden_facts(letter, sample: str, golden: Callable[[str, bytes], None]) -> None:
    golden("wechat.json", letter(sample).rendering.previews[2].body)


def test_the_sample_has_what_wechat_keeps(sampled) -> None:
    assert sampled.forbidden == set()
    assert sampled.style_per_block <= 60


def test_forbidden_reports_what_wechat_drops(sampled) -> None:
    for bad in (
        "<div>x</div>", "<ul><li>x</li></ul>", '<p class="x">x</p>', '<p id="x">x</p>', "<style>p{}</style>",
        '<p style="width:300px">x</p>', '<p style="color:red !important">x</p>',
        '<p style="float:left">x</p>', '<p style="font-family:serif">x</p>',
    ):  # fmt: skip
        html = sampled.html.replace("</section>", f"{bad}</section>", 1)
        first, *others = sampled.rendering.previews
        shown = (replace(first, body=html.encode()), *others)
        assert replace(sampled, rendering=replace(sampled.rendering, previews=shown)).forbidden, bad


def test_article_has_every_word_of_the_sample(sampled) -> None:
    assert sampled.lost == []
    assert "**" not in sampled.text


def test_lost_reports_missing_text(letter, sample: str) -> None:
    made = letter(sample)
    assert replace(made, issue=replace(made.issue, tagline=(Text("换了口号"),))).lost == ["换了口号"]


def test_archive_written_by_the_editor_is_left_out(sampled) -> None:
    assert "往期回顾" not in sampled.text
    assert "2024-02-23" not in sampled.html


# --------------------------------------------------------------- list, code


def p(text: str) -> Paragraph:
    return Paragraph((Text(text),))


def of_blocks(*blocks: Block) -> Issue:
    return Issue("x", sections=(Section((Text("论文"),), content=blocks),))


def test_lists_keep_marker_order_and_level(letter) -> None:
    inner = List(((p("子"),), (p("丑"), p("另段"))), ordered=True)
    outer = List(((p("七"), List(((p("甲"), inner), (p("乙"),)))), (p("八"),)), ordered=True, start=7)
    made = letter(of_blocks(outer, p("后文")))
    assert list(indents(made.root, 0)) == [
        (1, "7. 七"), (2, "• 甲"), (3, "1. 子"), (3, "2. 丑"), (3, "另段"), (2, "• 乙"), (1, "8. 八"),
        (0, "后文"),
    ]  # fmt: skip


def indents(element: Element, depth: int) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs with their indentation levels."""
    for child in element:
        deeper = depth + ("padding-left" in (child.get("style") or "") and child.tag == "section")
        if child.tag == "p":
            yield deeper, "".join(child.itertext())
        yield from indents(child, deeper)


CODE = "def f(x):\n\n    return x  # two  spaces\n\tif x < 1 & y:\n  \n        pass   "


def test_code_keeps_whitespace(letter) -> None:
    made = letter(of_blocks(CodeBlock(CODE), Paragraph((Text("行内"), Code(" a  b c ")))))
    block, inline = re.findall(r"<code[^>]*>(.*?)</code>", made.html)
    # what becomes of text on the way to a phone: newlines go, white space is one space, none ends a line
    kept = [re.sub(" +", " ", line).strip(" ") for line in block.replace("\n", "").split("<br>")]
    assert [unescape(line.replace("&nbsp;", " ")) for line in kept] == [
        "def f(x):",
        "",
        "    return x  # two  spaces",
        "    if x < 1 & y:",
        "  ",
        "        pass   ",
    ]
    assert inline == "&nbsp;a&nbsp;&nbsp;b c&nbsp;"
    assert re.search(r'<section style="[^"]*overflow-x:auto[^"]*"><code style="white-space:nowrap">', made.html)


# ------------------------------------------------------------------- notices


def test_read_original_notice_is_before_and_after_the_sections(sampled) -> None:
    lines = sampled.lines
    places = [index for index, line in enumerate(lines) if line == NOTICE]
    assert len(places) == 2
    assert places[0] == lines.index("业界新闻") - 1
    assert places[1] > lines.index("博文")


ALL_OPEN = "> 注：点击文末【阅读原文】\n\n## 新闻\n\n- [雾](https://mp.weixin.qq.com/s/1)\n摘要：散了。"
SOME_DO_NOT = ALL_OPEN + "\n- [风](https://wind.example.net/)\n摘要：起了。"


@pytest.mark.parametrize(
    ("text", "page", "expected"),
    [
        (SOME_DO_NOT, "https://lighthouse.example.org/1/", 2),
        (ALL_OPEN, "https://lighthouse.example.org/1/", 0),
        (ALL_OPEN + " 见 https://wind.example.net/", "https://lighthouse.example.org/1/", 2),
        (SOME_DO_NOT, "http://lighthouse.example.org/1/", 0),
        (SOME_DO_NOT, "https://lighthouse.example.org/" + "1" * 1024, 0),
        ("见 https://wind.example.net/", "https://lighthouse.example.org/1/", 1),
        ("没有链接。", "https://lighthouse.example.org/1/", 0),
    ],
)
def test_read_original_notice_needs_a_target_and_an_unclickable_link(
    letter, text: str, page: str, expected: int
) -> None:
    made = letter(text, page=page)
    assert made.text.count("阅读原文") == expected
    assert bool(made.meta["content_source_url"]) is (page.startswith("https") and len(page) < 1024)


def test_notes_of_other_kinds_are_kept(letter) -> None:
    pos = Section((Text("新闻"),)).pos
    kinds = ("pc_wechat", "complete_url", "history", "other", "read_original")
    notes = tuple(Note(kind, (Text(f"这是{kind}"),), pos) for kind in kinds)
    made = letter(Issue("x", notes=notes, sections=(Section((Text("新闻"),), notes=notes),)))
    row = ["注：这是pc_wechat", "注：这是complete_url", "这是history", "注：这是other"]
    assert made.lines == [*row, "新闻", *row]


def test_a_note_after_the_sections_stays_there(letter) -> None:
    made = letter("## 新闻\n\n文。\n\n---\n\n编辑：灯\n\n> 往期回顾：见菜单\n\n联系：塔")
    assert made.lines == ["新闻", "文。", "编辑：灯", "往期回顾：见菜单", "联系：塔"]


def test_the_footer_may_be_replaced(letter, sample: str) -> None:
    made = letter(sample, footer=("公众号：灯塔周报", "许可：<CC BY>"))
    assert made.lines[-3:] == ["公众号：灯塔周报", "许可：<CC BY>", NOTICE]
    assert "投稿" not in made.text


# ------------------------------------------------------------------- heading


def test_guide_has_each_segment_on_a_new_line(letter, sample: str) -> None:
    lines = letter(sample).lines
    start = lines.index("本期六条。")
    assert lines[start - 1] == "导读"
    assert lines[start + 1] == "【新闻】雾笛换了电源；"
    assert lines[start + 3] == "【开源】潮位表与测风仪。"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("# 灯塔周报 (2024-03-01)：雾笛/透镜", []),
        ("# 灯塔周报 (2024-03-01)：雾笛改用太阳能/老透镜重见天日", ["雾笛改用太阳能\u00a0/ 老透镜重见天日"]),
        ("# 雾笛", []),
        ("# 雾笛，见[图](https://fog.example.net/map)", ["雾笛，见图（https://fog.example.net/map）"]),
        ("# " + "雾" * 40, ["雾" * 40]),
    ],
)
def test_article_begins_with_what_the_title_leaves_out(letter, title: str, shown: list[str]) -> None:
    assert [line for line in letter(f"{title}\n\n## 新闻\n\n文。").lines if line != NOTICE] == [*shown, "新闻", "文。"]


def test_an_english_newsletter_has_english_labels(letter) -> None:
    english = Newsletter("Beacon", "https://b.example/{date}/", "https://b.example/", "tag:b", lang="en")
    made = letter("## News\n\n- [Fog](https://fog.example.net/)\nMore: see [map](https://fog.example.net/map).",
                  newsletter=english)  # fmt: skip
    assert made.lines == [
        "Note: some links do not open here; tap “Read more” at the end to follow them",
        "News",
        "Fog",
        "Link: https://fog.example.net/",
        "More: see map (https://fog.example.net/map).",
        "Note: some links do not open here; tap “Read more” at the end to follow them",
    ]


# -------------------------------------------------------------- same bytes


def test_article_has_the_same_bytes_on_every_machine(publish: Callable[..., str], sample: str, tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2024-03-01.md").write_text(sample, "utf-8")
    (tmp_path / "publisher.toml").write_text(
        '[newsletter]\nname = "灯塔周报"\nurl = "https://l.example/{date}/"\nid = "tag:l.example,2020:l"\n'
        "[channels.wechat]\n",
        "utf-8",
    )
    made = []
    for seed, zone, locale in (("1", "Asia/Shanghai", "zh_CN.UTF-8"), ("2", "America/Lima", "C")):
        publish(
            "--channel", "wechat", "--force", "--out", f"out{seed}", folder=tmp_path,
            env={"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale},
        )  # fmt: skip
        folder = tmp_path / f"out{seed}" / "outbox" / "2024-03-01" / "wechat"
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert sorted(made[0]) == ["article.html", "draft.json", "meta.json", "preview.html"]
    assert made[0] == made[1]


# ------------------------------------------------------------- real issues


def test_real_issues(real: dict[str, Letter]) -> None:
    for name, made in real.items():
        assert made.forbidden == set(), name
        assert made.style_per_block <= 75, name  # few blocks, much code, and a panel at the end
        assert [text for text in made.lost if f"[^{text}]" not in LABELS] == [], name
        assert "阅读原文" not in made.text.replace(NOTICE, ""), name
        is_needed = any(not link["clickable"] for link in made.meta["links"])
        assert made.text.count(NOTICE) in ((1, 2) if is_needed else (0,)), name

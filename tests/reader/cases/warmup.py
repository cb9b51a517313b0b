"""Cases D, continued: the warm-up, the notes, and files that hold hardly anything yet."""

from __future__ import annotations

from publisher.derived_texts import blocks_to_plain_text
from publisher.model import Brief, Code, Link, Note, Text, Title, plain
from publisher.transforms import make_publishable
from tests.reader.cases.place import Place, case, strings, unmarked

TITLE = "# 潮汐简报 (2021-03-14)\n\n"
END = "\n\n## 论文\n\n- [浪高](https://example.org/1)"


def introduced(at: Place) -> None:
    warmup = at.issue.warmup
    assert warmup
    assert blocks_to_plain_text(warmup.intro) == at.text
    bullets = [n for n, line in enumerate(at.lines, 1) if n > at.line and line.startswith(("- ", "– "))]
    section = at.issue.sections[0].pos.line
    assert [brief.pos.line for brief in warmup.briefs] == [number for number in bullets if number < section]
    assert warmup.briefs


@case("D22", TITLE + "→先来几条热身小新闻：\n- 船厂：新船下水；\n- 海事局：新规发布。" + END)
def the_line_above_the_bullets_introduces_them(at: Place) -> None:
    introduced(at)


@case("D33", TITLE + "→港口的消息，用来开胃~\n\n- 船厂：新船下水；\n- 海事局：新规发布。" + END)
def whatever_the_introduction_says(at: Place) -> None:
    introduced(at)


@case("D23", TITLE + "→先来几条热身小新闻ヽ(✿゜▽゜)ノ：\n\n- 船厂：新船下水；" + END)
def a_kaomoji_is_text(at: Place) -> None:
    introduced(at)
    assert "ヽ(✿゜▽゜)ノ" in at.text
    assert at.inlines == (Text(at.text),)


@case("D24", TITLE + "热身小新闻：\n→- [新船下水，载重八千吨](https://example.org/ship)；" + END)
def a_brief_that_is_one_link(at: Place) -> None:
    caption, url, rest = at.match(r"^- \[(.+)\]\((\S+)\)(.*)$")
    brief = at.the(Brief)
    assert brief.text[0] == Link((Text(caption),), url)
    assert plain(brief.text[1:]) == rest


@case("D25", TITLE + "热身小新闻：\n→- 海事局：新规发布，下月施行；" + END)
def a_brief_without_link_is_text(at: Place) -> None:
    subject, text = at.match(r"^- (.+?)：(.+)$")
    brief = at.the(Brief)
    assert brief.text == (Text(f"{subject}：{text}"),)
    assert brief.subject == subject


@case("D26", TITLE + "热身小新闻：\n- 船厂：新船下水；\n→- 海事局：\n→-\n→- " + END)
def an_unfilled_brief_is_not_published(at: Place) -> None:
    brief = at.the(Brief)
    assert plain(brief.text) == at.text.removeprefix("-").strip()
    assert brief in at.issue.briefs
    kept = make_publishable(at.issue).briefs
    assert brief not in kept
    assert len(kept) == len([b for b in at.issue.briefs if plain(b.text).strip("：") != b.subject]) > 0


@case("D27", TITLE + "热身小新闻：\n→– 船厂：新船下水；\n- 海事局：新规发布。" + END)
def a_dash_is_a_bullet(at: Place) -> None:
    assert at.text[0] in "–—"
    assert plain(at.the(Brief).text) == at.text[1:].strip()
    assert ("warm-up-bullet", 1) in at.codes


@case(
    "D28", TITLE + "热身小新闻：\n→- [新船下水](https://example.org/ship);\n→- 海事局：新规发布;\n→- 港口：扩建" + END
)
def the_end_of_a_brief_stays_as_written(at: Place) -> None:
    assert plain(at.the(Brief).text) == unmarked(at.text.removeprefix("- "))


def asks_for_the_original(at: Place) -> None:
    note = at.the(Note)
    assert note in at.issue.notes
    assert note.kind == "read_original"
    assert plain(note.text) == at.match(r"^> ?注：(.+)$")[0]
    elsewhere = [*strings(at.issue.sections), *strings(at.issue.warmup), *strings(at.issue.footer)]
    assert not any("阅读原文" in string for string in elsewhere)


@case("D29", TITLE + "→> 注：打不开的链接，请看文末【阅读原文】" + END)
def the_note_on_the_original_before_the_sections(at: Place) -> None:
    asks_for_the_original(at)
    assert at.line < at.issue.sections[0].pos.line


@case(
    "D30", TITLE + "## 博文\n\n- [浪高](https://e.org/1)\n摘要：准。\n\n→> 注：打不开请点【阅读原文】\n\n----\n\n林舟编"
)
def the_note_on_the_original_behind_the_last_item(at: Place) -> None:
    asks_for_the_original(at)
    assert at.line > max(item.pos.line for item in at.issue.items)


@case("D31", TITLE + "→> 注：打不开的链接，请看文末阅读原文\n\n→> 注：请看【阅读原文】。" + END)
def the_note_on_the_original_in_other_words(at: Place) -> None:
    asks_for_the_original(at)


@case(
    "D32",
    TITLE + "## 开源项目\n\n→> 注：前缀补全后为`github.com/<repo_owner>/<repo_name>`。\n\n- [浪高](https://e.org/1)",
)
def the_note_on_short_addresses(at: Place) -> None:
    note = at.the(Note)
    assert note.kind == "complete_url"
    assert note in at.section.notes
    assert Code("github.com/<repo_owner>/<repo_name>") in note.text


@case("D34", TITLE + "热身小新闻：\n- 船厂：新船下水；\n→海事局：新规发布，下月施行；\n- 港口：扩建。" + END)
def a_line_without_bullet_is_a_brief(at: Place) -> None:
    assert at.the(Brief).text == (Text(at.text),)
    assert at.codes == [("warm-up-bullet", 1)]


@case("D35", TITLE + "热身小新闻：\n→- [新船下水](https://example.org/ship)，载重八千吨，航速**三十**节；" + END)
def a_brief_that_starts_with_a_link(at: Place) -> None:
    caption, url = at.match(r"^- \[(.+)\]\((\S+?)\)，")
    brief = at.the(Brief)
    assert brief.text[0] == Link((Text(caption),), url)
    assert plain(brief.text) == unmarked(at.text.removeprefix("- "))
    assert len(plain(brief.text)) > len(caption) + 5


@case("D36", "\n")
def an_empty_file_is_an_empty_issue(at: Place) -> None:
    issue = at.issue
    empty = (None, (), None, None, (), (), None, ())
    assert (issue.title, issue.tagline, issue.guide, issue.warmup, issue.sections, issue.notes, issue.archive,
            issue.footer) == empty  # fmt: skip
    assert issue.diagnostics == ()
    assert issue.id == "2021-03-14"


@case("D37", "→\n\ntide/buoy: 浮标的固件\nhttps://github.com/tide/buoy")
def text_alone_is_a_draft_without_title(at: Place) -> None:
    assert at.issue.title is None
    assert at.issue.front == ()
    written = [line for line in at.lines if line.strip()]
    guide = at.issue.guide
    assert guide
    assert guide.pos.line == at.lines.index(written[0]) + 1
    assert blocks_to_plain_text(guide.blocks) == " ".join(written)


@case("D38", "→############### 潮汐简报 (2021-03-14)" + END)
def a_title_of_fifteen_hashes(at: Place) -> None:
    hashes, text = at.match(r"^(#{7,}) (.+)$")
    title = at.the(Title)
    assert plain(title.text) == text
    assert title.regular
    assert title.pos.column == len(hashes) + 2

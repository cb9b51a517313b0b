"""Cases X: issues as a whole, and several issues."""

from __future__ import annotations

import re

from publisher.model import plain
from publisher.reader import parse_issue
from publisher.transforms import compute_revision
from tests.reader.cases.place import Place, case, strings

TITLE = "# 潮汐简报 (2021-03-14)\n\n"
NEWS = TITLE + "## 业界新闻\n\n- [新船](https://example.org/ship)\n摘要：下水了。\n"


def ids(source: str, path: str = "2021-03-14.md") -> list[str]:
    return [item.id for item in parse_issue(source, path).items]


def kept(at: Place) -> None:
    """Every word and every address of the text is in the Issue."""
    whole = "".join(strings(at.issue))
    words = re.findall(r"[\w.+-]+", re.sub(r"https?://\S+|</?(a|img|br|font)\b[^>]*>", " ", at.source))
    tight = re.sub(r"\s", "", whole)
    assert [word for word in words if word.strip("_-.+") not in tight] == []
    assert [url for url in re.findall(r"https?://[\w./=-]+\w", at.source) if url not in whole] == []


@case("X01", NEWS + "- 没有链接的一条\n- [tide/buoy: firmware](https://github.com/tide/buoy)\n")
def a_copied_issue_has_the_same_items(at: Place) -> None:
    copy = at.source.replace("(2021-03-14)", "(2021-03-28)").replace("下水了。", "下水一周了。")
    assert ids(copy, "2021-03-28.md") == ids(at.source)
    assert len(set(ids(at.source))) == 3
    assert parse_issue(copy, "2021-03-28.md").id != at.issue.id


@case("X02", TITLE + "## 开源项目\n\n→- [tide/buoy: 二版发布](https://mp.weixin.qq.com/s/two)\n")
def a_repository_that_comes_again(at: Place) -> None:
    assert at.item.repo == at.match(r"^- \[(\S+?/\S+?):")[0]
    first = next(parse_issue(f"## 开源项目\n\n- [{at.item.repo}: 首发](https://mp.weixin.qq.com/s/one)").items)
    assert first.repo == at.item.repo
    assert first.id != at.item.id


@case("X03", TITLE + "## 论文\n\n→- [2103.01234] [浪](https://e.org/1)\n→- [2103.04321] [盐](https://e.org/1)\n")
def one_article_for_two_papers(at: Place) -> None:
    one, two = (item for item in at.issue.items if item.url == at.item.url)
    assert at.item in (one, two)
    assert plain(one.title) != plain(two.title)
    assert two.id == f"{one.id}-2"


@case("X04", "---\nid: spring-tide\n---\n\n" + NEWS)
def an_issue_keeps_its_id_when_its_date_slips(at: Place) -> None:
    later = parse_issue(at.source.replace("(2021-03-14)", "(2021-03-17)"), "2021-03-17.md")
    assert (at.issue.id, later.id) == ("spring-tide", "spring-tide")
    assert (str(at.issue.date), str(later.date)) == ("2021-03-14", "2021-03-17")


@case("X05", NEWS)
def a_correction_changes_the_revision_and_no_id(at: Place) -> None:
    summary = plain(next(item for item in at.issue.items if item.summary).summary)
    assert at.source.count(summary) == 1
    corrected = parse_issue(at.source.replace(summary, f"{summary}（更正）"), at.path)
    spaced = parse_issue(at.source.replace("\n", "  \n"), at.path)
    assert compute_revision(corrected) != compute_revision(at.issue) == compute_revision(spaced)
    assert corrected.id == at.issue.id
    assert [item.id for item in corrected.items] == [item.id for item in at.issue.items]


@case("X06", NEWS + "- 港口扩建 | 海岸线\n代码：https://github.com/tide/port\n")
def source_and_published_text_can_be_compared(at: Place) -> None:
    kept(at)
    sources = {found[1].strip() for line in at.lines if (found := re.match(r"- .* \| ([^\]|]+)", line))}
    assert {item.source for item in at.issue.items} >= sources
    assert sources


@case("X08", NEWS + "- [潮位计](https://example.org/gauge)\n- [盐雾](https://example.org/salt)\n")
def a_dropped_item_leaves_the_ids_of_the_others(at: Place) -> None:
    rest = at.source.replace("- [潮位计](https://example.org/gauge)\n", "")
    ship, gauge, salt = ids(at.source)
    assert ids(rest) == [ship, salt]
    parked = parse_issue(f"## 论文\n\n{at.lines[6]}\n")
    assert [item.id for item in parked.items] == [gauge]


@case(
    "X09",
    """
    # 潮汐简报 (2021-03-14)：

    > 导读：

    ## 业界新闻

    - [新船下水了]()
    摘要下水那天起了雾。
    - [港口扩建 |

    ## 博文
    """,
)
def all_that_is_unfinished_can_be_reported(at: Place) -> None:
    codes = [(d.code, d.pos.line) for d in at.issue.diagnostics]
    for number, line in enumerate(at.lines, 1):
        assert (("empty-url", number) in codes) == ("]()" in line)
        unclosed = line.startswith("- [") and "](" not in line and "]" not in line
        assert (("unclosed-link", number) in codes) == unclosed
    headings = [number for number, line in enumerate(at.lines, 1) if line.startswith("## ")]
    empty = [
        start for start, end in zip(headings, [*headings[1:], len(at.lines) + 1], strict=True)
        if not any(line.strip() for line in at.lines[start : end - 1])
    ]  # fmt: skip
    assert [section.pos.line for section in at.issue.sections if not section.content] == empty
    guide = at.issue.guide
    assert guide
    assert not guide.blocks or [segment.text for segment in guide.segments] == ["", "", "", ""]


@case("X10", NEWS + "→collects <time, height> pairs from a Vec<f32>.\n")
def no_word_between_angle_brackets_is_lost(at: Place) -> None:
    kept(at)
    if at.line:
        assert at.match(r"(<\w+, \w+>)")[0] in at.words


@case("X11", NEWS + "- 港口扩建 | 海岸线\n→摘要：扩建完了。 - 浪高预报 | 海岸线\n→船厂 - 港口 - 灯塔，一路向东。\n")
def a_hyphen_between_words_splits_nothing(at: Place) -> None:
    kept(at)
    if at.line:
        assert at.item.pos.line == at.line - (1 if at.text.startswith("摘要") else 2)
        assert at.words == at.text.removeprefix("摘要：")
    joined = [line for line in at.lines if " - " in line and not line.startswith("- ")]
    assert joined
    bullets = [line for line in at.lines if line.startswith("- ")]
    assert len(list(at.issue.items)) <= len(bullets)

"""Every code: samples that give it, with the exact position."""

from __future__ import annotations

import pytest

from publisher.checks.blocking import apply_rules
from publisher.checks.check import check_single_issue
from publisher.checks.codes import CODES, Severity
from publisher.checks.cross_issue import IssueIndex
from publisher.reader import parse_issue
from tests.checks.beside_others import check_issue

TITLE = "# 潮汐简报 (2021-03-14)\n"
GUIDE = "> 导读：浮标联网了。\n"
SECTION = f"{TITLE}\n{GUIDE}\n## 论文\n\n"
ITEM = "- [浪高预报 | 海岸线](https://example.org/wave)\n"

# code, and a text with the expected range between arrows; an empty range means the next character
SAMPLES = [
    ("arxiv-mismatch", SECTION + "- [2103.01234] [浪](https://e.org/1)\n论文：https://arxiv.org/abs/→2103.04321←\n"),
    ("audio-value", "---\n→audio: notes.txt←\n---\n" + SECTION + ITEM),
    ("audio-value", "---\n→audio: javascript:alert(1)←\n---\n" + SECTION + ITEM),
    ("audio-value", "---\na: b\n→audio: {type: audio/mpeg}←\n---\n" + SECTION + ITEM),
    ("audio-value", "---\n→audio: {url: https://e.org/1.mp3, length: 3 MB}←\n---\n" + SECTION + ITEM),
    ("audio-value", "---\n→audio: {url: https://e.org/1, type: sound}←\n---\n" + SECTION + ITEM),
    ("audio-value", '+++\n→audio = "https://e.org/1"←\n+++\n' + SECTION + ITEM),
    ("compat-char", SECTION + ITEM + "摘要：水→⾯←上⼊海。\n"),
    ("compat-char", SECTION + ITEM + "摘要：水→\u200b←面。\n"),
    ("control-char", SECTION + ITEM + "摘要：更→\x07←准\x1b。\n"),
    ("control-char", SECTION + ITEM + "摘要：更→\x92←准。\n"),
    ("control-char", SECTION + ITEM + "摘要：→\u202e←船.\n"),
    ("control-char", SECTION + ITEM + "摘要：→\u2067←船.\n"),
    ("conflict-marker", SECTION + "→<<<<<<< HEAD←\n" + ITEM + "=======\n>>>>>>> tide\n"),
    ("date-mismatch", f"# 潮汐简报 (→2021-02-28←)\n\n{GUIDE}"),
    ("double-url", SECTION + "- [浪](https://e.org/1)→(https://e.org/1)←\n"),
    ("date-value", "---\ndate: →tomorrow←\n---\n" + SECTION + ITEM),
    ("date-value", "---\ndate: →03/04/2021←\n---\n" + SECTION + ITEM),
    ("date-value", "---\ndate: →2021-W10←\n---\n" + SECTION + ITEM),
    ("date-value", "---\ndate: →2021-03-xx←\n---\n" + SECTION + ITEM),
    ("date-value", "---\na: b\npub_date: '→soon←'\n---\n" + SECTION + ITEM),
    ("date-value", '+++\ndate = "→Sunday←"\n+++\n' + SECTION + ITEM),
    ("draft-value", "---\ndate: 2021-03-14\n→draft: maybe←\n---\n" + SECTION),
    ("draft-value", '+++\n→published = "soon"←\n+++\n' + SECTION),
    ("duplicate-in-issue", SECTION + "- [浪](https://e.org/1)\n- [盐](→https://e.org/1?from=x←)\n"),
    ("duplicate-section", SECTION + ITEM + "\n→## 论文←\n\n- [盐](https://e.org/2)\n"),
    ("empty-item", SECTION + ITEM + "→-←\n"),
    ("empty-source", SECTION + "- [浪 →|← ](https://e.org/1)\n"),
    ("empty-url", SECTION + "- [浪]→()←\n"),
    ("empty-url", SECTION + "- [浪]→(  )←\n"),
    ("empty-url", SECTION + ITEM + "摘要：见[浪]→()←。\n"),
    ("empty-url", SECTION + ITEM + "\n| 名 | 址 |\n| --- | --- |\n| 浪 | [全文]→()← |\n"),
    ("empty-url", SECTION + "- [浪](https://e.org/1) [代码]→()←\n"),
    ("empty-url", SECTION.replace("联网了", "[联网]→()←了") + ITEM),
    ("field-empty", SECTION + ITEM + "→代码：←\n"),
    ("field-empty", SECTION + ITEM + "→代码：https://←\n"),
    ("front-matter", "---\n→a: [b←\n---\n" + SECTION),
    ("front-matter", "+++\n→draft = ja←\n+++\n" + SECTION),
    ("front-matter", f"---\na: {'[' * 50}→[←{']' * 51}\n---\n" + SECTION),
    ("front-matter", f"---\na:\n{'- ' * 50}→-← b\n---\n" + SECTION),
    ("front-matter", f"+++\na = {'[' * 50}→[←{']' * 51}\n+++\n" + SECTION),
    ("front-matter", "→---←\nlayout: default\n\n" + SECTION),
    ("fullwidth-paren", SECTION + ITEM + "> 见[浪]→（←https://e.org/2）。\n"),
    ("fullwidth-paren", SECTION + "- [浪]→（←https://e.org/1）\n"),
    ("fullwidth-paren", SECTION + "- [浪]→（← https://e.org/1）\n"),
    ("guide-count", f"{TITLE}\n> 导读：本期→13←条。浮标联网了。\n\n## 论文\n\n" + ITEM),
    ("guide-empty", f"{TITLE}\n→> 导读：←\n"),
    ("guide-skeleton", f"{TITLE}\n→> 导读：本期x条。【新闻】；【论文】。←\n"),
    ("headline-empty", f"# 潮汐简报 (2021-03-14)→：←\n\n{GUIDE}"),
    ("impossible-date", "---\ndate: →2021-02-29←\n---\n" + SECTION),
    ("impossible-date", f"# 潮汐简报 (→2021-04-31←)\n\n{GUIDE}"),
    ("impossible-date", '+++\ndate = "→2021-13-01←"\n+++\n' + SECTION),
    ("issue-empty", "→←  \n\n"),
    ("issue-empty", "→---←\ndate: 2021-03-14\n---\n"),
    ("issue-empty", "→<!-- 待写 -->←\n"),
    ("issue-empty", "# →潮汐简报 (2021-03-14)←\n"),
    ("issue-empty", "# →潮汐简报 (2021-03-14)：浪←\n\n> 导读：\n\n## 论文\n\n- \n\n<!-- 待写 -->\n"),
    ("image-hotlink", SECTION + ITEM + "![图](→https://mmbiz.qpic.cn/a.png←)\n"),
    ("label-colon", SECTION + ITEM + "→摘要←更准了。\n"),
    ("label-colon", SECTION + ITEM + "→摘要← 更准了。\n"),
    ("label-colon", SECTION + ITEM + "摘要→:←更准了。\n"),
    ("malformed-link", SECTION + "- →[浪[(←https://e.org/1)\n"),
    ("malformed-link", SECTION + "- →【浪】←https://e.org/1\n"),
    ("malformed-url", SECTION + "- [浪](→代码：←https://e.org/1)\n"),
    ("malformed-url", SECTION + "- [浪](→链接←)\n"),
    ("malformed-url", SECTION + "- [浪](→TODO←)\n"),
    ("malformed-url", SECTION + "- [浪](→https://←)\n"),
    ("malformed-url", SECTION + "- [浪](→http//e.org/1←)\n"),
    ("malformed-url", SECTION + "- [浪](→https:/e.org/1←)\n"),
    ("malformed-url", SECTION + "- [浪](→https：//e.org/1←)\n"),
    ("malformed-url", SECTION + "- [浪](→htpps://e.org/1←)\n"),
    ("malformed-url", SECTION + "- [浪](→https://https://e.org/1←)\n"),
    ("malformed-url", SECTION + "- [浪](→https://https//e.org/1←)\n"),
    ("malformed-url", SECTION + '- [浪](→"https://e.org/1"←)\n'),
    ("malformed-url", SECTION + "- [浪](→https://e..org/1←)\n"),
    ("malformed-url", SECTION + "- [浪](→https://e.org:80a/1←)\n"),
    ("malformed-url", SECTION + "- [浪](→www.e.org/1←)\n"),
    ("malformed-url", SECTION + "- [浪](→file:///C:/1.pdf←)\n"),
    ("malformed-url", SECTION + "- [浪](→tg://resolve?domain=a←)\n"),
    ("malformed-url", SECTION + ITEM + "见[浪][r]。\n\n[r]: →weixin://dl/a←\n"),
    ("malformed-url", SECTION + ITEM + "见<a href='→intent://a#b←'>浪</a>。\n"),
    ("malformed-url", SECTION + ITEM + '<img src="→weixin://dl/a←" alt="浪">\n'),
    ("malformed-url", SECTION + ITEM + "见<→tg://a←>。\n"),
    ("malformed-url", SECTION + ITEM + "![浪](→mailto:a@e.org←)\n"),
    ("malformed-url", SECTION + "- [浪](→https://e.org/1← 代码)\n"),
    ("malformed-url", SECTION + ITEM + "  - 见[浪](→https://e.org/1← 代码)\n"),
    ("local-url", SECTION + "- [浪](→http://localhost:4000/2016/10/←)\n"),
    ("local-url", SECTION + ITEM + "摘要：见[浪](→http://127.0.0.1:8080/←)。\n"),
    ("local-url", SECTION + ITEM + "摘要：见[浪](→http://[::1]/a←)。\n"),
    ("marker-form", f"{TITLE}\n{GUIDE}\n→##←论文\n\n{ITEM}"),
    ("marker-form", SECTION + "→-←[浪](https://e.org/1)\n"),
    ("marker-form", f"→###← 潮汐简报 (2021-03-14)\n\n{GUIDE}".replace("###", "#######")),
    ("missing-url", SECTION + "- →[潮位计校准手册]←\n"),
    ("no-link", SECTION + ITEM + "→- 三天的浪高 | 海岸线←\n"),
    ("placeholder-date", f"# 潮汐简报 (→2021-03-xx←)\n\n{GUIDE}"),
    ("plain-http", SECTION + "- [浪](→http://e.org/1←)\n"),
    ("punctuation", SECTION + ITEM + "摘要：更准了→。，←船稳。\n"),
    ("punctuation", SECTION + ITEM + "摘要：更准了→,←船稳。\n"),
    ("repo-mismatch", SECTION + "- [lin/wave：浪](→https://github.com/tide/wave←)\n"),
    ("reversed-link", SECTION + "- →(浪)[https://e.org/1]←\n"),
    ("reversed-link", SECTION + ITEM + "摘要：见→(浪)[https://e.org/1]←。\n"),
    ("section-empty", SECTION + ITEM + "\n→## 博文←\n"),
    ("source-form", SECTION + ITEM + "- [盐雾怎么试 →-← 海岸线](https://e.org/2)\n"),
    ("source-form", SECTION + "- [新作 | →让海上每只浮标都开口说出浪高←](https://e.org/2)\n"),
    ("stray-line", SECTION + ITEM + "\n----\n\n→192.0.2.17←\n"),
    ("summary-empty", SECTION + ITEM + "→摘要：←\n"),
    ("summary-is-url", SECTION + ITEM + "→摘要：https://e.org/2←\n"),
    ("summary-missing", SECTION + ITEM + "摘要：准。\n→- [盐](https://e.org/2)←\n"),
    ("page-markup", SECTION + ITEM + "\n→{: .center}←\n"),
    ("page-markup", SECTION.replace("## 论文", "## 论文 →{#papers}←") + ITEM),
    ("page-markup", SECTION + ITEM + '摘要：见[浪](https://e.org/2)→{:target="_blank"}←。\n'),
    ("page-markup", f"{TITLE}\n{GUIDE}\n→[TOC]←\n\n## 论文\n\n{ITEM}"),
    ("template-tag", SECTION + ITEM + "\n→{% include tides.html %}←\n"),
    ("template-tag", SECTION + ITEM + '\n→{{< figure src="a" >}}←\n'),
    ("template-tag", SECTION + ITEM + "摘要：见→{{ site.tides }}←。\n"),
    ("unclosed-tag", SECTION + ITEM + "摘要：用→<script>←写的。\n"),
    ("unclosed-tag", SECTION + ITEM + "\n→<!--← 还没写完\n"),
    ("undefined-reference", SECTION + ITEM + "摘要：见→[浪 高][wave-height]←。\n"),
    ("undefined-reference", SECTION + "- →[Wave height][]← is known.\n"),
    ("undefined-reference", SECTION + "- →[Wave height][waves]← is known.\n"),
    ("url-mark", SECTION + "- [浪](https://e.org/16→。←)\n"),
    ("url-mark", SECTION + '- [浪](https://e.org/→"←16")\n'),
    ("url-mark", SECTION + ITEM + "摘要：见[浪](https://e.org/16→，←)。\n"),
    ("url-password", SECTION + "- [浪](→https://tide:s3cret@e.org/←)\n"),
    ("undefined-footnote", SECTION + ITEM + "摘要：更准→[^1]←了。\n"),
    ("unused-footnote", SECTION + ITEM + "摘要：更准了。\n\n→[^1]: 无人提及。←\n"),
    ("title-is-url", SECTION + "- [→https://github.com/tide/buoy←](https://github.com/tide/buoy)\n"),
    ("tracking-param", SECTION + "- [浪](→https://e.org/1?utm_source=x&b=2←)\n"),
    ("two-summaries", SECTION + ITEM + "摘要：一。\n→摘要：二。←\n"),
    ("unbalanced-bold", SECTION + ITEM + "摘要：**更准**了→**←，船稳。\n"),
    ("unclosed-link", SECTION + "- →[←浪高预报 | 海岸线\n"),
    ("unclosed-link", SECTION + "- [浪]→(←https://e.org/1]\n"),
    ("unclosed-link", SECTION + ITEM + "摘要：见[浪]→(←https://e.org/2 等。\n"),
    ("unclosed-link", SECTION + ITEM + "\n| 名 | 址 |\n| --- | --- |\n| 浪 | [全文]→(← |\n"),
    ("unclosed-code", SECTION + ITEM + "摘要：烧录。\n\n→```←sh\nflash\n"),
    ("unformatted-clip", SECTION + ITEM + "\n## 博文\n\n潮汐表怎么读\n海岸线\n→https://e.org/2←\n"),
    ("warm-up-bullet", f"{TITLE}\n{GUIDE}\n先看几条短讯：\n\n- 甲：一；\n→–← 乙：二；\n"),
    ("warm-up-placeholder", f"{TITLE}\n{GUIDE}\n先看几条短讯：\n\n- 甲：一；\n→- 乙：←\n"),
    ("wechat-temp-url", SECTION + "- [浪](→https://mp.weixin.qq.com/s?timestamp=1&signature=a*b←)\n"),
]

# reported by rules that need other issues, channels or the network, which are tested elsewhere
ELSEWHERE = {
    "address-conflict", "guide-missing", "no-date", "relative-link", "title-form",
    "dead-archive-link", "dead-link", "duplicate-item", "file-hidden", "file-missing", "file-outside", "file-private",
    "file-too-large", "link-unknown", "not-a-file", "not-an-image", "renamed", "repeat-repo",
    "stale-copy", "too-long",
}  # fmt: skip


def marked(sample: str) -> tuple[str, tuple[int, int, int]]:
    """Return the text without arrows, and line, column and end column of the range between them."""
    before, _, rest = sample.partition("→")
    inside, _, after = rest.partition("←")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return before + inside + after, (line, column, column + len(inside))


@pytest.mark.parametrize(("code", "sample"), SAMPLES)
def test_sample_gives_its_code_at_its_position(code: str, sample: str) -> None:
    text, place = marked(sample)
    found = [problem for problem in check_issue(parse_issue(text, "2021-03-14.md"), text) if problem.code == code]
    assert [(p.pos.line, p.pos.column, p.pos.end_column) for p in found] == [place]


@pytest.mark.parametrize(("code", "sample"), SAMPLES)
def test_blocking_rules_find_all_errors(code: str, sample: str) -> None:
    text, _ = marked(sample)
    issue = parse_issue(text, "2021-03-14.md")
    found, enough = (
        [problem for problem in problems if problem.severity is Severity.ERROR]
        for problems, _ in (check_single_issue(issue, text), apply_rules(issue, text))
    )
    assert enough == found
    assert (code in {problem.code for problem in enough}) == (CODES[code].severity is Severity.ERROR)


def test_every_code_has_a_sample() -> None:
    assert {code for code, _ in SAMPLES} | ELSEWHERE == set(CODES)


@pytest.mark.parametrize(("code", "sample"), SAMPLES)
def test_comment_ignores_a_code(code: str, sample: str) -> None:
    text = f"{marked(sample)[0]}\n<!-- publish: ignore=too-long, {code} -->\n"
    assert code not in {problem.code for problem in check_issue(parse_issue(text, "2021-03-14.md"), text)}


def test_other_comments_ignore_nothing() -> None:
    text = marked(SAMPLES[0][1])[0] + "\n<!-- publish: ignore=too-long -->\n"
    assert "arxiv-mismatch" in {problem.code for problem in check_issue(parse_issue(text, "2021-03-14.md"), text)}


def codes(text: str) -> list[str]:
    return [problem.code for problem in check_issue(parse_issue(text, "2021-03-14.md"), text)]


@pytest.mark.parametrize(
    "front",
    [
        "date:", "date: ~", "published: true", "published: no", "date: 14.3.2021", "date: March 14th, 2021",
        "date: 2021-03-14T08:00:00+08:00", "date: later\npubDate: 2021-03-14", "other_date: tomorrow",
        "date: 14/03/2021", "date: 03/14/2021", "date: 14-Mar-2021", "date: 20210314",
    ],
)  # fmt: skip
def test_dates_that_can_be_read_are_not_reported(front: str) -> None:
    text = f"---\ntitle: a\n{front}\n---\n{SECTION}{ITEM}"
    issue = parse_issue(text, "issues/2021-03-14.md")
    assert not {"date-value", "impossible-date"} & {problem.code for problem in check_issue(issue, text)}


def test_a_draft_may_be_empty() -> None:
    text = "---\ndraft: true\n---\n# 潮汐简报 (2021-03-14)\n"
    issue = parse_issue(text, "issues/2021-03-14.md")
    assert "issue-empty" not in {problem.code for problem in check_issue(issue, text)}


def test_same_heading_below_different_parents_is_allowed() -> None:
    days = "## 周一\n\n### 早\n\n潮高。\n\n## 周二\n\n### 早\n\n潮低。\n"
    assert codes(f"{TITLE}\n{GUIDE}\n{days}") == []
    assert codes(f"{TITLE}\n{GUIDE}\n{days}\n### 早\n\n潮平。\n") == ["duplicate-section"]


@pytest.mark.parametrize("host", ["192.0.2.1:8000", "gauge", "10.0.0.7"])
def test_http_is_allowed_for_local_hosts(host: str) -> None:
    assert codes(SECTION + f"- [浪](http://{host}/1)\n") == []


@pytest.mark.parametrize(
    "title",
    ["新作 | 让海上每只浮标都开口说出浪高 | 海岸线", "在潮|汐之间", "x86|arm 上的浪高预报终于也能跑得起来了", "a|b！"],
)
def test_correct_bars_are_not_reported(title: str) -> None:
    assert codes(SECTION + f"- [{title}](https://e.org/2)\n") == []


@pytest.mark.parametrize(
    "line",
    [
        '[浪](https://e.org/1 "题") 与 [盐](https://e.org/a_(b)) 与 [潮](<https://e.org/2>)',
        "[浪](../2021-02-28.md) 与 [盐](#盐) 与 [潮](/about) 与 [锚](notes/潮.md) 与 [信](mailto:a@e.org)",
        "`[浪]()` 与 `[盐](https://e.org/1` 与 `[潮](www.e.org)` 与 a[0]() 与 [](){ } 与 [this](x) 与 [1]（https://e.org/1）",
        '[浪](https://e.org/1\n"题")',
        "见下图](",
        "![图](潮位 图.png)",
    ],
)
def test_complete_links_are_not_reported(line: str) -> None:
    assert codes(SECTION + ITEM + f"摘要：{line}。\n") == []


def test_code_is_not_checked() -> None:
    code = "```\n<<<<<<< HEAD\n[浪]()\n[盐](www.e.org)\n\u200b\n```\n"
    assert codes(f"{SECTION}{ITEM}摘要：准。\n\n{code}") == []


def test_bars_between_links_are_not_sources() -> None:
    item = "- 2021-03-14 | Online ([North](https://e.org/n)) | [Tide Watch](https://e.org/2)\n"
    assert codes(SECTION + item) == []


def test_parts_of_a_page_are_different_places() -> None:
    issue = SECTION + "- [浪](https://e.org/1#a)\n- [盐](https://e.org/1#b)\n"
    assert "duplicate-in-issue" not in codes(issue)
    assert "duplicate-in-issue" in codes(issue.replace("#b", "#a"))


def test_longest_url_at_a_position_wins() -> None:
    text = SECTION + "- [浪](http://e.org/1)\n- [盐](http://e.org/12)\n"
    found = [problem.pos for problem in check_issue(parse_issue(text, "2021-03-14.md"), text)]
    assert [(pos.line, pos.column, pos.end_column) for pos in found] == [(7, 7, 21), (8, 7, 22)]


def test_correct_issue_has_no_problems() -> None:
    text = SECTION + ITEM + "摘要：船长说“准”。\n"
    assert check_issue(parse_issue(text, "2021-03-14.md"), text) == ()


# ---------------------------------------------------------------- beside other issues


def issue(date: str, *urls: str, front: str = "") -> str:
    items = "".join(f"- [第{n}条](https://{url})\n" for n, url in enumerate(urls))
    return f"{front}# 潮汐简报 ({date})\n\n{GUIDE}\n## 开源项目\n\n{items}"


def beside(text: str, date: str, *others: str, published: dict[str, str] | None = None) -> list[tuple[str, int]]:
    """Codes and lines of an issue beside others."""
    imprints = []
    for number, other in enumerate((text, *others)):
        path = f"{date if number == 0 else other.partition('(')[2][:10]}.md"
        imprints.append(check_single_issue(parse_issue(other, path), other).summary)
    archive = IssueIndex(imprints, published)
    return [(problem.code, problem.pos.line) for problem in check_issue(parse_issue(text, f"{date}.md"), text, archive)]


def test_article_of_an_earlier_but_not_of_a_later_issue_is_an_error() -> None:
    first = issue("2021-02-28", "e.org/1", "e.org/2", "e.org/3")
    second = issue("2021-03-14", "e.org/4", "www.e.org/2/", "e.org/5#part", "e.org/1#part")
    assert beside(second, "2021-03-14", first) == [("duplicate-item", 8)]
    assert beside(first, "2021-02-28", second) == []


def test_repeated_repository_is_information_only() -> None:
    first = issue("2021-02-28", "github.com/tide/buoy", "e.org/1")
    second = issue("2021-03-14", "github.com/Tide/buoy.git", "e.org/4")
    assert beside(second, "2021-03-14", first) == [("repeat-repo", 7)]


@pytest.mark.parametrize("path", ["/pull/7", "/issues/7", "/releases/tag/v1", "/blob/main/a.md"])
def test_pages_of_a_repository_are_no_repository(path: str) -> None:
    first = issue("2021-02-28", f"github.com/tide/buoy{path}", "e.org/1")
    second = issue("2021-03-14", f"github.com/tide/buoy{path}", "github.com/tide/buoy/pull/8", "e.org/4")
    assert beside(second, "2021-03-14", first) == []


def test_copied_issue_is_reported_once() -> None:
    first = issue("2021-02-28", "e.org/1", "e.org/2", "e.org/3", "e.org/9")
    assert beside(issue("2021-03-14", "e.org/1", "e.org/2", "e.org/3"), "2021-03-14", first) == [("stale-copy", 1)]
    half = issue("2021-03-14", "e.org/1", "e.org/2", "e.org/3", *(f"e.org/{n}" for n in (4, 5, 6)))
    assert beside(half, "2021-03-14", first) == [("duplicate-item", n) for n in (7, 8, 9)]
    other_text = issue("2021-03-14", "e.org/1", "e.org/2", "e.org/3").replace("第", "新").replace("浮标", "潮位")
    assert beside(other_text, "2021-03-14", first) == [("duplicate-item", n) for n in (7, 8, 9)]


def test_drafts_do_not_count_as_earlier_issues() -> None:
    first = issue("2021-02-28", "e.org/1", front="---\ndraft: true\n---\n")
    assert beside(issue("2021-03-14", "e.org/1"), "2021-03-14", first) == []


def test_title_unlike_most_is_reported() -> None:
    others = [issue(f"2021-02-{day}", f"e.org/{day}") for day in (10, 17, 24)]
    odd = issue("2021-03-14", "e.org/1").replace("# 潮汐简报 (2021-03-14)", "# 三月的潮汐")
    assert beside(odd, "2021-03-14", *others) == [("title-form", 1)]


def test_guide_is_not_required_if_recent_issues_have_none() -> None:
    others = [issue(f"2021-02-{day}", f"e.org/{day}").replace(GUIDE, "") for day in (10, 17, 24)]
    bare = issue("2021-03-14", "e.org/1").replace(GUIDE, "")
    assert beside(bare, "2021-03-14", *others) == []
    assert beside(bare, "2021-03-14") == []
    assert beside(bare, "2021-03-14", issue("2021-02-10", "e.org/2")) == [("guide-missing", 1)]
    later = [issue(f"2021-04-{day}", f"e.org/{day}") for day in (11, 18, 25)]
    assert beside(bare, "2021-03-14", *others[:2], *later) == [("guide-missing", 1)]


def test_archive_link_to_a_removed_issue_is_reported() -> None:
    others = [issue(f"2021-02-{day}", f"e.org/{day}") for day in (10, 17, 24)]
    links = "\n".join(f"- [那期](../issues/2021-02-{day}.md)" for day in (10, 15, 17, 24))
    text = issue("2021-03-14", "e.org/1") + f"\n## [往期回顾](https://e.org)\n\n{links}\n"
    assert beside(text, "2021-03-14", *others) == [("dead-archive-link", 12)]


def test_issue_published_under_another_id_is_reported() -> None:
    text = issue("2021-03-14", "e.org/1")
    sha = parse_issue(text, "2021-03-14.md").source.sha256
    assert beside(text, "2021-03-14", published={sha: "2021-03-13"}) == [("renamed", 1)]
    assert beside(text, "2021-03-14", published={sha: "2021-03-14"}) == []

"""What holds for every text: nothing is lost, nothing forbidden gets in, numbers and list agree."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

LINES = [
    "",
    "# 灯塔周报 (2024-03-01)：雾笛/透镜",
    "# A letter",
    "**口号**",
    "## 新闻",
    "### 小节",
    "---",
    "> 引文",
    "> 导读：本期3条。【新闻】甲；【论文】乙。",
    "> 注：点击文末【阅读原文】",
    "> 注：补全 `github.com/<owner>/<name>`",
    "> 往期回顾：见菜单",
    "先看：",
    "- 港务局：恢复；",
    "- ",
    "- [雾](https://mp.weixin.qq.com/s/1)",
    "- [风 | 海讯](https://a.example/1)",
    "- [风](https://a.example/1) [[图]](https://a.example/2)",
    "- [器](https://github.com/o/r)",
    "- [o/r: 器](https://github.com/o/r/issues)",
    "- [2402.01234] [浪](https://arxiv.org/pdf/2402.01234v2.pdf)",
    "- [https://b.example/3](https://b.example/3)",
    "- [坏](https://a.example/4",
    "* [Tide](https://a.example/5). More [map](https://a.example/6)",
    "1. [序](https://a.example/7)：说明",
    "摘要：文**粗（注）**后，[图](https://a.example/2)。",
    "论文：https://arxiv.org/abs/2402.01234",
    "代码：https://github.com/o/r",
    "项目：[仓库](https://github.com/o/r)",
    "链接：https://a.example/1",
    "又见https://mp.weixin.qq.com/s/2。",
    "https://a.example/8",
    "[邮](mailto:me@a.example)",
    "[下文](#x)",
    "![图](p.png)",
    "[![徽](b.png)](https://a.example/9)",
    "a < b && c > d",
    "&lt;div&gt; &amp; <div>",
    "`a  <b>`",
    "```\n  x  <y>\n\n\tz\n```",
    "| 甲 | 乙 |\n|---|---|\n| 1 | [2](https://a.example/10) |\n| 3 |",
    "  - 缩进",
    "    1. 更深",
    "行一  \n行二",
    "[[1]](https://a.example/11) 与 [2]",
    "😀\u3000全角",
    "<script>alert(1)</script>",
    "<!-- x -->",
    "[x](https://mp.weixin.qq.com.evil.example/s)",
    "[x](https://mp.weixin.qq.com@evil.example/s)",
    "[x](javascript:alert(1))",
    "~~删~~ <u>下</u> <mark>亮</mark> 10<sup>9</sup> CO<sub>2</sub>",
    "<del>删除 [见](https://a.example/12) `码`</del>",
    "me@a.example www.a.example",
]

texts = st.lists(st.sampled_from(LINES) | st.text(max_size=12), max_size=30).map("\n".join)


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(text=texts, links=st.sampled_from(["inline", "footnote"]))
@example("- [风](https://a.example/1)\n代码：[仓](https://a.example/1)\n摘要：[又](https://a.example/1)", "footnote")
def test_every_text(letter, text: str, links: str) -> None:
    made = letter(text, links=links)
    assert made.forbidden == set()
    assert made.lost == []
    assert made.unreadable == []
    assert set(made.numbers) == set(made.listed)
    assert all(re.match(r"https?://mp\.weixin\.qq\.com(/|\Z)", url, re.IGNORECASE) for url in made.anchors)

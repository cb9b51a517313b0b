"""Made-up issues of about 20 KB of Chinese Markdown, the same for the same number every time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

NAME = "灯塔技术周报"
LAST = dt.date(2025, 12, 28)

WORDS = """\
团队 社区 实验室 厂商 维护者 作者 工程师 高校 初创公司 研究小组 开源组织 测试人员
发布了 改进了 重写了 公开了 评测了 移植了 拆分了 讨论了 撤回了 合并了 对比了 验证了
更快的 更省电的 面向终端的 可复现的 低精度的 经过剪枝的 支持离线的 带有示例的 轻量的 完整的
推理引擎 编译器 调度器 语音模型 图像数据集 量化工具 内存分配器 仿真平台 驱动程序 开发板 检测网络
灯塔编辑部 山海科技 芯片夜话 木棉实验室 开源观察 量测笔记
"""
WHO, DOES, HOW, WHAT, SOURCES = (line.split() for line in WORDS.splitlines())
THEN = [
    "在同样的电量下运行时间延长了约{n}%",
    "单次推理由{n}毫秒降到一半以下",
    "首批样品将在第{n}周送出",
    "代码只有{n}个文件，适合初学者阅读",
    "但在第{n}号用例上仍会失败",
    "并附上了{n}组对照实验",
    "作者说 `--level {n}` 已经足够，**不必**再调",
    "详细数据见[附录 {n}](https://docs.example.org/appendix/{n})",
]
SECTIONS = ("业界新闻", "论文", "开源项目", "博文")


HOSTILE = {
    "one word": "word",
    "prose": "word word word.\n\n",
    "links": "[a](https://example.org/x) ",
    "Chinese brackets": "【",
    "flags": "\U0001f1e9\U0001f1ea",
    "open scripts": "\n<script>",
}
"""What is repeated in issues that look like attacks."""


def issues(count: int, days: int) -> Iterator[tuple[dt.date, str]]:
    """`count` issues, oldest first, one every so many days: date and text."""
    chance = random.Random(20)
    sentences = [_sentence(chance) for _ in range(3000)]
    for number in range(count):
        date = LAST - dt.timedelta(days=days * (count - 1 - number))
        yield date, _issue(date, random.Random(number), sentences)


def _sentence(chance: random.Random) -> str:
    claim = "".join(chance.choice(words) for words in (WHO, DOES, HOW, WHAT))
    return claim + "，" + chance.choice(THEN).format(n=chance.randint(2, 90)) + "。"


def _issue(date: dt.date, chance: random.Random, sentences: list[str]) -> str:
    topics = "/".join(chance.choice(HOW) + chance.choice(WHAT) for _ in range(3))
    lines = ["---", "layout: default", "---", "", f"# {NAME} ({date})：{topics}", ""]
    lines += ["**每期一页，只谈做成了的事**", "", f"> 导读：本期共 18 条。{_some(chance, sentences, 3)}", ""]
    lines += ["先看几条短讯：", ""]
    lines += [f"- {chance.choice(SOURCES)}：{_some(chance, sentences, 1)}" for _ in range(6)]
    for section in SECTIONS:
        lines += ["", f"## {section}", ""]
        for _ in range(9 if section == "业界新闻" else 3):
            lines += _item(section, chance, sentences)
    return "\n".join(lines) + "\n"


def _item(section: str, chance: random.Random, sentences: list[str]) -> list[str]:
    number = chance.randint(10_000, 99_999)
    title = f"{chance.choice(WHO)}{chance.choice(DOES)}{chance.choice(HOW)}{chance.choice(WHAT)}第 {number} 版"
    source = chance.choice(SOURCES)
    match section:
        case "论文":
            lines = [f"- [2101.{number}] [{title} | {source}](https://arxiv.org/abs/2101.{number})  "]
            lines += [f"论文：https://arxiv.org/abs/2101.{number}  "]
        case "开源项目":
            lines = [f"- [beacon/tool-{number}：{title}](https://github.com/beacon/tool-{number})  "]
            lines += [f"项目：https://github.com/beacon/tool-{number}  "]
        case _:
            lines = [f"- [{title} | {source}](https://news.example.org/{number})  "]
    lines += [f"摘要：{_some(chance, sentences, 5)}  ", _some(chance, sentences, 4)]
    if section == "开源项目":
        lines += [f"    {n}. {_some(chance, sentences, 1)}" for n in (1, 2, 3)]
    return lines


def _some(chance: random.Random, sentences: list[str], count: int) -> str:
    return "".join(chance.choices(sentences, k=count))

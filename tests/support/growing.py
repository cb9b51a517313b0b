"""Texts that grow: issues of a pattern that is repeated, as an accident or an attacker would write them."""

from __future__ import annotations

from collections.abc import Callable

Growing = Callable[[int], str]
"""Makes a text that is proportional to a number."""

_TITLE = "# 周报 (2021-07-18)：主题\n\n"
_HEAD = f"{_TITLE}> 导读：话\n\n## 新闻\n\n"
_ITEM = f"{_HEAD}- [a](https://e.org/x)\n  "


def _fences(n: int) -> str:
    return "".join("`" * (number % 20 + 3) + "\n" for number in range(n))


def _count(part: str, n: int) -> str:
    return "".join(part.replace("{}", str(number)) for number in range(n))


def _deeper(n: int) -> str:
    """A list in a list, so many times that the indents have `n` characters in all."""
    return "".join("  " * depth + "- a\n" for depth in range(1, max(int((16 * n) ** 0.5), 2)))


IN_ITEM = {
    "one long word": "word",
    "words": "word word. ",
    "links": "[a](https://e.org/x) ",
    "links without a scheme": "[a](u) ",
    "images": "![a](https://e.org/a.png) ",
    "URLs": "https://e.org/x ",
    "schemes": "https://",
    "www": "www.",
    "addresses": "a@b.cn ",
    "at signs": "a@",
    "names": "@a ",
    "tags": "#a",
    "dots": "a.",
    "digits": "1",
    "digits apart": "1 ",
    "opening brackets": "[",
    "closing brackets": "]",
    "opening images": "![",
    "opening links": "[a](",
    "opening targets": "[a](<",
    "opening titles": '[a](u "',
    "closed by nothing": "](",
    "parentheses": "(a",
    "quotation marks": '"',
    "Chinese quotation marks": '他说"好"，',
    "formulas": "$$",
    "dollars": "$a ",
    "backticks": "`",
    "backticks apart": "`a``b",
    "opening tags": "<",
    "tags with a name": "<a ",
    "open elements": "<b>x",
    "opening comments": "<!-- ",
    "declarations": "<? ",
    "ampersands": "&",
    "entities": "&amp;",
    "asterisks": "*",
    "underscores": "_",
    "opening emphasis": "*a ",
    "mixed emphasis": "*a **b ",
    "closing emphasis": "a* ",
    "bold": "**a** ",
    "struck": "~~a ",
    "inline notes": "^[a ",
    "sizes of images": "![a](u =1x",
    "highlights": "==a ",
    "opening links to notes": "[[a",
    "links to notes": "[[a|b]] ",
    "hidden words": "%%a ",
    "merge tags": "*|a",
    "footnotes of one label": "a[^1] ",
    "attributes": "{:a ",
    "template tags": "{% ",
    "template values": "{{",
    "backslashes": "\\",
    "spaces": "a" + " " * 7,
    "wide spaces": "\u00a0",
    "tabs": "\t",
    "flags": "\U0001f1e9\U0001f1ea",
    "joined emoji": "👨\u200d",
    "combining marks": "\u0301",
    "Chinese brackets": "【",
    "Chinese openings": "（《「“",
    "Chinese closings": "】」。",
    "Chinese commas": "，",
    "half-width commas": "中文,中文，，",
    "invisible characters": "\u200ba ",
    "bars": "a | ",
    "new paragraphs": "\n\n  a",
    "lines": "\n  a",
    "wrapped lines": "\n  a b c,",
    "closing marks": "\n，b",
    "rows": "\n  |a|b|",
    "quoted lines": "\n  > a",
    "quotes": "\n\n  > a",
    "deeper quotes": "\n  > > a",
    "lists": "\n  - a",
    "loose lists": "\n\n  - a",
    "fields": "\n  摘要：字",
    "code": "\n\n      a",
    "fences": "\n  ```\n  a",
    "fences in quotes": "\n\n> ```a",
}
"""What is repeated below the head of an item."""

AT_MARGIN = {
    "items": "- [a](https://e.org/x)\n  摘要：字\n",
    "items without links": "- a\n",
    "items without titles": "- \n  字\n",
    "items that open an image": "- ![\n",
    "items that open a link": "- [a](\n",
    "items with a mark": '- "\n',
    "items with a formula": "- $$\n",
    "items in Chinese brackets": "- 【a】（https://e.org/x）\n",
    "numbered items": "1. a\n",
    "bullets in a line": "- ",
    "quotes and bullets in a line": "> - ",
    "quotes in a line": ">",
    "headings": "## 节\n\n- [a](https://e.org/x)\n",
    "empty headings": "## 节\n\n",
    "headings that are items": "### [a](https://e.org/x)\n\nx\n\n",
    "underlined headings": "a\n===\n",
    "headings with attributes": "## a {.a.a.a\n",
    "rules": "---\n",
    "fences": "```\n",
    "fences with a language": "> ```a\n",
    "comments": "<!--\n",
    "scripts": "<script>\n",
    "hidden lines": "%% a\n",
    "containers": ":::tip\n",
    "closed containers": ":::tip\na\n:::\n",
    "ends of containers": ":::tip\n" * 4 + ":::\n",
    "indented containers": "!!! tip\n    a\n",
    "tags of code": "{% highlight a %}\n",
    "closed tags of code": "{% highlight a %}\na\n{% endhighlight %}\n",
    "definition lists": "a\n: b\n",
    "scripts in prose": "<script> a\n",
    "code in HTML": "<pre>\n",
    "closed code in HTML": "<pre>\n</pre>\n",
    "emphasised heads": "- *[a](https://e.org/x)* a\n",
    "divisions": "<div>\n",
    "tables in HTML": "<table>\n",
    "template lines": "{% a %}\n",
    "tables of contents": "[toc]\n",
    "definitions": "[a]: https://e.org/x\n",
    "footnotes": "[^a]: x\n",
    "what a fix repairs": "- [a](https://e.org/x)\n  摘要 中文,中文，，\n",
    "what a fix cannot repair": "- [a](htp://e.org/x \n",
    "what a fix repairs once": "- [a]\u200b(https://e.org/x)\n",
    "glued headings": "##节\n- [a](https://e.org/x)\n",
    "empty lines": "\n",
}
"""What is repeated in a section."""

IN_PREAMBLE = {
    "prose": "word word word.\n\n",
    "notes": "> 注：a\n\n",
    "openings": "先是热身：\n\n- a\n\n",
    "bullets": "- 1) a\n\n",
    "numbers": "1. a\n\n",
    "wrapped bullets": "- a\n  a\n\n  b\n",
    "lines of a bullet": "  a\n",
    "code": "    a\n\n",
    "template tags in a line": "{% a %}",
}
"""What is repeated below the title."""

WHOLE: dict[str, Growing] = {
    "nothing but a word": lambda n: "word" * n,
    "nothing but hashes": lambda n: "#" * n,
    "nothing but empty lines": lambda n: "\n" * n,
    "brackets in brackets": lambda n: _ITEM + "[" * n + "a" + "]" * n,
    "links in links": lambda n: _ITEM + "[" * n + "a" + "](u)" * n,
    "Chinese brackets in brackets": lambda n: _ITEM + "【" * n + "a" + "】" * n,
    "backticks before text": lambda n: _ITEM + "`" * n + "a" * n,
    "spaces before text": lambda n: _ITEM + "（" + " " * n + "b",
    "a long URL": lambda n: _ITEM + "https://e.org/" + "x" * n,
    "a URL before parentheses": lambda n: _ITEM + "https://e.org/" + ")" * n,
    "a URL before references": lambda n: _ITEM + "https://e.org/" + "&a;" * n,
    "a URL before punctuation": lambda n: _ITEM + "https://e.org/&a" + ";" * n,
    "a wide table": lambda n: "\n  ".join((_ITEM, "|a" * n + "|", "|-" * n + "|", "|a" * n + "|")),
    "a tag with many attributes": lambda n: _ITEM + "<img " + "a=b " * n + ">",
    "a tag with open attributes": lambda n: _ITEM + "<img " + "a=" * n,
    "open attributes": lambda n: _ITEM + "{:" + "a" * n,
    "open attributes of a heading": lambda n: _HEAD + "## a {" + ".a" * n,
    "template tags before text": lambda n: _HEAD + "{% a %}" * n + "x\n",
    "scripts with an end": lambda n: _HEAD + "<script>x\n" * n + "\n</script>\n",
    "lists in lists": lambda n: _ITEM + "\n" + _deeper(n),
    "spaces in a heading": lambda n: _HEAD + "## a" + " " * n + "b\n",
    "spaces in a glued heading": lambda n: _HEAD + "##a" + " " * n + "b\n",
    "fences of all lengths": lambda n: _HEAD + _fences(n),
    "many links in a head": lambda n: _HEAD + "- " + "[a](https://e.org/x) | " * n,
    "many tags in a head": lambda n: _HEAD + "- " + "[a]" * n + "(https://e.org/x)",
    "many sources in a head": lambda n: _HEAD + "- [" + "a|" * n + "](https://e.org/x)",
    "an open target in a head": lambda n: _HEAD + "- [a](https://e.org/x" + "(a" * n,
    "spaces in a broken head": lambda n: _HEAD + "- [a" + " " * n + "b https://e.org/x",
    "different footnotes": lambda n: _ITEM + _count("a[^{}] ", n) + "\n\n" + _count("[^{}]: t\n", n),
    "footnotes of footnotes": lambda n: _ITEM + "a[^0]\n\n" + _count("[^{}]: t[^1{}]\n", n),
    "different references": lambda n: _ITEM + _count("[a{}] ", n) + "\n\n" + _count("[a{}]: https://e.org/{}\n", n),
    "different items": lambda n: _HEAD + _count("- [a{}](https://e.org/{})\n  摘要：字\n", n),
    "different sections": lambda n: _TITLE + _count("## 节{}\n\n- [a{}](https://e.org/{})\n", n),
    "briefs": lambda n: _TITLE + "先是热身：\n\n" + "- a：b\n" * n,
    "briefs without bullets": lambda n: _TITLE + "先是热身：\n\n- a\n" + "b b\n" * n,
    "segments of a guide": lambda n: _TITLE + "> 导读：" + "【新闻】a，" * n,
    "lines of a guide": lambda n: _TITLE + "> 导读：" + "a\n> " * n,
    "counts in a guide": lambda n: _TITLE + "> 导读：" + "本期" * n,
    "topics": lambda n: "# 周报 (2021-07-18)：" + "主/" * n,
    "dates in a title": lambda n: "# " + "2021-07-18 " * n,
    "parentheses in a title": lambda n: "# 周报 " + "(" * n,
    "front matter": lambda n: "---\n" + _count("a{}: b\n", n) + "---\n" + _HEAD,
    "lists in front matter": lambda n: "---\na: " + "[" * n + "]" * n + "\n---\n" + _HEAD,
    "bullets in front matter": lambda n: "---\na:\n  " + "- " * n + "\n---\n" + _HEAD,
    "a long list in front matter": lambda n: "---\na: [" + "x, " * n + "]\n---\n" + _HEAD,
    "TOML": lambda n: "+++\na = " + "[" * n + "]" * n + "\n+++\n" + _HEAD,
    "front matter without an end": lambda n: "---\n" + "a: b\n" * n,
}


def growing_texts() -> dict[str, Growing]:
    """Return all growing texts by name."""

    def repeat(before: str, part: str) -> Growing:
        return lambda n: before + part * n

    return {
        **{f"item: {name}": repeat(_ITEM, part) for name, part in IN_ITEM.items()},
        **{f"section: {name}": repeat(_HEAD, part) for name, part in AT_MARGIN.items()},
        **{f"preamble: {name}": repeat(_TITLE, part) for name, part in IN_PREAMBLE.items()},
        **{f"whole: {name}": make for name, make in WHOLE.items()},
    }

"""Blocks inside quotes, lists and items; footnotes, tasks, alerts, tables and what is left out."""

from __future__ import annotations

from itertools import product

import pytest
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from publisher import model as m
from publisher.reader import parse_issue
from publisher.transforms import find_nodes, label_alerts
from tests.reader.newsletters.outline import outline

TITLE = "# Tides (2021-03-14)\n\n## News\n\n"
CODE = ["if a:", "", "    b  ", "\tc \\", "<!-- no comment -->", "[x]: https://e.org/1", "- no item", "> no quote"]


def parts(text: str) -> list[str]:
    """The outline of a section with this text."""
    return "\n".join(outline(parse_issue(TITLE + text))).split("\n")[2:]


def nested(lines: list[str], containers: tuple[str, ...]) -> list[str]:
    """The lines inside these containers, the outermost first."""
    for container in reversed(containers):
        if container == "quote":
            lines = [f"> {line}" if line else ">" for line in lines]
        else:
            marker = "- " if container == "bullet" else "12. "
            indent = " " * len(marker)
            lines = [marker + lines[0], *(indent + line if line else "" for line in lines[1:])]
    return lines


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("fence", ["```", "~~~~"])
def test_code_inside_containers_is_kept_byte_for_byte(fence: str, depth: int) -> None:
    for containers in product(("quote", "bullet", "number"), repeat=depth):
        lines = nested([f"{fence} py title=x", *CODE, fence], containers)
        for before in ("Text.\n\n", "- [a](https://e.org/0)\n\n  Text.\n\n"):
            indent = "  " if before.startswith("-") else ""
            text = before + "\n".join(indent + line if line else "" for line in lines) + "\n"
            found = find_nodes(m.CodeBlock, (parse_issue(TITLE + text),))
            assert [(block.language, block.text) for block in found] == [("py", "\n".join(CODE))], text


def test_code_at_the_margin_keeps_its_backslashes_and_blanks() -> None:
    text = "```sh\na \\\n\n  b  \n   \n\tc\n```\n"
    (block,) = find_nodes(m.CodeBlock, (parse_issue(TITLE + text),))
    assert block.text == "a \\\n\n  b  \n   \n\tc"


@pytest.mark.parametrize("containers", [*product(("quote", "bullet"), repeat=2), ("quote",), ("number",)])
def test_headings_and_indented_code_inside_containers(containers: tuple[str, ...]) -> None:
    lines = nested(["Text.", "", "### Inner ###", "", "    code", "      more", "", "Other", "---"], containers)
    issue = parse_issue(TITLE + "Text.\n\n" + "\n".join(lines) + "\n")
    headings = [(node.level, m.plain(node.children)) for node in find_nodes(m.Heading, (issue,))]
    assert headings == [(3, "Inner"), (2, "Other")]
    assert [node.text for node in find_nodes(m.CodeBlock, (issue,))] == ["code\n  more"]
    assert [m.plain(section.title) for section in issue.sections] == ["News"]


SHAPES = [
    "- a\n- b\n- c",
    "- a\n\n- b",
    "- a\n  - b\n    - c\n- d",
    "- a\n - b\n  - c",
    "- a\n   - b",
    "1. a\n   - b\n2. c",
    "1. a\n  - b",
    "1) a\n2) b\n3. c",
    "3. a\n4. b",
    "- a\n* b\n+ c",
    "-\ta\n\n\tb",
    "- a\n\n  b\n\n      code\n- c",
    "-     code\n\n  text",
    "-\n  a\n-\n- b",
    "- a\nlazy\n- b",
    "> a\nlazy\n> b",
    "> - a\nlazy",
    "> > a\nlazy\n\nb",
    "> a\n\n> b",
    "> ```\nno code",
    "> ---\n> a",
    "> a\n---",
    "> a\n> ===",
    "text\n> quote\ntext",
    "text\n- list",
    "text\n2. no list",
    "text\n1. list",
    "# a\n## b ##\n### c #x",
    "####### no heading\n#no",
    "a\n===\n\nb\nc\n---",
    "    code\n\n    more\ntext",
    "***\n- - -\n_ _ _",
    "* * *\n* a",
    "```\na\n\n\n```\n~~~ x\nb\n~~~",
    "````\n```\n````",
    "  ```\n  a\n b\n  ```",
    "```\nunclosed",
    "- ```\n  a\n\n  b\n  ```\n- c",
    "- > a\n  > b\n- c",
    "- # a\n- b\n  ---\n  c",
    "| a | b |\n|:--|--:|\n| 1 | 2 |\n\ntext",
    "1. a\n\n   b\n\n2. c",
    "- a\n\n\n- b\n\n\n  c",
    "- a\n\n  - b\n\n\n- c",
    ">\ta\n> -\tb",
    "text\n*\n\nmore\n1.\n\n- a\n+",
    "```\na\n    ```\nb\n   ```\nc",
    "~~~\n~~~\n\n  ~~~~\na\n     ~~~~\n      ~~~~",
    "- a\n\n<!-- 1 -->\n\n- b\n  <!-- 2 -->\n\n      c",
    "<!-- 1 -->\n\n> <!-- 2 -->",
]


def shape_of_tree(node: SyntaxTreeNode) -> list[object]:
    """The blocks of a tree of markdown-it: kinds, levels, starts, code, and lists whether they are loose."""
    found: list[object] = []
    for child in node.children:
        match child.type:
            case "paragraph":
                found.append(("p", " ".join(child.children[0].content.split())))
            case "heading":
                found.append((child.tag, " ".join(child.children[0].content.split())))
            case "fence" | "code_block":
                found.append(("code", child.content.removesuffix("\n")))
            case "hr":
                found.append("hr")
            case "blockquote":
                found.append(("quote", shape_of_tree(child)))
            case "bullet_list" | "ordered_list":
                start = int(child.attrs.get("start", 1)) if child.type == "ordered_list" else None
                loose = any(
                    not inner.hidden for item in child.children for inner in item.children if inner.type == "paragraph"
                )
                found.append(("list", start, loose, [shape_of_tree(item) for item in child.children]))
            case "table":
                cells = [
                    [cell.children[0].content for cell in row.children]
                    for part in child.children
                    for row in part.children
                ]
                found.append(("table", cells))
    return found


def shape(nodes: m.Blocks) -> list[object]:
    """The same of our blocks."""
    found: list[object] = []
    for node in nodes:
        match node:
            case m.Paragraph(children):
                found.append(("p", " ".join(m.plain(children).split())))
            case m.Heading(level, children):
                found.append((f"h{level}", m.plain(children)))
            case m.CodeBlock(text):
                found.append(("code", text))
            case m.Rule():
                found.append("hr")
            case m.Quote(children):
                found.append(("quote", shape(children)))
            case m.List(items, ordered, start):
                has_paragraphs = any(isinstance(block, m.Paragraph) for item in items for block in item)
                loose = node.loose and has_paragraphs
                found.append(("list", start if ordered else None, loose, [shape(item) for item in items]))
            case m.Table(header, rows):
                found.append(("table", [[m.plain(cell) for cell in row] for row in (header, *rows)]))
    return found


@pytest.mark.parametrize("text", SHAPES)
def test_blocks_in_a_quote_are_those_of_commonmark(text: str) -> None:
    quoted = "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
    (section,) = parse_issue(TITLE + quoted + "\n").sections
    tree = SyntaxTreeNode(MarkdownIt().enable("table").parse(quoted))
    assert shape(section.content) == shape_of_tree(tree)  # type: ignore[arg-type]  # no items


@pytest.mark.parametrize("before", ["", "> "])
def test_a_backslash_at_the_end_of_a_line_is_a_break_or_a_character_of_code(before: str) -> None:
    lines = ["Run `make \\", "all`, then \\", "go."]
    issue = parse_issue(f"{TITLE}Text.\n\n{before}" + f"\n{before}".join(lines) + "\n")
    assert [code.text for code in find_nodes(m.Code, (issue,))] == ["make \\ all"]
    assert len(list(find_nodes(m.Break, (issue,)))) == 1


def test_footnotes_are_numbered_by_reference_and_stand_at_the_end_of_their_part() -> None:
    text = (
        "A fact[^b].\n\n- [One](https://e.org/1) and more[^A]\n  A fact[^c] and again[^b].\n"
        "- [Two[^d]](https://e.org/2)\n\n  Text^[in [the](https://e.org/3) line].\n\n"
        "[^a]: First.\n[^b]: Second, over\ntwo lines.\n\n    ```\n    code\n    ```\n\n"
        "[^c]: Third[^e].\n[^d]: Fourth.\n[^e]: Fifth.\n"
    )
    assert parts(text) == [
        "p A fact[^b 1].",
        "item One <https://e.org/1> + and more[^A 2] A fact[^c 3] and again[^b 1].",
        "item Two <https://e.org/2> +[^d 4]",
        "  p Text[^ 5].",
        "  note [^d 4]",
        "    p Fourth.",
        "  note [^ 5]",
        "    p in [the](https://e.org/3) line",
        "note [^b 1]",
        "  p Second, over two lines.",
        "  code  'code'",
        "note [^A 2]",
        "  p First.",
        "note [^c 3]",
        "  p Third[^e 6].",
        "note [^e 6]",
        "  p Fifth.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A[^x].", ["p A[^x]."]),
        ("A `[^1]` [^1](https://e.org/1).\n\n[^1]: n", ["p A `[^1]` [^1](https://e.org/1)."]),
        ("10^[2] and x^[].", ["p 10^[2] and x^[]."]),
        (
            "A[^注].\n\n[^注]: 说明[甲](https://e.org/1)。",
            ["p A[^注 1].", "note [^注 1]", "  p 说明[甲](https://e.org/1)。"],
        ),
        (
            "A[^1].\n\n[^1]: n\n- [i](https://e.org/1)",
            ["p A[^1 1].", "item i <https://e.org/1>", "note [^1 1]", "  p n"],
        ),
    ],
)
def test_what_is_a_footnote(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


def test_a_footnote_without_reference_is_dropped_and_keeps_its_place() -> None:
    issue = parse_issue(TITLE + "A[^1].\n\n[^1]: n\n[^2]: none\n    more\n[^1]: twice\n")
    assert [(d.name, d.text, d.pos.line, d.pos.end_line) for d in issue.dropped] == [
        ("footnote", "none\nmore", 8, 9), ("footnote", "twice", 10, 10),
    ]  # fmt: skip


def test_tasks_are_lists_and_no_items() -> None:
    text = "- [a](https://e.org/1)\n- [ ] todo\n- [x] [done](https://e.org/2)\n- plain\n"
    assert parts(text) == [
        "item a <https://e.org/1>", "- [ ]", "  p todo", "- [x]", "  p [done](https://e.org/2)", "item plain",
    ]  # fmt: skip
    assert parse_issue(TITLE + text).diagnostics == ()
    assert parts("- [a](https://e.org/1)\n  1. [X] one\n  2. two\n")[1:] == [
        "  1. [x]",
        "    p one",
        "  2.",
        "    p two",
    ]


@pytest.mark.parametrize("kind", ["note", "TIP", "Important", "warning", "CAUTION"])
def test_alerts_have_a_kind_and_a_title(kind: str) -> None:
    assert parts(f"> [!{kind}]\n> Useful.") == [f"> [{kind.lower()}]", "> p Useful."]
    assert parts(f"> [!{kind}]- Own *title*\n> - a") == [f"> [{kind.lower()}] Own *title*", "> -", ">   p a"]
    issue = label_alerts(parse_issue(TITLE + f"> [!{kind}]\n> Useful."), "en")
    (quote,) = find_nodes(m.Quote, (issue,))
    assert m.plain(quote.title).lower() == kind.lower()
    assert label_alerts(issue, "zh") == issue
    assert parts("> [!other]\n> Useful.") == ["> p [!other] Useful."]


@pytest.mark.parametrize(
    ("text", "expected", "left_out"),
    [
        (
            '{:#taproot} Text *x*{: .a key="b c"} more.{:.b}',
            "p Text *x* more.",
            ["{:.b}", '{: .a key="b c"}', "{:#taproot}"],
        ),
        ("Text\n{: .center}", "p Text", ["{: .center}"]),
        ("Text {: not attributes, a face :} {x}", "p Text {: not attributes, a face :} {x}", []),
        ("* TOC\n{:toc}\n\nText", "p Text", ["* TOC\n{:toc}"]),
        ("[TOC]\n\n[[_TOC_]]\n\nText", "p Text", ["[TOC]", "[[_TOC_]]"]),
        ("{% include a.html %}\n\nText {{ name }} b", "p Text b", ["{% include a.html %}", "{{ name }}"]),
        ('{{< figure src="a" >}}\n\nText{% raw %}.', "p Text.", ['{{< figure src="a" >}}', "{% raw %}"]),
        ("{{% note %}}Text{{% /note %}}", "p Text", ["{{% note %}}", "{{% /note %}}"]),
        (
            "{{#if a}}Text{{/if}} {{{ raw }}}{{> part }}",
            "p Text",
            ["{{#if a}}", "{{/if}}", "{{{ raw }}}", "{{> part }}"],
        ),
        ('Text {{< figure\n  src="a" >}}', "p Text", ['{{< figure\nsrc="a" >}}']),
        ('{% include a.md\n  b="c"\n%}\n\nText', "p Text", ['{% include a.md\n  b="c"\n%}']),
        ("{% include a.md\n\nText\n\n%}", "p Text", ["{% include a.md", "%}"]),
        ("{{ x }}\n{%- if a -%}\nText\n{%- endif -%}", "p Text", ["{{ x }}", "{%- if a -%}", "{%- endif -%}"]),
        ("Text [a]({{ site.url }}/b) c", "p Text a c", ["{{ site.url }}/b"]),
        ("Text ![a]({{ site.url }}/b.png) c", "p Text a c", ["{{ site.url }}/b.png"]),
        ("Text [a][b]\n\n[b]: {{site.url}}/b", "p Text a", ["{{site.url}}/b"]),
        ('Text <a href="{{ site.url }}">a</a>', "p Text a", ["{{ site.url }}"]),
        ("Text https://e.org/{{ a }}/b", "p Text https://e.org//b", ["{{ a }}"]),
        ("`{{ x }}` {{1, 2}} ${{ x }} Set{{1}} a{{b}}", "p `{{ x }}` {{1, 2}} ${{ x }} Set{{1}} a{{b}}", []),
        ("Text $\\frac{{a}}{b}$ {{", "p Text $\\frac{{a}}{b}$ {{", []),
    ],
)
def test_markup_of_other_programs(text: str, expected: str, left_out: list[str]) -> None:
    assert parts(text) == [expected]
    assert sorted(d.text for d in parse_issue(TITLE + text).dropped) == sorted(left_out)


@pytest.mark.parametrize("head", ["[a]({{ site.url }}/b)", "[a][b]", "[b]", "[a {{ x }}](https://e.org/{{ y }})"])
def test_template_tags_in_the_head_of_an_item(head: str) -> None:
    issue = parse_issue(f"{TITLE}- {head} c\n- {{% include x %}}\n\n[b]: {{{{site.url}}}}/b\n")
    text = " ".join(m.plain((*item.title, *item.tail)).strip() for item in issue.items)
    assert "{" not in text
    assert all("{" not in (item.url or "") for item in issue.items)
    assert "a" in text or "b" in text


def test_attributes_after_a_heading() -> None:
    issue = parse_issue("# Tides (2021-03-14)\n\n## News {#news .big}\n\nText\n\n## Sets {a, b}\n\nText\n")
    assert [m.plain(section.title) for section in issue.sections] == ["News", "Sets {a, b}"]
    assert [(d.text, d.pos.column, d.pos.end_column) for d in issue.dropped] == [("{#news .big}", 8, 21)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "<table>\n<thead><tr><th>A</th><th align='right'>B</th></tr></thead>\n\n"
            "<tr><td>1</td><td>2 &amp; 3</td></tr>\n</table>",
            (["A", "B"], [["1", "2 & 3"]], ("", "right")),
        ),
        (
            '<div align="center"><table><tr align=center><td colspan="2"><a href="https://e.org/1">'
            '<img src="https://e.org/a.png" alt="pic"></a></td></tr>'
            "\n<tr><td><b>1</b><td>2</table></div>",
            ([], [["pic", ""], ["1", "2"]], ("center", "")),
        ),
    ],
)
def test_simple_tables_in_html(text: str, expected: tuple[list[str], list[list[str]], tuple[str, ...]]) -> None:
    (table,) = find_nodes(m.Table, (parse_issue(TITLE + text),))
    cells = [m.plain(cell) for cell in table.header], [[m.plain(cell) for cell in row] for row in table.rows]
    assert (*cells, table.align) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<table><tr><td rowspan=2>a</td></tr></table>",
        "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
        "<table><caption>c</caption><tr><td>a</td></tr></table>",
        "<table><tr><td>a</td></tr>",
        "<table><tr><td>a</td></tr></table> tail",
        "<table>loose<tr><td>a</td></tr></table>",
    ],
)
def test_other_tables_in_html_are_lines_of_text(text: str) -> None:
    issue = parse_issue(TITLE + text)
    assert find_nodes(m.Table, (issue,)) == []
    said = "".join(parts(text))
    assert all(word in said for word in ("a", "tail" * ("tail" in text), "loose" * ("loose" in text)))


def test_text_wrapped_by_hand_is_one_paragraph_after_a_list_or_a_blank_line() -> None:
    text = "- [a](https://e.org/1)\n  * nested\n    wrapped\n\n  If you are\n  wrapped by hand.\n\n  多行\n  中文\n"
    assert parts(text) == [
        "item a <https://e.org/1>", "  -", "    p nested wrapped",
        "  p If you are wrapped by hand.", "  p 多行", "  p 中文",
    ]  # fmt: skip


def test_a_number_without_text_is_kept() -> None:
    assert parts("1、\n\n总统先生。\n\n2、\n\n再见。\n") == ["item 1、", "  p 总统先生。", "item 2、", "  p 再见。"]


@pytest.mark.parametrize("text", ["> a\n> - b\n>   > ```\n>   > c\n>   > ```", "- a\n\n  ### b\n\n  1. c\n     - d"])
def test_blocks_know_their_lines(text: str) -> None:
    """The text at the position of each block starts with its first word."""
    source = (TITLE + "Text.\n\n" + text).split("\n")
    issue = parse_issue("\n".join(source))
    for node in find_nodes(m.Paragraph, (issue,)) + find_nodes(m.Heading, (issue,)):  # type: ignore[operator]
        line = source[node.pos.line - 1]
        assert line[node.pos.column - 1 : node.pos.end_column - 1].lstrip("# ") == m.plain(node.children)

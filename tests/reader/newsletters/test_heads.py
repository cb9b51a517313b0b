"""What is an item and what is text; what belongs to the head of an item; and the ids of items."""

from __future__ import annotations

import pytest

from publisher.model import Item, Strong, plain
from publisher.reader import parse_issue
from tests.reader.newsletters.outline import reads


def items(text: str) -> list[Item]:
    return [*parse_issue(f"# Notes (2021-07-18): Boats\n\n{text}\n", "2021-07-18.md").items]


def test_links_leave_a_head_only_if_nothing_else_follows() -> None:
    reads(
        """
        ## News

        - [Talk](https://e.org/1) [video](https://e.org/2) | [slides](https://e.org/3)
        - [Talk](https://e.org/4) [video](https://e.org/5)、[[slides]](https://e.org/6)
        - [Talk](https://e.org/7) [video](https://e.org/8) and [slides](https://e.org/9)
        - [Tool](https://e.org/a)/[Mirror](https://e.org/b)（[English](https://e.org/c)）
        - [Tool][one] [two]
        - [Talk](https://e.org/d) [no address]() [slides](https://e.org/e)
        - [Talk](https://e.org/f)(https://e.org/g), and more

        [one]: https://e.org/one
        [two]: https://e.org/two
        """,
        """
        ## News
        item Talk <https://e.org/1> & [video](https://e.org/2) & [slides](https://e.org/3)
        item Talk <https://e.org/4> & [video](https://e.org/5) & [slides](https://e.org/6)
        item Talk <https://e.org/7> + [video](https://e.org/8) and [slides](https://e.org/9)
        item Tool <https://e.org/a> +/[Mirror](https://e.org/b)（[English](https://e.org/c)）
        item Tool <https://e.org/one> + [two](https://e.org/two)
        item Talk <https://e.org/d> + no address [slides](https://e.org/e)
        item Talk <https://e.org/f> +(<https://e.org/g>), and more
        """,
    )


def test_a_bold_link_is_the_title_and_what_is_bold_with_it_the_tail() -> None:
    marks, words, both = items(
        "## News\n\n- **[Talk](https://e.org/1).** In May\n- **[Talk](https://e.org/2) by Lin** in May\n"
        "- **[Talk](https://e.org/3)** in **May**"
    )
    assert [(plain(one.title), one.url, plain(one.tail)) for one in (marks, words, both)] == [
        ("Talk", "https://e.org/1", ". In May"),
        ("Talk", "https://e.org/2", " by Lin in May"),
        ("Talk", "https://e.org/3", " in May"),
    ]
    assert [isinstance(one.tail[0], Strong) for one in (marks, words, both)] == [False, True, False]


def test_a_reference_without_definition_is_text() -> None:
    reads(
        """
        ## News

        - [LND #1][] lets [BOLT1][bolt] use it

        [bolt]: https://e.org/1
        """,
        """
        ## News
        item [LND #1][] lets [BOLT1](https://e.org/1) use it
        """,
    )
    issue = parse_issue("## News\n\n- [LND #1][] is plain\n\n- [x] done\n- [X] [Done](https://e.org/2)\n")
    assert issue.diagnostics == ()
    assert len([*issue.items]) == 1, "a task is no item"


def test_an_italic_paragraph_is_no_item() -> None:
    reads(
        """
        ## News

        *[Boats][b] are one
        of the first things.* We look.

        *[a](https://e.org/1)
        *[b](https://e.org/2) is *very* good

        [b]: https://e.org/b
        """,
        """
        ## News
        p *[Boats](https://e.org/b) are one of the first things.* We look.
        item a <https://e.org/1>
        item b <https://e.org/2> + is *very* good
        """,
    )


def test_headings_with_links_are_items() -> None:
    reads(
        """
        # Boats

        ## [First](https://e.org/1)

        Words.

        - [more](https://e.org/2)

        ## [Second | Harbour](https://e.org/3)

        Words.

        ## [Third](https://e.org/4)

        Words.

        ## Links

        - [a](https://e.org/5)
        """,
        """
        title Boats
        ##
        item First <https://e.org/1>
          p Words.
          -
            p [more](https://e.org/2)
        item Second <https://e.org/3> | Harbour
          p Words.
        item Third <https://e.org/4>
          p Words.
        ## Links
        item a <https://e.org/5>
        """,
    )


def test_linked_sections_of_items_are_sections() -> None:
    reads(
        """
        ## [News](https://e.org/1)

        - [a](https://e.org/2)

        ## [Tools](https://e.org/3)

        - [b](https://e.org/4)
        """,
        """
        ## [News](https://e.org/1)
        item a <https://e.org/2>
        ## [Tools](https://e.org/3)
        item b <https://e.org/4>
        """,
    )


def test_a_heading_with_a_source_is_an_item_beside_lists() -> None:
    reads(
        """
        ## News

        - [a](https://e.org/1)

        ### [Boats | Harbour](https://e.org/2)

        Words.

        - [more](https://e.org/3)

        ### [Ships](https://e.org/4)

        Words.
        """,
        """
        ## News
        item a <https://e.org/1>
        item Boats <https://e.org/2> | Harbour
          p Words.
          -
            p [more](https://e.org/3)
        item Ships <https://e.org/4>
          p Words.
        """,
    )


def test_a_number_that_is_text_stays() -> None:
    reads(
        """
        ## 言论

        1、

        一句话。

        2、[工具](https://e.org/1)：好用
        """,
        """
        ## 言论
        item 1、
          p 一句话。
        item 2、 工具 <https://e.org/1> +：好用
        """,
    )


def test_a_closing_mark_never_starts_a_line() -> None:
    reads(
        """
        ## News

        - [标题](https://e.org/1)
        ，更多
        第一行
        ；第二行
        """,
        """
        ## News
        item 标题 <https://e.org/1> +，更多
          p 第一行；第二行
        """,
    )


@pytest.mark.parametrize("line", ["!important is a keyword", "?q=1 is a query", "![a](https://e.org/a.png)", "!(a)"])
@pytest.mark.parametrize("head", ["[a](https://e.org/1)", "[a](https://e.org/1) text", "No link"])
def test_a_mark_at_the_start_of_a_word_closes_no_line_above(head: str, line: str) -> None:
    (one,) = items(f"## News\n\n- {head}\n{line}")
    assert (line[:4] in plain((*one.title, *one.tail)), len(one.body)) == (False, 1)


@pytest.mark.parametrize("line", ["! She left", "?", "!” she said", ", for rent", "?!", "!后来"])
def test_a_mark_of_english_closes_the_line_above(line: str) -> None:
    (one,) = items(f"## News\n\n- [a](https://e.org/1) text\n{line}")
    assert (plain(one.tail), one.body) == (f" text{line}", ())


NAMELESS = "## 言论\n\n1、\n\n一句话。\n\n2、\n\n另一句。"


@pytest.mark.parametrize(
    "text", [NAMELESS, "## News\n\n- \n  Words.\n- \n  摘要：别的。", "## News\n\n- 没有链接\n- 别的"]
)
def test_ids_of_items_without_address_do_not_move(text: str) -> None:
    first, second = (one.id for one in items(text))
    heading, _, rest = text.partition("\n\n")
    above = "7、\n\n新的。\n\n" if "、" in text else "- \n  New.\n"
    _, *others = (one.id for one in items(f"{heading}\n\n{above}{rest}"))
    assert others == [first, second]
    assert first != second


def test_ids_of_addresses_that_differ_in_the_fragment() -> None:
    one, two, again = items("## News\n\n- [a](https://e.org/1#a)\n- [b](https://e.org/1#b)\n- [a](https://e.org/1#a)")
    assert one.id == items("## News\n\n- [a](https://e.org/1)")[0].id
    assert again.id == f"{one.id}-2"
    assert not two.id.startswith(one.id)

"""Where sections and items start, in newsletters with another structure."""

from __future__ import annotations

from tests.reader.newsletters.outline import reads


def test_numbered_items_with_images_and_prose() -> None:
    reads(
        """
        # 潮汐周刊（第 12 期）：海边的开源工具

        这里记录每周值得看的海洋技术。

        ## 工具

        1、[tidebook](https://example.org/tidebook)：把潮汐表打印成小册子。

        ![封面](https://example.org/tidebook.png)

        支持三种纸张。

        2、[wavelog](https://example.org/wavelog)：记录浪高（[@linzhou](https://example.org/lin) 投稿）

        3、没有链接的条目，下期再说。

        ## 文章

        1、[盐雾怎么防](https://example.org/salt)（中文）

        一篇三千字的长文。
        """,
        """
        title 潮汐周刊（第 12 期）：海边的开源工具
        guide
          p 这里记录每周值得看的海洋技术。
        ## 工具
        item 1、 tidebook <https://example.org/tidebook> +：把潮汐表打印成小册子。
          figure ![封面](https://example.org/tidebook.png)
          p 支持三种纸张。
        item 2、 wavelog <https://example.org/wavelog> +：记录浪高（[@linzhou](https://example.org/lin) 投稿）
        item 3、 没有链接的条目，下期再说。
        ## 文章
        item 1、 盐雾怎么防 <https://example.org/salt> +（中文）
          p 一篇三千字的长文。
        """,
    )


def test_numbers_are_items_where_they_are_links_or_stand_alone() -> None:
    reads(
        """
        ## Links

        1. [Buoys](https://example.org/buoys) talk now.
        2. [Salt](https://example.org/salt)

        ## 要点

        1、浪高更准了
        2、盐雾更多了

        ## Steps

        - [Tidebook](https://example.org/tidebook)
        1. install
        2. print

        ## Prose

        1. Wait for the tide.
        2. Cast off.
        """,
        """
        ## Links
        item Buoys <https://example.org/buoys> + talk now.
        item Salt <https://example.org/salt>
        ## 要点
        item 1、 浪高更准了
        item 2、 盐雾更多了
        ## Steps
        item Tidebook <https://example.org/tidebook>
          1.
            p install
          2.
            p print
        ## Prose
        1.
          p Wait for the tide.
        2.
          p Cast off.
        """,
    )


def test_headings_that_are_items() -> None:
    issue = reads(
        """
        ---
        title: '潮汐：第 4 期'
        layout: "post"
        ---

        ### [浪高](https://example.org/wave)

        三天的预报。

        > 引用一句。

        ### 盐雾

        https://example.org/salt

        为什么会生锈？

        ## 工具

        ### 1、tidebook

        打印潮汐表，见 <https://example.org/tidebook> 。

        ### 2、wavelog

        - 记录浪高
        - 画图

        ### 小结

        下期再见。
        """,
        """
        title 潮汐：第 4 期
        ##
        item 浪高 <https://example.org/wave>
          p 三天的预报。
          > p 引用一句。
        item 盐雾
          p <https://example.org/salt>
          p 为什么会生锈？
        ## 工具
        item 1、 tidebook
          p 打印潮汐表，见 <https://example.org/tidebook> 。
        item 2、 wavelog
          -
            p 记录浪高
          -
            p 画图
        ### 小结
        p 下期再见。
        """,
    )
    assert issue.front == (("title", "潮汐：第 4 期"), ("layout", "post"))


def test_several_headings_of_the_first_level() -> None:
    reads(
        """
        # 潮汐

        说明文字第一行，
        第二行接着说
        and one English line.

        # 新闻

        - [新船](https://example.org/ship)

        # 论文

        ## 浪高

        - [三天的预报](https://example.org/wave)

        ### 1、潮位

        - [潮位计](https://example.org/gauge)
        """,
        """
        title 潮汐
        guide
          p 说明文字第一行， / 第二行接着说 / and one English line.
        # 新闻
        item 新船 <https://example.org/ship>
        # 论文
        ## 浪高
        item 三天的预报 <https://example.org/wave>
        ### 1、潮位
        item 潮位计 <https://example.org/gauge>
        """,
    )


def test_a_letter_without_any_heading() -> None:
    reads(
        """
        Welcome to the third letter.

        * [Buoys](https://example.org/buoys) - radio at sea,
          for a year now
        * [Salt](https://example.org/salt) - glass and rust
        * [Waves](https://example.org/waves)

        Until next week!
        """,
        """
        guide
          p Welcome to the third letter.
        ##
        item Buoys <https://example.org/buoys> + - radio at sea, for a year now
        item Salt <https://example.org/salt> + - glass and rust
        item Waves <https://example.org/waves>
        p Until next week!
        """,
    )


def test_sections_named_on_plain_lines() -> None:
    issue = reads(
        """
        > 导读：本次2条。【新闻】新船；
        【论文】浪高。
        先来几条热身小新闻：
        - 船厂：新船下水；
        - 海事局：新规。

        业界新闻
        - [新船](https://example.org/ship)
        摘要：下水了。

        论文
        - [浪高](https://example.org/wave)
        """,
        """
        guide 导读
          p 本次2条。【新闻】新船； / 【论文】浪高。
        intro p 先来几条热身小新闻：
        brief 船厂：新船下水；
        brief 海事局：新规。
        ## 业界新闻
        item 新船 <https://example.org/ship>
          摘要 = 下水了。
        ## 论文
        item 浪高 <https://example.org/wave>
        """,
    )
    assert issue.guide
    assert issue.guide.count == 2

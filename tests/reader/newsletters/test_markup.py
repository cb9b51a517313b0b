"""Front matter, links, blocks and HTML, in newsletters with another structure."""

from __future__ import annotations

from publisher.transforms import make_publishable
from tests.reader.newsletters.outline import outline, reads


def test_an_english_letter_wrapped_by_hand() -> None:
    issue = reads(
        """
        Title: This Week in Tides 3
        Number: 3
        Date: 2021-03-14
        Category: Letters

        Hello and welcome to another issue of *This Week in Tides*,
        a letter from the shore!

        ## Updates

        * [Buoys that talk](https://example.org/buoys). A long read about radio
          at sea, wrapped by
          hand.
        * [Salt and glass](https://example.org/salt).
        * [audio] [A talk on tides](https://example.org/talk)

        ## Crate of the Week

        This week's crate is [tidebook](https://example.org/tidebook), which prints
        tide tables.

        Thanks to [Lin][lin] for the suggestion!

        [lin]: https://example.org/lin

        # Meet the sailors

        ### North

        * [Mar 16. Harbour, NO - Meetup](https://example.org/meet)

        # Quote of the Week

        > A tide is a *slow* wave.
        >
        > > And a wave is
        > > a fast tide.

        — [Hai An](https://example.org/quote)
        """,
        """
        title This Week in Tides 3
        guide
          p Hello and welcome to another issue of *This Week in Tides*, a letter from the shore!
        ## Updates
        item Buoys that talk <https://example.org/buoys> +. A long read about radio at sea, wrapped by hand.
        item Salt and glass <https://example.org/salt> +.
        item [audio] A talk on tides <https://example.org/talk>
        ## Crate of the Week
        p This week's crate is [tidebook](https://example.org/tidebook), which prints tide tables.
        p Thanks to [Lin](https://example.org/lin) for the suggestion!
        # Meet the sailors
        ### North
        item Mar 16. Harbour, NO - Meetup <https://example.org/meet>
        # Quote of the Week
        > p A tide is a *slow* wave.
        > > p And a wave is a fast tide.
        p — [Hai An](https://example.org/quote)
        """,
    )
    keys = [key for key, _ in issue.front]
    assert (keys, str(issue.date)) == (["Title", "Number", "Date", "Category"], "2021-03-14")


def test_front_matter_with_lists() -> None:
    issue = reads(
        """
        ---
        title: "潮汐：第 3 期"
        date: 2021-03-14 08:00:00 +0800
        tags: [浪高, 盐雾]
        categories:
          - weekly
          - sea
        draft: true
        ---

        本期一条。

        ## 新闻

        - [新船](https://example.org/ship)
        """,
        """
        title 潮汐：第 3 期
        guide
          p 本期一条。
        ## 新闻
        item 新船 <https://example.org/ship>
        """,
    )
    front = dict(issue.front)
    assert list(front) == ["title", "date", "tags", "categories", "draft"]
    assert (front["date"], front["draft"]) == ("2021-03-14 08:00:00 +0800", "true")
    assert (str(issue.date), issue.id, issue.draft) == ("2021-03-14", "2021-03-14", True)
    assert (issue.front_pos.line, issue.front_pos.end_line) == (1, 9)


def test_links_by_reference() -> None:
    issue = reads(
        """
        # Links apart

        Read [the guide][guide] or [home][] first, says [Lin].

        ## New

        - [Buoys][1] by Lin
        - [Salt][]: glass and rust
        - [Tide book]
        - [IROS 2021][Waves][2]

        [guide]: https://example.org/guide "guide"
        [home]: <https://example.org/home>
        [Lin]: https://example.org/lin
        [1]: https://example.org/buoys
        [salt]: https://example.org/salt
        [tide book]: https://example.org/book
        [2]: https://example.org/waves
        """,
        """
        title Links apart
        guide
          p Read [the guide](https://example.org/guide "guide") or [home](https://example.org/home) first, says [Lin](https://example.org/lin).
        ## New
        item Buoys <https://example.org/buoys> + by Lin
        item Salt <https://example.org/salt> +: glass and rust
        item Tide book <https://example.org/book>
        item [IROS 2021] Waves <https://example.org/waves>
        """,
    )
    assert [one.label for one in issue.definitions] == ["guide", "home", "Lin", "1", "salt", "tide book", "2"]
    assert issue.diagnostics == ()


def test_blocks_of_every_kind() -> None:
    reads(
        """
        # Harbour Notes, March

        Welcome back, sailors\\
        and engineers.

        1. Buoys talk now.
           They use radio.
        2. Salt

           > Glass does not rust.

           ```sh
           salt --test

           salt --dry
           ```

        ## Numbers

        | Sea | Height |
        |:----|------:|
        | East | 2 m |
        | South | `a|b` | no buoy |

        [![chart](https://example.org/chart.png)](https://example.org/chart)

        - **[Tidebook](https://example.org/tidebook)** prints tables
        - **Wavelog**: logs waves
          - on paper
          - on disk
            3. fast
            4. safe

        ***

        Written by [Lin](https://example.org/lin) in the harbour.
        """,
        """
        title Harbour Notes, March
        guide
          p Welcome back, sailors / and engineers.
          1.
            p Buoys talk now. They use radio.
          2.
            p Salt
            > p Glass does not rust.
            code sh 'salt --test\\n\\nsalt --dry'
        ## Numbers
        row | Sea | Height
        row | East | 2 m
        row | South | `a|b` | no buoy
        figure ![chart](https://example.org/chart.png) to https://example.org/chart
        item Tidebook <https://example.org/tidebook> + prints tables
        item **Wavelog**: logs waves
          -
            p on paper
          -
            p on disk
            3.
              p fast
            4.
              p safe
        footer
          rule
          p Written by [Lin](https://example.org/lin) in the harbour.
        """,
    )


def test_html_and_footnotes() -> None:
    issue = reads(
        """
        # 潮汐 (2021-03-14)

        ## 数据

        <table>
        <tr><th>海区</th><th>浪高</th></tr>
        <tr><td><a href="https://example.org/east">东</a></td><td>2</td></tr>
        </table>

        <details>
        <summary>更多</summary>

        - [南海](https://example.org/south)

        </details>

        正文有脚注[^1]，<b>粗</b>，<img src="https://example.org/map.png" alt="图">。

        [^1]: 来自[潮位站](https://example.org/gauge)。

        <!-- 留给下期 -->
        """,
        """
        title 潮汐 (2021-03-14)
        ## 数据
        row | 海区 | 浪高
        row | [东](https://example.org/east) | 2
        p 更多
        item 南海 <https://example.org/south>
          p
          p 正文有脚注[^1 1]，**粗**，![图](https://example.org/map.png)。
          note [^1 1]
            p 来自[潮位站](https://example.org/gauge)。
        """,
    )
    assert [dropped.name for dropped in issue.dropped] == ["comment"]
    assert list(outline(make_publishable(issue)))[5] != "  p"

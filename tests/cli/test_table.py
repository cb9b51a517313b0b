"""Tables of plain text: every line fits the terminal, and every column begins at the same place."""

from __future__ import annotations

import pytest

from publisher.cli.excerpt import measure_columns
from publisher.cli.status_table import drop_common_start
from publisher.cli.table import Cell, TableRow, cut_text, format_table, pad_text

CHANNELS = ["web", "rss", "wechat", "telegram", "email"]
SENT = Cell("3 hours ago", "3h ago", "✓", "green")
FAILED = Cell("1 of 2 failed", "failed", "✗", "red", is_alarm=True)


def plain(text: str, style: str) -> str:
    return text


def marked(text: str, style: str) -> str:
    return f"<{style}:{text}>" if style else text


def table(width: int, *, channels: list[str] = CHANNELS, name: str = "2021-07-18") -> list[str]:
    rows = [
        TableRow(name, "浮标联网了/浪高报得更准/第三个话题很长很长很长", dict.fromkeys(channels, SENT)),
        TableRow("2021-07-04", "Tides, buoys and a long title in Latin letters", {channels[0]: FAILED}),
        TableRow("2021-06-20", "", {}),
    ]
    return format_table(channels, rows, width, plain)


def column_starts(line: str, words: list[str]) -> list[int]:
    """The columns at which words begin."""
    starts, position = [], 0
    for word in words:
        position = line.index(word, position)
        starts.append(measure_columns(line[:position]))
        position += len(word)
    return starts


@pytest.mark.parametrize("width", range(20, 160))
@pytest.mark.parametrize("number", [1, 2, 5])
def test_every_line_fits(width: int, number: int) -> None:
    for line in table(width, channels=CHANNELS[:number]):
        assert measure_columns(line) <= width
        assert line == line.rstrip()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_columns_begin_at_the_same_place(width: int) -> None:
    head, chinese, latin, empty = table(width)
    starts = column_starts(head, CHANNELS)
    assert column_starts(chinese, ["✓"] * 5) == starts
    assert column_starts(latin, ["✗", "–", "–", "–", "–"]) == starts
    assert column_starts(empty, ["–"] * 5) == starts


def test_what_gives_way_first() -> None:
    """Cells are said shortly, then titles are left out, then the table becomes a list."""
    assert "✓ 3 hours ago" in table(160)[1]
    assert "✓ 3h ago" in table(80)[1]
    assert "浮标" in table(80)[1]
    assert table(65)[1] == "2021-07-18  ✓ 3h ago  ✓ 3h ago  ✓ 3h ago  ✓ 3h ago  ✓ 3h ago"
    assert table(40)[:3] == [
        "2021-07-18  浮标联网了/浪高报得更准/第…",
        "  web       ✓ 3 hours ago",
        "  rss       ✓ 3 hours ago",
    ]


def test_twelve_channels_are_a_list() -> None:
    many = [f"channel-{number}" for number in range(12)]
    assert table(80, channels=many)[1] == "  channel-0   ✓ 3 hours ago"


def test_a_long_name_is_cut() -> None:
    assert table(80, channels=["web"], name="the-state-of-the-tides-in-december")[1].startswith(
        "the-state-of-the-tides-…  "
    )


def test_only_the_mark_of_good_news_has_a_colour() -> None:
    rows = [TableRow("a", "b", {"web": SENT, "rss": FAILED})]
    assert (
        format_table(["web", "rss"], rows, 80, marked)[1] == "<bold:a>  b  <green:✓> 3 hours ago  <red:✗ 1 of 2 failed>"
    )


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("浪高预报", 8, "浪高预报"),
        ("浪高预报", 7, "浪高预…"),
        ("浪高预报", 6, "浪高…"),
        ("abc", 2, "a…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("a b c", 3, "a…"),
        ("a\tb\x1b[31m", 80, "a    b\ufffd[31m"),
        ("cafe\u0301s", 5, "cafe\u0301s"),
    ],
)
def test_text_is_cut_by_columns(text: str, width: int, shown: str) -> None:
    assert cut_text(text, width) == shown
    assert measure_columns(pad_text(text, width)) == width or width == 80


@pytest.mark.parametrize(
    ("titles", "shown"),
    [
        (["潮汐周刊（第 250 期）：浮标", "潮汐周刊（第 249 期）：浪高", ""], ["浮标", "浪高", ""]),
        (["Tides #12: buoys", "Tides #11: waves"], ["buoys", "waves"]),
        (["Tides #12", "Tides #11"], ["Tides #12", "Tides #11"]),
        (["《潮汐》第 12 期", "《潮汐》第 11 期"], ["第 12 期", "第 11 期"]),
        (["《潮汐》", "《潮汐》浪高"], ["《潮汐》", "《潮汐》浪高"]),
        (["Tides: buoys"], ["Tides: buoys"]),
        (["buoys and waves", "buoys and wind"], ["buoys and waves", "buoys and wind"]),
        ([], []),
    ],
)
def test_what_all_titles_begin_with_is_left_out(titles: list[str], shown: list[str]) -> None:
    assert drop_common_start(titles) == shown

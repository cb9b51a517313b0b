"""The page of `publish preview` in Chromium: its panes, what an edit moves, and its connection."""

from __future__ import annotations

import pytest

from tests.judges.live_preview import EACH, LIT, PANES, SCROLLED, SHOWN_IN_FULL, SOURCES, TOPS, LivePreview

# ------------------------------------------------------------------- panes


def test_panes_are_windows_of_their_width(preview: LivePreview) -> None:
    facts = EACH.format(
        "[f.clientWidth, d.documentElement.clientWidth, f.sandbox.value, d.body.innerText.length > 1000]"
    )
    screens = "[...document.querySelectorAll('.phone')].map((s) => [s.clientWidth / s.clientHeight])"
    widths, proportions = preview.look(("run", facts), ("run", screens))
    assert set(widths) == set(PANES)
    for name, expected in {
        "wechat": 375,
        "wechat-dark": 375,
        "telegram": 390,
        "web-phone": 390,
        "web-desk": 1120,
    }.items():
        assert widths[name][:2] == [expected, expected], name
    assert {(sandbox, is_full) for *_, sandbox, is_full in widths.values()} == {("allow-same-origin", True)}
    assert all(0.45 < proportion < 0.5 for [proportion] in proportions)  # a phone is 9 : 19.5 or so


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [(1680, 950), (390, 844)])
def test_page_works_for_everybody(preview: LivePreview, window: tuple[int, int], scheme: str) -> None:
    colours = EACH.format("getComputedStyle(d.documentElement).colorScheme")
    found, schemes = preview.look(preview.pick(3), ("axe",), ("run", colours), window=window, scheme=scheme)
    assert found == []
    assert schemes == dict.fromkeys(PANES, scheme) | {"wechat": "light", "wechat-dark": "dark"}


def test_panes_follow_the_switch_to_dark(preview: LivePreview) -> None:
    """Pages that ask for the preferred scheme, too, whatever the system prefers."""
    ink = ("run", EACH.format("getComputedStyle(d.body).color"))
    before, after, back = preview.look(ink, ("click", "#scheme"), ink, ("click", "#scheme"), ink)
    assert {name for name in PANES if before[name] != after[name]} == set(PANES) - {"wechat", "wechat-dark"}
    assert back == before


def test_everything_can_be_done_with_the_keyboard(preview: LivePreview) -> None:
    focused = "[document.activeElement.tagName, document.activeElement.dataset.item ?? '']"
    controls = "[...document.querySelectorAll('button, select, iframe, main')]"
    unreachable = f"{controls}.filter((e) => e.tabIndex < 0 || e.disabled).map((e) => e.outerHTML)"
    focus = ("run", "document.querySelector('#items .pick').focus()")
    ready = ("wait", "!document.getElementById('copy').disabled")
    nowhere, first, second, lit = preview.look(
        ready,
        ("run", unreachable),
        focus,
        ("run", focused),
        ("press", "ArrowDown"),
        ("run", focused),
        ("press", "Enter"),
        ("run", LIT),
    )
    assert nowhere == []
    assert first != second
    assert second[0] == "BUTTON"
    assert len(set(lit.values())) == 1


def test_panes_can_be_hidden_and_zoomed(preview: LivePreview) -> None:
    hidden = "[...document.querySelectorAll('.pane')].filter((p) => p.hidden).map((p) => p.dataset.name)"
    widths = EACH.format("[Math.round(f.getBoundingClientRect().width), f.clientWidth]")
    steps = [("click", "[data-pane=mail]"), ("run", hidden), ("click", "[data-pane=mail]"), ("run", hidden)]
    gone, back, half = preview.look(*steps, ("click", "#zooms button:last-child"), ("run", widths))
    assert (gone, back) == (["mail"], [])
    assert half["wechat"] == [188, 375]


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_pane_that_was_hidden_shows_what_is_newest(preview: LivePreview, is_loaded: bool) -> None:
    """Whether it was loaded before the edits or not."""
    edited = [preview.text.replace("写得慢一点，用得久一点", f"写得{more}慢一点，用得久一点") for more in ("再", "更")]
    toggle = [("click", "[data-pane=mail]"), ("click", "[data-pane=feed]")]
    reload = [("run", "void location.reload()"), ("wait", "document.documentElement.dataset.version")]
    shown = ("wait", f"Object.values({EACH.format('d.body.childElementCount')}).every(Boolean)")
    steps = [*toggle, *([] if is_loaded else reload), *map(preview.save, edited), *toggle, shown, ("paint",)]
    *_, sources, newest = preview.look(*steps, ("run", SOURCES), ("run", SHOWN_IN_FULL))
    assert "写得更慢一点" in sources["mail"]
    assert sources == newest


SPY = """{
  const send = window.fetch;
  window.asked = [];
  window.fetch = (url, options) => {
    if (url === '/sight') window.asked.push(JSON.parse(options.body).channels);
    return send(url, options);
  };
}"""


def test_what_is_in_sight_is_reported_to_the_server(preview: LivePreview) -> None:
    """When it is something else: panes that are scrolled to, or take the place of a hidden one."""
    scroll = ("run", "void (document.getElementById('panes').scrollLeft = 99_999)")
    at_end, without_web = preview.look(
        ("run", SPY),
        scroll,
        ("wait", "asked.at(-1)?.includes('web')"),
        ("run", "asked.at(-1)"),
        ("click", "[data-pane=web-desk]"),
        ("click", "[data-pane=web-phone]"),
        ("wait", "!asked.at(-1).includes('web')"),
        ("run", "asked.at(-1)"),
    )
    assert at_end[-1] == "web"
    assert "wechat" not in at_end
    assert without_web[-1] == "rss"


def test_a_channel_that_comes_back_has_its_place(preview: LivePreview) -> None:
    """Between the panes of the other channels, which stay as they are."""
    settings = preview.issue.parents[1] / "publisher.toml"
    text = settings.read_text("utf-8")
    assert "\n[channels.telegram]\n" in text
    names = "[...document.querySelectorAll('.pane')].map((pane) => pane.dataset.name)"
    frames = "[...document.querySelectorAll('.pane iframe')]"
    loaded = f"{frames}.filter((f) => f.contentDocument.body.childElementCount).length"
    without_telegram = text.replace("[channels.telegram]", "[channels.telegram]\nenabled = false")
    before, without, again, kept = preview.look(
        ("run", names),
        ("run", f"void {EACH.format('(d.documentElement.marked = true)')}"),
        ("write", str(settings), without_telegram),
        ("wait", f"{loaded} === {len(PANES) - 1}"),
        ("run", names),
        ("write", str(settings), text),
        ("wait", f"{loaded} === {len(PANES)}"),
        ("run", names),
        ("run", EACH.format("d.documentElement.marked === true")),
    )
    assert before == again == PANES
    assert without == [name for name in PANES if name != "telegram"]
    assert kept == {name: name != "telegram" for name in PANES}


# ------------------------------------------------------------------- edits


def test_an_edit_moves_nothing_and_touches_only_what_changed(preview: LivePreview) -> None:
    """The text is in a paragraph that the digest for Telegram leaves out."""
    watch = EACH.format(
        "new f.contentWindow.MutationObserver(() => (window.touched ??= []).push(pane.dataset.name)).observe(d, {"
        "subtree: true, childList: true, characterData: true, attributes: true }) ?? 0"
    )
    edited = preview.text.replace("馆长的理由只有一句", "馆长后来补充说，理由其实不止一句，不过头一句")
    assert edited != preview.text
    steps = [
        preview.pick(1),
        ("run", TOPS),
        ("run", watch),
        ("run", "document.querySelector('[data-name=mail] iframe').focus()"),
        preview.save(edited),
        ("run", TOPS),
        ("run", "touched"),
        ("run", "document.activeElement.title"),
        ("run", SOURCES),
        ("run", SHOWN_IN_FULL),
    ]
    before, _, after, touched, focused, morphed, loaded = preview.look(*steps)
    assert set(before) == set(PANES)
    assert all(abs(before[name] - after[name]) <= 2 for name in PANES), (before, after)
    assert set(touched) == set(PANES) - {"telegram"}
    assert focused == "邮件"
    assert morphed == loaded  # a morph ends where a load would have


def test_longer_text_above_moves_nothing(preview: LivePreview) -> None:
    """What is read stays where it is, and is still lit up, although all that is above it became longer."""
    line = "茶还烫，先读几条热身小新闻："
    edited = preview.text.replace(line, "水刚开，" * 40 + line)
    assert edited != preview.text
    heights = ("run", EACH.format("s.scrollHeight"))
    before, low, after, high = preview.look(
        preview.pick(5), ("run", TOPS), heights, preview.save(edited), ("run", TOPS), heights
    )
    assert all(abs(before[name] - after[name]) <= 2 for name in PANES), (before, after)
    assert all(high[name] > low[name] + 50 for name in PANES), (low, high)


def test_an_edit_keeps_what_was_done_in_a_pane(preview: LivePreview) -> None:
    """A quote stays unfolded, and a link in focus, although their elements may be other ones."""
    chat = "document.querySelector('[data-name=telegram] iframe').contentDocument"
    act = f"document.querySelector('[data-name=telegram] iframe').focus(); {chat}.querySelector('input').click(); "
    focus = f"[...{chat}.querySelectorAll('.text a')].at(-1).focus()"
    kept = ("run", f"[{chat}.querySelectorAll('input:checked').length, {chat}.activeElement.innerText]")
    edited = preview.text.replace("写得慢一点，用得久一点", "写得再慢一点，用得久一点")
    found = preview.look(("run", act + focus), kept, preview.save(edited), kept)
    before, after = (seen for seen in found if seen)
    assert before == after
    assert after[0] == 1
    assert len(after[1]) > 5


def test_the_title_that_is_edited_stays_in_its_place(preview: LivePreview) -> None:
    """The id of an item may depend on its title."""
    edited = preview.text.replace("- [中西文之间的那一点空隙", "- [中西文之间那点空隙")
    assert edited != preview.text
    before, after = preview.look(preview.pick(2), ("run", SCROLLED), preview.save(edited), ("run", SCROLLED))
    assert min(before.values()) > 0
    assert all(abs(before[name] - after[name]) <= 2 for name in PANES), (before, after)


def test_an_item_that_is_picked_stays_so_while_its_title_is_edited(preview: LivePreview) -> None:
    """Although one without a URL has another id afterwards."""
    title, other = "一家字体公司公开了三年的改字手记", "一家字体公司公开了四年的改字手记"
    current = "[document.activeElement.title, document.querySelector('#items [aria-current]')?.title]"
    pick = ("click", f"#items [title='{title}']")
    steps = [pick, preview.save(preview.text.replace(title, other)), ("paint",), ("run", current), ("run", LIT)]
    entries, lit = preview.look(*steps)
    assert entries == [other, other]
    assert lit == dict.fromkeys(PANES, other)


@pytest.mark.parametrize("kind", ["edited", "added"])
def test_an_edit_out_of_sight_is_brought_into_sight(preview: LivePreview, kind: str) -> None:
    if kind == "edited":
        text = preview.text.replace("测试代码是库本身的几百倍", "测试的代码有库本身的几百倍")
    else:
        text = preview.text.replace(
            "- [SQLite", "- [新的一条](https://example.org/new)\n摘要：从前没有。\n\n- [SQLite", 1
        )
    assert text != preview.text
    is_scrolled = EACH.format("s.scrollTop > 1000")
    before, after = preview.look(("run", is_scrolled), preview.save(text), ("run", is_scrolled))
    assert (before, after) == (dict.fromkeys(PANES, False), dict.fromkeys(PANES, True))


# -------------------------------------------------------------- the connection


def test_the_last_panes_stay_when_the_server_is_gone(preview: LivePreview) -> None:
    gone = "!document.getElementById('banner').hidden && document.documentElement.classList.contains('gone')"
    sizes = EACH.format("d.body.innerText.length > 1000")
    inside = "[...document.querySelectorAll('.screen')].every((s) => s.getBoundingClientRect().bottom <= innerHeight)"
    found = preview.use(
        ("kill", preview.process.pid),
        ("wait", gone),
        ("run", sizes),
        ("run", "document.getElementById('banner').innerText"),
        ("axe",),
        ("wait", inside),  # below the banner there is less room
    )
    shown, banner, violations = found["seen"]
    assert shown == dict.fromkeys(PANES, True)
    assert "publish preview" in banner
    assert violations == []


def test_a_hidden_tab_has_no_connection(preview: LivePreview) -> None:
    """It shows what it missed when it is seen again."""
    hide = """Object.defineProperty(document, 'hidden', { value: HIDDEN, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))"""
    count = ("run", "document.querySelectorAll('#items li').length")
    seen = preview.look(
        *(count, ("run", hide.replace("HIDDEN", "true"))),
        ("write", str(preview.issue), f"{preview.text}\n- [又一条](https://example.org/another)\n"),
        *(("paint",), ("paint",), ("paint",), count),
        ("run", hide.replace("HIDDEN", "false")),
        ("wait", "document.querySelectorAll('#items li').length === 15"),
    )
    assert [number for number in seen if number is not True] == [14, 14]


BROKEN = {
    "empty": "",
    "front matter only": "---\ndraft: true\n---\n",
    "front matter without an end": "---\ntitle: [\n",
    "no title": "一段文字，没有标题。\n",
    "draft": "---\ndraft: true\n---\n# 草稿\n\n## 一\n\n- [条](https://example.org/a)\n",
    "unclosed fence": "# 标题\n\n```\n代码\n",
    "control characters": "# 标题\n\n\x00\x08文字\n",
    "no date": "# 无日期\n\n文字\n",
}


def test_a_broken_draft_never_empties_the_page(preview: LivePreview) -> None:
    """Even of nothing there are pages, with the name of the newsletter, and the reason why is said."""
    filled = EACH.format("d.body.innerText.trim().length > 0")
    said = "document.querySelectorAll('#problems .pick').length + Number(!document.getElementById('banner').hidden)"
    steps = [step for text in BROKEN.values() for step in (preview.save(text), ("run", filled), ("run", said))]
    seen = preview.look(*steps)
    for kind, shown, reasons in zip(BROKEN, seen[::2], seen[1::2], strict=True):
        assert set(shown) == set(PANES), kind
        assert all(shown.values()) or kind in ("empty", "front matter only"), (kind, shown)
        assert sum(shown.values()) >= 4, (kind, shown)
        assert reasons, kind

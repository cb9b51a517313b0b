"""The page of `publish preview` in Chromium: items in all panes and in the source, copies and images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.judges.live_preview import EACH, LINE, LIT, PANES, SCROLLED, SOURCES, TOPS, LivePreview, find_newest

# ------------------------------------------------------------------- items


def test_an_item_that_is_picked_lights_up_everywhere(preview: LivePreview) -> None:
    """Nothing in the documents changes for it."""
    title = "DeepVecFont：让神经网络画出能用的矢量字形"
    steps = [("run", SOURCES), ("hit", "telegram", title), ("run", LIT), ("run", TOPS), ("run", SOURCES)]
    current = ("run", "[...document.querySelectorAll('#items [aria-current]')].map((e) => e.title)")
    before, lit, tops, after, named = preview.look(*steps, current)
    assert lit == dict.fromkeys(PANES, title)
    assert named == [title]
    assert all(abs(tops[name] - LINE) <= 2 for name in PANES if name != "telegram"), tops
    assert before == after


FIND_ALL = """(async () => {
  const { findItems } = await import('/assets/places.js');
  const fetchState = async () => (await fetch('/state')).json();
  const squeeze = (text) => text.replace(/[\\s\\u200b\\u2060]/g, '');
  while ((await fetchState()).unread) await new Promise((done) => setTimeout(done, 20));  // issues not listed yet
  const parser = new (document.querySelector('iframe').contentWindow.DOMParser)();
  const found = [];
  for (const { path } of (await fetchState()).issues) {
    const headers = { 'content-type': 'application/json' };
    await fetch('/issue', { method: 'POST', headers, body: JSON.stringify({ path }) });
    let state = await fetchState();
    while (state.issue.path !== path || state.pending) {
      await new Promise((done) => setTimeout(done, 20));
      state = await fetchState();
    }
    for (const { name, url } of state.panes) {
      const page = parser.parseFromString(await (await fetch(url)).text(), 'text/html');
      const places = new Map(findItems(page, state.items).map((place) => [place.id, place.range]));
      for (const { id, title } of state.items) {
        const range = places.get(id);
        const isRight = range && squeeze(title).startsWith(squeeze(range.toString()));
        const isHere = !name.startsWith('web') || page.getElementById(id)?.contains(range?.startContainer);
        found.push([path, name, title, Boolean(isRight && isHere)]);
      }
    }
  }
  return found;
})()"""


def test_items_of_real_issues_are_found_in_all_panes(letter: Path, corpus: Path, chromium: Callable[..., str]) -> None:
    """By their titles, as they are in the source; on the web page, in the element that has the id of the item."""
    files = [*sorted((corpus / "issues").glob("*.md")), *sorted((corpus / "newsletters").glob("*/*.m*"))]
    shutil.rmtree(letter / "issues")
    (letter / "issues").mkdir()
    for number, file in enumerate(files, 1):
        shutil.copy(file, letter / "issues" / f"2021-01-{number:02}.md")
    with LivePreview(letter / "issues" / "2021-01-01.md", chromium) as preview:
        (found,) = preview.look(
            ("wait", "fetch('/state').then((r) => r.json()).then((s) => !s.unread)"), ("run", FIND_ALL)
        )
    missed = [place for *place, is_found in found if not is_found]
    assert len(found) > 5000
    assert len(missed) <= len(found) / 1000, missed


COUNT_SORTED = """(async () => {
  const { findItems } = await import('/assets/places.js');
  const { sort } = Array.prototype;
  let sorted = 0;
  Array.prototype.sort = function count(...order) {
    sorted += this.length;
    return sort.apply(this, order);
  };
  const find = (number) => {
    const items = Array.from({ length: number }, (_, index) => ({ id: `i-${index}`, title: `Item ${index};` }));
    const page = document.implementation.createHTMLDocument('');
    page.body.innerHTML = items.map(({ title }) => `<p>${title}</p>`).join('');
    sorted = 0;
    return [findItems(page, items).length, sorted];
  };
  const found = [100, 200, 400].map(find);
  Array.prototype.sort = sort;
  return found;
})()"""


def test_twice_as_many_items_take_twice_the_work(preview: LivePreview) -> None:
    """Counted in what is sorted: with all that was found before for each item, a long issue stopped the page."""
    (found,) = preview.look(("run", COUNT_SORTED))
    numbers, work = zip(*found, strict=True)
    assert numbers == (100, 200, 400)
    assert work[2] - work[1] <= 2.2 * (work[1] - work[0])


def test_a_problem_lights_up_its_item(preview: LivePreview) -> None:
    problems = "[...document.querySelectorAll('#problems .pick')].map((e) => e.innerText)"
    found, lit = preview.look(("run", problems), ("click", "#problems [data-item]"), ("run", LIT))
    assert found
    assert lit == dict.fromkeys(PANES, "一家字体公司公开了三年的改字手记")


def test_panes_follow_the_one_under_the_pointer(preview: LivePreview) -> None:
    """At an item, and half-way to the next one: each is as far between the same two items."""
    tops = EACH.format("lit.getBoundingClientRect().top + s.scrollTop")
    lead = "document.querySelector('[data-name=telegram] iframe').contentWindow.scrollTo(0, {})"
    middle = "(fifth.telegram + sixth.telegram) / 2 - " + str(LINE)
    found = preview.look(
        *(preview.pick(5), ("run", f"window.fifth = {tops}"), preview.pick(6), ("run", f"window.sixth = {tops}")),
        ("wheel", "[data-name=telegram] iframe", 40),
        *(("run", lead.format(f"fifth.telegram - {LINE}")), ("paint",), ("run", SCROLLED)),
        *(("run", lead.format(middle)), ("paint",), ("run", SCROLLED)),
    )
    fifth, sixth, at_fifth, between = (seen for seen in found if isinstance(seen, dict) and "mail" in seen)
    for name in PANES:
        assert at_fifth[name] + LINE == pytest.approx(fifth[name], abs=2), name
        assert between[name] + LINE == pytest.approx((fifth[name] + sixth[name]) / 2, abs=2), name


def test_a_line_opens_in_the_editor(letter: Path, chromium: Callable[..., str], tmp_path: Path) -> None:
    script, opened = tmp_path / "editor", tmp_path / "opened"
    script.write_text(f'#!/bin/sh\necho "$@" >> {opened}\n', "utf-8")
    script.chmod(0o755)
    with (letter / "publisher.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'[preview]\neditor = "{script} {{line}} {{file}}"\n')
    issue = find_newest(letter)
    title = "三万枚铅字扫成了开放数据，磨损的那一角也留着"
    line = 1 + next(number for number, text in enumerate(issue.read_text("utf-8").splitlines()) if title in text)
    with LivePreview(issue, chromium) as preview:
        preview.look(("click", "#items li:first-child .line"), ("hit", "feed", title, 2), ("lines", str(opened), 2))
    assert opened.read_text("utf-8").splitlines() == [f"{line} {issue}"] * 2


# ---------------------------------------------------------- copies and images


def test_the_article_is_copied_as_it_is_published(preview: LivePreview, publish: Callable[..., str]) -> None:
    (copied,) = preview.look(("click", "#copy:enabled"), ("paste",))
    publish("--force", folder=preview.issue.parents[1])
    (article,) = preview.issue.parents[1].glob("outbox/*/wechat/article.html")
    assert copied["html"] == article.read_text("utf-8")
    assert "三万枚铅字" in copied["text"]


def test_the_article_that_is_shown_is_copied(preview: LivePreview) -> None:
    """Although the server shows another issue already, so that it has no part of this one."""
    other = "{ const send = fetch; window.fetch = (url, ...rest) => send(url.replace(/^.part.*/, '/gone'), ...rest) }"
    edited = preview.text.replace("写得慢一点，用得久一点", "写得再慢一点，用得久一点")
    (copied,) = preview.look(("run", other), preview.save(edited), ("click", "#copy:enabled"), ("paste",))
    assert "写得再慢一点" in copied["html"]
    assert copied["html"].startswith("<section")
    assert copied["html"].endswith("</section>")


def test_images_of_other_hosts_are_loaded_by_a_click(letter: Path, chromium: Callable[..., str]) -> None:
    """Those of the newsletter are shown although they are published nowhere yet."""
    issue = find_newest(letter)
    shutil.copy(Path(__file__).parent / "dot.png", letter / "issues")
    images = "\n![图一](https://images.example/a.png)\n\n![图二](dot.png)\n"
    issue.write_text(issue.read_text("utf-8").replace("\n## 论文", f"{images}\n## 论文", 1), "utf-8")
    names = ["wechat", "wechat-dark", "feed", "web-phone", "web-desk"]
    boxes = EACH.format(
        "[...d.querySelectorAll('img[src*=\"images.example\"]')].map((i) => "
        "f.contentWindow.getComputedStyle(i, '::after').content.includes('images.example') && i.offsetHeight > 40)"
    )
    own = EACH.format(
        "[...d.querySelectorAll('img[src*=dot]')].map((i) => f.contentWindow.getComputedStyle(i).content)"
    )
    click = (
        "document.querySelector('[data-name=feed] iframe').contentDocument.querySelector('img[src*=images]').click()"
    )
    is_open = f"((found) => {json.dumps(names)}.every((name) => found[name].length && !found[name][0]))({boxes})"
    with LivePreview(issue, chromium) as preview:
        shut = preview.use(("run", boxes), ("run", own))
        opened = preview.use(("run", click), ("wait", is_open), ("paint",), ("run", boxes))
    assert shut["outside"] == []
    for name in names:
        assert shut["seen"][0][name] == [True], name
        assert len(shut["seen"][1][name]) == 1
        assert "/file/" in shut["seen"][1][name][0], name
    assert "https://images.example/a.png" in opened["outside"]
    assert all(opened["seen"][-1][name] == [False] for name in names)

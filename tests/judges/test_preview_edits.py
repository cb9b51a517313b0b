"""The page of `publish preview` in Chromium: after edits, its documents are as they are sent."""

from __future__ import annotations

from tests.judges.live_preview import LivePreview

REPLACED = """(async () => {{
  const {{ findEdited }} = await import('/assets/fragment.js');
  const {{ panes }} = await (await fetch('/state')).json();
  const parser = new (document.querySelector('iframe').contentWindow.DOMParser)();
  const read = (text) => parser.parseFromString(text, 'text/html');
  let seed = 7;
  const pick = (number) => (seed = (seed * 48271) % 2147483647) % number;
  const found = {{}};
  for (const {{ name, url }} of panes) {{
    const old = await (await fetch(url)).text();
    const [tags, body] = [[...old.matchAll(/<[^>]*>/g)], old.indexOf('<body')];
    for (let round = 0; round < 60; round += 1) {{
      let [at, end] = [body + pick(old.length - body), 0];
      if (round % 3) at = tags[tags.length - 1 - pick(tags.length >> 1)].index; // where a tag begins
      end = round % 4 ? at : tags[pick(tags.length)].index;
      const piece = {pieces}[pick({pieces}.length)];
      const now = old.slice(0, at) + piece + old.slice(Math.max(at, end));
      const [page, wanted] = [read(old), read(now)];
      const edited = findEdited(page, old, now);
      edited?.[0].replaceWith(edited[1]);
      const isRight = page.documentElement.isEqualNode(wanted.documentElement);
      const key = !edited ? 'whole' : isRight ? 'right' : `${{name}}: ${{at}} ${{end}} ${{piece}}`;
      found[key] = (found[key] ?? 0) + 1;
    }}
  }}
  return found;
}})()"""


def test_the_element_that_was_edited_is_all_that_changes(preview: LivePreview) -> None:
    """Where it is replaced, the document is as if the other text had been read. Otherwise nothing is replaced."""
    pieces = ["字", "<b>x</b>", "<p>", "</p>", "<br>", "<", "&amp;", "<!-- x -->", ""]
    (found,) = preview.look(("run", REPLACED.format(pieces=pieces)))
    assert set(found) == {"whole", "right"}
    assert found["right"] > 100


IS_AS_SENT = """(async () => {
  const { panes } = await (await fetch('/state')).json();
  const parser = new (document.querySelector('iframe').contentWindow.DOMParser)();
  const other = [];
  for (const { name, url } of panes) {
    const sent = parser.parseFromString(await (await fetch(url)).text(), 'text/html');
    const { contentDocument: shown } = document.querySelector(`[data-name=${name}] iframe`);
    if (!shown.documentElement.isEqualNode(sent.documentElement)) other.push(name);
  }
  return other;
})()"""


def test_documents_stay_as_they_are_sent(preview: LivePreview) -> None:
    """After one edit upon another, each of another kind."""
    texts = [preview.text]
    for old, new in (
        ("写得慢一点", "写得再慢一点"),
        ("- [SQLite", "- [新的一条](https://example.org/new)\n摘要：从前没有。\n\n- [SQLite"),
        ("- [中西文之间的那一点空隙", "- [中西文之间那点**空隙**"),
        ("从前没有。", "从前没有。\n\n  > 引用\n\n  1. 一\n  2. 二"),
        ("- [新的一条](https://example.org/new)\n", "## 新的一节\n\n- [新的一条](https://example.org/new)\n"),
        ("馆长的理由只有一句", "`<b>` & <!-- 馆长 --> 的理由"),
    ):
        assert old in texts[-1], old
        texts.append(texts[-1].replace(old, new, 1))
    steps = [step for text in [*texts[1:], texts[0]] for step in (preview.save(text), ("run", IS_AS_SENT))]
    assert [seen for seen in preview.look(*steps) if seen] == []

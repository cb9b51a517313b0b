"""A running `publish preview`, and Chromium that uses its page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PANES = ["wechat", "wechat-dark", "telegram", "mail", "feed", "web-phone", "web-desk"]
LINE = 72
"""Pixels below the top of a pane, where an item that was picked begins."""

# JavaScript: by pane, a value of its frame `f`, of the document `d` in it, and of what is lit up, `lit`.
EACH = """Object.fromEntries([...document.querySelectorAll('.pane')].map((pane) => {{
  const f = pane.querySelector('iframe'), d = f.contentDocument, s = d.scrollingElement;
  const [lit] = f.contentWindow.CSS.highlights.get('item') ?? [];
  return [pane.dataset.name, {}];
}}))"""
TOPS = EACH.format("lit?.getBoundingClientRect().top")
LIT = EACH.format("lit?.toString().replace(/\\s+/g, '')")
SCROLLED = EACH.format("s.scrollTop")
SOURCES = EACH.format("d.documentElement.outerHTML")
SHOWN_IN_FULL = """(async () => {
  const { panes } = await (await fetch('/state')).json();
  const found = {};
  for (const { name, url } of panes) {
    const frame = Object.assign(document.createElement('iframe'), { sandbox: 'allow-same-origin', src: url });
    document.body.append(frame);
    await new Promise((resolve) => { frame.onload = resolve; });
    found[name] = frame.contentDocument.documentElement.outerHTML;
    frame.remove();
  }
  return found;
})()"""


class LivePreview:
    """A running preview of one issue, and what Chromium does with its page."""

    def __init__(self, issue: Path, chromium: Callable[..., str]) -> None:
        command = [sys.executable, "-m", "publisher", "preview", issue.name, "--no-open"]
        self.issue, self.text = issue, issue.read_text("utf-8")
        self._chromium = chromium
        self.process = subprocess.Popen(command, cwd=issue.parents[1], stdout=subprocess.PIPE, encoding="utf-8")
        assert self.process.stdout
        (self.url,) = re.findall(r"http://\S+", self.process.stdout.readline())

    def __enter__(self) -> LivePreview:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()

    def use(self, *steps: object, window: tuple[int, int] = (1680, 950), scheme: str = "light") -> dict[str, Any]:
        """Return what was seen, said and requested outside; see live.cjs."""
        return json.loads(self._chromium("live.cjs", self.url, json.dumps(steps), *map(str, window), scheme))

    def look(self, *steps: object, **view: Any) -> list[Any]:
        """Return what was seen, where nothing else is to be remarked."""
        found = self.use(*steps, **view)
        assert found["said"] == []
        assert found["outside"] == []
        return found["seen"]

    def save(self, text: str) -> tuple[str, str, str]:
        """The step that saves another text."""
        return "save", str(self.issue), text

    def pick(self, number: int) -> tuple[str, str]:
        """The step that picks an item in the list at the side."""
        return "click", f"#items li:nth-child({number}) .pick"


def find_newest(letter: Path) -> Path:
    return max((letter / "issues").iterdir())

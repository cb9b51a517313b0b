"""The page that shows the messages for Telegram, before axe-core in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

ISSUES = sorted((Path(__file__).parent / "issues").glob("*.md"))
BASE = "https://example.org/"


@pytest.mark.parametrize("detail", ["summaries", "full"])
def test_the_preview_works_for_everybody(
    detail: str,
    tmp_path: Path,
    write_letter: Callable[[Path, list[Path]], Path],
    publish: Callable[..., str],
    chromium: Callable[..., str],
) -> None:
    """The preview requests nothing from other hosts and has no accessibility violation (WCAG 2.2 A, AA)."""
    letter = write_letter(tmp_path / "letter", ISSUES)
    with (letter / "publisher.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'[channels.telegram]\nchat = "@tide"\ncard = true\ndetail = "{detail}"\n')
    publish("--channel", "telegram", "--issue", "2024-02-29", folder=letter)
    folder = letter / "outbox" / "2024-02-29" / "telegram"
    assert chromium("browser.cjs", BASE, folder, BASE + "preview.html") == ""
